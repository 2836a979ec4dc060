package webextest

import (
	"net/http"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// form is what the value of an attribute must be. The zero value takes any.
type form int

const (
	anyForm form = iota
	textForm
	boolForm
	objectForm
	listForm  // of objects
	emailForm // of objects with a value
)

var formNames = [...]string{
	"anything", "text", "true or false", "an object", "a list of objects, one of them primary at most",
	"a list of objects with a value, one of them primary at most",
}

// coreAttributes are a resource's own, from the service's published schemas.
var coreAttributes = [...]map[string]form{
	users: {
		"schemas": anyForm, "id": anyForm, "meta": anyForm, "groups": anyForm,
		"userName": textForm, "displayName": textForm, "nickName": textForm, "externalId": textForm, "title": textForm,
		"userType": textForm, "profileUrl": textForm, "preferredLanguage": textForm, "locale": textForm,
		"timezone": textForm, "password": textForm, "active": boolForm, "name": objectForm, "emails": emailForm,
		"phoneNumbers": listForm, "photos": listForm, "addresses": listForm, "roles": listForm, "ims": listForm,
		"entitlements": listForm, "x509Certificates": listForm,
	},
	groups: {
		"schemas": anyForm, "id": anyForm, "meta": anyForm,
		"displayName": textForm, "externalId": textForm, "members": listForm,
	},
}

// extensionAttributes are those of the extensions that the service knows. Those
// with a number in their name are left out: see attributeForm.
var extensionAttributes = map[string]map[string]form{
	schemaEnterprise: {
		"employeeNumber": textForm, "costCenter": textForm, "organization": textForm, "division": textForm,
		"department": textForm, "manager": objectForm,
	},
	schemaWebexUser: {
		"accountStatus": anyForm, // a string in an example of the document, a list in its schema
		"sipAddresses":  listForm, "managedOrgs": listForm, "managedGroups": listForm,
		"userNameType": textForm, "provisionSource": textForm, "meta": objectForm,
	},
	schemaWebexGroup: {
		"usage": textForm, "owners": listForm, "managedBy": listForm, "inheritances": listForm, "groupType": textForm,
		"memberFilter": anyForm, "provisionSource": textForm, "meta": objectForm,
	},
}

// attributeForm finds an attribute regardless of case. It takes every attribute
// of an extension that it does not know.
func attributeForm(k kind, urn, name string) (f form, known bool) {
	attributes := coreAttributes[k]
	if urn != "" {
		if attributes = extension(urn); attributes == nil {
			return anyForm, true
		}
	}
	if f, known = attributes[name]; known {
		return f, true
	}
	for other, f := range attributes {
		if len(other) == len(name) && strings.EqualFold(other, name) {
			return f, true
		}
	}
	lower := strings.ToLower(name)
	numbered := strings.HasPrefix(lower, "extensionattribute") || strings.HasPrefix(lower, "externalattribute")
	return anyForm, numbered && strings.EqualFold(urn, schemaWebexUser)
}

func extension(urn string) map[string]form {
	for other, attributes := range extensionAttributes {
		if strings.EqualFold(other, urn) {
			return attributes
		}
	}
	return nil
}

// checkForms refuses a document with an attribute of the wrong type, an email
// without a value, or two primary values (RFC 7643, sections 2.3 and 2.4).
func checkForms(k kind, doc map[string]any) *refusal {
	wrong, want := misformed(k, "", doc)
	for urn, value := range doc {
		attributes, isObject := value.(map[string]any)
		if !strings.Contains(urn, ":") || extension(urn) == nil || value == nil {
			continue
		}
		name, f := urn, objectForm
		if isObject {
			name, f = misformed(k, urn, attributes)
		}
		if name != "" && (wrong == "" || name < wrong) {
			wrong, want = name, f
		}
	}
	if wrong != "" {
		return violation("invalidValue", "%s must be %s", wrong, formNames[want])
	}
	return nil
}

// misformed returns the first name, in alphabetical order, of an attribute that
// has not the form that it must have.
func misformed(k kind, urn string, attributes map[string]any) (wrong string, want form) {
	for name, value := range attributes {
		if f, _ := attributeForm(k, urn, name); !f.takes(value) && (wrong == "" || name < wrong) {
			wrong, want = name, f
		}
	}
	return wrong, want
}

// takes reports whether a value has the form. null is no value, so it has any.
func (f form) takes(value any) bool {
	if value == nil {
		return true
	}
	ok := true
	switch f {
	case anyForm:
	case textForm:
		_, ok = value.(string)
	case boolForm:
		_, ok = value.(bool)
	case objectForm:
		_, ok = value.(map[string]any)
	case listForm, emailForm:
		return f.takesList(value)
	}
	return ok
}

func (f form) takesList(value any) bool {
	list, ok := value.([]any)
	primaries := 0
	for _, element := range list {
		object, isObject := element.(map[string]any)
		text, _ := member(object, "value").(string)
		if member(object, "primary") == true {
			primaries++
		}
		ok = ok && isObject && (f != emailForm || text != "")
	}
	return ok && primaries <= 1
}

// checkStep refuses an operation of a PatchOp that names an attribute which the
// resource has not.
func checkStep(k kind, path string, value any) *refusal {
	if path == "" {
		object, _ := value.(map[string]any)
		for name, value := range object {
			if refused := checkStep(k, name, value); refused != nil {
				return refused
			}
		}
		return nil
	}
	p, err := scim.ParsePath(path)
	if err != nil {
		return nil // which Apply refuses
	}
	urn, name := p.Attribute()
	if name == "" {
		object, _ := value.(map[string]any)
		for inner := range object {
			if _, known := attributeForm(k, urn, inner); !known {
				return unknownAttribute(k)
			}
		}
		return nil
	}
	if _, known := attributeForm(k, urn, name); !known {
		return unknownAttribute(k)
	}
	return nil
}

func unknownAttribute(k kind) *refusal {
	return violation("invalidPath", "a PatchOp names an attribute that %s do not have", k.segment())
}

// violation is a refusal of what the contract does not allow.
func violation(kind, format string, args ...any) *refusal {
	r := refuse(http.StatusBadRequest, kind, format, args...)
	r.violates = true
	return r
}
