package scim

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// parser parses the grammars of RFC 7644 figures 1 and 7 by recursive descent:
//
//	path = attribute [ "[" or "]" [ "." name ] ]
//	or   = and { "or" and }
//	and  = term { "and" term }
//	term = [ "not" ] "(" or ")" | attribute "[" or "]" | attribute "pr" | attribute operator value
//
// Words have no case, and white space is allowed between them. Brackets are not
// nested. It is written by hand because a search for a hundred users has a
// hundred terms, and a parser that a library generates from the same grammar
// takes forty times as long. The tests compare both.
type parser struct {
	text string
	pos  int
	kind string // the type of its errors

	depth int        // of brackets and parentheses
	list  *attribute // the attribute before the brackets; nil outside of them
}

func newParser(text, kind string) (*parser, error) {
	switch {
	case len(text) > maxLength:
		return nil, refuse(kind, "longer than %d bytes", maxLength)
	case !utf8.ValidString(text):
		return nil, refuse(kind, "not UTF-8")
	}
	return &parser{text: text, kind: kind}, nil
}

// junction parses terms joined by word, "or" or "and". It merges nested
// junctions by the same word.
func (p *parser) junction(word string) (expr, error) {
	var terms []expr
	for {
		term, err := p.operand(word)
		if err != nil {
			return nil, err
		}
		more := p.accept(word)
		if !more && terms == nil {
			return term, nil
		}
		if j, ok := term.(*junction); ok && j.word == word {
			terms = append(terms, j.terms...)
		} else {
			terms = append(terms, term)
		}
		if !more {
			return &junction{word, terms}, nil
		}
	}
}

// operand parses an operand of word.
func (p *parser) operand(word string) (expr, error) {
	if word == "or" {
		return p.junction("and")
	}
	return p.term()
}

func (p *parser) term() (expr, error) {
	if p.peek() == '(' {
		return p.enclosed(')')
	}
	start := p.pos
	word := p.word()
	if strings.EqualFold(word, "not") && p.peek() == '(' {
		inner, err := p.enclosed(')')
		return &negation{inner}, err
	}
	attr, ok := parseAttribute(word)
	if !ok || attr == (attribute{}) {
		return nil, p.failAt(start, "an attribute, not or a parenthesis")
	}
	if p.peek() == '[' {
		inner, err := p.selection(attr)
		return &selection{attr, inner}, err
	}
	return p.comparison(attr)
}

// enclosed parses an expression between the bracket at the current position and
// the closing bracket end.
func (p *parser) enclosed(end byte) (expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, refuse(p.kind, "nested deeper than %d", maxDepth)
	}
	p.pos++
	inner, err := p.junction("or")
	if err != nil {
		return nil, err
	}
	if p.peek() != end {
		return nil, p.fail("and, or or " + string(end))
	}
	p.pos++
	p.depth--
	return inner, nil
}

// selection parses the brackets after attr.
func (p *parser) selection(attr attribute) (expr, error) {
	if p.list != nil || attr.name == "" || attr.sub != "" {
		return nil, p.fail("no brackets here: they follow an attribute's name, once")
	}
	p.list = &attr
	inner, err := p.enclosed(']')
	p.list = nil
	return inner, err
}

func (p *parser) comparison(attr attribute) (expr, error) {
	c := &comparison{attribute: attr, exact: attr.caseExact()}
	if p.list != nil {
		c.exact = attribute{p.list.urn, p.list.name, attr.name}.caseExact()
	}
	start := p.pos
	if c.op = operatorOf(p.word()); c.op == "" {
		return nil, p.failAt(start, "an operator: eq, ne, co, sw, ew, gt, ge, lt, le or pr")
	}
	if c.op == "pr" {
		return c, nil
	}
	p.peek()
	start = p.pos
	value, err := p.value()
	if err != nil {
		return nil, err
	}
	if !c.setValue(value) {
		return nil, p.failAt(start, "a value of a kind that "+c.op+" can compare")
	}
	return c, nil
}

// value parses a JSON string, number, true, false or null.
func (p *parser) value() (any, error) {
	start := p.pos
	if p.peek() == '"' {
		return p.quoted()
	}
	switch p.word() {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	p.pos = start
	length := strings.IndexFunc(p.text[start:], func(r rune) bool { return !strings.ContainsRune("+-.0123456789eE", r) })
	if length < 0 {
		length = len(p.text) - start
	}
	text := p.text[start : start+length]
	n, ok := numberOf(json.Number(text))
	if !ok || !json.Valid([]byte(text)) {
		return nil, p.failAt(start, "a value: a string in double quotes, a number, true, false or null")
	}
	p.pos += length
	return n, nil
}

// quoted parses a JSON string.
func (p *parser) quoted() (string, error) {
	start, asIs := p.pos, true
	for p.pos++; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; {
		case c == '\\':
			asIs = false
			p.pos++
		case c < ' ':
			asIs = false
		case c == '"':
			p.pos++
			s := p.text[start+1 : p.pos-1]
			if !asIs && json.Unmarshal([]byte(p.text[start:p.pos]), &s) != nil {
				return "", p.failAt(start, "a string as JSON writes it")
			}
			return s, nil
		}
	}
	return "", p.failAt(start, "a closing quote for the string that begins here")
}

// peek skips white space and returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	for ; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// word reads a keyword or the path of an attribute, "" if there is none.
func (p *parser) word() string {
	if !isWordStart(p.peek()) {
		return ""
	}
	start := p.pos
	for p.pos < len(p.text) && isWord(p.text[p.pos]) {
		p.pos++
	}
	return p.text[start:p.pos]
}

// accept consumes a word if it is next.
func (p *parser) accept(word string) bool {
	p.peek()
	start := p.pos
	if strings.EqualFold(p.word(), word) {
		return true
	}
	p.pos = start
	return false
}

// end returns an error unless the text ends here.
func (p *parser) end() error {
	if p.peek(); p.pos < len(p.text) {
		return p.fail("and, or or the end")
	}
	return nil
}

func (p *parser) fail(expected string) error { return p.failAt(p.pos, expected) }

func (p *parser) failAt(pos int, expected string) error {
	return refuse(p.kind, "at byte %d: expected %s", pos+1, expected)
}

func isWordStart(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '$' }

func isWord(c byte) bool {
	return isWordStart(c) || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.' || c == ':'
}
