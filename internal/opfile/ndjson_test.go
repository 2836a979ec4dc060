package opfile

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"github.com/webexscim/bulk/internal/textfile"
)

const twoLines = `{"method":"POST","path":"/Users","bulkId":"u1","data":{"userName":"ada@example.com","n":12345678901234567890,"h":"<&>"}}

{"data":{"Operations":[]},"path":"/Groups/bulkId:g/1","method":"PATCH"}
  {"method":"DELETE","path":"/Users/7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001","bulkId":null,"data":null}`

// An operation arrives with its line, and its data byte for byte, however the
// file writes its text.
func TestNDJSONDataStaysByteForByte(t *testing.T) {
	text := strings.ReplaceAll(twoLines, "g/1", "g1")
	want := `1 POST /Users u1 {"userName":"ada@example.com","n":12345678901234567890,"h":"<&>"}
3 PATCH /Groups/bulkId:g1  {"Operations":[]}
4 DELETE /Users/7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001  
`
	for name, input := range map[string]string{
		"plain":              text,
		"last line ended":    text + "\n",
		"byte order mark":    "\xef\xbb\xbf" + text,
		"Windows line ends":  strings.ReplaceAll(text, "\n", "\r\n"),
		"UTF-16LE":           utf16(t, text, unicode.LittleEndian),
		"UTF-16BE":           utf16(t, text, unicode.BigEndian),
		"UTF-16LE, unmarked": strings.TrimPrefix(utf16(t, text, unicode.LittleEndian), "\xff\xfe"),
	} {
		for _, file := range []string{"ops.ndjson", "ops.JSONL", ""} {
			r := open(t, file, input)
			expectEqual(t, name+" "+file, textOf(readValid(t, r)), want)
			expectEqual(t, name+" "+file+" again", textOf(readValid(t, r)), want)
		}
	}
}

// Everything that is wrong is told, each with its line, and what is right
// between is still read.
func TestMistakesInNDJSONAreReported(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{`, `ops.ndjson, line 2: invalid JSON at character 1: unexpected end of JSON input; expected one operation, {"method":…,"path":…,"bulkId":…,"data":…}`},
		{`[{"method":"DELETE","path":"/Users/1"}]`,
			`line 2: a JSON value that is not an object; expected one operation`},
		{`{"method":"DELETE","path":"/Users/1"} {}`,
			`line 2: invalid JSON at character 39: invalid character '{' after top-level value`},
		{"{\"method\":\"DELETE\",\"path\":\"/Users/\xff\"}", `line 2: text that is not UTF-8`},
		{`{"Method":"DELETE","path":"/Users/1"}`, `line 2, value "Method": unknown member; expected method`},
		{`{"metod":"DELETE","path":"/Users/1"}`, `line 2, value "metod": unknown member; expected method`},
		{`{"version":"W/1","method":"DELETE","path":"/Users/1"}`,
			`value "version": unknown member; expected one of method, path, bulkId, data`},
		{`{"operations":[]}`, `value "operations": unknown member`},
		{`{"method":"POST","path":"/Users","data":{"userName":"a@example.com","username":"b@example.com"}}`,
			`line 2, member "data": a duplicate attribute username`},
		{`{"method":"DELETE","method":"DELETE","path":"/Users/1"}`, `line 2, member "method": a duplicate member`},
		{`{"method":1,"path":"/Users/1"}`, `line 2, member "method": not a string`},
		{`{"path":"/Users/1"}`, `line 2, member "method": no method; expected POST, PATCH or DELETE`},
		{`{"method":"delete","path":"/Users/1"}`,
			`line 2, member "method", value "delete": unknown method; expected POST, PATCH or DELETE, in upper case`},
		{`{"method":"PUT","path":"/Users/1","data":{}}`,
			`line 2, member "method", value "PUT": a method that Webex does not support`},
		{`{"method":"DELETE"}`, `line 2, member "path": no path; expected "/Users/<id>" or "/Groups/<id>"`},
		{`{"method":"DELETE","path":"Users/1"}`, `member "path", value "Users/1": not a path of users or groups`},
		{`{"method":"DELETE","path":"/Uesrs/1"}`, `value "/Uesrs/1": not a path of users or groups`},
		{`{"method":"DELETE","path":"https://webexapis.com/identity/scim/o/v2/Users/1"}`,
			`not a path of users or groups`},
		{`{"method":"DELETE","path":"/Users"}`, `value "/Users": a DELETE of no resource; expected "/Users/<id>"`},
		{`{"method":"DELETE","path":"/Users/"}`, `not an id after /Users/`},
		{`{"method":"DELETE","path":"/Users/bulkId:"}`, `not an id after /Users/`},
		{`{"method":"DELETE","path":"/Users/.."}`, `not an id after /Users/`},
		{`{"method":"DELETE","path":"/Users/a b"}`, `not an id after /Users/`},
		{`{"method":"DELETE","path":"/Users/a?b"}`, `not an id after /Users/`},
		{`{"method":"DELETE","path":"/Users/a/b"}`, `not an id after /Users/`},
		{`{"method":"POST","path":"/Users/1","data":{}}`, `a POST to a resource; expected "/Users" or "/Groups"`},
		{`{"method":"POST","path":"/Users"}`, `line 2, member "data": no data; expected an object`},
		{`{"method":"POST","path":"/Users","data":null}`, `no data`},
		{`{"method":"PATCH","path":"/Users/1","data":"{\"secret\":1}"}`,
			`line 2, member "data": data that is not an object; expected an object`},
		{`{"method":"DELETE","path":"/Users/1","data":{}}`, `data for a DELETE; expected none`},
		{`{"method":"POST","path":"/Users","bulkId":"u1","data":{}}`,
			`line 2, member "bulkId", value "u1": the same as in line 1`},
		{`{"method":"DELETE","path":"/Users/1","bulkId":"u1"}`, `the same as in line 1; expected a name of its own`},
	} {
		text := `{"method":"POST","path":"/Users","bulkId":"u1","data":{}}` + "\n" + c.line + "\n" +
			`{"method":"DELETE","path":"/Users/3"}`
		rows, wrong := readInvalid(t, "ops.ndjson", text)
		if wrong.Count != 1 || !strings.Contains(wrong.Error(), c.want) {
			t.Errorf("%s:\n got  %v\n want %s", c.line, wrong.Error(), c.want)
		}
		good := 2
		if strings.Contains(c.want, "the same as") {
			good = 3 // that is found last
		}
		if len(rows) != good || rows[good-1].Line != 3 {
			t.Errorf("%s: rows %s", c.line, textOf(rows))
		}
		if strings.Contains(wrong.Error(), "secret") {
			t.Errorf("%s: data is quoted", c.line)
		}
	}
}

// One row can have several things wrong with it; all are told.
func TestAllMistakesOfALineAreReported(t *testing.T) {
	_, wrong := readInvalid(t, "ops.ndjson", `{"metod":"POST","path":1,"path":2,"Data":{}}`)
	if wrong.Count != 4 {
		t.Errorf("%d errors:\n%v", wrong.Count, wrong.Error())
	}
}

// The first 20 are shown, and how many more there are; errors that are alike do
// not take the room of others.
func TestErrorsAreBoundedAndCounted(t *testing.T) {
	_, wrong := readInvalid(t, "ops.ndjson", strings.Repeat("{}\n", 50)+"[]\n")
	text := wrong.Error()
	if wrong.Count != 51 || strings.Count(text, "\n") != 19 ||
		!strings.Contains(text, "line 19, member \"method\": no method (and 31 more like this)") ||
		!strings.Contains(text, "line 51: a JSON value that is not an object") {
		t.Errorf("%d errors:\n%s", wrong.Count, text)
	}
	sum := textfile.Errors{}
	for i := range 30 {
		if !sum.Add(&textfile.Error{Problem: fmt.Sprint("problem ", i)}) ||
			!sum.Add(&textfile.Error{Cause: "encoding", Line: i}) {
			t.Error("errors are not taken in")
		}
	}
	if text := sum.Error(); sum.Count != 31 || strings.Count(text, "\n") != 20 ||
		!strings.HasSuffix(text, "\nand 11 more") || !strings.Contains(text, "(and 29 more like this)") {
		t.Errorf("%d errors:\n%s", sum.Count, text)
	}
	if sum.Add(io.ErrUnexpectedEOF) {
		t.Error("an error of reading passes as one of the input")
	}
	if first, ok := errors.AsType[*textfile.Error](error(&wrong)); !ok || first.Line != 1 {
		t.Errorf("first = %v", first)
	}
}

// An error of reading is told as such, and ends the rows.
func TestReadErrorEndsRows(t *testing.T) {
	failed := errors.New("disk on fire")
	for _, name := range []string{"a.ndjson", "a.json", "a.csv"} {
		in := &failing{ReadSeeker: strings.NewReader(strings.Repeat("\n", 1<<18)), err: failed}
		r, err := Read(in, Options{Name: name})
		if err == nil {
			for _, err = range r.Rows() {
			}
		}
		if !errors.Is(err, failed) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// failing fails after the first 128 KiB.
type failing struct {
	io.ReadSeeker
	read int
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.read > 1<<17 {
		return 0, f.err
	}
	n, err := f.ReadSeeker.Read(p)
	f.read += n
	return n, err
}

func TestEndingTellsFormat(t *testing.T) {
	for name, want := range map[string]Format{"a.ndjson": NDJSON, "b.jsonl": NDJSON, "c.JSON": JSON, "d.csv": CSV,
		"x/e.Tsv": TSV, "f.txt": "", "csv": "", "": ""} {
		if got, ok := FormatOf(name); got != want || ok != (want != "") {
			t.Errorf("FormatOf(%q) = %q, %v", name, got, ok)
		}
	}
}

// Without a name, the first bytes tell the format.
func TestFirstBytesTellFormat(t *testing.T) {
	for text, want := range map[string]Format{
		"":                                     NDJSON,
		"\n{\"method\":\"DELETE\"}":            NDJSON,
		"{\n \"schemas\":[]}":                  JSON,
		"{\"Operations\": [":                   JSON,
		" [":                                   JSON,
		"userName,title\n":                     CSV,
		"User ID/Email;Title\n":                CSV,
		"First Name\tUser ID/Email\n":          TSV,
		"sep=;\r\nuserName;title, or none\r\n": CSV,
	} {
		r, err := Read(strings.NewReader(text), Options{})
		if err != nil || r.Format() != want {
			t.Errorf("%q: %v, %v", text, r, err)
		}
	}
	if _, err := Read(strings.NewReader(""), Options{Format: "xml"}); err == nil ||
		!strings.Contains(err.Error(), "ndjson") {
		t.Errorf("unknown format: %v", err)
	}
}
