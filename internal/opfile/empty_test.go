package opfile

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
)

// An input of its format without operations is nothing to do. One with nothing
// of its format in it is wrong: an export that failed must not look like one of
// nobody.
func TestInputWithoutItsFormatIsRefused(t *testing.T) {
	const sheet, list = "an empty file; expected a header, and rows below it", "an empty file; expected an array of operations"
	for _, c := range []struct{ name, text, want string }{
		{"a.csv", "", sheet}, {"a.tsv", "", sheet}, {"a.csv", "\n \n\t\n", sheet}, {"a.csv", ",,,\n;;\n", sheet},
		{"a.csv", "userName,title\n", ""}, {"a.csv", "\nuserName,title\n,\n\n", ""},
		{"a.ndjson", "", ""}, {"a.jsonl", "\n \r\n", ""}, {"", "", ""},
		{"a.json", "", list}, {"a.json", " \n", list}, {"a.json", "{}", "no operations"},
		{"a.json", "[]", ""}, {"a.json", ` { "operations" : [ ] } `, ""}, {"a.json",
			`{"Operations":[],"failOnErrors":1}`, ""},
	} {
		for _, text := range []string{c.text, "\xef\xbb\xbf" + c.text, utf16(t, c.text, unicode.LittleEndian)} {
			if c.want == "" {
				if rows := readValid(t, open(t, c.name, text)); len(rows) != 0 {
					t.Errorf("%s, %q: %d rows", c.name, text, len(rows))
				}
				continue
			}
			rows, wrong := readInvalid(t, c.name, text)
			if len(rows) != 0 || wrong.Count != 1 || !strings.Contains(wrong.Error(), c.want) {
				t.Errorf("%s, %q:\n got  %v\n want %s", c.name, text, wrong.Error(), c.want)
			}
		}
	}
}

// What Copy writes when no row is kept is an input of its format without
// operations.
func TestCopyOfNoneIsReadAsEmpty(t *testing.T) {
	for name, text := range map[string]string{"a.csv": "userName,title\na@example.com,x\n",
		"a.json": threeOperations, "a.ndjson": `{"method":"DELETE","path":"/Users/1"}`} {
		if rows := readValid(t, open(t, name, copyOf(t, open(t, name, text)))); len(rows) != 0 {
			t.Errorf("%s: %d rows", name, len(rows))
		}
	}
}
