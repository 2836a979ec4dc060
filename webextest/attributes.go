package webextest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// form is what one value of an attribute must be. The zero value takes any.
type form int

const (
	anyForm form = iota
	textForm
	boolForm
	objectForm
)

// formNames say what one value must be, and a list of them.
var formNames = [...]struct{ one, many string }{
	{"anything", "a list"}, {"text", "a list of texts"}, {"true or false", "a list of true or false"},
	{"an object", "a list of objects"},
}

// attribute describes the values of an attribute (RFC 7643, section 2.3). The
// zero value takes any.
type attribute struct {
	form form
	list bool       // of values that each have the form
	lone bool       // one value may stand for the list
	need string     // a sub-attribute that each value must have
	subs attributes // of an object; nil takes any
}

// attributes are those of a resource, an extension or an object, by name.
type attributes map[string]*attribute

// The types that the tables below are made of.
var (
	anything = &attribute{}
	textType = &attribute{form: textForm}
	boolType = &attribute{form: boolForm}
	textList = &attribute{form: textForm, list: true}
	meta     = object(attributes{"organizationId": textType, "organizationID": textType})
	// valued is what most lists hold (RFC 7643, section 2.4).
	valued = attributes{"value": textType, "type": textType, "display": textType, "primary": boolType, "$ref": textType}
)

func object(subs attributes) *attribute { return &attribute{form: objectForm, subs: subs} }

func list(subs attributes) *attribute { return &attribute{form: objectForm, list: true, subs: subs} }

// core are a resource's own attributes: those of the contract, and those of
// RFC 7643 that it leaves out. What is read-only takes anything, since it is
// ignored (POST) or refused as such (PATCH).
var core = [...]attributes{
	users: {
		"schemas": textList, "id": anything, "meta": anything, "groups": anything,
		"userName": textType, "displayName": textType, "nickName": textType, "externalId": textType, "title": textType,
		"userType": textType, "profileUrl": textType, "preferredLanguage": textType, "locale": textType,
		"timezone": textType, "password": textType, "active": boolType,
		"name": object(attributes{
			"givenName": textType, "familyName": textType, "middleName": textType, "honorificPrefix": textType,
			"honorificSuffix": textType, "formatted": textType,
		}),
		"emails":       {form: objectForm, list: true, need: "value", subs: valued},
		"phoneNumbers": list(valued), "photos": list(valued), "roles": list(valued),
		"addresses": list(attributes{
			"type": textType, "streetAddress": textType, "locality": textType, "region": textType, "postalCode": textType,
			"country": textType, "formatted": textType, "primary": boolType,
		}),
		"ims": list(valued), "entitlements": list(valued), "x509Certificates": list(valued),
	},
	groups: {
		"schemas": textList, "id": anything, "meta": anything,
		"displayName": textType, "externalId": textType, "members": list(valued),
	},
}

// extensions are the attributes of the extensions that the service knows.
var extensions = map[string]attributes{
	schemaEnterprise: {
		"employeeNumber": textType, "costCenter": textType, "organization": textType, "division": textType, "department": textType,
		"manager": object(attributes{"value": textType, "displayName": textType, "$ref": textType}),
	},
	schemaWebexUser: numbered(attributes{
		// A string in an example of the document, a list in its schema.
		"accountStatus": {form: textForm, list: true, lone: true},
		"sipAddresses":  list(valued),
		"managedOrgs":   list(attributes{"orgId": textType, "role": textType}),
		"managedGroups": list(attributes{"orgId": textType, "groupId": textType, "role": textType}),
		"userNameType":  textType, "provisionSource": textType, "meta": meta,
	}),
	schemaWebexGroup: {
		"usage": textType, "groupType": textType, "memberFilter": textType, "provisionSource": textType, "meta": meta,
		"owners":       list(valued),
		"managedBy":    list(attributes{"orgId": textType, "type": textType, "id": textType, "role": textType}),
		"inheritances": list(attributes{"type": textType, "locationId": textType, "value": textType, "nested": boolType, "scope": textList}),
	},
}

// numbered adds the attributes that an organization may use as it likes.
func numbered(attrs attributes) attributes {
	sourced := list(attributes{"source": textType, "value": textType})
	for n := 1; n <= 15; n++ {
		attrs[fmt.Sprintf("extensionAttribute%d", n)] = textList
		attrs[fmt.Sprintf("externalAttribute%d", n)] = sourced
	}
	return attrs
}

// find returns the attribute of a name regardless of case, with the name as it
// is documented; nil where there is none.
func (attrs attributes) find(name string) (string, *attribute) {
	if a := attrs[name]; a != nil {
		return name, a
	}
	for other, a := range attrs {
		if len(other) == len(name) && strings.EqualFold(other, name) {
			return other, a
		}
	}
	return name, nil
}

// extension returns the attributes of an extension, nil for an unknown one.
func extension(urn string) attributes {
	for other, attrs := range extensions {
		if strings.EqualFold(other, urn) {
			return attrs
		}
	}
	return nil
}

// mismatch says how a value differs from what the attribute takes, as what
// follows its name: " must be text", ".primary must be true or false". "" is no
// difference. null is no value, so every attribute takes it.
func (a *attribute) mismatch(value any) string {
	elements, isList := value.([]any)
	switch {
	case a.form == anyForm || value == nil:
		return ""
	case !a.list || a.lone && !isList:
		return a.mismatchOne(value)
	case !isList:
		return " must be " + formNames[a.form].many
	}
	primaries := 0
	for _, element := range elements {
		if wrong := a.mismatchOne(element); wrong != "" {
			return wrong
		}
		if member(element, "primary") == true {
			primaries++
		}
	}
	if primaries > 1 {
		return " must have one primary value at most"
	}
	return ""
}

// mismatchOne is mismatch for one value of a list, or the only one.
func (a *attribute) mismatchOne(value any) string {
	ok := true
	switch a.form {
	case textForm:
		_, ok = value.(string)
	case boolForm:
		_, ok = value.(bool)
	case objectForm:
		var members map[string]any
		if members, ok = value.(map[string]any); ok {
			return a.subs.mismatch(members)
		}
	}
	switch {
	case ok:
		return ""
	case a.list:
		return " must be " + formNames[a.form].many
	}
	return " must be " + formNames[a.form].one
}

// mismatch returns the first mismatch, in alphabetical order, among members.
func (attrs attributes) mismatch(members map[string]any) (first string) {
	for name, value := range members {
		name, a := attrs.find(name)
		if a == nil {
			continue // which is ignored when sent, as documented
		}
		if wrong := a.mismatch(value); wrong != "" {
			first = least(first, "."+name+wrong)
		}
	}
	return first
}

// least returns the lesser of two texts that is not empty: what is told must not
// depend on the order of a map.
func least(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// checkData refuses data that gives an attribute a value of a wrong type, or
// names one to change that does not exist. It needs nothing of the store.
func checkData(op *operation) *refusal {
	switch op.Method {
	case http.MethodPost:
		return checkDocument(op.kind, op.data)
	case http.MethodPatch:
		steps, _ := op.data["Operations"].([]any)
		for _, step := range steps {
			object, _ := step.(map[string]any)
			path, _ := object["path"].(string)
			if refused := checkStep(op.kind, path, object["value"]); refused != nil {
				return refused
			}
		}
	}
	return nil
}

// checkDocument refuses a resource with a value of a wrong type, an email
// without a value, or two primary values (RFC 7643, sections 2.3 and 2.4).
func checkDocument(k kind, doc map[string]any) *refusal {
	wrong := strings.TrimPrefix(core[k].mismatch(doc), ".")
	for urn, value := range doc {
		if !strings.Contains(urn, ":") {
			continue
		}
		if attrs := extension(urn); attrs != nil {
			if mismatch := object(attrs).mismatch(value); mismatch != "" {
				wrong = least(wrong, urn+mismatch)
			}
		}
	}
	if wrong == "" {
		wrong = valueless(core[k], doc)
	}
	if wrong != "" {
		return violation("invalidValue", "%s", wrong)
	}
	return nil
}

// valueless says which list has a value without a sub-attribute that it needs.
func valueless(attrs attributes, doc map[string]any) string {
	for name, value := range doc {
		name, a := attrs.find(name)
		if a == nil || a.need == "" {
			continue
		}
		elements, _ := value.([]any)
		for _, element := range elements {
			if text, _ := member(element, a.need).(string); text == "" {
				return name + " must have a " + a.need + " each"
			}
		}
	}
	return ""
}

// checkStep refuses an operation of a PatchOp that names an attribute which the
// resource does not have, or gives one a value of a wrong type.
func checkStep(k kind, path string, value any) *refusal {
	if path == "" {
		return checkSteps(k, "", value)
	}
	p, err := scim.ParsePath(path)
	if err != nil {
		return nil // which Apply refuses
	}
	urn, name := p.Attribute()
	attrs := core[k]
	if urn != "" {
		attrs = extension(urn)
	}
	switch {
	case attrs == nil:
		return nil // an extension that the service does not know may hold anything
	case name == "":
		return checkSteps(k, urn+":", value)
	}
	name, a := attrs.find(name)
	if sub := p.Sub(); a != nil && sub != "" && a.subs != nil {
		var inner *attribute
		sub, inner = a.subs.find(sub)
		name, a = name+"."+sub, inner
	} else if a != nil && sub != "" {
		a = anything // which Apply refuses where there is no object
	} else if _, many := value.([]any); a != nil && a.list && (p.Filtered() || !many) {
		a = &attribute{form: a.form, subs: a.subs} // one value is added, or replaces what is selected
	}
	if a == nil {
		return violation("invalidPath", "a PatchOp names an attribute that %s do not have", k.segment())
	}
	if wrong := a.mismatch(value); wrong != "" {
		return violation("invalidValue", "%s", name+wrong)
	}
	return nil
}

// checkSteps checks each member of an object, whose names are paths after a prefix.
func checkSteps(k kind, prefix string, value any) *refusal {
	members, ok := value.(map[string]any)
	if !ok && value != nil {
		return violation("invalidValue", "without the path of an attribute the value of a PatchOp must be an object")
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if refused := checkStep(k, prefix+name, members[name]); refused != nil {
			return refused
		}
	}
	return nil
}

// violation is a refusal of what the contract does not allow.
func violation(kind, format string, args ...any) *refusal {
	r := refuse(http.StatusBadRequest, kind, format, args...)
	r.violates = true
	return r
}
