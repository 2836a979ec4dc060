package client

import (
	"encoding/json"
	"strings"

	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/fold"
)

// effectOf says whether a resource shows a PATCH: all of its changes, or not all.
// Changes whose path has a filter, and values that do not show, cannot be told.
func effectOf(patch, resource json.RawMessage) engine.Effect {
	var body struct {
		Operations []struct {
			Op, Path string
			Value    json.RawMessage
		}
	}
	if json.Unmarshal(patch, &body) != nil || len(body.Operations) == 0 {
		return engine.EffectUnclear
	}
	effect := engine.EffectSeen
	for _, c := range body.Operations {
		switch changeEffect(strings.ToLower(c.Op), c.Path, c.Value, resource) {
		case engine.EffectMissing:
			return engine.EffectMissing
		case engine.EffectUnclear:
			effect = engine.EffectUnclear
		}
	}
	return effect
}

func changeEffect(op, path string, value, resource json.RawMessage) engine.Effect {
	if strings.ContainsAny(path, "[") {
		return engine.EffectUnclear
	}
	if path == "" {
		if op == "remove" {
			return engine.EffectUnclear
		}
		return attributesEffect(value, resource)
	}
	at := resource
	for _, name := range attributePath(path) {
		var members map[string]json.RawMessage
		if json.Unmarshal(at, &members) != nil {
			return engine.EffectUnclear
		}
		at = member(members, name)
		if at == nil {
			break
		}
	}
	switch {
	case op == "remove" && value != nil:
		return engine.EffectUnclear
	case op == "remove" && at == nil:
		return engine.EffectSeen
	case op == "remove":
		return engine.EffectMissing
	case at == nil && isNothing(value):
		return engine.EffectSeen
	case at == nil: // services do not return everything: no password, for example
		return engine.EffectUnclear
	case op == "replace" && isList(value) && !sameLength(value, at):
		return engine.EffectMissing
	case isList(at) && !isList(value):
		value = json.RawMessage("[" + string(value) + "]")
	}
	if fold.SameJSON(value, at) {
		return engine.EffectSeen
	}
	return engine.EffectMissing
}

// attributesEffect is for a change without a path, whose value holds attributes.
func attributesEffect(value, resource json.RawMessage) engine.Effect {
	var sent, found map[string]json.RawMessage
	if json.Unmarshal(value, &sent) != nil || json.Unmarshal(resource, &found) != nil || len(sent) == 0 {
		return engine.EffectUnclear
	}
	effect := engine.EffectSeen
	for name, v := range sent {
		at := member(found, name)
		switch {
		case strings.EqualFold(name, "schemas"), at == nil && isNothing(v):
		case at == nil:
			effect = engine.EffectUnclear
		case !fold.SameJSON(v, at):
			return engine.EffectMissing
		}
	}
	return effect
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
