package sheet

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/scimdiff"
)

// VersionOf returns the version of a resource as the service gives it, or else
// the time of its last change. Equal versions mean that nothing has changed.
func VersionOf(r client.Resource) string {
	if r.Version != "" || r.Modified.IsZero() {
		return r.Version
	}
	return r.Modified.UTC().Format(time.RFC3339Nano)
}

// InEffect reports whether a resource already has the values that an operation
// of a sheet writes. A reference to another row cannot be compared: it is
// enough if the resource has any value there, but another value must show the
// effect.
func InEffect(op client.Operation, stored []byte) bool {
	raw, ok := op.Data.(json.RawMessage)
	var body struct {
		Operations []struct {
			Op, Path string
			Value    json.RawMessage
		}
	}
	if !ok || op.Method != client.MethodPatch || json.Unmarshal(raw, &body) != nil {
		return false
	}
	shown := false
	for _, change := range body.Operations {
		refers := strings.Contains(string(change.Value), `"`+client.Ref(""))
		switch {
		case strings.HasPrefix(change.Path, "members"):
			return false // the resource may have been read without its members
		case refers && holds(change.Path, nil, stored), !refers && !holds(change.Path, change.Value, stored):
			return false
		}
		shown = shown || !refers
	}
	return shown
}

// Holds reports whether a resource has the expected attributes: a JSON object
// of values by their path in a PATCH, null if there must be no value. Values
// are compared by meaning, as in scimdiff.
func Holds(expected, stored []byte) bool {
	var all map[string]json.RawMessage
	if json.Unmarshal(expected, &all) != nil {
		return false
	}
	for path, value := range all {
		if !holds(path, value, stored) {
			return false
		}
	}
	return true
}

// holds reports whether a resource has a value at a path, or no value there if
// raw is nil or null. It returns false for a path that it cannot read.
func holds(path string, raw json.RawMessage, stored []byte) bool {
	to, ok := parseTarget(path)
	if !ok {
		return false
	}
	var wanted any
	if len(raw) > 0 && json.Unmarshal(raw, &wanted) != nil {
		return false
	}
	given := new(objects).object()
	parts, isObject := wanted.(map[string]any)
	switch {
	case to.filterKey != "" && to.sub == "" && isObject:
		for to.sub, wanted = range parts {
			to.put(given, decodedValue(wanted))
		}
	case to.filterKey != "" && to.sub == "":
		to.sub = "value"
		to.put(given, decodedValue(wanted))
	case to.filterKey == "" && strings.EqualFold(to.sub, "value"): // manager.value is manager
		to.sub = ""
		to.put(given, decodedValue(wanted))
	default:
		to.put(given, decodedValue(wanted))
	}
	differences, err := scimdiff.Compare(given.append(nil), stored, scimdiff.Options{Clear: true})
	return err == nil && len(differences) == 0
}
