package scimfilter

import (
	"encoding/json"
	"regexp"
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

// take consumes the match of a pattern at the current position, and the space
// after it.
func (p *parser) take(pattern *regexp.Regexp) string {
	found := pattern.FindString(p.text[p.at:])
	p.at += len(found)
	p.space()
	return found
}

var (
	orWord   = regexp.MustCompile(`^(?i:or\b)`)
	andWord  = regexp.MustCompile(`^(?i:and\b)`)
	notWord  = regexp.MustCompile(`^(?i:not\b)`)
	opening  = regexp.MustCompile(`^\(`)
	closing  = regexp.MustCompile(`^\)`)
	bracket  = regexp.MustCompile(`^\[`)
	unbraket = regexp.MustCompile(`^\]`)
	pathForm = regexp.MustCompile(`^(?i:urn:[-a-z0-9:._]+:)?[A-Za-z$][-A-Za-z0-9_$]*(\.[A-Za-z$][-A-Za-z0-9_$]*)?`)
	opForm   = regexp.MustCompile(`^(?i:(eq|ne|co|sw|ew|gt|ge|lt|le|pr)\b)`)
)

func (p *parser) either(depth int) (node, error) { return p.several(depth, orWord, p.both) }

func (p *parser) both(depth int) (node, error) { return p.several(depth, andWord, p.one) }

// several reads one or more parts with a word between them.
func (p *parser) several(depth int, word *regexp.Regexp, part func(int) (node, error)) (node, error) {
	var all []node
	for {
		n, err := part(depth)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
		if p.take(word) == "" {
			break
		}
	}
	switch {
	case len(all) == 1:
		return all[0], nil
	case word == orWord:
		return anyOf(all), nil
	}
	return allOf(all), nil
}

func (p *parser) one(depth int) (node, error) {
	if depth > maxDepth {
		return nil, p.expected("fewer parentheses")
	}
	not := p.take(notWord) != ""
	if p.take(opening) == "" {
		if not {
			return nil, p.expected("( after not")
		}
		return p.comparison(depth)
	}
	n, err := p.either(depth + 1)
	if err == nil && p.take(closing) == "" {
		err = p.expected(")")
	}
	if not && err == nil {
		n = negation{n}
	}
	return n, err
}

func (p *parser) comparison(depth int) (node, error) {
	path := p.take(pathForm)
	if path == "" {
		return nil, p.expected("an attribute, such as department")
	}
	if p.take(bracket) != "" {
		of, err := p.either(depth + 1)
		if err == nil && p.take(unbraket) == "" {
			err = p.expected("]")
		}
		return elements{path, of}, err
	}
	op := strings.ToLower(p.take(opForm))
	switch op {
	case "":
		return nil, p.expected("one of eq, ne, co, sw, ew, gt, ge, lt, le, pr")
	case "pr":
		return comparison{path: path, op: op}, nil
	}
	dec := json.NewDecoder(strings.NewReader(p.text[p.at:]))
	var value any
	if dec.Decode(&value) != nil || isComposite(value) {
		return nil, p.expected(`a value: a text in double quotes, a number, true, false or null`)
	}
	if _, isText := value.(string); !isText && strings.Contains("co sw ew", op) {
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
