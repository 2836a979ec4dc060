package webextest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/webexscim/bulk/api"
)

// Law: each attribute of the contract is known and takes the type that it has
// there and no other, in a POST and in a PATCH, in any case of its name.
func TestAttributesAreTheContracts(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	met := 0
	for k, name := range map[kind]string{users: "User", groups: "Group"} {
		for attr, schema := range doc.Components.Schemas[name].Value.Properties {
			if !strings.Contains(attr, ":") {
				met += typed(t, k, "", attr, schema.Value)
				continue
			}
			for inner, schema := range schema.Value.Properties {
				met += typed(t, k, attr, inner, schema.Value)
			}
		}
	}
	if met < 70 {
		t.Errorf("only %d attributes were met", met)
	}
}

func typed(t *testing.T, k kind, urn, name string, schema *openapi3.Schema) int {
	for _, spelling := range []string{name, strings.ToUpper(name)} {
		f, known := attributeForm(k, urn, spelling)
		if !known {
			t.Errorf("%s %s is unknown", urn, spelling)
			return 0
		}
		if f == anyForm {
			continue
		}
		for kind, value := range map[string]any{
			"string": "x", "boolean": true, "object": obj{"value": "x"}, "array": []any{obj{"value": "x"}},
			"number": 5.0, "texts": []any{"x"},
		} {
			if f.takes(value) != schema.Type.Is(kind) {
				t.Errorf("%s %s: takes a %s: %v; the contract has %v", urn, spelling, kind, f.takes(value), schema.Type)
			}
		}
	}
	return 1
}

// What is of the wrong type, or no attribute at all, fails its operation and is
// noted.
func TestMisformedAttributes(t *testing.T) {
	for _, c := range []struct{ member, want string }{
		{`"title":"x","active":false,"emails":[{"value":"a@x.org","primary":true},{"value":"b@x.org"}]`, ""},
		{`"title":null,"emails":null,"phoneNumbers":[],"unheard":{"of":1},"urn:x:2.0:Y":5`, ""},
		{`"` + schemaWebexUser + `":{"extensionAttribute3":["x"],"accountStatus":"active"}`, ""},
		{`"title":5`, "title"},
		{`"TITLE":["x"]`, "TITLE"},
		{`"active":"False"`, "active"},
		{`"active":0`, "active"},
		{`"name":"Ann"`, "name"},
		{`"emails":{"value":"a@x.org"}`, "emails"},
		{`"emails":["a@x.org"]`, "emails"},
		{`"emails":[{"type":"work"}]`, "emails"},
		{`"emails":[{"value":"","type":"work"}]`, "emails"},
		{`"emails":[{"value":"a@x.org","primary":true},{"value":"b@x.org","Primary":true}]`, "emails"},
		{`"phoneNumbers":[{"value":"1","primary":true},{"value":"2","primary":true}]`, "phoneNumbers"},
		{`"` + schemaEnterprise + `":{"department":7,"manager":{}}`, "department"},
		{`"` + schemaEnterprise + `":"x"`, schemaEnterprise},
	} {
		s := New(Config{})
		_, body := call(t, s.Client(), "POST", bulkURL, message1(`{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a@x.org",`+c.member+`}}`))
		noted := fmt.Sprint(s.Violations())
		if refused := strings.Contains(body, `"invalidValue"`); refused != (c.want != "") || strings.Contains(noted, c.want+" must be") != refused {
			t.Errorf("%s: %s, noted %s", c.member, body, noted)
		}
	}
	for _, c := range []struct{ step, want string }{
		{`"op":"replace","path":"title","value":"x"`, ""},
		{`"op":"add","path":"emails","value":{"value":"a@x.org"}`, ""},
		{`"op":"add","value":{"Name.givenName":"x","` + schemaEnterprise + `":{"department":"x"}}`, ""},
		{`"op":"add","path":"` + schemaUser + `:title","value":"x"`, ""},
		{`"op":"add","path":"` + schemaWebexUser + `:extensionAttribute15","value":["x"]`, ""},
		{`"op":"add","path":"urn:x:2.0:Y:z","value":"x"`, ""},
		{`"op":"replace","path":"title","value":5`, "invalidValue"},
		{`"op":"replace","path":"active","value":"True"`, "invalidValue"},
		{`"op":"add","path":"emails","value":["a@x.org"]`, "invalidValue"},
		{`"op":"add","path":"emails","value":[{"type":"work"}]`, "invalidValue"},
		{`"op":"replace","value":{"active":"x"}`, "invalidValue"},
		{`"op":"add","path":"members","value":[]`, "invalidPath"},
		{`"op":"add","path":"shoeSize","value":"x"`, "invalidPath"},
		{`"op":"remove","path":"shoeSize[value eq \"1\"].value"`, "invalidPath"},
		{`"op":"add","value":{"title":"x","shoeSize":"x"}`, "invalidPath"},
		{`"op":"add","path":"` + schemaEnterprise + `:shoeSize","value":"x"`, "invalidPath"},
		{`"op":"add","path":"` + schemaEnterprise + `","value":{"shoeSize":"x"}`, "invalidPath"},
		{`"op":"add","value":{"` + schemaEnterprise + `":{"shoeSize":"x"}}`, "invalidPath"},
	} {
		s := New(Config{})
		id, err := s.Add("/Users", obj{"userName": "a@x.org"})
		if err != nil {
			t.Fatal(err)
		}
		_, body := call(t, s.Client(), "POST", bulkURL,
			message1(`{"method":"PATCH","path":"/Users/`+id+`","data":{`+patchPart+`,"Operations":[{`+c.step+`}]}}`))
		if (c.want != "") != (len(s.Violations()) > 0) || !strings.Contains(body, orElse(c.want, `"200"`)) {
			t.Errorf("%s: %s, noted %v", c.step, body, s.Violations())
		}
	}
	if _, err := New(Config{}).Add("/Users", obj{"userName": "a", "title": 5}); err == nil {
		t.Error("a test adds what is misformed")
	}
}
