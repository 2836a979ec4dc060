package bulkapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/rawjson"
	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/internal/transporttest"
)

// TestSend: what leaves is what was meant to, and what comes back is read.
func TestSend(t *testing.T) {
	ops := mixed()
	ids := map[string]bool{}
	b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if want := encode(ops, 3); !bytes.Equal(body, want) || r.ContentLength != int64(len(want)) {
			t.Errorf("body %s\nwant %s", body, want)
		}
		if r.Method != "POST" || r.URL.String() != "/identity/scim/"+testOrg+"/v2/Bulk" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		for name, want := range map[string]string{
			"Authorization": "Bearer " + testToken, "Content-Type": "application/json",
			"Accept": "application/json, application/scim+json", "User-Agent": "test/1", "Idempotency-Key": "", "X-Idempotency-Key": "",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		id := r.Header.Get("TrackingID")
		if !regexp.MustCompile(`^webexbulk_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) || ids[id] {
			t.Errorf("tracking id %q", id)
		}
		ids[id] = true
		w.Header().Set("TrackingID", "T-9")
		w.Write([]byte(`{"operations":[{"bulkId":"u1","status":"201","location":"/l","version":"W/\"1\""},
			{"bulkId":"g1","status":"409","response":{"detail":"secret service exists"}},{"bulkId":"d1","status":"204"}]}`))
	})
	for range 2 {
		a := send(t.Context(), b, ops, 3)
		if a.Kind != transport.Answered || a.Err != nil || a.Status != 200 || a.TrackingID != "T-9" || len(a.Items) != 4 {
			t.Fatalf("%+v", a)
		}
		if it := a.Items[0]; !it.Found || it.Status != 201 || it.Location != "/l" || it.Version != `W/"1"` || it.Err != nil {
			t.Errorf("%+v", it)
		}
		if it := a.Items[1]; !it.Found || it.Status != 409 || it.Err == nil || it.Err.Error() != "status 409: … exists (tracking id T-9)" ||
			it.Err.Details[0] != "secret service exists" {
			t.Errorf("%+v", it)
		}
		if it := a.Items[2]; it != (Item{}) {
			t.Errorf("%+v", it)
		}
	}
	transporttest.WantClean(t, "log", b.Logs.String())
	for _, want := range []string{`"operations":4`, `"kind":"answered"`, `"trackingId":"T-9"`, `"path":"/Users/bb-2"`, `"bulkId":"u1","status":201`} {
		if !strings.Contains(b.Logs.String(), want) {
			t.Errorf("log without %s: %s", want, b.Logs.String())
		}
	}
	if strings.Contains(b.Logs.String(), `"duration":0`) {
		t.Errorf("a request took no time: %s", b.Logs.String())
	}
	if s := b.Throttle.State(); s.Accepted != 2 || s.InFlight != 0 {
		t.Errorf("throttle %+v", s)
	}
}

// TestSendNothing: no empty request is ever sent.
func TestSendNothing(t *testing.T) {
	b := transporttest.Serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request left") })
	if a := send(t.Context(), b, nil, 0); a.Kind != transport.Answered || a.Err != nil || len(a.Items) != 0 {
		t.Errorf("%+v", a)
	}
}

// TestKindOfEachStatus: every HTTP answer, what it means for the operations, and what the
// throttle hears of it.
func TestKindOfEachStatus(t *testing.T) {
	scim := `{"schemas":["x"],"status":"%d","detail":"about ` + secret + ` and ` + testToken + `","trackingId":"T-1"}`
	type row struct {
		status int
		body   string
		want   transport.Kind
	}
	var rows []row
	for kind, statuses := range map[transport.Kind][]int{
		transport.Waiting:    {429, 423, 425, 503},
		transport.Rejected:   {400, 409, 412, 413, 417, 418, 422, 499 - 1},
		transport.Denied:     {403, 404, 405, 406, 407, 410, 411, 414, 415, 428, 431, 451, 501, 301, 302, 303, 304, 307, 308},
		transport.NoResponse: {408, 499, 500, 502, 504, 511, 520, 599, 200, 201, 202, 207},
	} {
		for _, status := range statuses {
			page := kind
			switch status {
			case 403, 405, 406, 451, 501:
				page = transport.Rejected
			case 404:
				page = transport.Waiting
			}
			rows = append(rows, row{status, fmt.Sprintf(scim, status), kind}, row{status, "<html>" + secret + testToken + "</html>", page})
			if kind != transport.Rejected {
				rows = append(rows, row{status, `{"operations":[{"bulkId":"u1"`, kind})
			}
			if kind != transport.NoResponse {
				rows = append(rows, row{status, "", kind})
			}
		}
	}
	list := `{"operations":[{"bulkId":"u1","status":"201"}]}`
	for _, status := range []int{200, 201, 202, 207, 400, 403, 404, 409, 412, 413, 422, 423, 429, 500, 503} {
		rows = append(rows, row{status, list, transport.Answered})
	}
	rows = append(rows,
		row{200, ``, transport.NoResponse}, row{200, `null`, transport.NoResponse}, row{200, `[]`, transport.NoResponse}, row{200, `{}`, transport.NoResponse}, row{200, `"x"`, transport.NoResponse},
		row{200, `{"operations":null}`, transport.NoResponse}, row{200, `{"operations":{}}`, transport.NoResponse}, row{200, `{"operations":"x"}`, transport.NoResponse},
		row{200, list[:len(list)-1], transport.NoResponse}, row{200, list + "x", transport.NoResponse}, row{204, ``, transport.NoResponse},
		row{200, `{"operations":[]}`, transport.Answered}, row{200, `{"Operations":[null]}`, transport.Answered},
		row{400, `{"operations":[]}`, transport.Rejected}, row{400, `{"operations":["a"],"detail":"x"}`, transport.Rejected},
		// What speaks of an operation is a result, whether or not it says what
		// became of it.
		row{400, `{"operations":[{"status":"201"}]}`, transport.Answered}, row{400, `{"operations":[{"bulkId":"u1"}]}`, transport.Answered}, row{412, `{"operations":[{"bulkId":"u1","status":"abc"}]}`, transport.Answered},
		row{422, `{"Operations":[{"method":"POST","status":null}]}`, transport.Answered}, row{413, `{"operations":[{"location":"/l"}]}`, transport.Answered},
		row{400, `{"operations":[{"detail":"x"},null,7]}`, transport.Rejected}, row{400, `{"operations":[{"bulkId":7}]}`, transport.Rejected},
		row{400, `{"operations":[{"bulkId":"u1","sta`, transport.NoResponse}, row{413, `{"operations":[{"bulkId":"u1","sta`, transport.Rejected},
	)
	for _, tt := range rows {
		t.Run(fmt.Sprintf("%d %.20s", tt.status, tt.body), func(t *testing.T) {
			b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "http://elsewhere.invalid/")
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
			})
			a := send(t.Context(), b, mixed(), 0)
			if a.Kind != tt.want || a.Status != tt.status || (a.Err == nil) != (a.Kind == transport.Answered) {
				t.Fatalf("%v, status %d, %v; want %v", a.Kind, a.Status, a.Err, tt.want)
			}
			if a.Err != nil {
				e, ok := errors.AsType[*transport.Error](a.Err)
				if !ok || e.Status != tt.status {
					t.Errorf("error %#v", a.Err)
				}
				transporttest.WantClean(t, "error", a.Err.Error())
			} else if len(a.Items) != 4 || !a.Alive {
				t.Errorf("%d items, alive %v", len(a.Items), a.Alive)
			}
			transporttest.WantClean(t, "log", b.Logs.String())
			if log, failed := b.Logs.String(), a.Err != nil; strings.Contains(log, `"level":"INFO"`) != failed || strings.Contains(log, `"error":`) != failed {
				t.Error(log)
			}
			refused := 0
			if patience := []int{423, 425, 429, 503}; slices.Contains(patience, tt.status) || tt.want == transport.Waiting { // the throttle hears it, whatever is listed
				refused = 1
			}
			if s := b.Throttle.State(); s.Refused != refused || s.Accepted != 1-refused || s.InFlight != 0 {
				t.Errorf("throttle %+v", s)
			}
		})
	}
}

func TestEncodeIsExact(t *testing.T) {
	ops := []Operation{
		{Method: "POST", Path: "/Users", BulkID: `a"\/é` + "\n", Data: json.RawMessage(`{ "n":9007199254740993, "h":"<&>", "e":"\u0041", "z":null }`)},
		{Method: "DELETE", Path: "/Users/1", BulkID: "d"},
	}
	const list = `"operations":[` +
		`{"method":"POST","path":"/Users","bulkId":"a\"\\/é\n","data":{ "n":9007199254740993, "h":"<&>", "e":"\u0041", "z":null }},` +
		`{"method":"DELETE","path":"/Users/1","bulkId":"d"}]}`
	const head = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],`
	if got := string(encode(ops, 0)); got != head+list {
		t.Errorf("without failOnErrors:\n%s\nwant\n%s", got, head+list)
	}
	if got, want := string(encode(ops, 7)), head+`"failOnErrors":7,`+list; got != want {
		t.Errorf("with failOnErrors:\n%s\nwant\n%s", got, want)
	}
}

// TestSizeBoundsBody: a body is valid JSON that says what the operations say,
// data is in it byte for byte, and its length is Envelope and the Sizes:
// exactly so in the largest form, never more.
func TestSizeBoundsBody(t *testing.T) {
	data := rapid.SampledFrom([]string{"", "null", `{}`, ` {"a" : "<\u003e" } `, `{"a":[1.50,1e400,"` + "\u2028" + `"]}`, `"text"`})
	rapid.Check(t, func(t *rapid.T) {
		ops := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Operation {
			op := Operation{
				Method: rapid.SampledFrom([]string{"POST", "PATCH", "DELETE"}).Draw(t, "method"),
				Path:   rapid.String().Draw(t, "path"), BulkID: rapid.String().Draw(t, "bulkId"),
			}
			if d := data.Draw(t, "data"); d != "" {
				op.Data = json.RawMessage(d)
			}
			return op
		}), 1, 5).Draw(t, "ops")
		sum := Envelope
		for _, op := range ops {
			sum += Size(op)
		}
		if body := encode(ops, 100); len(body) != sum || cap(body) != sum && cap(body) < sum {
			t.Fatalf("body of %d bytes, Envelope and Sizes are %d", len(body), sum)
		}
		for _, failOnErrors := range []int{0, 1, 99} {
			body := encode(ops, failOnErrors)
			if len(body) > sum {
				t.Fatalf("%d bytes, more than %d", len(body), sum)
			}
			checkBody(t, body, ops, failOnErrors)
		}
	})
}

func checkBody(t *rapid.T, body []byte, ops []Operation, failOnErrors int) {
	var got struct {
		Schemas      []string
		FailOnErrors int
		Operations   []struct {
			Method, Path, BulkID string
			Data                 json.RawMessage
		}
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if len(got.Schemas) != 1 || got.FailOnErrors != failOnErrors || len(got.Operations) != len(ops) {
		t.Fatalf("envelope of %s", body)
	}
	for i, op := range ops {
		g := got.Operations[i]
		if g.Method != op.Method || g.Path != op.Path || g.BulkID != op.BulkID || !bytes.Equal(g.Data, bytes.TrimSpace(op.Data)) {
			t.Fatalf("operation %d: %+v in %s", i, op, body)
		}
		if !bytes.Contains(body, op.Data) {
			t.Fatalf("data %q changed on its way into %s", op.Data, body)
		}
	}
}

// TestEncodeAllocatesOnce: the body of a request is made in one piece.
func TestEncodeAllocatesOnce(t *testing.T) {
	ops := manyOps(100)
	if n := testing.AllocsPerRun(10, func() { encode(ops, 5) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

// TestStringSize: what is not UTF-8 travels as U+FFFD and is counted as that.
func TestStringSize(t *testing.T) {
	for _, s := range []string{"", "plain", "\xff", "a\xc3(", "\x00\x1f\x7f", `"\`, "日本", "\u2028"} {
		quoted := rawjson.AppendText(nil, s)
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil || len(quoted) != stringSize(s) {
			t.Errorf("%q: %s, size %d, %v", s, quoted, stringSize(s), err)
		}
	}
}
