package contract

import (
	"fmt"
	"strings"
)

// RefPrefix begins a reference to a resource of the same request (RFC 7644,
// section 3.7.2).
const RefPrefix = "bulkId:"

// References appends the names in all strings of v of the form bulkId:NAME.
func References(v any, names []string) []string {
	switch v := v.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, RefPrefix); ok {
			names = append(names, name)
		}
	case map[string]any:
		for _, member := range v {
			names = References(member, names)
		}
	case []any:
		for _, element := range v {
			names = References(element, names)
		}
	}
	return names
}

// MapStrings replaces each string in v by the result of f. member is the name
// of the member that contains the string, directly or in a list.
func MapStrings(v any, member string, f func(member, s string) string) any {
	switch v := v.(type) {
	case string:
		return f(member, v)
	case map[string]any:
		for name, inner := range v {
			v[name] = MapStrings(inner, name, f)
		}
	case []any:
		for i, inner := range v {
			v[i] = MapStrings(inner, member, f)
		}
	}
	return v
}

// NeedsID reports whether a member always contains an id, so that a reference
// in it must be known.
func NeedsID(member string) bool { return member == "value" || member == "$ref" }

// unknownReferences returns violations for references to names that no POST
// has.
func (r *Request) unknownReferences() (violations []string) {
	for i, op := range r.Operations {
		unknown := ""
		check := func(member, s string) string {
			name, ok := strings.CutPrefix(s, RefPrefix)
			if _, known := r.Posts[name]; ok && !known && NeedsID(member) {
				unknown = least(unknown, s)
			}
			return s
		}
		if len(op.Refs) > 0 {
			MapStrings(op.Doc, "", check)
		}
		if op.Ref != "" {
			check("value", RefPrefix+op.Ref)
		}
		if unknown != "" {
			violations = append(violations,
				fmt.Sprintf("operation %d: no POST of the request has the bulkId of the reference %s", i, unknown))
		}
	}
	return violations
}
