package opfile

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
)

// The rows that failed are written as they came.
func TestCopiedLinesAreAsTheyCame(t *testing.T) {
	r := open(t, "ops.ndjson", "\xef\xbb\xbf"+` {"method":"DELETE", "path":"/Users/1"}`+"\r\n\r\n"+
		`{"method":"DELETE","path":"/Users/2"}`+"\r\n"+`{"path":"/Users/3","method":"DELETE"}`)
	expectEqual(t, "ndjson", copyOf(t, r, 0, 2),
		"\xef\xbb\xbf"+` {"method":"DELETE", "path":"/Users/1"}`+"\n"+`{"path":"/Users/3","method":"DELETE"}`+"\n")
	expectEqual(t, "none", copyOf(t, r), "\xef\xbb\xbf")
}

func TestCopiedJSONIsJSON(t *testing.T) {
	const a, b, c = `{"method":"DELETE","path":"/Users/1"}`, `{ "path":"/Users/2", "method":"DELETE" }`, `{"method":"DELETE","path":"/Users/3"}`
	list := "[" + a + "," + b + ",\n" + c + "]"
	expectEqual(t, "array", copyOf(t, open(t, "ops.json", list), 1, 2), "[\n"+b+",\n"+c+"\n]\n")
	request := open(t, "ops.json", `{"failOnErrors":5,"schemas":["x"],"Operations":`+list+"}")
	expectEqual(t, "request", copyOf(t, request, 0),
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`+"\n"+a+"\n"+`],"failOnErrors":5}`+"\n")
	expectEqual(t, "none of a request", copyOf(t, request),
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`+"\n\n"+`],"failOnErrors":5}`+"\n")
}

// A sheet of failed rows keeps header, columns, order, separator, line ends and
// encoding, and can be read again.
func TestCopiedSheetIsReadAgain(t *testing.T) {
	for _, e := range []unicode.Endianness{unicode.LittleEndian, unicode.BigEndian} {
		got := copyOf(t, open(t, "export.csv", utf16(t, export, e)), 1)
		lines := strings.SplitAfter(export, "\n")
		expectEqual(t, "UTF-16", got, utf16(t, lines[0]+lines[4], e))
	}
	text := "sep=;\r\n" + `emails[type eq "home"].value;userName;Shoe size` +
		"\r\n;a@example.com;\" 39\"\r\n;;\r\nh@example.com;b@example.com;\"4\r\n0\"\r\n"
	r := open(t, "users.csv", text)
	got := copyOf(t, r, 0, 1)
	expectEqual(t, "semicolons", got,
		`"emails[type eq ""home""].value";userName;Shoe size`+"\r\n;a@example.com;\" 39\"\r\nh@example.com;b@example.com;\"4\r\n0\"\r\n")
	again := readValid(t, open(t, "users.csv", got))
	for i, row := range readValid(t, r) {
		expectEqual(t, fmt.Sprint("row ", i), dataOf(again[i]), dataOf(row))
	}
}

// A disk that is full is told.
func TestCopyReportsFullDisk(t *testing.T) {
	full := errors.New("disk full")
	for name, text := range map[string]string{"a.ndjson": `{"method":"DELETE","path":"/Users/1"}`,
		"a.json": "[]", "a.csv": "userName\n"} {
		r := open(t, name, text)
		for _, w := range []io.Writer{fullDisk{full}} {
			if err := r.Copy(w, func(int) bool { return true }, nil); !errors.Is(err, full) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

type fullDisk struct{ err error }

func (f fullDisk) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return 0, f.err
}
