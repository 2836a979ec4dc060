package scim

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// Filter is a parsed filter expression. The zero value matches every resource.
type Filter struct{ root expr }

// ParseFilter parses a filter (RFC 7644 section 3.4.2.2) of at most 64 KiB,
// with at most 50 nested brackets and parentheses. The error is an *Error of
// type "invalidFilter" with the position of a syntax error, or of a value that
// its operator cannot compare.
func ParseFilter(s string) (*Filter, error) {
	p, err := newParser(s, invalidFilter)
	if err != nil {
		return nil, err
	}
	root, err := p.junction("or")
	if err != nil {
		return nil, err
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	return &Filter{root}, nil
}

// Match reports whether a resource matches the filter. A multi-valued attribute
// matches a comparison if one of its values does, also with ne: to exclude a
// value, write not (…). An absent attribute differs from every value except
// null. An attribute without a URN is also looked up in the extensions, because
// Webex documents the filters department and manager.value without a URN.
func (f *Filter) Match(resource map[string]any) bool {
	return f == nil || f.root == nil || f.root.match(resource)
}

// Equalities returns the attribute, in lower case, and the values of a filter
// that consists of terms attribute eq "value" on one attribute, joined by or.
// For any other filter, ok is false. An index can answer such a filter if it
// finds all values that strings.EqualFold calls equal.
func (f *Filter) Equalities() (attr string, values []string, ok bool) {
	if f == nil || f.root == nil {
		return "", nil, false
	}
	terms := []expr{f.root}
	if j, joined := f.root.(*junction); joined && j.word == "or" {
		terms = j.terms
	}
	values = make([]string, 0, len(terms))
	for _, term := range terms {
		c, _ := term.(*comparison)
		if c == nil || c.op != "eq" {
			return "", nil, false
		}
		value, text := c.value.(string)
		name := strings.ToLower(c.attribute.String())
		if !text || attr != "" && attr != name {
			return "", nil, false
		}
		attr, values = name, append(values, value)
	}
	return attr, values, true
}

// String returns the filter in canonical form, with words in lower case and
// without unnecessary parentheses. It parses to an equal Filter.
func (f *Filter) String() string {
	if f == nil || f.root == nil {
		return ""
	}
	var b strings.Builder
	f.root.print(&b)
	return b.String()
}

// expr is a node of a filter.
type expr interface {
	match(m map[string]any) bool
	print(b *strings.Builder)
}

type (
	// junction is two or more terms joined by "or" or "and". None of them is a
	// junction by the same word.
	junction struct {
		word  string
		terms []expr
	}
	negation  struct{ term expr }
	selection struct { // attribute[filter]
		attribute
		filter expr
	}
	// comparison is attribute op value.
	comparison struct {
		attribute
		op     string    // an RFC 7644 operator in lower case
		value  any       // nil, bool, string or number; nil for pr
		moment time.Time // value as a time, if it is one
		exact  bool      // case matters
	}
)

// operatorOf returns an operator in lower case, or "" for another word.
func operatorOf(word string) string {
	if len(word) != 2 {
		return ""
	}
	switch op := strings.ToLower(word); op {
	case "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr":
		return op
	}
	return ""
}

// setValue sets the value, and reports whether the operator can compare it: co,
// sw and ew need a string, and booleans and null have no order (RFC 7644 table
// 3).
func (c *comparison) setValue(value any) bool {
	text, isText := value.(string)
	_, isNumber := value.(number)
	c.value = value
	switch c.op {
	case "eq", "ne":
	case "co", "sw", "ew":
		return isText
	default:
		if !isText && !isNumber {
			return false
		}
	}
	if !c.exact {
		c.moment, _ = momentOf(text)
	}
	return true
}

func (j *junction) print(b *strings.Builder) {
	for i, term := range j.terms {
		if i > 0 {
			b.WriteString(" " + j.word + " ")
		}
		if inner, ok := term.(*junction); ok && inner.word == "or" {
			enclose(b, "(", inner, ")")
		} else {
			term.print(b)
		}
	}
}

func (n *negation) print(b *strings.Builder) { enclose(b, "not (", n.term, ")") }

func (s *selection) print(b *strings.Builder) {
	enclose(b, s.attribute.String()+"[", s.filter, "]")
}

func (c *comparison) print(b *strings.Builder) {
	b.WriteString(c.attribute.String() + " " + c.op)
	if c.op == "pr" {
		return
	}
	b.WriteByte(' ')
	if n, ok := c.value.(number); ok {
		b.WriteString(n.text)
		return
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(c.value) // a string, a bool or nil does not fail
	b.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

func enclose(b *strings.Builder, before string, e expr, after string) {
	b.WriteString(before)
	e.print(b)
	b.WriteString(after)
}

// plainValue returns the value as encoding/json decodes it.
func (c *comparison) plainValue() any {
	if n, ok := c.value.(number); ok {
		return json.Number(n.text)
	}
	return c.value
}
