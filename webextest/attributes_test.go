package webextest

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/webexscim/bulk/api"
	"github.com/webexscim/bulk/webextest/internal/scim"
)

func resourceSchemas(t *testing.T) map[scim.Kind]*openapi3.Schema {
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return map[scim.Kind]*openapi3.Schema{
		scim.Users: doc.Components.Schemas["User"].Value, scim.Groups: doc.Components.Schemas["Group"].Value,
	}
}

// At any depth, in a POST and in a PATCH, a value of another type than in the
// contract is a violation and refused.
func TestValuesMustHaveTheTypeOfTheContract(t *testing.T) {
	values := map[string]any{
		"string": "x", "boolean": true, "number": 5, "object": obj{}, "array of string": []any{"x"},
		"array of object": []any{obj{"value": "x"}}, "array of number": []any{5},
	}
	for k, schema := range resourceSchemas(t) {
		s := New(Config{UntypedMembers: true})
		id, err := s.Add("/"+k.String(), obj{k.NameAttribute(): "n@x.org"})
		if err != nil {
			t.Fatal(err)
		}
		try := func(what string, o op, right bool) {
			before := len(s.Violations())
			got := send(t, s, 0, o)[0]
			noted := s.Violations()[before:]
			refused := got.Status == "400" && got.Response["scimType"] == "invalidValue"
			if right && len(noted) != 0 || !right && (len(noted) != 1 || !refused) {
				t.Errorf("%s: right %v, answered %s %v, noted %v", what, right, got.Status, got.Response, noted)
			}
		}
		var walk func(path string, schema *openapi3.Schema, within func(value any) (top string, doc any))
		walk = func(path string, schema *openapi3.Schema, within func(any) (string, any)) {
			want := schema.Type.Slice()[0]
			if want == "array" {
				want += " of " + schema.Items.Value.Type.Slice()[0]
			}
			for is, value := range values {
				if is == want && schema.Items != nil && schema.Items.Value.Type.Is("object") && schema.Items.Value.Properties["value"] == nil {
					value = []any{obj{}}
				}
				top, inner := within(value)
				right := is == want || strings.HasSuffix(path, ".accountStatus") && is == "string"
				doc := obj{k.NameAttribute(): "m@x.org"}
				doc[top] = inner
				try("POST "+path+" "+is, op{"POST", "/" + k.String(), "b", doc}, right)
				one := strings.Count(path, ".") == 1 || strings.HasPrefix(top, "urn:") && strings.Count(path, ".") == 3
				alone := one && "array of "+is == want // which a PATCH takes as a list of one
				try("PATCH "+path+" "+is, patch("/"+k.String()+"/"+id, obj{"op": "add", "path": top, "value": inner}), right || alone)
			}
			list := schema.Type.Is("array")
			if list {
				schema = schema.Items.Value
			}
			for name, sub := range schema.Properties {
				walk(path+"."+name, sub.Value, func(value any) (string, any) {
					object := obj{name: value}
					if list && name != "value" && schema.Properties["value"] != nil {
						object["value"] = "x"
					}
					if list {
						return within([]any{object})
					}
					return within(object)
				})
			}
		}
		for name, sub := range schema.Properties {
			if name != "id" && !sub.Value.ReadOnly && name != "schemas" {
				walk(k.String()+"."+name, sub.Value, func(value any) (string, any) { return name, value })
			}
		}
	}
}

// A value of a wrong type, or a PATCH of an unknown attribute, fails its
// operation and is recorded.
func TestInvalidAttributesFailTheirOperationAndAreRecorded(t *testing.T) {
	for _, c := range []struct{ member, want string }{
		{`"title":"x","active":false,"emails":[{"value":"a@x.org","primary":true},{"value":"b@x.org"}]`, ""},
		{`"title":null,"emails":null,"phoneNumbers":[],"unheard":{"of":1},"urn:x:2.0:Y":5`, ""},
		{`"` + scim.WebexUser + `":{"extensionAttribute3":["x"],"accountStatus":"active"}`, ""},
		{`"title":5`, "title"},
		{`"TITLE":["x"]`, "title"},
		{`"active":"False"`, "active"},
		{`"name":{"GivenName":5}`, "name.givenName"},
		{`"emails":[{"value":"a@x.org","primary":"true"}]`, "emails.primary"},
		{`"phoneNumbers":[{"value":5}]`, "phoneNumbers.value"},
		{`"phoneNumbers":[null]`, "phoneNumbers"},
		{`"` + scim.EnterpriseUser + `":{"manager":{"value":7}}`, scim.EnterpriseUser + ".manager.value"},
		{`"active":0`, "active"},
		{`"name":"Ann"`, "name"},
		{`"emails":{"value":"a@x.org"}`, "emails"},
		{`"emails":["a@x.org"]`, "emails"},
		{`"emails":[{"type":"work"}]`, "emails"},
		{`"emails":[{"value":"","type":"work"}]`, "emails"},
		{`"emails":[{"value":"a@x.org","primary":true},{"value":"b@x.org","Primary":true}]`, "emails"},
		{`"phoneNumbers":[{"value":"1","primary":true},{"value":"2","primary":true}]`, "phoneNumbers"},
		{`"` + scim.EnterpriseUser + `":{"department":7,"manager":{}}`, scim.EnterpriseUser + ".department"},
		{`"` + scim.EnterpriseUser + `":"x"`, scim.EnterpriseUser},
	} {
		s := New(Config{})
		_, body := call(t, s.Client(), "POST", bulkURL, message1(`{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a@x.org",`+c.member+`}}`))
		noted := fmt.Sprint(s.Violations())
		if refused := strings.Contains(body, `"invalidValue"`); refused != (c.want != "") || strings.Contains(noted, c.want+" must") != refused || len(s.Violations()) > 1 {
			t.Errorf("%s: %s, noted %s", c.member, body, noted)
		}
	}
	for _, c := range []struct{ step, want string }{
		{`"op":"replace","path":"title","value":"x"`, ""},
		{`"op":"add","path":"emails","value":{"value":"a@x.org"}`, ""},
		{`"op":"add","value":{"Name.givenName":"x","` + scim.EnterpriseUser + `":{"department":"x"}}`, ""},
		{`"op":"add","path":"` + scim.UserSchema + `:title","value":"x"`, ""},
		{`"op":"add","path":"` + scim.WebexUser + `:extensionAttribute15","value":["x"]`, ""},
		{`"op":"replace","path":"title","value":5`, "invalidValue"},
		{`"op":"replace","path":"active","value":"True"`, "invalidValue"},
		{`"op":"add","path":"emails","value":["a@x.org"]`, "invalidValue"},
		{`"op":"add","path":"emails","value":[{"type":"work"}]`, "invalidValue"},
		{`"op":"replace","value":{"active":"x"}`, "invalidValue"},
		{`"op":"replace","value":{"Name.givenName":5}`, "invalidValue"},
		{`"op":"add","path":"emails[type eq \"work\"]","value":{"value":"a@x.org","primary":"true"}`, "invalidValue"},
		{`"op":"add","path":"emails[type eq \"work\"].value","value":["a@x.org"]`, "invalidValue"},
		{`"op":"add","path":"emails[type eq \"work\"]","value":[{"value":"a@x.org"}]`, "invalidValue"},
		{`"op":"add","path":"emails.primary","value":"true"`, "invalidValue"},
		{`"op":"Add","path":"title","value":5`, "invalidValue"},
		{`"op":"add","path":"title","value":5},{"op":"remove","path":"title"`, "invalidValue"},
		{`"op":"add","path":"name.shoeSize","value":"x"`, "invalidPath"},
		{`"op":"add","path":"members","value":[]`, "invalidPath"},
		{`"op":"add","path":"shoeSize","value":"x"`, "invalidPath"},
		{`"op":"remove","path":"shoeSize[value eq \"1\"].value"`, "invalidPath"},
		{`"op":"add","value":{"title":"x","shoeSize":"x"}`, "invalidPath"},
		{`"op":"add","path":"` + scim.EnterpriseUser + `:shoeSize","value":"x"`, "invalidPath"},
		{`"op":"add","path":"` + scim.EnterpriseUser + `","value":{"shoeSize":"x"}`, "invalidPath"},
		{`"op":"add","value":{"` + scim.EnterpriseUser + `":{"shoeSize":"x"}}`, "invalidPath"},
		{`"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:1.0:User:department","value":"x"`, "invalidPath"},
		{`"op":"add","value":{"urn:x:2.0:Y":{"z":"x"}}`, "invalidPath"},
		{`"op":"replace","path":"name","value":{"givenName":"x","surname":"x"}`, "invalidPath"},
		{`"op":"add","path":"emails","value":[{"value":"a@x.org","kind":"work"}]`, "invalidPath"},
		{`"op":"add","path":"emails[type eq \"work\"]","value":{"value":"a@x.org","kind":"work"}`, "invalidPath"},
		{`"op":"add","value":{"name":{"surname":"x"}}`, "invalidPath"},
	} {
		s := New(Config{})
		id, err := s.Add("/Users", obj{"userName": "a@x.org"})
		if err != nil {
			t.Fatal(err)
		}
		_, body := call(t, s.Client(), "POST", bulkURL,
			message1(`{"method":"PATCH","path":"/Users/`+id+`","data":{`+patchPart+`,"Operations":[{`+c.step+`}]}}`))
		if (c.want != "") != (len(s.Violations()) > 0) || !strings.Contains(body, cmp.Or(c.want, `"200"`)) {
			t.Errorf("%s: %s, noted %v", c.step, body, s.Violations())
		}
	}
	if _, err := New(Config{}).Add("/Users", obj{"userName": "a", "title": 5}); err == nil {
		t.Error("a test adds what is misformed")
	}
}
