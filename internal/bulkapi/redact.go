package bulkapi

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden stands for what is not shown.
const hidden = "…"

// shortest is the length, in characters, from which a value is looked for in texts: shorter ones are in every text.
const shortest = 3

// redactor takes the token and the values of data out of texts.
type redactor struct {
	token  forms
	values [][]rune // folded, the forms of the token among them
}

// newRedactor collects the values of the operations' data. It does its work only where an error is reported.
func newRedactor(token forms, ops ...Operation) *redactor {
	red := &redactor{token: token}
	for _, form := range token {
		red.add(form)
	}
	for _, op := range ops {
		if len(op.Data) == 0 {
			continue
		}
		var data any
		dec := json.NewDecoder(bytes.NewReader(op.Data))
		dec.UseNumber()
		if dec.Decode(&data) == nil {
			red.collect("", data)
		}
	}
	return red
}

// collect adds all texts and numbers under value, the member called key.
func (r *redactor) collect(key string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			r.collect(name, member)
		}
	case []any:
		for _, entry := range v {
			r.collect(key, entry)
		}
	case json.Number:
		r.add(v.String())
	case string:
		switch {
		case vocabulary(key):
		case strings.EqualFold(key, "path"): // of a PATCH: attribute names, and in quotes the values of a filter
			for i, part := range strings.Split(v, `"`) {
				if i%2 == 1 {
					r.add(part)
				}
			}
		default:
			r.add(v)
		}
	}
}

// vocabulary reports whether a member's values are words of the protocol, such as "user" or "work". They say nothing
// about people, and errors are hard to read without them.
func vocabulary(key string) bool {
	switch strings.ToLower(key) {
	case "schemas", "type", "usertype", "op":
		return true
	}
	return false
}

func (r *redactor) add(value string) {
	value = strings.TrimSpace(value)
	if utf8.RuneCountInString(value) >= shortest {
		r.values = append(r.values, fold(value))
	}
}

// clean is text on one line with every value replaced, whatever its case.
func (r *redactor) clean(text string) string { return r.mask(oneLine(text)) }

func (r *redactor) mask(text string) string {
	for range 4 { // a replacement can make a new match only with values that hold the mark itself
		next := r.once(text)
		if next == text {
			break
		}
		text = next
	}
	if r.token.in(text) { // in an escaped form
		return hidden
	}
	return text
}

func (r *redactor) once(text string) string {
	runes, folded := []rune(text), fold(text)
	var hide []bool
	for _, value := range r.values {
		for from := 0; ; {
			i := index(folded[from:], value)
			if i < 0 {
				break
			}
			if hide == nil {
				hide = make([]bool, len(runes))
			}
			for k := range value {
				hide[from+i+k] = true
			}
			from += i + 1
		}
	}
	if hide == nil {
		return text
	}
	var b strings.Builder
	for i, c := range runes {
		switch {
		case !hide[i]:
			b.WriteRune(c)
		case i == 0 || !hide[i-1]:
			b.WriteString(hidden)
		}
	}
	return b.String()
}

// index is where value begins in text, or -1.
func index(text, value []rune) int {
	for i := 0; i+len(value) <= len(text); i++ {
		if text[i] == value[0] && slices.Equal(text[i:i+len(value)], value) {
			return i
		}
	}
	return -1
}

// fold makes texts that differ in case alone equal (as strings.EqualFold does), character by character.
func fold(s string) []rune {
	runes := []rune(s)
	for i, r := range runes {
		if r < utf8.RuneSelf && r != 'k' && r != 'K' && r != 's' && r != 'S' {
			if 'A' <= r && r <= 'Z' {
				runes[i] = r + 'a' - 'A'
			}
			continue
		}
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		runes[i] = least
	}
	return runes
}
