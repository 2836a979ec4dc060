package wire_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/webexscim/bulk/wire"
)

var statuses = []struct {
	raw  string
	want wire.Status
}{
	{`201`, 201},
	{`"201"`, 201},
	{`{"code":201}`, 201},
	{`{"code":"201"}`, 201},
	{` { "code" : 404 , "text" : "Not Found" } `, 404},
	{`" 204 "`, 204},
	{`"\u0032\u0030\u0031"`, 201},
	{`100`, 100},
	{`599`, 599},
	{`99`, 0},
	{`600`, 0},
	{`-201`, 0},
	{`20.1`, 0},
	{`1e400`, 0},
	{`99999999999999999999`, 0},
	{`"abc"`, 0},
	{`"201 Created"`, 0},
	{`""`, 0},
	{`null`, 0},
	{`true`, 0},
	{`[201]`, 0},
	{`{}`, 0},
	{`{"code":{"code":201}}`, 0},
	{`{"code":null}`, 0},
}

// Law: a status is read from every form that services send, whatever it was
// before, and what is no status costs neither an error nor the items around.
func TestStatusReads(t *testing.T) {
	for _, test := range statuses {
		var items []struct {
			ID     string
			Status wire.Status
		}
		raw := `[{"id":"a","status":` + test.raw + `},{"id":"b","status":204},{"id":"c"}]`
		if err := json.Unmarshal([]byte(raw), &items); err != nil {
			t.Errorf("%s: %v", test.raw, err)
			continue
		}
		if items[0].Status != test.want || items[1].Status != 204 || items[2].Status != 0 {
			t.Errorf("%s: read %v, want %d, 204 and 0", test.raw, items, test.want)
		}
		stale := wire.Status(418)
		if err := stale.UnmarshalJSON([]byte(test.raw)); err != nil || stale != test.want {
			t.Errorf("%s over 418: read %d, %v, want %d", test.raw, stale, err, test.want)
		}
	}
}

// Law: a status is written as RFC 7644 section 3.7 has it, and reads back.
func TestStatusWrites(t *testing.T) {
	raw, err := json.Marshal(struct {
		Status wire.Status `json:"status"`
		None   wire.Status `json:"none,omitempty"`
	}{Status: 201})
	if err != nil || string(raw) != `{"status":"201"}` {
		t.Errorf("wrote %s, %v", raw, err)
	}
}

// Law: OK is 2xx and nothing else.
func TestStatusOK(t *testing.T) {
	for status, want := range map[wire.Status]bool{0: false, 199: false, 200: true, 204: true, 299: true, 300: false, 409: false} {
		if status.OK() != want {
			t.Errorf("Status(%d).OK() is %v", status, !want)
		}
	}
}

// Law: the digits of a number are kept as they were sent.
func TestTextReads(t *testing.T) {
	for raw, want := range map[string]wire.Text{
		`"abc"`:                "abc",
		`"400081"`:             "400081",
		`400081`:               "400081",
		`-7`:                   "-7",
		`1.50`:                 "1.50",
		`90071992547409931234`: "90071992547409931234",
		`""`:                   "",
		`"\u00e9"`:             "é",
		`null`:                 "",
		`true`:                 "",
		`[1]`:                  "",
		`{"a":1}`:              "",
	} {
		got := struct{ Code wire.Text }{Code: "stale"}
		if err := json.Unmarshal([]byte(`{"code":`+raw+`}`), &got); err != nil {
			t.Errorf("%s: %v", raw, err)
		} else if got.Code != want {
			t.Errorf("%s: read %q, want %q", raw, got.Code, want)
		}
	}
}

// Law: whatever the bytes, reading a status gives a known code or 0, never
// an error, and what was read is read again from what is written.
func FuzzStatus(f *testing.F) {
	for _, test := range statuses {
		f.Add([]byte(test.raw))
	}
	f.Add([]byte(`"201`))
	f.Add([]byte(`{"code":201`))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var status wire.Status
		if err := status.UnmarshalJSON(raw); err != nil {
			t.Fatal(err)
		}
		if status != 0 && (status < 100 || status > 599) {
			t.Fatalf("%q read as %d", raw, status)
		}
		written, err := json.Marshal(status)
		if err != nil {
			t.Fatal(err)
		}
		var again wire.Status
		if err := json.Unmarshal(written, &again); err != nil || again != status {
			t.Fatalf("%s read as %d, %v, want %d", written, again, err, status)
		}
		var number int
		if json.Unmarshal(raw, &number) == nil && number >= 100 && number <= 599 && int(status) != number {
			t.Fatalf("%q read as %d", raw, status)
		}
	})
}

// Law: a text and a list of texts read as texts, anything else as none, and
// what was read is written in the form in which it came.
func TestTextsReadOneAndSeveral(t *testing.T) {
	for raw, want := range map[string][]string{
		`"taken"`: {"taken"}, `["taken","gone"]`: {"taken", "gone"}, ` [ "a" , 7 , null, {} ] `: {"a", "7"},
		`null`: nil, `""`: nil, `[]`: nil, `{}`: nil, `[`: nil, ``: nil, `409`: {"409"},
	} {
		got := wire.Texts{"old"}
		if err := got.UnmarshalJSON([]byte(raw)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s read as %q, %v", raw, got, err)
		}
	}
	for want, texts := range map[string]wire.Texts{`"a"`: {"a"}, `["a","b"]`: {"a", "b"}} {
		if got, err := json.Marshal(texts); err != nil || string(got) != want {
			t.Errorf("%q written as %s, %v", texts, got, err)
		}
	}
}

// Law: whatever the bytes, reading a text never fails; a string is read as a
// plain decoder reads it, and a number keeps its digits.
func FuzzText(f *testing.F) {
	for _, raw := range []string{`"abc"`, `400081`, `-1.5e3`, `null`, `{}`, `"\ud800"`, `"a`, `12a`, "0\v", `1e400`, ``} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var text wire.Text
		if err := text.UnmarshalJSON(raw); err != nil {
			t.Fatal(err)
		}
		if !json.Valid(raw) {
			if text != "" {
				t.Fatalf("%q, which is no JSON, read as %q", raw, text)
			}
			return
		}
		var word string
		var digits json.Number
		switch {
		case json.Unmarshal(raw, &word) == nil:
			if string(text) != word {
				t.Fatalf("%q read as %q", raw, text)
			}
		case json.Unmarshal(raw, &digits) == nil:
			if string(text) != digits.String() {
				t.Fatalf("%q read as %q", raw, text)
			}
		case text != "":
			t.Fatalf("%q read as %q", raw, text)
		}
	})
}
