package scim

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// Filter is a parsed filter expression. The zero value matches every resource.
type Filter struct{ root expr }

// ParseFilter reads a filter of RFC 7644 3.4.2.2. The error is an *Error of
// type "invalidFilter" that says where the text departs from the grammar, or
// that an operator does not suit its value. A filter may have 64 KiB, and
// brackets and parentheses 50 within one another.
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

// Match reports whether the resource fits the filter. A multi-valued attribute
// fits a comparison when any of its values does, with ne as well: to exclude a
// value, write not (…). An attribute that the resource lacks differs from every
// value but null. An attribute without a prefix is looked for in the extensions
// too if the resource itself lacks it, since Webex documents department and
// manager.value as filters without their prefix.
func (f *Filter) Match(resource map[string]any) bool {
	return f == nil || f.root == nil || f.root.match(resource)
}

// Equalities returns, when the filter is nothing but attribute eq "value" terms
// joined by or on one attribute, that attribute in lower case and the values as
// they are written; an index can then serve it. The index must find all that
// strings.EqualFold calls equal, and Match then decides. Otherwise ok is false.
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

// String returns the filter in canonical form: words in lower case, only the
// parentheses that are needed. Parsed again it means the same.
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
	// junction is two or more terms joined by "or" or "and"; none of them is a
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
		moment time.Time // what value says, if it is a date and time
		exact  bool      // upper case is not lower case
	}
)

// operatorOf returns the operator that the word is, in lower case, or "".
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

// setValue sets what is compared with, and reports whether the operator can:
// only strings have parts, and there is no order of booleans and null (RFC 7644
// table 3).
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
	_ = enc.Encode(c.value) // a string, a bool or nil: cannot fail
	b.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

func enclose(b *strings.Builder, before string, e expr, after string) {
	b.WriteString(before)
	e.print(b)
	b.WriteString(after)
}

// plainValue returns what is compared with as encoding/json would have decoded
// it.
func (c *comparison) plainValue() any {
	if n, ok := c.value.(number); ok {
		return json.Number(n.text)
	}
	return c.value
}
