package contract

import (
	"maps"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/webexscim/bulk/api"
	"github.com/webexscim/bulk/webextest/internal/scim"
)

// The table has every attribute of the contract, at any depth and with its type,
// and otherwise only attributes of RFC 7643.
func TestAttributesAreThoseOfTheContract(t *testing.T) {
	met, more := 0, map[string]bool{}
	for k, schema := range resourceSchemas(t) {
		attrs := maps.Clone(core[k])
		for name := range schema.Properties {
			if strings.Contains(name, ":") {
				attrs[name] = object(extension(strings.ToUpper(name)))
			}
		}
		met += compare(t, k.String(), object(attrs), schema, more)
	}
	if met < 160 {
		t.Errorf("only %d attributes were met", met)
	}
	for _, name := range []string{"ims", "entitlements", "x509Certificates", "$ref", "type", "display", "primary", "formatted", "organizationID"} {
		delete(more, name)
	}
	if len(more) > 0 {
		t.Errorf("the contract lacks %v", more)
	}
}

// compare compares an attribute with its schema, returns the number of compared
// attributes, and adds those that the schema does not have to more.
func compare(t *testing.T, path string, a *attribute, schema *openapi3.Schema, more map[string]bool) (met int) {
	switch {
	case a == nil:
		t.Errorf("%s is missing", path)
		return 0
	case a.form == anyForm:
		if !schema.ReadOnly && path != "Users.id" && path != "Groups.id" {
			t.Errorf("%s takes anything", path)
		}
		return 1
	}
	one := schema
	if a.list {
		one = schema.Items.Value
	}
	if a.list != schema.Type.Is("array") || !one.Type.Is(map[form]string{textForm: "string", boolForm: "boolean", objectForm: "object"}[a.form]) {
		t.Errorf("%s: the contract has %v of %v, the table %+v", path, schema.Type, one.Type, a)
	}
	for name, sub := range one.Properties {
		_, found := a.subs.find(strings.ToUpper(name))
		met += compare(t, path+"."+name, found, sub.Value, more)
	}
	for name := range a.subs {
		if one.Properties[name] == nil {
			more[name] = true
		}
	}
	return met + 1
}

func resourceSchemas(t *testing.T) map[scim.Kind]*openapi3.Schema {
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return map[scim.Kind]*openapi3.Schema{
		scim.Users: doc.Components.Schemas["User"].Value, scim.Groups: doc.Components.Schemas["Group"].Value,
	}
}
