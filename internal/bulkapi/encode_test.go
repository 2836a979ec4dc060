package bulkapi

import (
	"bytes"
	"encoding/json"
	"github.com/webexscim/bulk/internal/rawjson"
	"testing"

	"pgregory.net/rapid"
)

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
