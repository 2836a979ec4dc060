package opfile

import (
	"strings"
	"testing"
)

const threeOperations = `[
  {"method": "POST", "path": "/Users", "bulkId": "u1",
   "data": {"userName": "ada@example.com",
            "n": 1.0}},
  {"method":"DELETE","path":"/Users/2"}, {
   "method":"PATCH","path":"/Users/3","data":{"s":"]},{\\\"" } }
]`

// Operations of an array and of a BulkRequest arrive with the line on which
// each begins.
func TestJSONOperationsHaveTheirLines(t *testing.T) {
	operations := strings.ReplaceAll(threeOperations, `\\\"`, `\\\"`)
	want := `2 POST /Users u1 {"userName": "ada@example.com",
            "n": 1.0}
5 DELETE /Users/2  
5 PATCH /Users/3  {"s":"]},{\\\"" }
`
	for name, text := range map[string]string{
		"array": operations,
		"operations": `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"operations":` +
			operations + "}\n",
		"Operations":        "\xef\xbb\xbf" + `{"Operations":` + operations + `,"failOnErrors": 7 }`,
		"Windows line ends": strings.ReplaceAll(operations, "\n", "\r\n") + "\r\n",
	} {
		r := open(t, "ops.json", text)
		rows := readValid(t, r)
		expectEqual(t, name, strings.ReplaceAll(textOf(rows), "\r\n", "\n"), want)
		notes := strings.Join(r.Notes(), "\n")
		if strings.Contains(notes, "failOnErrors of the file (7)") != (name == "Operations") {
			t.Errorf("%s: notes %q", name, notes)
		}
	}
}

// What is wrong inside an operation costs that operation; what is wrong between
// them ends the reading.
func TestMistakesInJSONAreReported(t *testing.T) {
	const ok = `{"method":"DELETE","path":"/Users/1"}`
	for _, c := range []struct {
		text string
		rows int
		want string
	}{
		{`"POST"`, 0, "line 1: neither an array nor an object"},
		{ok + "\n" + ok, 0, `line 1: one operation alone; expected an array of operations; operations one a line make an .ndjson file`},
		{"[" + ok + ",\n\n" + `{"method":"DELETE" "path":"/Users/1"},` + ok + "]", 2,
			"line 3: invalid JSON at character 20"},
		{"[" + ok + ",\n{\n\"method\":POST}," + ok + "]", 2, "line 3: invalid JSON at character 10"},
		{"[" + ok + ",\n" + `{"method":"DELETE,"path":"/Users/1"},` + "\n" + ok + "]", 1,
			"line 3: the file ends too early"},
		{"[" + ok + "\n" + ok + "]", 1, "line 2: no comma between two values; expected ',' or ']'"},
		{"[" + ok + ",\n]", 1, "line 2: invalid JSON; expected a value"},
		{"[" + ok, 1, "line 1: the file ends too early; expected its brackets closed"},
		{"[" + ok + "]\n" + ok, 1, "line 2: something after its end"},
		{"[null]", 0, "line 1: a JSON value that is not an object"},
		{`{"operations":[` + ok + `],"operations":[` + ok + `]}`, 1, "operations a second time; expected them once"},
		{`{"operations":[` + ok + `],"Operations":[` + ok + `]}`, 1, "operations a second time"},
		{`{"operations":null}`, 0, "operations that is no array"},
		{`{"operation":[]}`, 0, `value "operation": unknown member; expected operations`},
		{`{"schemas":[]}`, 0, `no operations; expected a member "operations"`},
		{`{"operations":[],"failOnErrors":"x"}`, 0, `member "failOnErrors": not a number of errors`},
		{`{1:2}`, 0, `expected the name of a member`},
		{`{"schemas"}`, 0, `expected ':'`},
		{`{"schemas":`, 0, `the file ends too early`},
		{"[" + ok + ",\n" + `{"method":"DELETE","path":"/Users/2","bulkId":"a"},{"method":"DELETE","path":"/Users/3","bulkId":"a"}]`, 3, `line 2, member "bulkId", value "a": the same as in line 2`},
	} {
		rows, wrong := readInvalid(t, "ops.json", c.text)
		if wrong.Count == 0 || !strings.Contains(wrong.Error(), c.want) {
			t.Errorf("%s:\n got  %v\n want %s", c.text, wrong.Error(), c.want)
		}
		if len(rows) != c.rows {
			t.Errorf("%s: rows\n%s", c.text, textOf(rows))
		}
	}
}

// One operation larger than the bound ends the reading of a JSON file, with its
// line.
func TestTooLargeOperationEndsJSON(t *testing.T) {
	r := openSmall(t, "ops.json", "[\n"+strings.Repeat(" ", 10_001)+`"x"]`)
	if _, wrong := readAll(t, r); !strings.Contains(wrong.Error(), "not an object") {
		t.Errorf("white space is bounded: %v", wrong.Error())
	}
	r = openSmall(t, "ops.json", "[\n\""+strings.Repeat("x", 10_000)+`"]`)
	if _, wrong := readAll(t, r); !strings.Contains(wrong.Error(), "line 2: an operation larger than 64 MiB") {
		t.Errorf("%v", wrong.Error())
	}
}
