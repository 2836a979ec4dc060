package sheet

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/textfile"
)

const (
	enterpriseURN = client.SchemaEnterpriseUser
	webexUserURN  = client.SchemaWebexUser
	webexGroupURN = client.SchemaWebexGroup
)

// kind is the kind of content of a cell: it decides how the cell is checked and
// written.
type kind int

const (
	plainText  kind = iota
	boolean         // true or false
	address         // an email address
	phone           // a telephone number, or REMOVE| and one
	code            // digits that spreadsheets take for a number, such as an employeeNumber
	language        // en_US
	zone            // a name of the IANA time zone database
	list            // a text, which is written as a list of one
	reference       // a user: an email address or an id
	references      // several users
	identity        // the name of the resource: userName, or displayName of a group
	readOnly        // only the service writes it
	structured      // it has more parts than a cell can hold
)

// attribute is an attribute that a column can set.
type attribute struct {
	path string // as target.key returns it
	kind kind
	max  int // limit in characters; 0: none is known
}

// userAttributes are the attributes of users with the limits that Webex
// documents.
var userAttributes = slices.Concat([]attribute{
	{"userName", identity, 254}, {"externalId", code, 256}, {"active", boolean, 0}, {"userType", plainText, 0},
	{"displayName", plainText, 512}, {"nickName", plainText, 256}, {"title", plainText, 512},
	{"profileUrl", plainText, 1000}, {"preferredLanguage", language, 0}, {"locale", language, 0},
	{"timezone", zone, 0}, {"password", plainText, 0},
	{"name.givenName", plainText, 0}, {"name.familyName", plainText, 0}, {"name.middleName", plainText, 0},
	{"name.honorificPrefix", plainText, 0}, {"name.honorificSuffix", plainText, 0}, {"name.formatted", plainText, 0},
	{"emails[].value", address, 254}, {"emails[].display", plainText, 0}, {"emails[].primary", boolean, 0},
	{"phoneNumbers[].value", phone, 0}, {"phoneNumbers[].display", plainText, 0}, {"phoneNumbers[].primary", boolean, 0},
	{"photos[].value", plainText, 0}, {"photos[].display", plainText, 0}, {"photos[].primary", boolean, 0},
	{"addresses[].streetAddress", plainText, 0}, {"addresses[].locality", plainText, 0},
	{"addresses[].region", plainText, 0}, {"addresses[].postalCode", code, 0},
	{"addresses[].country", plainText, 0}, {"addresses[].formatted", plainText, 0}, {"addresses[].primary", boolean, 0},
	{"roles[].value", plainText, 0}, {"roles[].display", plainText, 0},
	{"schemas", readOnly, 0}, {"groups", readOnly, 0}, {"meta", readOnly, 0}, {"meta.created", readOnly, 0},
	{"meta.lastModified", readOnly, 0}, {"meta.location", readOnly, 0}, {"meta.version", readOnly, 0},
	{"meta.resourceType", readOnly, 0},
	{enterpriseURN + ":employeeNumber", code, 256}, {enterpriseURN + ":costCenter", code, 256},
	{enterpriseURN + ":organization", plainText, 512}, {enterpriseURN + ":division", plainText, 512},
	{enterpriseURN + ":department", plainText, 512}, {enterpriseURN + ":manager", reference, 0},
	{enterpriseURN + ":manager.displayName", readOnly, 0}, {enterpriseURN + ":manager.$ref", readOnly, 0},
	{webexUserURN + ":accountStatus", list, 0}, {webexUserURN + ":userNameType", plainText, 0},
	{webexUserURN + ":provisionSource", readOnly, 0}, {webexUserURN + ":meta.organizationId", readOnly, 0},
	{webexUserURN + ":sipAddresses[].value", plainText, 0}, {webexUserURN + ":managedOrgs", structured, 0},
	{webexUserURN + ":managedGroups", structured, 0},
}, numbered())

// numbered returns the extensionAttributes and externalAttributes, fifteen of
// each, whose meaning an organization chooses.
func numbered() (all []attribute) {
	for i := range 15 {
		n := strconv.Itoa(i + 1)
		all = append(all, attribute{webexUserURN + ":extensionAttribute" + n, list, 0},
			attribute{webexUserURN + ":externalAttribute" + n + "[].value", plainText, 0})
	}
	return all
}

// groupAttributes are the attributes of groups.
var groupAttributes = []attribute{
	{"displayName", identity, 512}, {"externalId", code, 256}, {"members", references, 0},
	{"schemas", readOnly, 0}, {"meta", readOnly, 0},
	{webexGroupURN + ":usage", plainText, 0}, {webexGroupURN + ":groupType", plainText, 0},
	{webexGroupURN + ":provisionSource", readOnly, 0},
}

// target is the place of an attribute in a resource.
type target struct {
	urn  string // of an extension; "" in the core
	name string
	// [filterKey eq "filter"] selects an element of a multi-valued attribute;
	// filterKey is "" for other attributes.
	filterKey, filter string
	sub               string // the part of a complex attribute, or ""
}

// path writes the target as the path of a PATCH (RFC 7644 section 3.5.2).
func (t target) path() string { return t.written(t.filterKey + " eq " + strconv.Quote(t.filter)) }

// element returns the path without the sub-attribute.
func (t target) element() string {
	t.sub = ""
	return t.path()
}

// key returns the path with [] instead of a filter, which is the key of the
// attribute in a vocabulary.
func (t target) key() string { return t.written("") }

// written returns the path, with the given text in the place of a filter.
func (t target) written(filter string) string {
	text := t.name
	if t.urn != "" {
		text = t.urn + ":" + text
	}
	if t.filterKey != "" {
		text += "[" + filter + "]"
	}
	if t.sub != "" {
		text += "." + t.sub
	}
	return text
}

// filterKeyOf returns the sub-attribute that distinguishes the elements of a
// multi-valued attribute.
func filterKeyOf(t target) string {
	if strings.HasPrefix(t.name, "externalAttribute") {
		return "source"
	}
	return "type"
}

// put writes a value at the target's place in a resource.
func (t target) put(resource *object, v value) {
	if t.urn != "" {
		resource = resource.inner(t.urn)
	}
	switch {
	case t.filterKey != "":
		t.elementIn(resource).set(t.sub, v)
	case t.sub != "":
		resource.inner(t.name).set(t.sub, v)
	default:
		resource.set(t.name, v)
	}
}

// elementIn returns the element that the filter selects, and adds it if there
// is none. Elements are in the order of their filters, so that the order of
// columns does not matter.
func (t target) elementIn(resource *object) *object {
	elements, _ := resource.get(t.name).other.([]*object)
	at, found := slices.BinarySearchFunc(elements, t.filter, func(e *object, filter string) int {
		return cmp.Compare(e.get(t.filterKey).text, filter)
	})
	if !found {
		element := resource.made.object()
		element.set(t.filterKey, textValue(t.filter))
		elements = slices.Insert(elements, at, element)
		resource.set(t.name, otherValue(elements))
	}
	return elements[at]
}

// pathForm matches a path as people write it in a header: name, name.sub,
// name[type eq "work"].sub. Spreadsheets replace quotes by typographic ones.
var pathForm = regexp.MustCompile(`^([\pL$][\pL\d$]*)` +
	`(?:\[\s*(\pL+)\s+(?i:eq)\s+["'“”„]?([^"'“”„\]]+?)["'“”„]?\s*\]|(\[\]))?(?:\.([\pL\d$]+))?$`)

// schemas are the URNs that may precede an attribute.
var schemas = []string{client.SchemaUser, client.SchemaGroup, enterpriseURN, webexUserURN, webexGroupURN}

// parseTarget reads a path. A colon follows the URN of an extension (RFC 7644),
// or a dot, which Webex also writes.
func parseTarget(path string) (t target, ok bool) {
	for _, urn := range schemas {
		rest, ok := textfile.CutFold(path, urn)
		if ok && len(rest) > 1 && (rest[0] == ':' || rest[0] == '.') {
			path = rest[1:]
			if urn != client.SchemaUser && urn != client.SchemaGroup {
				t.urn = urn
			}
			break
		}
	}
	m := pathForm.FindStringSubmatch(path)
	if m == nil {
		return target{}, false
	}
	t.name, t.filterKey, t.filter, t.sub = m[1], strings.ToLower(m[2]), strings.ToLower(m[3]), m[5]
	if m[4] != "" {
		t.filterKey = "type"
	}
	return t, true
}

// vocabulary finds attributes by their path, in any case.
type vocabulary map[string]attribute

func newVocabulary(attributes []attribute) vocabulary {
	v := make(vocabulary, len(attributes))
	for _, a := range attributes {
		v[strings.ToLower(a.path)] = a
	}
	return v
}

// find returns the attribute at t, and t as the attribute writes it. The URN of
// an extension may be left out.
func (v vocabulary) find(t target) (attribute, target, bool) {
	urns := []string{t.urn}
	if t.urn == "" {
		urns = append(urns, enterpriseURN, webexUserURN, webexGroupURN)
	}
	for _, t.urn = range urns {
		a, ok := v[strings.ToLower(t.key())]
		if !ok && strings.EqualFold(t.sub, "value") { // manager.value is manager, members.value is members
			whole := t
			whole.sub = ""
			a, ok = v[strings.ToLower(whole.key())]
			ok = ok && (a.kind == reference || a.kind == references)
		}
		if ok {
			exact, _ := parseTarget(a.path)
			exact.filterKey, exact.filter = t.filterKey, t.filter
			return a, exact, true
		}
	}
	return attribute{}, target{}, false
}

// knows reports whether an attribute has this name, so that a header that
// begins with it is probably meant as a path.
func (v vocabulary) knows(name string) bool {
	for path := range v {
		rest, ok := strings.CutPrefix(path, strings.ToLower(name))
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}
