package scimfilter

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// maxDepth bounds the parentheses of a filter.
const maxDepth = 50

// Parse reads a filter. The error is a *SyntaxError. A blank text gives the
// zero Filter.
func Parse(text string) (Filter, error) {
	p := parser{text: text}
	if p.space(); p.at == len(text) {
		return Filter{}, nil
	}
	root, err := p.either(0)
	if err == nil && p.at < len(text) {
		err = p.expected("and, or, or the end")
	}
	if err != nil {
		return Filter{}, err
	}
	return Filter{text: strings.TrimSpace(text), root: root}, nil
}

type parser struct {
	text string
	at   int
}

func (p *parser) expected(what string) error {
	return &SyntaxError{Filter: p.text, At: p.at + 1, Expected: what}
}

func (p *parser) space() {
	p.at += len(p.text[p.at:]) - len(strings.TrimLeft(p.text[p.at:], " \t\r\n"))
}

// take consumes a text at the current position and the space after it, and
// reports whether it was there.
func (p *parser) take(text string) bool {
	if !strings.HasPrefix(p.text[p.at:], text) {
		return false
	}
	p.at += len(text)
	p.space()
	return true
}

// word consumes one of the given words, in any case, and returns it in lower
// case, or "" if another word follows.
func (p *parser) word(words ...string) string {
	word := strings.ToLower(wordForm.FindString(p.text[p.at:]))
	if !slices.Contains(words, word) || !p.take(p.text[p.at:p.at+len(word)]) {
		return ""
	}
	return word
}

var (
	wordForm = regexp.MustCompile(`^[A-Za-z0-9_]+`)
	pathForm = regexp.MustCompile(`^(?i:urn:[-a-z0-9:._]+:)?[A-Za-z$][-A-Za-z0-9_$]*(\.[A-Za-z$][-A-Za-z0-9_$]*)?`)
)

// operators are the operators of a comparison.
var operators = []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"}

// either reads parts with "or" between them, which binds weaker than "and".
func (p *parser) either(depth int) (node, error) {
	all, err := p.list("or", func() (node, error) { return p.both(depth) })
	return anyOf(all), err
}

// both reads parts with "and" between them.
func (p *parser) both(depth int) (node, error) {
	all, err := p.list("and", func() (node, error) { return p.one(depth) })
	return allOf(all), err
}

// list reads one or more parts with a word between them.
func (p *parser) list(word string, part func() (node, error)) (all []node, err error) {
	for {
		n, err := part()
		all = append(all, n)
		if err != nil || p.word(word) == "" {
			return all, err
		}
	}
}

// one reads a comparison, or a filter in parentheses.
func (p *parser) one(depth int) (node, error) {
	if depth > maxDepth {
		return nil, p.expected("fewer parentheses")
	}
	not := p.word("not") != ""
	if !p.take("(") {
		if not {
			return nil, p.expected("( after not")
		}
		return p.comparison(depth)
	}
	n, err := p.either(depth + 1)
	if err == nil && !p.take(")") {
		err = p.expected(")")
	}
	if not && err == nil {
		n = negation{n}
	}
	return n, err
}

func (p *parser) comparison(depth int) (node, error) {
	path := pathForm.FindString(p.text[p.at:])
	if path == "" {
		return nil, p.expected("an attribute, such as department")
	}
	p.take(path)
	if p.take("[") {
		of, err := p.either(depth + 1)
		if err == nil && !p.take("]") {
			err = p.expected("]")
		}
		return elements{path, of}, err
	}
	op := p.word(operators...)
	switch op {
	case "":
		return nil, p.expected("one of " + strings.Join(operators, ", "))
	case "pr":
		return comparison{path: path, op: op}, nil
	}
	dec := json.NewDecoder(strings.NewReader(p.text[p.at:]))
	var value any
	if dec.Decode(&value) != nil || isComposite(value) {
		return nil, p.expected(`a value: a text in double quotes, a number, true, false or null`)
	}
	if _, isText := value.(string); !isText && slices.Contains([]string{"co", "sw", "ew"}, op) {
		return nil, p.expected("a text in double quotes")
	}
	p.at += int(dec.InputOffset())
	p.space()
	return comparison{path, op, value}, nil
}

func isComposite(value any) bool {
	switch value.(type) {
	case []any, map[string]any:
		return true
	}
	return false
}
