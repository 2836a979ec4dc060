package rawjson_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/rawjson"
)

func Example() {
	r := rawjson.New([]byte(`{"userName":"ann@example.com","n":1.0,"active":true}`))
	for r.Enter('{'); r.More('}'); {
		key := r.Key()
		if value := r.Value(); rawjson.Is(key, "USERNAME") {
			fmt.Println(rawjson.Text(value))
		} else {
			fmt.Printf("%s %s\n", key, value)
		}
	}
	fmt.Println(r.End())
	// Output:
	// ann@example.com
	// "n" 1.0
	// "active" true
	// <nil>
}

var texts = []string{
	``, ` `, `null`, ` [ ] `, `{}`, `[1,2]`, `[1,]`, `{"a":1,}`, `{"a":{"b":[true,false,null,"x\"y"]}}`, `{"a" 1}`, `[1 2]`, `"\ud83d\ude00\/\b"`, `"\ud800"`,
	"\"\xff\"", `-0.5e+3`, `01`, `1.`, `tru`, `"\x"`, `"abc`, "\"a\nb\"", `{"a":1}{}`, `[{"a":[]},{}]`, "\ufeff{}", `"W/\"0\""`, `"\\\\\n\t\r\f"`,
}

// check holds a Reader against encoding/json: the same texts are valid, and
// what is passed is the text itself.
func check(t interface{ Fatalf(string, ...any) }, data []byte) {
	r := rawjson.New(data)
	value := r.Value()
	switch err := r.End(); {
	case (err == nil) != json.Valid(data):
		t.Fatalf("%q: %v, valid is %v", data, err, json.Valid(data))
	case err == nil && !bytes.Equal(value, bytes.Trim(data, " \t\r\n")):
		t.Fatalf("%q is passed as %q", data, value)
	case err != nil:
		return
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) == nil && members != nil {
		checkMembers(t, data, members)
	}
	var text string
	if json.Unmarshal(data, &text) == nil && value[0] == '"' && rawjson.Text(value) != text {
		t.Fatalf("%q says %q, not %q", data, text, rawjson.Text(value))
	}
}

// checkMembers compares an object's members with what encoding/json finds, of
// equal keys the last.
func checkMembers(t interface{ Fatalf(string, ...any) }, data []byte, want map[string]json.RawMessage) {
	got := map[string]json.RawMessage{}
	r := rawjson.New(data)
	for r.Enter('{'); r.More('}'); {
		key := r.Key()
		got[rawjson.Text(key)] = r.Value()
	}
	if r.End() != nil || len(got) != len(want) {
		t.Fatalf("%q: %v, %d members of %d", data, r.End(), len(got), len(want))
	}
	for key, value := range want {
		if !bytes.Equal(got[key], value) {
			t.Fatalf("%q: %q is %q, not %q", data, key, got[key], value)
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) { check(t, data) })
}

// Any text, however it is escaped, reads back as encoding/json reads it.
func TestTextAgreesWithEncodingJSON(t *testing.T) {
	part := rapid.OneOf(rapid.SampledFrom([]string{`\"`, `\\`, `\/`, `\b`, `\f`, `\n`, `\r`, `\t`, `\u0041`, `\ud83d\ude00`, `\udc00`, "\xff", "é"}),
		rapid.StringMatching(`[ -!#-[\]-~]{0,4}`))
	rapid.Check(t, func(t *rapid.T) {
		check(t, []byte(`"`+strings.Join(rapid.SliceOfN(part, 0, 8).Draw(t, "parts"), "")+`"`))
	})
}

func TestIsComparesMeaningWithoutCase(t *testing.T) {
	for token, want := range map[string]bool{
		`"status"`: true, `"STATUS"`: true, `"\u0073tatus"`: true, `"statuses"`: false, `"statu"`: false, `"statu\\"`: false, `""`: false, ``: false, `"ſtatus"`: false,
	} {
		if got := rawjson.Is([]byte(token), "status"); got != want {
			t.Errorf("%s: %v", token, got)
		}
	}
}
