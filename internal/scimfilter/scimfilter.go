// Package scimfilter decides whether a resource matches a SCIM filter (RFC 7644
// section 3.4.2.2), without the service.
//
//	f, err := scimfilter.Parse(`department eq "Sales" and not (title sw "Head")`)
//	if f.Match(resource) { … } // JSON
//
// Texts are compared without regard to case, Unicode form, and white space
// around them. Attributes of an extension may be written without its URN. A
// multi-valued attribute matches if one of its values does; ne is the opposite
// of eq. The zero Filter matches everything.
package scimfilter

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/webexscim/bulk/internal/fold"
)

// Filter is a parsed filter. The zero value matches everything.
type Filter struct {
	text string
	root node
}

// String returns the text of the filter.
func (f Filter) String() string { return f.text }

// Match reports whether a resource, a JSON object, matches. Other JSON matches
// only the zero Filter.
func (f Filter) Match(resource []byte) bool {
	if f.root == nil {
		return true
	}
	var object map[string]any
	return json.Unmarshal(resource, &object) == nil && object != nil && f.root.match(object)
}

// Paths returns the attributes that the filter names, as they are written,
// sorted and without duplicates.
func (f Filter) Paths() []string {
	var all []string
	if f.root != nil {
		f.root.visit(func(path string) { all = append(all, path) })
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Has reports whether a resource has a value of an attribute, one of Paths.
func Has(resource []byte, path string) bool {
	var object map[string]any
	return json.Unmarshal(resource, &object) == nil && comparison{path: path, op: "pr"}.match(object)
}

// node is a part of a filter.
type node interface {
	match(object map[string]any) bool
	visit(func(path string))
}

type (
	anyOf      []node
	allOf      []node
	negation   struct{ of node }
	comparison struct {
		path, op string
		value    any // string, float64, bool or nil
	}
	elements struct { // path[of]
		path string
		of   node
	}
)

func (n anyOf) match(o map[string]any) bool {
	return slices.ContainsFunc(n, func(m node) bool { return m.match(o) })
}

func (n allOf) match(o map[string]any) bool {
	return !slices.ContainsFunc(n, func(m node) bool { return !m.match(o) })
}

func (n negation) match(o map[string]any) bool { return !n.of.match(o) }

func (n elements) match(o map[string]any) bool {
	return slices.ContainsFunc(valuesAt(o, n.path), func(v any) bool {
		element, ok := v.(map[string]any)
		return ok && n.of.match(element)
	})
}

func (n comparison) match(o map[string]any) bool {
	values := valuesAt(o, n.path)
	for i, v := range values {
		if object, ok := v.(map[string]any); ok && n.op != "pr" {
			values[i], _ = member(object, "value")
		}
	}
	switch n.op {
	case "pr":
		return slices.ContainsFunc(values, func(v any) bool { return v != nil && v != "" })
	case "ne":
		return !slices.ContainsFunc(values, func(v any) bool { return compare(v, "eq", n.value) })
	case "eq":
		if n.value == nil {
			return !slices.ContainsFunc(values, func(v any) bool { return v != nil })
		}
	}
	return slices.ContainsFunc(values, func(v any) bool { return compare(v, n.op, n.value) })
}

func (n anyOf) visit(f func(string)) {
	for _, m := range n {
		m.visit(f)
	}
}

func (n allOf) visit(f func(string))      { anyOf(n).visit(f) }
func (n negation) visit(f func(string))   { n.of.visit(f) }
func (n comparison) visit(f func(string)) { f(n.path) }
func (n elements) visit(f func(string))   { f(n.path) }

// compare compares one value with the value of a filter.
func compare(have any, op string, want any) bool {
	switch want := want.(type) {
	case string:
		text, ok := have.(string)
		return ok && compareTexts(text, op, want)
	case float64:
		number, ok := have.(float64)
		return ok && ordered(op, number, want)
	case bool:
		truth, ok := have.(bool)
		return ok && op == "eq" && truth == want
	}
	return false
}

func compareTexts(have, op, want string) bool {
	a, errA := time.Parse(time.RFC3339, have)
	b, errB := time.Parse(time.RFC3339, want)
	if errA == nil && errB == nil {
		return ordered(op, a.UnixNano(), b.UnixNano())
	}
	have, want = fold.Fold(have), fold.Fold(want)
	switch op {
	case "co":
		return strings.Contains(have, want)
	case "sw":
		return strings.HasPrefix(have, want)
	case "ew":
		return strings.HasSuffix(have, want)
	}
	return ordered(op, have, want)
}

func ordered[T int64 | float64 | string](op string, a, b T) bool {
	switch op {
	case "eq":
		return a == b
	case "gt":
		return a > b
	case "ge":
		return a >= b
	case "lt":
		return a < b
	case "le":
		return a <= b
	}
	return false
}

// valuesAt returns the values of an attribute. The path is name, name.sub,
// URN:name, or the name of an attribute of an extension.
func valuesAt(object map[string]any, path string) []any {
	if i := strings.LastIndexByte(path, ':'); i >= 0 {
		extension, _ := member(object, path[:i])
		object, _ = extension.(map[string]any)
		path = path[i+1:]
	}
	name, sub, isPart := strings.Cut(path, ".")
	value, ok := member(object, name)
	if !ok {
		for urn, extension := range object {
			if inner, isObject := extension.(map[string]any); isObject && strings.HasPrefix(strings.ToLower(urn), "urn:") && !ok {
				value, ok = member(inner, name)
			}
		}
	}
	if !ok {
		return nil
	}
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	list = slices.Clone(list)
	if !isPart {
		return list
	}
	var parts []any
	for _, v := range list {
		if inner, isObject := v.(map[string]any); isObject {
			if part, ok := member(inner, sub); ok {
				parts = append(parts, part)
			}
		}
	}
	return parts
}

// member finds a member without regard to case.
func member(object map[string]any, name string) (any, bool) {
	if value, ok := object[name]; ok {
		return value, true
	}
	for other, value := range object {
		if strings.EqualFold(other, name) {
			return value, true
		}
	}
	return nil, false
}

// SyntaxError is a mistake in a filter.
type SyntaxError struct {
	// Filter is the text of the filter. At is the position in it, in bytes from
	// 1.
	Filter string
	At     int
	// Expected describes the expected text at this position.
	Expected string
}

// Error quotes the filter up to the position.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("filter, after %q: expected %s", e.Filter[:e.At-1], e.Expected)
}
