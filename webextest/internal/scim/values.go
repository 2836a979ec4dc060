package scim

import (
	"cmp"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// present reports whether v is neither null nor empty, as pr needs (RFC 7644
// table 3).
func present(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		for _, element := range v {
			if present(element) {
				return true
			}
		}
		return false
	case map[string]any:
		for _, member := range v {
			if present(member) {
				return true
			}
		}
		return false
	}
	return true
}

// fold returns the same string for all strings that strings.EqualFold calls
// equal.
func fold(s string) string { return strings.Map(foldRune, s) }

func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		return unicode.ToLower(r)
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return unicode.ToLower(least)
}

// momentOf parses a dateTime (RFC 7643 section 2.3.5).
func momentOf(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, s)
	return t.UTC(), err == nil
}

func momentIf(wanted bool, s string) (time.Time, bool) {
	if !wanted {
		return time.Time{}, false
	}
	return momentOf(s)
}

// number is a JSON number, as written and in forms for comparing.
type number struct {
	text    string
	float   float64
	integer int64
	whole   bool // integer is exact
}

func numberOf(v any) (number, bool) {
	n := number{}
	switch v := v.(type) {
	case json.Number:
		n.text = string(v)
	case float64:
		n.text = strconv.FormatFloat(v, 'g', -1, 64)
	case int:
		n.text = strconv.Itoa(v)
	case int64:
		n.text = strconv.FormatInt(v, 10)
	default:
		return n, false
	}
	var err error
	n.float, err = strconv.ParseFloat(n.text, 64)
	if err != nil || math.IsNaN(n.float) {
		return n, false
	}
	n.integer, err = strconv.ParseInt(n.text, 10, 64)
	n.whole = err == nil
	return n, true
}

func (n number) compare(other number) int {
	if n.whole && other.whole {
		return cmp.Compare(n.integer, other.integer)
	}
	return cmp.Compare(n.float, other.float)
}

// same reports whether two values are equal. Numbers are equal by value.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			other, ok := b[key]
			if !ok || !same(value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !same(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	n, first := numberOf(a)
	o, second := numberOf(b)
	if first && second {
		return n.compare(o) == 0
	}
	return reflect.DeepEqual(a, b)
}

// clean returns a copy of v without null, empty lists and empty objects, which
// count as unassigned (RFC 7643 section 2.5), or nil if v is empty then.
func clean(v any) any {
	switch v := v.(type) {
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, member := range v {
			if member = clean(member); member != nil {
				object[name] = member
			}
		}
		if len(object) > 0 {
			return object
		}
		return nil
	case []any:
		elements := make([]any, 0, len(v))
		for _, element := range v {
			if element = clean(element); element != nil {
				elements = append(elements, element)
			}
		}
		if len(elements) > 0 {
			return elements
		}
		return nil
	}
	return v
}
