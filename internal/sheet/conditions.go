package sheet

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/scimdiff"
)

// VersionOf tells states of a resource apart: the version that the service
// gives it, or else when it was changed last.
func VersionOf(r client.Resource) string {
	if r.Version != "" || r.Modified.IsZero() {
		return r.Version
	}
	return r.Modified.UTC().Format(time.RFC3339Nano)
}

// InEffect reports whether a resource already has the values that an operation
// of a sheet writes. A reference to another row cannot be compared: it counts
// where the resource refers to somebody, and something else shows the effect.
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
			return false // the resource as it was read need not have them
		case refers && holds(change.Path, nil, stored), !refers && !holds(change.Path, change.Value, stored):
			return false
		}
		shown = shown || !refers
	}
	return shown
}

// Holds reports whether a resource has the expected attributes: an object of
// values by their path in a PATCH, null where there must be none. Values are
// compared by meaning, as scimdiff does.
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

// holds reports whether a resource has a value; nil or null: that it has none
// at the path. What it cannot compare it denies.
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
	case to.filterKey == "" && strings.EqualFold(to.sub, "value"): // manager.value is what the whole is
		to.sub = ""
		to.put(given, decodedValue(wanted))
	default:
		to.put(given, decodedValue(wanted))
	}
	differences, err := scimdiff.Compare(given.append(nil), stored, scimdiff.Options{Clear: true})
	return err == nil && len(differences) == 0
}
