package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// The resources of a search may lack any member, because the caller selects the
// attributes, and may have unknown ones. A generated client that requires a
// member loses the whole page.
func TestFoundResourcesHaveNoRequiredMembers(t *testing.T) {
	met := map[*openapi3.Schema]bool{}
	var walk func(name string, ref *openapi3.SchemaRef)
	walk = func(name string, ref *openapi3.SchemaRef) {
		schema := ref.Value
		if met[schema] {
			return
		}
		met[schema] = true
		closed := schema.AdditionalProperties.Has != nil && !*schema.AdditionalProperties.Has
		if len(schema.Required) > 0 || schema.MinItems > 0 || schema.MinLength > 0 || len(schema.Enum) > 0 || closed {
			t.Errorf("%s asks for something: required %v", name, schema.Required)
		}
		for member, ref := range schema.Properties {
			walk(name+"."+member, ref)
		}
		if schema.Items != nil {
			walk(name+"[]", schema.Items)
		}
	}
	for _, list := range []string{"UserList", "GroupList"} {
		walk(list, load(t).Components.Schemas[list])
	}
	if len(met) < 50 {
		t.Errorf("only %d schemas were met", len(met))
	}
}

// A 405 names the correct method, and the answers to a GET do not mention
// operations.
func TestAnswersDescribeTheirOperation(t *testing.T) {
	for _, item := range load(t).Paths.Map() {
		for method, op := range item.Operations() {
			for status, response := range op.Responses.Map() {
				examples, err := json.Marshal(response.Value.Content["application/json"].Examples)
				if err != nil {
					t.Fatal(err)
				}
				text := *response.Value.Description + string(examples)
				if status == "405" && strings.Count(text, method) < 2 {
					t.Errorf("%s 405 does not name %s", op.OperationID, method)
				}
				for _, word := range []string{"Bulk", "POST", "perations", "out: look up", "change users"} {
					if method == "GET" && strings.Contains(text, word) {
						t.Errorf("%s %s says %q", op.OperationID, status, word)
					}
				}
			}
		}
	}
}
