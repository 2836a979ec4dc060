package client

import (
	"net/url"
	"reflect"
	"strings"

	"github.com/webexscim/bulk/gen"
)

// The schemas of what the builders write (RFC 7643 section 8.7, RFC 7644
// section 3.5.2; the Webex ones from developer.webex.com/docs/api/v1/scim-2-users).
const (
	SchemaUser           = "urn:ietf:params:scim:schemas:core:2.0:User"
	SchemaEnterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	SchemaWebexUser      = "urn:scim:schemas:extension:cisco:webexidentity:2.0:User"
	SchemaGroup          = "urn:ietf:params:scim:schemas:core:2.0:Group"
	SchemaWebexGroup     = "urn:scim:schemas:extension:cisco:webexidentity:2.0:Group"
	SchemaPatchOp        = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// Users and Groups build operations on the resources of each kind.
var (
	Users  UserOperations
	Groups GroupOperations
)

// UserOperations builds operations on users; its zero value is Users.
type UserOperations struct{}

// GroupOperations builds operations on groups; its zero value is Groups.
type GroupOperations struct{}

// Named returns the operation with a bulkId, for others to refer to what it
// creates by Ref(bulkID).
func (o Operation) Named(bulkID string) Operation {
	o.BulkID = bulkID
	return o
}

// Create makes a user, without the members that only the service may write: id,
// meta, groups, the manager's name, and the like. A user that was read can so
// be created elsewhere. Schemas, with those of the extensions that have a member set, and
// UserType ("user") are filled in where empty.
func (UserOperations) Create(user gen.User) Operation {
	user.ID, user.Groups, user.Meta = "", nil, gen.Meta{}
	user.Enterprise.Manager.DisplayName = ""
	user.Webex.Meta, user.Webex.ProvisionSource = gen.WebexMeta{}, ""
	if user.UserType == "" {
		user.UserType = "user"
	}
	if len(user.Schemas) == 0 {
		user.Schemas = []string{SchemaUser}
		if isUsed(user.Enterprise) {
			user.Schemas = append(user.Schemas, SchemaEnterpriseUser)
		}
		if isUsed(user.Webex) {
			user.Schemas = append(user.Schemas, SchemaWebexUser)
		}
	}
	return Operation{Method: MethodPost, Path: "/Users", Data: user}
}

// Patch changes the user id, or the one that Ref names. One without changes is
// refused before it is sent.
func (UserOperations) Patch(id string, changes ...Change) Operation {
	return patch("/Users/", id, changes)
}

// Delete removes the user id for good: Webex cannot bring a user back.
func (UserOperations) Delete(id string) Operation {
	return Operation{Method: MethodDelete, Path: "/Users/" + segment(id)}
}

// Create makes a group, without the members that only the service may write.
// Schemas are filled in where empty, as for a user, and so is the type of a
// member ("user").
func (GroupOperations) Create(group gen.Group) Operation {
	group.ID, group.Meta = "", gen.Meta{}
	group.Webex.Meta, group.Webex.ProvisionSource = gen.WebexMeta{}, ""
	members := make([]gen.GroupMember, len(group.Members))
	for i, m := range group.Members {
		m.Display = ""
		if m.Type == "" {
			m.Type = "user"
		}
		members[i] = m
	}
	group.Members = members
	if len(group.Schemas) == 0 {
		group.Schemas = []string{SchemaGroup}
		if isUsed(group.Webex) {
			group.Schemas = append(group.Schemas, SchemaWebexGroup)
		}
	}
	return Operation{Method: MethodPost, Path: "/Groups", Data: group}
}

// isUsed reports whether an extension has a member set: it is sent just then.
func isUsed[T any](extension T) bool { return !reflect.ValueOf(extension).IsZero() }

// Patch changes the group id, or the one that Ref names.
func (GroupOperations) Patch(id string, changes ...Change) Operation {
	return patch("/Groups/", id, changes)
}

// Delete removes the group id; its members stay.
func (GroupOperations) Delete(id string) Operation {
	return Operation{Method: MethodDelete, Path: "/Groups/" + segment(id)}
}

// Change is one step of a PATCH (RFC 7644 section 3.5.2). Add, Replace and
// Remove make one; the zero value is not valid.
type Change struct {
	// Op is add, replace or remove.
	Op string `json:"op"`
	// Path names the attribute, `emails[type eq "work"].value`, say; empty
	// means that Value is an object of attributes.
	Path string `json:"path,omitempty"`
	// Value is what is added or put in place.
	Value any `json:"value,omitempty"`
}

// Add adds a value to the attribute at path.
func Add(path string, value any) Change { return Change{Op: "add", Path: path, Value: value} }

// Replace puts value in the place of the attribute at path.
func Replace(path string, value any) Change { return Change{Op: "replace", Path: path, Value: value} }

// Remove removes the attribute at path.
func Remove(path string) Change { return Change{Op: "remove", Path: path} }

func patch(root, id string, changes []Change) Operation {
	if len(changes) == 0 {
		changes = nil // null, which is not sent
	}
	return Operation{Method: MethodPatch, Path: root + segment(id), Data: struct {
		Schemas    []string `json:"schemas"`
		Operations []Change `json:"Operations"`
	}{[]string{SchemaPatchOp}, changes}}
}

// segment keeps an id from changing the path; a reference stays as it is, but
// for what would end a segment in its name.
func segment(id string) string {
	if name, ok := strings.CutPrefix(id, Ref("")); ok {
		return Ref(escapes.Replace(name))
	}
	return url.PathEscape(id)
}

var escapes = strings.NewReplacer("%", "%25", "/", "%2F", "?", "%3F", "#", "%23")
