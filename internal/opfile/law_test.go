package opfile

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

// operations draws some that are valid, with bulkIds of their own.
func operations(t *rapid.T) (all []string) {
	value := rapid.OneOf(rapid.String().AsAny(), rapid.Float64Range(-1e9, 1e9).AsAny(), rapid.Bool().AsAny(), rapid.SliceOf(rapid.String()).AsAny())
	for i := range rapid.IntRange(0, 20).Draw(t, "count") {
		op := map[string]any{"method": "DELETE", "path": "/Users/" + rapid.StringMatching(`[a-z0-9-]{1,40}`).Draw(t, "id")}
		if rapid.Bool().Draw(t, "post") {
			op["method"], op["path"] = "POST", rapid.SampledFrom(endpoints).Draw(t, "endpoint")
			op["data"] = rapid.MapOf(rapid.String(), value).Draw(t, "data")
			op["bulkId"] = rapid.String().Draw(t, "bulkId") + string(rune('a'+i))
		}
		raw, err := json.Marshal(op)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(raw))
	}
	return all
}

// What is written as NDJSON, as an array or as a BulkRequest is read alike, and as it was written; copying a part and
// reading that is the same as reading all and taking that part.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ops := operations(rt)
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\n\n  \n"}).Draw(rt, "end")
		list := "[" + strings.Join(ops, ","+end) + "]"
		keep := rapid.SliceOfN(rapid.Bool(), len(ops), len(ops)).Draw(rt, "keep")
		for name, text := range map[string]string{"a.ndjson": strings.Join(ops, end), "b.json": list, "c.json": `{"operations":` + list + "}"} {
			if rapid.Bool().Draw(rt, "UTF-16") {
				text = utf16(t, text, unicode.LittleEndian)
			}
			r := open(t, name, text)
			rows := good(t, r)
			if len(rows) != len(ops) {
				rt.Fatalf("%s: %d rows of %d", name, len(rows), len(ops))
			}
			var part []string
			for i, row := range rows {
				var want struct {
					Method, Path, BulkID string
					Data                 json.RawMessage
				}
				if err := json.Unmarshal([]byte(ops[i]), &want); err != nil {
					rt.Fatal(err)
				}
				got := row.Operation
				if got.Method != want.Method || got.Path != want.Path || got.BulkID != want.BulkID || data(row) != string(want.Data) {
					rt.Fatalf("%s: row %d: %s became %+v", name, i, ops[i], got)
				}
				if row.Line != i*strings.Count(end, "\n")+1 {
					rt.Fatalf("%s: row %d on line %d", name, i, row.Line)
				}
				if keep[i] {
					part = append(part, ops[i])
				}
			}
			var b strings.Builder
			if err := r.Copy(&b, func(i int) bool { return keep[i] }); err != nil {
				rt.Fatal(err)
			}
			again := good(t, open(t, name, b.String()))
			for i, row := range again {
				raw, _ := json.Marshal(row.Operation.Path)
				if !strings.Contains(part[i], string(raw)) {
					rt.Fatalf("%s: row %d of the copy is %s, not %s", name, i, row.Operation.Path, part[i])
				}
			}
			if len(again) != len(part) {
				rt.Fatalf("%s: %d rows copied of %d", name, len(again), len(part))
			}
		}
	})
}

// A sheet says the same however its columns are ordered, separated and encoded, and text arrives unchanged.
func TestSheetRoundTrip(t *testing.T) {
	text := rapid.StringMatching(`[a-zé"',;\t\n|]{0,12}`)
	rapid.Check(t, func(rt *rapid.T) {
		header := rapid.Permutation([]string{"userName", "Title", "First Name", "nickName", "Shoe size"}).Draw(rt, "header")
		comma := rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(rt, "comma")
		var b strings.Builder
		w := csv.NewWriter(&b)
		w.Comma, w.UseCRLF = comma, rapid.Bool().Draw(rt, "CRLF")
		_ = w.Write(header)
		var want []string
		for i := range rapid.IntRange(0, 8).Draw(rt, "rows") {
			cells, title := make([]string, len(header)), ""
			for j, h := range header {
				cells[j] = text.Draw(rt, h)
				switch h {
				case "userName":
					cells[j] = string(rune('a'+i)) + "@example.com"
				case "Title":
					title = strings.TrimSpace(cells[j])
				}
			}
			want = append(want, title)
			_ = w.Write(cells)
		}
		w.Flush()
		input := b.String()
		if rapid.Bool().Draw(rt, "UTF-16") {
			input = utf16(t, input, unicode.BigEndian)
		}
		rows := good(t, open(t, "users.csv", input))
		if len(rows) != len(want) {
			rt.Fatalf("%d rows of %d", len(rows), len(want))
		}
		for i, row := range rows {
			var user struct{ UserName, Title string }
			if err := json.Unmarshal([]byte(data(row)), &user); err != nil {
				rt.Fatal(err)
			}
			if user.Title != want[i] || user.UserName != string(rune('a'+i))+"@example.com" {
				rt.Fatalf("row %d: %+v, want title %q", i, user, want[i])
			}
		}
	})
}
