package opfile

import (
	"slices"
	"strconv"

	"github.com/webexscim/bulk/client"
)

const (
	enterpriseURN = client.SchemaEnterpriseUser
	webexUserURN  = client.SchemaWebexUser
	webexGroupURN = client.SchemaWebexGroup
)

// kind is what a cell holds, and so how it is checked and written.
type kind int

const (
	plainText  kind = iota
	boolean         // true or false
	address         // an email address
	phone           // a telephone number, or REMOVE| and one
	language        // en_US
	zone            // a name of the IANA time zone database
	list            // one text, as a list of one
	reference       // a user: an email address or an id
	references      // several of them
	identity        // what a person calls the resource: userName, displayName of a group
	readOnly        // the service alone writes it
	structured      // it has more parts than a cell
)

// attribute is what a column can mean.
type attribute struct {
	path string // as target.key has it, in its own case
	kind kind
	max  int // characters; 0: no limit is known
}

// userAttributes are the attributes of users with the limits that Webex documents.
var userAttributes = slices.Concat([]attribute{
	{"userName", identity, 254}, {"externalId", plainText, 256}, {"active", boolean, 0}, {"userType", plainText, 0},
	{"displayName", plainText, 512}, {"nickName", plainText, 256}, {"title", plainText, 512},
	{"profileUrl", plainText, 1000}, {"preferredLanguage", language, 0}, {"locale", language, 0},
	{"timezone", zone, 0}, {"password", plainText, 0},
	{"name.givenName", plainText, 0}, {"name.familyName", plainText, 0}, {"name.middleName", plainText, 0},
	{"name.honorificPrefix", plainText, 0}, {"name.honorificSuffix", plainText, 0}, {"name.formatted", plainText, 0},
	{"emails[].value", address, 254}, {"emails[].display", plainText, 0}, {"emails[].primary", boolean, 0},
	{"phoneNumbers[].value", phone, 0}, {"phoneNumbers[].display", plainText, 0}, {"phoneNumbers[].primary", boolean, 0},
	{"photos[].value", plainText, 0}, {"photos[].display", plainText, 0}, {"photos[].primary", boolean, 0},
	{"addresses[].streetAddress", plainText, 0}, {"addresses[].locality", plainText, 0},
	{"addresses[].region", plainText, 0}, {"addresses[].postalCode", plainText, 0},
	{"addresses[].country", plainText, 0}, {"addresses[].formatted", plainText, 0}, {"addresses[].primary", boolean, 0},
	{"roles[].value", plainText, 0}, {"roles[].display", plainText, 0},
	{"schemas", readOnly, 0}, {"groups", readOnly, 0}, {"meta", readOnly, 0}, {"meta.created", readOnly, 0},
	{"meta.lastModified", readOnly, 0}, {"meta.location", readOnly, 0}, {"meta.version", readOnly, 0},
	{"meta.resourceType", readOnly, 0},
	{enterpriseURN + ":employeeNumber", plainText, 256}, {enterpriseURN + ":costCenter", plainText, 256},
	{enterpriseURN + ":organization", plainText, 512}, {enterpriseURN + ":division", plainText, 512},
	{enterpriseURN + ":department", plainText, 512}, {enterpriseURN + ":manager", reference, 0},
	{enterpriseURN + ":manager.displayName", readOnly, 0}, {enterpriseURN + ":manager.$ref", readOnly, 0},
	{webexUserURN + ":accountStatus", list, 0}, {webexUserURN + ":userNameType", plainText, 0},
	{webexUserURN + ":provisionSource", readOnly, 0}, {webexUserURN + ":meta.organizationId", readOnly, 0},
	{webexUserURN + ":sipAddresses[].value", plainText, 0}, {webexUserURN + ":managedOrgs", structured, 0},
	{webexUserURN + ":managedGroups", structured, 0},
}, numbered())

// numbered are the fifteen attributes each that an organisation may use as it likes.
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
	{"displayName", identity, 512}, {"externalId", plainText, 256}, {"members", references, 0},
	{"schemas", readOnly, 0}, {"meta", readOnly, 0},
	{webexGroupURN + ":usage", plainText, 0}, {webexGroupURN + ":groupType", plainText, 0},
	{webexGroupURN + ":provisionSource", readOnly, 0},
}
