package client

import (
	"reflect"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/facts"
	"github.com/webexscim/bulk/internal/models"
)

// The schemas that the builders write (RFC 7643 section 8.7, RFC 7644 section
// 3.5.2; the Webex ones from developer.webex.com/docs/api/v1/scim-2-users).
const (
	SchemaUser           = "urn:ietf:params:scim:schemas:core:2.0:User"
	SchemaEnterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	SchemaWebexUser      = "urn:scim:schemas:extension:cisco:webexidentity:2.0:User"
	SchemaGroup          = "urn:ietf:params:scim:schemas:core:2.0:Group"
	SchemaWebexGroup     = "urn:scim:schemas:extension:cisco:webexidentity:2.0:Group"
	SchemaPatchOp        = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// Users and Groups build operations on users and groups.
var (
	Users  UserOperations
	Groups GroupOperations
)

// UserOperations builds operations on users; its zero value is Users.
type UserOperations struct{}

// GroupOperations builds operations on groups; its zero value is Groups.
type GroupOperations struct{}

// Named returns the operation with a bulkId, so that other operations can refer
// to the resource it creates by Ref(bulkID).
func (o Operation) Named(bulkID string) Operation {
	o.BulkID = bulkID
	return o
}

// Create creates a user, without the attributes that only the service may write
// (id, meta, groups, the manager's name and the like), so that a user that was
// read can be created elsewhere. If Schemas is empty, it names the core schema
// and the extensions that have an attribute set. If UserType is empty, it is
// "user".
func (UserOperations) Create(user gen.User) Operation {
	models.Normalize(&user)
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

// Patch changes the user with this id, or the one that a Ref names. Without
// changes it is refused before it is sent.
func (UserOperations) Patch(id string, changes ...Change) Operation {
	return patch("/Users/", id, changes)
}

// Delete deletes the user with this id for good: Webex cannot restore a user.
func (UserOperations) Delete(id string) Operation {
	return Operation{Method: MethodDelete, Path: "/Users/" + facts.Segment(id)}
}

// Create creates a group, without the attributes that only the service may
// write. Schemas is filled in where it is empty, as for a user. A member
// without a Type is a user: the id of a group or machine needs its Type,
// "group" or "machine".
func (GroupOperations) Create(group gen.Group) Operation {
	models.Normalize(&group)
	if len(group.Schemas) == 0 {
		group.Schemas = []string{SchemaGroup}
		if isUsed(group.Webex) {
			group.Schemas = append(group.Schemas, SchemaWebexGroup)
		}
	}
	return Operation{Method: MethodPost, Path: "/Groups", Data: group}
}

// isUsed reports whether an extension has an attribute set: only then it is
// sent.
func isUsed[T any](extension T) bool { return !reflect.ValueOf(extension).IsZero() }

// Patch changes the group with this id, or the one that a Ref names.
func (GroupOperations) Patch(id string, changes ...Change) Operation {
	return patch("/Groups/", id, changes)
}

// Delete deletes the group with this id; its members stay.
func (GroupOperations) Delete(id string) Operation {
	return Operation{Method: MethodDelete, Path: "/Groups/" + facts.Segment(id)}
}
