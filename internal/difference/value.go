package difference

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
)

// Describe returns a difference as a person reads it: "title: Clerk → Chief".
func Describe(d client.AttributeDifference, nameOf func(id string) (name string, ok bool)) string {
	return fmt.Sprintf("%s: %s → %s", ShortPath(d.Path), Value(d.Old, nameOf), Value(d.New, nameOf))
}

// The bounds of a Value.
const (
	maxRunes    = 80
	maxElements = 3
)

// Value returns a value of an attribute as a person reads it: a text as it is,
// the first values of a list, and the name in the place of an id that nameOf
// knows. Long texts are cut.
func Value(value json.RawMessage, nameOf func(id string) (name string, ok bool)) string {
	var text string
	var list []json.RawMessage
	var object map[string]json.RawMessage
	switch {
	case len(value) == 0:
		return "(none)"
	case json.Unmarshal(value, &text) == nil:
		return terminal.Clip(nameOr(text, nameOf), maxRunes)
	case json.Unmarshal(value, &list) == nil && len(list) > 0:
		var parts []string
		for _, e := range list[:min(len(list), maxElements)] {
			parts = append(parts, Value(e, nameOf))
		}
		if n := len(list) - len(parts); n > 0 {
			parts = append(parts, fmt.Sprintf("and %d more", n))
		}
		return strings.Join(parts, ", ")
	case json.Unmarshal(value, &object) == nil && object["value"] != nil:
		return Value(object["value"], nameOf)
	}
	return terminal.Clip(string(value), maxRunes)
}

// nameOr returns the name of a user, or the id if it has none.
func nameOr(id string, nameOf func(id string) (string, bool)) string {
	if name, ok := nameOf(id); ok {
		return name
	}
	return id
}

// selection matches a value in the filter of a path.
var selection = regexp.MustCompile(`(?i)\b(value|display) eq "(?:[^"\\]|\\.)*"`)

// ShortPath returns the path of an attribute without its schema, and without
// the values in its filter, those of members apart.
func ShortPath(path string) string {
	if !strings.HasPrefix(path, "members[") {
		path = selection.ReplaceAllString(path, `$1 eq "…"`)
	}
	if !strings.HasPrefix(strings.ToLower(path), "urn:") {
		return path
	}
	filter := strings.IndexAny(path, "[\"")
	if filter < 0 {
		filter = len(path)
	}
	return path[strings.LastIndex(path[:filter], ":")+1:]
}
