package contract

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// form is the JSON type of a value. The zero value is any type.
type form int

const (
	anyForm form = iota
	textForm
	boolForm
	objectForm
)

// formNames are the names of a value of a form and of a list of them.
var formNames = [...]struct{ one, many string }{
	{"anything", "a list"}, {"text", "a list of texts"}, {"true or false", "a list of true or false"},
	{"an object", "a list of objects"},
}

// attribute describes the values of an attribute (RFC 7643, section 2.3; the
// limits are from the service's published schemas). The zero value allows any.
type attribute struct {
	form form
	list bool       // a list of values of the form
	lone bool       // a single value may replace the list
	need string     // a sub-attribute that each value must have
	most int        // characters of a text, or values of a list; 0 is no limit
	subs attributes // of an object; nil allows any
}

// attributes are the attributes of a resource, an extension or an object, by
// name.
type attributes map[string]*attribute

// Types of attributes.
var (
	anything = &attribute{}
	textType = &attribute{form: textForm}
	boolType = &attribute{form: boolForm}
	textList = &attribute{form: textForm, list: true}
	meta     = object(attributes{"organizationId": textType, "organizationID": textType})
	// valued are the sub-attributes of most lists (RFC 7643, section 2.4).
	valued = attributes{"value": textType, "type": textType, "display": textType, "primary": boolType, "$ref": textType}
)

func short(most int) *attribute { return &attribute{form: textForm, most: most} }

func object(subs attributes) *attribute { return &attribute{form: objectForm, subs: subs} }

func list(subs attributes) *attribute { return &attribute{form: objectForm, list: true, subs: subs} }

func shortList(most int, subs attributes) *attribute {
	return &attribute{form: objectForm, list: true, most: most, subs: subs}
}

// core are the attributes of a resource outside of extensions: those of the
// contract, and further ones of RFC 7643. Read-only attributes allow any value,
// because a POST ignores them and a PATCH refuses them.
var core = [...]attributes{
	scim.Users: {
		"schemas": textList, "id": anything, "meta": anything, "groups": anything,
		"userName": short(254), "displayName": short(512), "nickName": short(256), "externalId": short(256),
		"title":    short(512),
		"userType": textType, "profileUrl": short(1000), "preferredLanguage": textType, "locale": textType,
		"timezone": textType, "password": textType, "active": boolType,
		"name": object(attributes{
			"givenName": textType, "familyName": textType, "middleName": textType, "honorificPrefix": textType,
			"honorificSuffix": textType, "formatted": textType,
		}),
		"emails":       {form: objectForm, list: true, need: "value", most: 10, subs: valued},
		"phoneNumbers": shortList(50, valued), "photos": shortList(50, valued), "roles": shortList(100, valued),
		"addresses": shortList(10, attributes{
			"type": textType, "streetAddress": textType, "locality": textType, "region": textType, "postalCode": textType,
			"country": textType, "formatted": textType, "primary": boolType,
		}),
		"ims": list(valued), "entitlements": list(valued), "x509Certificates": list(valued),
		"inheritances": list(attributes{"type": textType, "value": textType, "source": textType}),
	},
	scim.Groups: {
		"schemas": textList, "id": anything, "meta": anything,
		"displayName": short(512), "externalId": short(256),
		"members": {form: objectForm, list: true, need: "value", subs: valued},
	},
}

// extensions are the attributes of the known extensions.
var extensions = map[string]attributes{
	scim.EnterpriseUser: {
		"employeeNumber": short(256), "costCenter": short(256), "organization": short(512), "division": short(512),
		"department": short(512),
		"manager":    object(attributes{"value": textType, "displayName": textType, "$ref": textType}),
	},
	scim.WebexUser: numbered(attributes{
		// A string in an example of the document, a list in its schema.
		"accountStatus": {form: textForm, list: true, lone: true},
		"sipAddresses":  list(valued),
		"managedOrgs":   list(attributes{"orgId": textType, "role": textType}),
		"managedGroups": list(attributes{"orgId": textType, "groupId": textType, "role": textType}),
		"managedSites":  list(attributes{"siteName": textType, "role": textType}),
		"userNameType":  textType, "authProvider": textType, "primaryLinkedTrainSiteName": textType,
		"mfaEnabled": boolType, "isTeamsOnJabberEnabled": boolType, "isUCCallOnJabberEnabled": boolType,
		"macAddresses": textList, "licenseID": textList, "userSettings": textList, "userPreferences": textList,
		"trainSiteNames": textList, "linkedTrainSiteNames": textList,
		"pronouns":       object(attributes{"value": textType, "visibility": textType}),
		"extLinkedAccts": list(attributes{"providerID": textType, "accountGUID": textType, "status": textType}),
		"loginIds": list(attributes{
			"value": textType, "format": textType, "type": textType, "status": textType, "lastValidated": textType,
		}),
		"teamsClusterId": textType, "avatarSyncEnabled": boolType, "toBeConverted": textType,
		"provisionSource": textType, "meta": meta,
	}),
	scim.WebexGroup: {
		"usage": textType, "groupType": textType, "memberFilter": list(valued), "provisionSource": textType, "meta": meta,
		"owners":    shortList(30, valued),
		"managedBy": shortList(30, attributes{"orgId": textType, "type": textType, "id": textType, "role": textType}),
		"inheritances": shortList(10, attributes{
			"type": textType, "locationId": textType, "value": textType, "nested": boolType, "scope": textList,
		}),
	},
}

// numbered adds the numbered attributes, which an organization can use for
// anything.
func numbered(attrs attributes) attributes {
	sourced := list(attributes{"source": textType, "value": textType})
	crossed := list(attributes{"orgId": textType, "value": textType})
	for n := 1; n <= 15; n++ {
		attrs[fmt.Sprintf("extensionAttribute%d", n)] = textList
		attrs[fmt.Sprintf("externalAttribute%d", n)] = sourced
		attrs[fmt.Sprintf("crossOrgAttribute%d", n)] = crossed
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

// mismatch describes why a value is invalid, as a text that follows the name of
// the attribute: " must be text", ".primary must be true or false". It returns
// "" for a valid value. null means no value, so it is always valid.
func (a *attribute) mismatch(value any) string {
	elements, isList := value.([]any)
	switch {
	case a.form == anyForm || value == nil:
		return ""
	case !a.list || a.lone && !isList:
		return a.mismatchOne(value)
	case !isList:
		return " must be " + formNames[a.form].many
	case a.most > 0 && len(elements) > a.most:
		return a.tooLong()
	}
	primaries := 0
	for _, element := range elements {
		if wrong := a.mismatchOne(element); wrong != "" {
			return wrong
		}
		if text, _ := scim.Member(element, a.need).(string); a.need != "" && text == "" {
			return " must have a " + a.need + " each"
		}
		if scim.Member(element, "primary") == true {
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
		var text string
		text, ok = value.(string)
		if a.most > 0 && utf8.RuneCountInString(text) > a.most {
			return a.tooLong()
		}
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

func (a *attribute) tooLong() string { return " is longer than " + strconv.Itoa(a.most) }

// mismatch returns the first mismatch, in alphabetical order, among members.
func (attrs attributes) mismatch(members map[string]any) (first string) {
	for name, value := range members {
		name, a := attrs.find(name)
		if a == nil {
			continue // unknown attributes are ignored, as documented
		}
		if wrong := a.mismatch(value); wrong != "" {
			first = least(first, "."+name+wrong)
		}
	}
	return first
}

// unknown reports whether a value has a member that the attribute does not
// have.
func (a *attribute) unknown(value any) bool {
	switch value := value.(type) {
	case []any:
		return slices.ContainsFunc(value, a.unknown)
	case map[string]any:
		for name, value := range value {
			if _, sub := a.subs.find(name); a.subs != nil && (sub == nil || sub.unknown(value)) {
				return true
			}
		}
	}
	return false
}

// least returns the first of two texts in alphabetical order, ignoring empty
// ones, so that a message does not depend on the order of a map.
func least(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}
