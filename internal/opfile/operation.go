package opfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/webexscim/bulk/client"
)

// operationMembers are the members that an operation can have. Webex knows no version, unlike RFC 7644 section 3.7.
var operationMembers = []string{"method", "path", "bulkId", "data"}

// operation reads the operation of an NDJSON or JSON record, and says all that is wrong with it.
func (r *Reader) operation(rec record) (Row, []*Error) {
	p := parser{file: r.name, line: rec.line}
	op := p.operation(rec.raw)
	if len(p.faults) == 0 {
		if problem, expected, member := check(op); problem != "" {
			p.fault(member, shown(op, member), problem, expected)
		}
	}
	return Row{Line: rec.line, Operation: op}, p.faults
}

// shown is what an error about a member quotes of it.
func shown(op client.Operation, member string) string {
	switch member {
	case "method":
		return op.Method
	case "path":
		return op.Path
	}
	return ""
}

// parser reads the members of one JSON object strictly: encoding/json would take a name in any case, the last of
// equal ones, and those that nobody knows.
type parser struct {
	file   string
	line   int
	faults []*Error
}

func (p *parser) fault(column, value, problem, expected string) {
	p.faults = append(p.faults, &Error{File: p.file, Line: p.line, Column: column, Value: value, Problem: problem, Expected: expected})
}

func (p *parser) operation(raw []byte) (op client.Operation) {
	if !p.valid(raw) {
		return op
	}
	p.members(raw, operationMembers, func(name string, value json.RawMessage) {
		switch name {
		case "method":
			op.Method = p.text(name, value)
		case "path":
			op.Path = p.text(name, value)
		case "bulkId":
			op.BulkID = p.text(name, value)
		case "data":
			op.Data = value
		}
	})
	return op
}

// valid reports whether raw is one JSON object, in UTF-8.
func (p *parser) valid(raw []byte) bool {
	const expected = `one operation, {"method":…,"path":…,"bulkId":…,"data":…}`
	switch {
	case !utf8.Valid(raw):
		p.fault("", "", "text that is not UTF-8", "UTF-8, as JSON is (RFC 8259 section 8.1)")
	case !json.Valid(raw):
		problem, line := whyInvalid(raw)
		p.line += line
		p.fault("", "", problem, expected)
	case bytes.TrimLeft(raw, " \t\r\n")[0] != '{':
		p.fault("", "", "a JSON value that is no object", expected)
	default:
		return true
	}
	return false
}

// whyInvalid says what is wrong with JSON, and how many line ends stand before that.
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

// members visits the members of a valid object that are known and not null, each once.
func (p *parser) members(raw []byte, known []string, visit func(name string, value json.RawMessage)) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	_, _ = dec.Token()
	seen := make([]string, 0, len(known))
	for dec.More() {
		token, _ := dec.Token()
		name, _ := token.(string)
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return // not for valid JSON
		}
		switch {
		case !slices.Contains(known, name):
			p.unknown(name, known)
			continue
		case slices.Contains(seen, name):
			p.fault(name, "", "a member that stands there twice", "it once")
			continue
		}
		seen = append(seen, name)
		if string(value) != "null" {
			visit(name, value)
		}
	}
}

// unknown reports a member that nobody knows, with the one that was likely meant.
func (p *parser) unknown(name string, known []string) {
	expected := "one of " + strings.Join(known, ", ")
	if near := nearest(name, known); near != "" {
		expected = near
	}
	p.fault("", name, "unknown member", expected)
}

// text returns the string that value is.
func (p *parser) text(name string, value json.RawMessage) (s string) {
	if json.Unmarshal(value, &s) != nil {
		p.fault(name, "", "not a string", "a string")
	}
	return s
}
