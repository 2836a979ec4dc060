package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
)

// resource is a kind of resource that a POST of a Bulk request creates.
type resource struct {
	schema *openapi3.Schema
	name   string // the attribute that it cannot be created without
}

// dataFaults checks the data of each POST of a Bulk request against the schema of
// what it creates. The schema of a request cannot: its data is an open object,
// whose description says that it is a User or a Group. Bodies in another form
// have no such data, and their own faults.
func (c *contract) dataFaults(content []byte) (list []fault) {
	var request struct {
		Operations []json.RawMessage `json:"operations"`
	}
	if json.Unmarshal(content, &request) != nil {
		return nil
	}
	for i, raw := range request.Operations {
		var operation struct {
			Method, Path string
			Data         map[string]any
		}
		if json.Unmarshal(raw, &operation) != nil || operation.Method != http.MethodPost || operation.Data == nil {
			continue
		}
		created, ok := c.resources[operation.Path]
		if !ok {
			continue
		}
		at := fmt.Sprintf("/operations/%d/data", i)
		if name, given := operation.Data[created.name]; !given || name == nil || name == "" {
			list = append(list, fault{at, fmt.Sprintf("property %q is missing", created.name)})
		}
		dropNulls(operation.Data)
		for _, f := range explain(created.schema.VisitJSON(operation.Data, openapi3.MultiErrors())) {
			list = append(list, fault{at + f.where, f.what})
		}
	}
	return list
}

// dropNulls removes the members that are null, which is to have no value (RFC 7643, section 2.5).
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
