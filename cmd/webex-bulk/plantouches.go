package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/difference"
	"github.com/webexscim/bulk/internal/input"
)

// touches returns the names of the attributes that an operation writes: those
// of a create, or the steps of a PATCH. Their values are not shown.
func touches(op client.Operation, in *input.File) []string {
	data, _ := op.Data.(json.RawMessage)
	if op.Method != client.MethodPatch {
		return attributes(data)
	}
	var patch struct {
		Operations []struct {
			Op, Path string
			Value    json.RawMessage
		}
	}
	if json.Unmarshal(data, &patch) != nil {
		return nil
	}
	var out []string
	for _, step := range patch.Operations {
		op := strings.ToLower(step.Op)
		switch n := count(step.Value); {
		case op == "replace" && step.Path == "members" && n > 0:
			out = append(out, newMembers(n))
			continue
		case step.Path != "":
			out = append(out, op+" "+in.ReplacePlaceholders(difference.ShortPath(step.Path))+size(step.Value))
			continue
		}
		for _, name := range attributes(step.Value) {
			out = append(out, op+" "+name)
		}
	}
	return out
}

// newMembers says that an update replaces all members of a group.
func newMembers(n int) string {
	if n == 1 {
		return "members become this one"
	}
	return fmt.Sprintf("members become these %d", n)
}

// attributes returns the names of the attributes of a resource. Those of an
// extension are without its name.
func attributes(data json.RawMessage) []string {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch {
		case strings.EqualFold(name, "schemas"):
		case strings.HasPrefix(strings.ToLower(name), "urn:"):
			out = append(out, attributes(members[name])...)
		default:
			out = append(out, name+size(members[name]))
		}
	}
	return out
}

// size is the number of values of a list, if it has more than one.
func size(value json.RawMessage) string {
	if n := count(value); n > 1 {
		return fmt.Sprintf(" (%d)", n)
	}
	return ""
}

// count returns the number of values of a list.
func count(value json.RawMessage) int {
	var list []json.RawMessage
	_ = json.Unmarshal(value, &list) // other values have none
	return len(list)
}
