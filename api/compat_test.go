package api_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/webexscim/bulk/api"
)

func parse(t *testing.T, document []byte) any {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
	raw, err := doc.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestJSONIsTheContract(t *testing.T) {
	if !reflect.DeepEqual(parse(t, api.JSON), parse(t, api.OpenAPI)) {
		t.Error("openapi.json and openapi.yaml differ")
	}
}

// The compat form is valid, and is the contract without oneOf, anyOf, allOf, not,
// default responses and their examples.
func TestCompatIsTheContractWithoutUnions(t *testing.T) {
	want, taken := without(parse(t, api.OpenAPI), "")
	got := parse(t, api.Compat)
	if !reflect.DeepEqual(got, want) {
		t.Error("openapi.compat.yaml is not the contract less what it must not hold")
	}
	if len(taken) < 4 {
		t.Errorf("taken from the contract is only %q", taken)
	}
	if _, left := without(got, ""); len(left) > 0 {
		t.Errorf("openapi.compat.yaml still has %q", left)
	}
}

// without returns a part of a document without the members that generators
// cannot read, and the names of these.
func without(value any, parent string) (any, []string) {
	var taken []string
	if list, ok := value.([]any); ok {
		for i, element := range list {
			kept, more := without(element, "")
			list[i], taken = kept, append(taken, more...)
		}
	}
	members, ok := value.(map[string]any)
	if !ok {
		return value, taken
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		unwanted := slices.Contains([]string{"oneOf", "anyOf", "allOf", "not"}, name) ||
			parent == "responses" && (name == "default" || name == "Refused") || parent == "examples" && name == "unprocessable"
		if unwanted {
			taken = append(taken, name)
			delete(members, name)
			continue
		}
		kept, more := without(members[name], name)
		members[name], taken = kept, append(taken, more...)
	}
	return members, taken
}

// The JSON Schema document is valid, has each schema of the contract under its
// name, and accepts the same messages.
func TestJSONSchemaJudgesAsTheContract(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(api.JSONSchema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schemas.json", doc); err != nil {
		t.Fatal(err)
	}
	schemas := load(t).Components.Schemas
	compiled := map[string]*jsonschema.Schema{}
	for name := range schemas {
		if compiled[name], err = compiler.Compile("schemas.json#/$defs/" + name); err != nil {
			t.Fatal(err)
		}
	}
	if defs := doc.(map[string]any)["$defs"].(map[string]any); len(defs) != len(schemas) {
		t.Errorf("%d schemas, want %d", len(defs), len(schemas))
	}
	verdicts := map[bool]int{}
	judge := func(name string, message any) {
		raw, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		want := schemas[name].Value.VisitJSON(message) == nil
		if got := compiled[name].Validate(value); (got == nil) != want {
			t.Errorf("%s %s: %v, the contract takes it: %v", name, raw, got, want)
		}
		verdicts[want]++
	}
	for _, test := range requestForms {
		var message any
		if err := json.Unmarshal([]byte(test.body), &message); err != nil {
			t.Fatal(err)
		}
		judge("BulkRequest", message)
	}
	for _, op := range operations(t) {
		if op.RequestBody != nil {
			for _, example := range op.RequestBody.Value.Content["application/json"].Examples {
				judge("BulkRequest", example.Value.Value)
			}
		}
		for _, response := range op.Responses.Map() {
			for _, example := range response.Value.Content["application/json"].Examples {
				for _, name := range []string{"BulkResponse", "ScimError", "UserList"} {
					judge(name, example.Value.Value)
				}
			}
		}
	}
	if verdicts[true] < 100 || verdicts[false] < 30 {
		t.Errorf("verdicts were %v", verdicts)
	}
}
