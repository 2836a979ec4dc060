package client

import (
	"encoding/json"
	"strings"

	"github.com/webexscim/bulk/internal/fold"
)

// shows reports whether a resource shows all that a PATCH changes. What cannot be
// seen does not show: values that a filter selects, or that are not returned.
func shows(resource, patch json.RawMessage) bool {
	var body struct {
		Operations []struct {
			Op, Path string
			Value    json.RawMessage
		}
	}
	if json.Unmarshal(patch, &body) != nil {
		return false
	}
	for _, c := range body.Operations {
		if !showsChange(resource, strings.ToLower(c.Op), c.Path, c.Value) {
			return false
		}
	}
	return len(body.Operations) > 0
}

func showsChange(resource json.RawMessage, op, path string, value json.RawMessage) bool {
	if strings.Contains(path, "[") || op == "remove" && (path == "" || value != nil) {
		return false
	}
	if path == "" {
		return showsAttributes(resource, value)
	}
	at := resource
	for _, name := range attributePath(path) {
		var members map[string]json.RawMessage
		if json.Unmarshal(at, &members) != nil {
			return false
		}
		if at = member(members, name); at == nil {
			break
		}
	}
	switch {
	case op == "remove":
		return at == nil
	case at == nil:
		return isNothing(value)
	case op == "replace" && isList(value) && !sameLength(value, at):
		return false
	case isList(at) && !isList(value):
		value = json.RawMessage("[" + string(value) + "]")
	}
	return fold.SameJSON(value, at)
}

// showsAttributes is for a change without a path, whose value holds attributes.
func showsAttributes(resource, value json.RawMessage) bool {
	var sent, found map[string]json.RawMessage
	if json.Unmarshal(value, &sent) != nil || json.Unmarshal(resource, &found) != nil {
		return false
	}
	for name, v := range sent {
		at := member(found, name)
		switch {
		case strings.EqualFold(name, "schemas"), at == nil && isNothing(v):
		case at == nil, !fold.SameJSON(v, at):
			return false
		}
	}
	return len(sent) > 0
}

// attributePath takes a path apart: the URN of an extension is one name, though
// it holds dots.
func attributePath(path string) []string {
	var names []string
	if strings.HasPrefix(strings.ToLower(path), "urn:") {
		colon := strings.LastIndexByte(path, ':')
		extension, attribute := path[:colon], path[colon+1:]
		if strings.HasSuffix(extension, ":2.0") || !strings.Contains(extension, ":2.0:") {
			return []string{path} // the extension as a whole
		}
		if path = attribute; !strings.EqualFold(extension, SchemaUser) && !strings.EqualFold(extension, SchemaGroup) {
			names = append(names, extension)
		}
	}
	return append(names, strings.Split(path, ".")...)
}

func member(members map[string]json.RawMessage, name string) json.RawMessage {
	for key, value := range members {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return nil
}

func isNothing(value json.RawMessage) bool {
	text := strings.TrimSpace(string(value))
	return text == "null" || text == "[]" || text == `""` || text == ""
}

func sameLength(a, b json.RawMessage) bool {
	var x, y []json.RawMessage
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && len(x) == len(y)
}
