package proxy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// The schema of a Bulk request says of the data of an operation only that it is
// an object. This file checks the data against the schema of what it is: a
// user, a group, or a PatchOp.

// resource is a kind of resource that an operation of a Bulk request is about.
type resource struct {
	schema *openapi3.Schema
	name   string // the attribute that it cannot be created without
}

// operation is one of a Bulk request, as far as its data is checked.
type operation struct {
	Method, Path string
	Data         map[string]any
}

// dataFaults checks the data of each operation of a Bulk request. A body in
// another form has no operations, and faults of its own.
func (c *contract) dataFaults(content []byte) (list []fault) {
	var request struct {
		Operations []json.RawMessage `json:"operations"`
	}
	if json.Unmarshal(content, &request) != nil {
		return nil
	}
	for i, raw := range request.Operations {
		var op operation
		if json.Unmarshal(raw, &op) != nil || op.Data == nil {
			continue
		}
		for _, f := range c.operationFaults(op) {
			list = append(list, fault{fmt.Sprintf("/operations/%d/data%s", i, f.where), f.what})
		}
	}
	return list
}

func (c *contract) operationFaults(op operation) []fault {
	collection, _, one := strings.Cut(strings.TrimPrefix(op.Path, "/"), "/")
	about, known := c.resources["/"+collection]
	switch {
	case known && !one && op.Method == http.MethodPost:
		return about.createFaults(op.Data)
	case known && one && op.Method == http.MethodPatch:
		return append(explain(c.patchOp.VisitJSON(op.Data, openapi3.MultiErrors())), about.patchFaults(op.Data)...)
	}
	return nil
}

// createFaults checks what a resource is created from.
func (r resource) createFaults(data map[string]any) (list []fault) {
	if name, given := data[r.name]; !given || name == nil || name == "" {
		list = append(list, fault{"", fmt.Sprintf("property %q is missing", r.name)})
	}
	dropNulls(data)
	return append(list, explain(r.schema.VisitJSON(data, openapi3.MultiErrors()))...)
}

// patchFaults checks the values of a PatchOp against what its paths name. A
// path to an attribute that the contract does not have may hold anything.
func (r resource) patchFaults(data map[string]any) (list []fault) {
	steps, _ := data["Operations"].([]any)
	for i, step := range steps {
		object, _ := step.(map[string]any)
		path, _ := object["path"].(string)
		value := object["value"]
		at := fmt.Sprintf("/Operations/%d/value", i)
		members, isObject := value.(map[string]any)
		switch {
		case value == nil:
		case path != "":
			list = append(list, r.valueFaults(at, path, value)...)
		case isObject:
			for _, name := range slices.Sorted(maps.Keys(members)) {
				list = append(list, r.valueFaults(at+pointer([]string{name}), name, members[name])...)
			}
		default:
			list = append(list, fault{at, "value must be an object where there is no path"})
		}
	}
	return list
}

// valueFaults checks the value that a PatchOp gives to an attribute.
func (r resource) valueFaults(at, path string, value any) (list []fault) {
	schema, selected := r.attribute(path)
	if schema == nil || value == nil {
		return nil
	}
	if _, many := value.([]any); schema.Type.Is(openapi3.TypeArray) && schema.Items != nil && (selected || !many) {
		schema = schema.Items.Value // one value is added, or replaces those that a filter selects
	}
	if object, ok := value.(map[string]any); ok {
		dropNulls(object)
	}
	for _, f := range explain(schema.VisitJSON(value, openapi3.MultiErrors())) {
		list = append(list, fault{at + f.where, f.what})
	}
	return list
}

// attribute finds what the path of a PatchOp names, such as
// emails[type eq "work"].value; nil where the contract has no such attribute.
// selected says that a filter selects values of a list.
func (r resource) attribute(path string) (schema *openapi3.Schema, selected bool) {
	schema = r.schema
	for urn, extension := range r.schema.Properties {
		if rest, ok := cutPrefixFold(path, urn); ok && strings.Contains(urn, ":") && (rest == "" || rest[0] == ':' || rest[0] == '.') {
			schema, path = extension.Value, strings.TrimLeft(rest, ":.")
		}
	}
	start, end := strings.IndexByte(path, '['), strings.LastIndexByte(path, ']')
	if start >= 0 && start < end {
		path, selected = path[:start]+path[end+1:], true
	}
	for name := range strings.SplitSeq(path, ".") {
		if schema.Type.Is(openapi3.TypeArray) && schema.Items != nil {
			schema = schema.Items.Value
		}
		if name != "" {
			schema = property(schema, name)
		}
		if schema == nil {
			return nil, false
		}
	}
	return schema, selected
}

// property finds a property, whose name has no case (RFC 7643, section 2.1).
func property(schema *openapi3.Schema, name string) *openapi3.Schema {
	for other, found := range schema.Properties {
		if strings.EqualFold(other, name) {
			return found.Value
		}
	}
	return nil
}

func cutPrefixFold(text, prefix string) (rest string, ok bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return text, false
	}
	return text[len(prefix):], true
}

// dropNulls removes the members that are null, which is to have no value (RFC
// 7643, section 2.5).
func dropNulls(object map[string]any) {
	for name, value := range object {
		switch value := value.(type) {
		case nil:
			delete(object, name)
		case map[string]any:
			dropNulls(value)
		case []any:
			for _, element := range value {
				if inner, ok := element.(map[string]any); ok {
					dropNulls(inner)
				}
			}
		}
	}
}
