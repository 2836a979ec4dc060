package scim

import "strings"

// Names of schemas, messages and extensions (RFC 7643, section 10; RFC 7644,
// section 8.2; Webex).
const (
	UserSchema     = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema    = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	WebexUser      = "urn:scim:schemas:extension:cisco:webexidentity:2.0:User"
	WebexGroup     = "urn:scim:schemas:extension:cisco:webexidentity:2.0:Group"
	BulkRequest    = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	BulkResponse   = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
	PatchOp        = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	ListResponse   = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	GroupMembers   = "urn:scim:schemas:extension:cisco:webexidentity:2.0:GroupMembers"
	ErrorMessage   = "urn:ietf:params:scim:api:messages:2.0:Error"
	WebexError     = "urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"
)

// Kind is a type of resource.
type Kind uint8

// The kinds.
const (
	Users Kind = iota
	Groups
)

// String returns the kind as in a path: Users or Groups.
func (k Kind) String() string { return [...]string{"Users", "Groups"}[k] }

// NameAttribute returns the attribute with the name of a resource: userName or
// displayName.
func (k Kind) NameAttribute() string { return [...]string{"userName", "displayName"}[k] }

// Schema returns the URN of the schema of the kind.
func (k Kind) Schema() string { return [...]string{UserSchema, GroupSchema}[k] }

// KindOf returns the kind of a segment of a path. ok is false for another
// segment.
func KindOf(segment string) (k Kind, ok bool) {
	switch segment {
	case "Users":
		return Users, true
	case "Groups":
		return Groups, true
	}
	return 0, false
}

// Member returns the member of an object with a name, regardless of case. It
// returns nil if there is none, or if object is not an object.
func Member(object any, name string) any {
	members, _ := object.(map[string]any)
	for other, value := range members {
		if len(other) == len(name) && strings.EqualFold(other, name) {
			return value
		}
	}
	return nil
}
