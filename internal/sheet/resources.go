package sheet

import (
	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/apiid"
)

// resources is what differs between sheets of users and sheets of groups.
type resources struct {
	path       string // the type in a path
	collection string // the path of a create
	schema     string
	prefix     string // of bulkIds
	webex      string // the kind in an id of another Webex API

	noun, plural           string
	identity, identityForm string // the name of the identity, and what it looks like
	operations             string // the words of the column operation
	people                 string // where the users are whom a cell names

	vocabulary   vocabulary
	headers      map[string]string // what people call the columns
	misspellable []string          // the columns that a header may be a misspelling of
}

var (
	users = &resources{
		path: "Users", collection: "/Users", schema: client.SchemaUser, prefix: "user-", webex: apiid.People, noun: "user", plural: "users",
		identity: "userName", identityForm: "an email address",
		operations: "create, update or delete, or nothing for create", people: "this sheet or of the organization",
		vocabulary: userVocabulary, headers: userHeaders,
		misspellable: []string{"First Name", "Last Name", "Display Name", "User ID/Email (Required)", "Title", "Job Title", "Department", "Manager", "Email",
			"Email Address", "Phone Number", "Mobile", "Mobile Number", "Extension", "Language", "Preferred Language", "Time zone", "Address type",
			"Address street", "Address city", "Address locality", "Address region", "Address state", "Address postal code", "Address country",
			"operation", "action", "userName", "externalId", "nickName", "employeeNumber", "costCenter", "organization", "division", "active",
			"password", "Given Name", "Surname", "Family Name"},
	}
	groups = &resources{
		path: "Groups", collection: "/Groups", schema: client.SchemaGroup, prefix: "group-", webex: apiid.Group, noun: "group", plural: "groups",
		identity: "displayName", identityForm: "a name",
		operations: "create, update, delete, add or remove (of members), or nothing for create", people: "the organization",
		vocabulary: groupVocabulary, headers: groupHeaders,
		misspellable: []string{"displayName", "Group Name", "members", "Member Emails", "externalId", "operation", "action"},
	}
)

// resources returns the kind of resources that the sheet is about.
func (s *Sheet) resources() *resources {
	if s.groups {
		return groups
	}
	return users
}
