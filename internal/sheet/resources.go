package sheet

import (
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/apiid"
)

// resources has the differences between sheets of users and sheets of groups.
type resources struct {
	path       string // the type in a path
	collection string // the path of a create
	schema     string
	prefix     string // of bulkIds
	webex      string // the kind in an id of another Webex API

	noun, plural           string
	identity, identityForm string // the name of the identity, and what it looks like
	operations             string // the words of the column operation
	people                 string // where a cell can name users

	vocabulary   vocabulary
	headers      map[string]string // other names of columns, folded
	misspellable []string          // columns whose names may be misspelled
}

var (
	users = &resources{
		path: "Users", collection: "/Users", schema: client.SchemaUser, prefix: "user-", webex: apiid.People,
		noun: "user", plural: "users",
		identity: "userName", identityForm: "an email address",
		operations: "create, update or delete, or nothing for create", people: "this sheet or of the organization",
		vocabulary: newVocabulary(userAttributes), headers: userHeaders,
		misspellable: []string{
			"First Name", "Last Name", "Display Name", "User ID/Email (Required)", "Title", "Job Title", "Department",
			"Manager", "Email", "Email Address", "Phone Number", "Mobile", "Mobile Number", "Extension", "Language",
			"Preferred Language", "Time zone", "Address type", "Address street", "Address city", "Address locality",
			"Address region", "Address state", "Address postal code", "Address country", "operation", "action", "userName",
			"externalId", "nickName", "employeeNumber", "costCenter", "organization", "division", "active", "password",
			"Given Name", "Surname", "Family Name",
		},
	}
	groups = &resources{
		path: "Groups", collection: "/Groups", schema: client.SchemaGroup, prefix: "group-", webex: apiid.Group,
		noun: "group", plural: "groups",
		identity: "displayName", identityForm: "a name",
		operations: "create, update, delete, add or remove (of members), or nothing for create", people: "the organization",
		vocabulary: newVocabulary(groupAttributes), headers: groupHeaders,
		misspellable: []string{"displayName", "Group Name", "members", "Member Emails", "externalId", "operation", "action"},
	}
)

// resourcesNamed returns the resources of a kind of sheet, see Templates.
func resourcesNamed(kind string) *resources {
	if kind == groups.plural {
		return groups
	}
	return users
}

// operation is the kind of operation of a row.
type operation uint8

const (
	create operation = iota
	update
	remove
	addMembers    // of groups
	removeMembers // of groups
)

// operationNames are the words of the column operation.
var operationNames = [...]string{"create", "update", "delete", "add", "remove"}

// operation reads a cell of the column operation. An empty cell is a create.
// For an unknown text, ok is false.
func (r *resources) operation(text string) (op operation, ok bool) {
	for op, name := range operationNames {
		if strings.EqualFold(text, name) && (r == groups || operation(op) <= remove) {
			return operation(op), true
		}
	}
	return create, text == ""
}

// lookup returns the Lookup of a resource.
func (r *resources) lookup(name string) Lookup { return Lookup{r.path, name} }

// isName reports whether a row's identity can be looked up.
func (r *resources) isName(name string) bool { return name != "" && (r == groups || isEmail(name)) }
