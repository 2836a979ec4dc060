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

// In the schema of a Bulk request, the data of an operation is any object. This
// file checks it against the schema of a user, a group, or a PatchOp, depending
// on method and path.

// resource is a type of resource.
type resource struct {
	schema *openapi3.Schema
	name   string // the attribute that a create must have
}

// operation is an operation of a Bulk request.
type operation struct {
	Method, Path string
	Data         map[string]any
}

// checkData checks the data of each operation of a Bulk request. It finds no
// operations in other bodies.
func (c *contract) checkData(content []byte) (list []Violation) {
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
		list = append(list, within(fmt.Sprintf("/operations/%d/data", i), c.checkOperation(op))...)
	}
	return list
}

func (c *contract) checkOperation(op operation) []Violation {
	collection, _, one := strings.Cut(strings.TrimPrefix(op.Path, "/"), "/")
	resource, known := c.resources["/"+collection]
	switch {
	case known && !one && op.Method == http.MethodPost:
		return resource.checkCreate(op.Data)
	case known && one && op.Method == http.MethodPatch:
		return append(explain(c.patchOp.VisitJSON(op.Data, openapi3.MultiErrors())), resource.checkPatch(op.Data)...)
	}
	return nil
}

// checkCreate checks the data of a create.
func (r resource) checkCreate(data map[string]any) (list []Violation) {
	if name, given := data[r.name]; !given || name == nil || name == "" {
		list = append(list, Violation{What: fmt.Sprintf("property %q is missing", r.name)})
	}
	dropNulls(data)
	return append(list, explain(r.schema.VisitJSON(data, openapi3.MultiErrors()))...)
}

// checkPatch checks the values of a PatchOp against the schemas of the
// attributes that its paths name. An attribute that the contract does not have
// may have any value.
func (r resource) checkPatch(data map[string]any) (list []Violation) {
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
			list = append(list, within(at, r.checkValue(path, value))...)
		case isObject:
			for _, name := range slices.Sorted(maps.Keys(members)) {
				list = append(list, within(at+pointer([]string{name}), r.checkValue(name, members[name]))...)
			}
		default:
			list = append(list, Violation{Where: at, What: "value must be an object where there is no path"})
		}
	}
	return list
}

// checkValue checks the value that a PatchOp gives to an attribute.
func (r resource) checkValue(path string, value any) []Violation {
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
	return explain(schema.VisitJSON(value, openapi3.MultiErrors()))
}

// within puts a JSON pointer before the places of violations.
func within(pointer string, list []Violation) []Violation {
	for i := range list {
		list[i].Where = pointer + list[i].Where
	}
	return list
}

// attribute returns the schema of the attribute that the path of a PatchOp
// names, such as emails[type eq "work"].value, or nil if the contract has no
// such attribute. selected reports whether a filter selects values of a list.
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

// property returns the schema of a property, whose name has no case (RFC 7643,
// section 2.1).
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

// dropNulls removes the members that are null, because null is the same as no
// value (RFC 7643, section 2.5).
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
