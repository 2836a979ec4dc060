package records

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/textfile"
)

// operationForm is how an operation is written.
const operationForm = `{"method":…,"path":…,"bulkId":…,"data":…}`

// operationMembers are the members that an operation can have. Webex knows no
// version, unlike RFC 7644 section 3.7.
var operationMembers = []string{"method", "path", "bulkId", "data"}

// operation reads the operation of an NDJSON or JSON record, and returns all
// mistakes in it.
func (r *Reader) operation(rec record) (Row, []*textfile.Error) {
	if rec.fault != nil {
		return Row{}, []*textfile.Error{rec.fault}
	}
	p := parser{file: r.file.Name, line: rec.line}
	var op client.Operation
	if p.valid(rec.raw) {
		op = p.operation(rec.raw)
		p.check(op)
	}
	return Row{Line: rec.line, Operation: op}, p.faults
}

// check checks the members that were read. If there is an unknown member, that
// is the only fault: it is probably a member that seems to be wrong or missing.
func (p *parser) check(op client.Operation) {
	told := func(member string) bool {
		return slices.ContainsFunc(p.faults, func(e *textfile.Error) bool { return e.Member == member })
	}
	if told("") {
		return
	}
	for _, f := range Check(op) {
		if !told(f.Member) {
			p.fault(f.Member, f.Value, f.Problem, f.Expected)
		}
	}
}

// parser reads the members of one JSON object strictly: encoding/json would
// take a name in any case, the last of equal names, and unknown names.
type parser struct {
	file   string
	line   int
	faults []*textfile.Error
}

func (p *parser) fault(member, value, problem, expected string) {
	p.faults = append(p.faults, fault(p.file, p.line, member, value, problem, expected))
}

// operation reads a valid object.
func (p *parser) operation(raw []byte) (op client.Operation) {
	p.members(raw, operationMembers, func(name string, value json.RawMessage) {
		switch name {
		case "method":
			op.Method = p.text(name, value)
		case "path":
			op.Path = p.text(name, value)
		case "bulkId":
			op.BulkID = p.text(name, value)
		case "data":
			op.Data = json.RawMessage(bytes.Clone(value)) // the next record overwrites this one
		}
	})
	return op
}

// valid reports whether raw is one JSON object, in UTF-8.
func (p *parser) valid(raw []byte) bool {
	const expected = "one operation, " + operationForm
	switch {
	case !utf8.Valid(raw):
		p.fault("", "", "text that is not UTF-8",
			"UTF-8, as JSON is (RFC 8259 section 8.1), or the file's encoding given, such as --encoding windows-1252")
		p.faults[len(p.faults)-1].Cause = "encoding"
	case !json.Valid(raw):
		problem, line := whyInvalid(raw)
		p.line += line
		p.fault("", "", problem, expected)
	case bytes.TrimLeft(raw, " \t\r\n")[0] != '{':
		p.fault("", "", "a JSON value that is not an object", expected)
	default:
		return true
	}
	return false
}

// whyInvalid describes the mistake in JSON, and counts the line ends before it.
func whyInvalid(raw []byte) (problem string, lines int) {
	err := json.Unmarshal(raw, new(json.RawMessage))
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return "invalid JSON", 0
	}
	before := raw[:min(len(raw), int(max(0, syntax.Offset-1)))]
	lines = bytes.Count(before, []byte("\n"))
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("invalid JSON at character %d: %v", column, syntax), lines
}

// members visits the members of a valid object that are known and not null,
// each once.
func (p *parser) members(raw []byte, known []string, visit func(name string, value json.RawMessage)) {
	seen := make([]bool, len(known))
	for key, value := range members(raw) {
		name, _ := unquoted(key)
		i := indexOf(known, name)
		switch {
		case i < 0:
			p.unknown(string(name), known)
			continue
		case seen[i]:
			p.fault(known[i], "", "a duplicate member", "it once")
			continue
		}
		seen[i] = true
		if string(value) != "null" {
			visit(known[i], value)
		}
	}
}

// indexOf is slices.Index for a text as bytes.
func indexOf(list []string, text []byte) int {
	return slices.IndexFunc(list, func(s string) bool { return s == string(text) })
}

// usual are the most frequent methods and paths. These texts need no copy.
var usual = []string{client.MethodPost, client.MethodPatch, client.MethodDelete, "/Users", "/Groups"}

// unknown adds a fault for an unknown member, with the known one that was
// probably meant.
func (p *parser) unknown(name string, known []string) {
	expected := "one of " + strings.Join(known, ", ")
	if near := textfile.Nearest(name, known); near != "" {
		expected = near
	}
	p.fault("", name, "unknown member", expected)
}

// text returns the string in value, or adds a fault.
func (p *parser) text(name string, value json.RawMessage) string {
	s, ok := unquoted(value)
	if !ok {
		p.fault(name, "", "not a string", "a string")
	}
	if i := indexOf(usual, s); i >= 0 {
		return usual[i]
	}
	return string(s)
}

// endpoints are the resource types that Webex takes in a Bulk request.
var endpoints = []string{"/Users", "/Groups"}

const (
	endpointForm = `"/Users" or "/Groups"`
	resourceForm = `"/Users/<id>" or "/Groups/<id>", where an id may be bulkId:<name>`
)

// Fault is a mistake in an operation.
type Fault struct {
	// Member is the member that is wrong, "" for the whole operation. Value is
	// the text to quote of it, "" if there is none.
	Member, Value string
	// Problem says what is wrong, Expected what was expected.
	Problem, Expected string
}

// Check returns what is wrong with an operation. With a wrong method, the other
// members are not checked, since it decides what they must be.
func Check(op client.Operation) (faults []Fault) {
	if problem, expected := checkMethod(op.Method); problem != "" {
		return []Fault{{"method", op.Method, problem, expected}}
	}
	if problem, expected := checkPath(op.Method, op.Path); problem != "" {
		faults = append(faults, Fault{"path", op.Path, problem, expected})
	}
	if problem, expected := checkData(op); problem != "" {
		faults = append(faults, Fault{"data", "", problem, expected})
	}
	if len(faults) > 0 {
		return faults
	}
	if err := op.Validate(); err != nil { // client checks the same before it sends
		return []Fault{{"", "", err.Error(), "an operation that can be sent"}}
	}
	return nil
}

func checkMethod(method string) (problem, expected string) {
	const methods = "POST, PATCH or DELETE"
	switch method {
	case client.MethodPost, client.MethodPatch, client.MethodDelete:
		return "", ""
	case "":
		return "no method", methods
	case "PUT":
		return "a method that Webex does not support in a Bulk request", methods
	}
	return "unknown method", methods + ", in upper case"
}

// checkPath checks a path: that of a POST names a type of resource, any other
// one a resource.
func checkPath(method, path string) (problem, expected string) {
	expected = resourceForm
	if method == client.MethodPost {
		expected = endpointForm
	}
	if path == "" {
		return "no path", expected
	}
	i := strings.IndexByte(path[1:], '/') + 1
	endpoint, id := path, ""
	if i > 0 {
		endpoint, id = path[:i], path[i+1:]
	}
	switch {
	case !slices.Contains(endpoints, endpoint):
		return "not a path of users or groups", expected
	case method == client.MethodPost && i > 0:
		return "a POST to a resource", expected
	case method != client.MethodPost && i == 0:
		return "a " + method + " of no resource", expected
	case i > 0 && apiid.Is(id):
		if _, plain, ok := apiid.Parse(id); ok {
			return "an id of another Webex API after " + endpoint + "/", "what is in it: " + plain
		}
		return "not an id after " + endpoint + "/", expected
	case i > 0 && !isID(id):
		return "not an id after " + endpoint + "/", expected
	}
	return "", ""
}

// isID reports whether s can be the id of a resource in a path, or a reference
// in its place, whose name may hold anything but a slash.
func isID(s string) bool {
	if name, ok := strings.CutPrefix(s, "bulkId:"); ok {
		return name != "" && !strings.Contains(name, "/")
	}
	return location.IsSegment(s)
}

func checkData(op client.Operation) (problem, expected string) {
	data, _ := op.Data.(json.RawMessage)
	switch {
	case op.Method == client.MethodDelete && data != nil:
		return "data for a DELETE", "none"
	case op.Method != client.MethodDelete && data == nil:
		return "no data", "an object: what a single " + op.Method + " would have as its body"
	case data != nil && data[0] != '{':
		return "data that is not an object", "an object"
	}
	if name := repeatedAttribute(data); name != "" {
		return "a duplicate attribute " + name + "; services differ in which one they use", "it once, in any case"
	}
	return "", ""
}

// repeatedAttribute returns the name of an attribute that an object has twice,
// or "". Names have no case (RFC 7643 section 2.1).
func repeatedAttribute(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	seen := make([][]byte, 0, 16)
	for key := range members(data) {
		name, _ := unquoted(key)
		if slices.ContainsFunc(seen, func(s []byte) bool { return bytes.EqualFold(s, name) }) {
			return string(name)
		}
		seen = append(seen, name)
	}
	return ""
}
