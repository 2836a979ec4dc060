package opfile

import (
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
)

// FuzzNDJSON, FuzzJSON and FuzzSheet hold the laws of every input: no panic; each row and error is on a line that the
// file has; a row is valid by itself; what was read can be read again; and a copy of all rows says the same.
func FuzzNDJSON(f *testing.F) {
	for _, line := range traps {
		f.Add(line)
		f.Add(line + "\r\n\n" + line)
	}
	f.Add(twoLines)
	f.Add(utf16(f, twoLines, unicode.LittleEndian))
	f.Fuzz(func(t *testing.T, text string) { laws(t, "ops.ndjson", text) })
}

func FuzzJSON(f *testing.F) {
	for _, op := range traps {
		f.Add("[" + op + ",\n" + op + "]")
		f.Add(`{"failOnErrors":101,"Operations":[` + op + "]}")
	}
	f.Add(threeOperations)
	f.Add(`{"operations":[],"Operations":null}`)
	f.Fuzz(func(t *testing.T, text string) { laws(t, "ops.json", text) })
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
	f.Fuzz(func(t *testing.T, text string) { laws(t, "users.csv", text) })
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

func laws(t *testing.T, name, text string) {
	r, err := Read(strings.NewReader(text), Options{Name: name})
	wellRead, wellSaid := countLines(t, text), true
	tell := func(err error) {
		var wrong Errors
		if !wrong.Add(err) {
			t.Fatalf("an error of reading: %v", err)
		}
		wellSaid = false
		for _, e := range wrong.List {
			if e.Line < 0 || e.Line > wellRead || e.Problem == "" || e.File != name || strings.Contains(e.Error(), "\n") {
				t.Fatalf("of %d lines: %#v", wellRead, e)
			}
		}
	}
	if err != nil {
		tell(err)
		return
	}
	var rows []Row
	for row, err := range r.Rows() {
		if err != nil {
			tell(err)
			continue
		}
		if row.Line < 1 || row.Line > wellRead {
			t.Fatalf("line %d of %d", row.Line, wellRead)
		}
		if problem, _, member := check(row.Operation); problem != "" {
			t.Fatalf("line %d: %s: %s", row.Line, member, problem)
		}
		rows = append(rows, row)
	}
	again, _ := all(t, r)
	same(t, "read again", summary(again), summary(rows))
	if !wellSaid {
		return
	}
	var b strings.Builder
	if err := r.Copy(&b, func(int) bool { return true }); err != nil {
		t.Fatal(err)
	}
	copied := good(t, open(t, name, b.String()))
	for i := range copied {
		copied[i].Line = rows[i].Line
	}
	same(t, "copied", summary(copied), summary(rows))
}

// countLines counts the lines of a text by every way in which it may end them.
func countLines(t *testing.T, text string) int {
	in, _, err := decode(strings.NewReader(text))
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	decoded, _ := io.ReadAll(in)
	return strings.Count(string(decoded), "\n") + strings.Count(string(decoded), "\r") + 1
}
