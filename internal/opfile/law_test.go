package opfile

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	_ "github.com/webexscim/bulk/internal/raced" // fewer random checks under the race detector
	"github.com/webexscim/bulk/internal/records"
	"github.com/webexscim/bulk/internal/textfile"
)

// operations draws some that are valid, with bulkIds of their own.
func operations(t *rapid.T) (all []string) {
	value := rapid.OneOf(rapid.String().AsAny(), rapid.Float64Range(-1e9, 1e9).AsAny(), rapid.Bool().AsAny(),
		rapid.SliceOf(rapid.String()).AsAny())
	for i := range rapid.IntRange(1, 20).Draw(t, "count") {
		id := rapid.StringMatching(`[a-z0-9-]{1,40}`).Draw(t, "id")
		op := map[string]any{"method": "DELETE", "path": "/Users/" + id}
		if rapid.Bool().Draw(t, "post") {
			op["method"], op["path"] = "POST", rapid.SampledFrom([]string{"/Users", "/Groups"}).Draw(t, "endpoint")
			op["data"] = rapid.MapOf(rapid.String(), value).Filter(isDistinct).Draw(t, "data")
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

// isDistinct reports whether no two names are one in different case, which is
// refused.
func isDistinct(object map[string]any) bool {
	names := slices.Collect(maps.Keys(object))
	for i, name := range names {
		if slices.ContainsFunc(names[:i], func(other string) bool { return strings.EqualFold(name, other) }) {
			return false
		}
	}
	return true
}

// What is written as NDJSON, as an array or as a BulkRequest is read alike, and
// as it was written; copying a part and reading that is the same as reading all
// and taking that part.
func TestFormatsAreReadAlike(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ops := operations(rt)
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\n\n  \n"}).Draw(rt, "end")
		list := "[" + strings.Join(ops, ","+end) + "]"
		keep := rapid.SliceOfN(rapid.Bool(), len(ops), len(ops)).Draw(rt, "keep")
		for name, text := range map[string]string{"a.ndjson": strings.Join(ops, end), "b.json": list,
			"c.json": `{"operations":` + list + "}"} {
			if rapid.Bool().Draw(rt, "UTF-16") {
				text = utf16(t, text, unicode.LittleEndian)
			}
			r := open(t, name, text)
			rows := readValid(t, r)
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
				if got.Method != want.Method || got.Path != want.Path || got.BulkID != want.BulkID ||
					dataOf(row) != string(want.Data) {
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
			if err := r.Copy(&b, func(i int) bool { return keep[i] }, nil); err != nil {
				rt.Fatal(err)
			}
			again := readValid(t, open(t, name, b.String()))
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

// digitFor replaces letters, and leaves what CSV has to quote.
func digitFor(r rune) rune {
	if strings.ContainsRune("\"',;\t\n|", r) {
		return r
	}
	return '7'
}

// A sheet says the same however its columns are ordered, separated and encoded,
// and text arrives unchanged.
func TestSheetIsReadAlikeInAnyStyle(t *testing.T) {
	text := rapid.StringMatching(`[a-zé"',;\t\n|]{0,12}`)
	rapid.Check(t, func(rt *rapid.T) {
		columns := []string{"userName", "Title", "First Name", "nickName", "Shoe size"}
		header := rapid.Permutation(columns).Draw(rt, "header")
		comma := rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(rt, "comma")
		var b strings.Builder
		w := csv.NewWriter(&b)
		w.Comma, w.UseCRLF = comma, rapid.Bool().Draw(rt, "CRLF")
		_ = w.Write(header)
		var want []string
		for i := range rapid.IntRange(1, 8).Draw(rt, "rows") {
			cells, title := make([]string, len(header)), ""
			for j, h := range header {
				cells[j] = text.Draw(rt, h)
				switch h {
				case "userName":
					cells[j] = string(rune('a'+i)) + "@example.com"
				case "Shoe size":
					// A word for delete would be refused in a column that
					// nobody knows.
					cells[j] = strings.Map(digitFor, cells[j])
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
		rows := readValid(t, open(t, "users.csv", input))
		if len(rows) != len(want) {
			rt.Fatalf("%d rows of %d", len(rows), len(want))
		}
		for i, row := range rows {
			var user struct{ UserName, Title string }
			if err := json.Unmarshal([]byte(dataOf(row)), &user); err != nil {
				rt.Fatal(err)
			}
			if user.Title != want[i] || user.UserName != string(rune('a'+i))+"@example.com" {
				rt.Fatalf("row %d: %+v, want title %q", i, user, want[i])
			}
		}
	})
}

// FuzzNDJSON, FuzzJSON and FuzzSheet hold the laws of every input: no panic;
// each row and error is on a line that the file has; a row is valid by itself;
// what was read can be read again; and a copy of all rows says the same.
func FuzzNDJSON(f *testing.F) {
	for _, line := range traps {
		f.Add(line)
		f.Add(line + "\r\n\n" + line)
	}
	f.Add(twoLines)
	f.Add(utf16(f, twoLines, unicode.LittleEndian))
	f.Fuzz(func(t *testing.T, text string) { checkLaws(t, "ops.ndjson", text) })
}

func FuzzJSON(f *testing.F) {
	for _, op := range traps {
		f.Add("[" + op + ",\n" + op + "]")
		f.Add(`{"failOnErrors":101,"Operations":[` + op + "]}")
	}
	f.Add(threeOperations)
	f.Add(`{"operations":[],"Operations":null}`)
	f.Fuzz(func(t *testing.T, text string) { checkLaws(t, "ops.json", text) })
}

func FuzzSheet(f *testing.F) {
	f.Add(export)
	f.Add(utf16(f, export, unicode.LittleEndian))
	f.Add(quoted(export))
	f.Add(changes)
	f.Add("sep=;\n" + `emails[type eq "work"].value;userName` + "\n;a@example.com")
	f.Add("displayName,members\ng,\"a@example.com;b@example.com\nc@example.com\"\n")
	f.Add("userName\ra@example.com\r")
	f.Add("\xff\xfeu\x00s\x00e")
	f.Fuzz(func(t *testing.T, text string) { checkLaws(t, "users.csv", text) })
}

// traps are operations that have broken clients.
var traps = []string{
	`{"method":"POST","path":"/Users","bulkId":"u1","data":{"userName":"a@example.com","manager":{"value":"bulkId:u1"}}}`,
	`{"method":"POST","path":"/Users","bulkId":"u10/\"é\\.*","data":{"n":9223372036854775807,"h":"<&>","z":null,"a":1}}`,
	`{"method":"POST","path":"/Groups","bulkId":"","data":{"displayName":"bulkId:hello","members":[{"value":"bulkId:u1"}]}}`,
	`{"method":"PATCH","path":"/Groups/bulkId:g","data":{"Operations":[{"op":"add","value":"bulkId:x"}]}}`,
	`{"method":"DELETE","path":"/Users/x","bulkId":null}`,
	`{"method":"post","path":"/Users/..","data":"{}"}`,
	`{"method":"PUT"`, `[[[[`, `{"a":"\`, `{"method":"DELETE","path":"/Users/\ud800"}`, "{\"a\":\"\n\"}", "\x00\x01", `""`, `nul`,
}

func checkLaws(t *testing.T, name, text string) {
	r, err := Read(strings.NewReader(text), Options{Name: name})
	wellRead, wellSaid := countLines(t, text), true
	tell := func(err error) {
		var wrong textfile.Errors
		if !wrong.Add(err) {
			t.Fatalf("an error of reading: %v", err)
		}
		wellSaid = false
		for _, e := range wrong.List {
			if e.Line < 0 || e.Line > wellRead || e.Problem == "" || e.File != name ||
				strings.Contains(e.Error(), "\n") {
				t.Fatalf("of %d lines: %#v", wellRead, e)
			}
		}
	}
	if err != nil {
		tell(err)
		return
	}
	var checked []Row
	for row, err := range r.Check() {
		if err != nil {
			tell(err)
			continue
		}
		if row.Line < 1 || row.Line > wellRead {
			t.Fatalf("line %d of %d", row.Line, wellRead)
		}
		checked = append(checked, row)
	}
	if !wellSaid {
		return
	}
	rows := readValid(t, r)
	for i, row := range rows {
		if faults := records.Check(row.Operation); len(faults) > 0 {
			t.Fatalf("line %d: %v", row.Line, faults)
		}
		if c := checked[i]; c.Line != row.Line || c.Operation.Method != row.Operation.Method || c.Name != row.Name {
			t.Fatalf("checked as %v, read as %v", c, row)
		}
	}
	expectEqual(t, "read again", textOf(readValid(t, r)), textOf(rows))
	var b strings.Builder
	if err := r.Copy(&b, func(int) bool { return true }, nil); err != nil {
		t.Fatal(err)
	}
	copied := readValid(t, open(t, name, b.String()))
	for i := range copied {
		copied[i].Line = rows[i].Line
	}
	expectEqual(t, "copied", textOf(copied), textOf(rows))
}

// countLines counts the lines of a text by every way in which it may end them.
func countLines(t *testing.T, text string) int {
	in, _, err := textfile.Decode(strings.NewReader(text), textfile.Encoding{})
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	decoded, _ := io.ReadAll(in)
	return strings.Count(string(decoded), "\n") + strings.Count(string(decoded), "\r") + 1
}
