package reconcile

import (
	"encoding/json"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/scimdiff"
)

// standing has the attributes that decide whether a resource may be changed. An
// attribute of another type than expected counts as given, so that nothing is
// changed in doubt.
type standing struct {
	UserType, Active, Roles json.RawMessage

	User struct {
		ManagedOrgs, ProvisionSource json.RawMessage
	} `json:"urn:scim:schemas:extension:cisco:webexidentity:2.0:User"`
	Group struct {
		ProvisionSource json.RawMessage
	} `json:"urn:scim:schemas:extension:cisco:webexidentity:2.0:Group"`
}

// isPerson reports whether an account is that of a person. An account that does
// not say so is.
func (s standing) isPerson() bool {
	return scimdiff.IsNothing(s.UserType) || isText(s.UserType, "user")
}

// isPerson reports whether a resource is the account of a person, or a group.
func isPerson(res client.Resource) bool {
	var s standing
	return res.Type == Groups || json.Unmarshal(res.Data, &s) == nil && s.isPerson()
}

// protection returns why a resource must not be changed or removed, "" if it
// may.
func (o Options) protection(res client.Resource, me string) string {
	var s standing
	if err := json.Unmarshal(res.Data, &s); err != nil {
		return "its attributes cannot be read"
	}
	source := s.User.ProvisionSource
	if res.Type == Groups {
		source = s.Group.ProvisionSource
	}
	switch {
	case res.Type == Users && me != "" && strings.EqualFold(res.ID, me):
		return "the account of the token"
	case res.Type == Users && !s.isPerson():
		return "no person: its userType is " + text(s.UserType)
	case !o.IncludeAdmins && !scimdiff.IsNothing(s.Roles):
		return "an administrator: there are roles"
	case !o.IncludeAdmins && !scimdiff.IsNothing(s.User.ManagedOrgs):
		return "an administrator of managed organizations"
	case !o.IncludeDirectory && !scimdiff.IsNothing(source) && !isText(source, "SCIM"):
		return "provisioned by a directory: " + text(source)
	case o.Protect != nil:
		return o.Protect(res)
	}
	return ""
}

// IsActive reports whether a user can sign in. A user who does not say so is
// active, and so is a group.
func IsActive(res client.Resource) bool { return isActive(res.Data) }

// managerOf returns the id, or the reference, that a user has as manager; "" if
// there is none.
func managerOf(data []byte) string {
	var user map[string]json.RawMessage
	var extension struct{ Manager json.RawMessage }
	var object struct{ Value string }
	_ = json.Unmarshal(data, &user)
	_ = json.Unmarshal(user[client.SchemaEnterpriseUser], &extension)
	if json.Unmarshal(extension.Manager, &object) != nil {
		_ = json.Unmarshal(extension.Manager, &object.Value)
	}
	return object.Value
}

// isActive reports whether a user is active. A user without the attribute is.
func isActive(data []byte) bool {
	var s standing
	_ = json.Unmarshal(data, &s)
	return string(s.Active) != "false"
}

func isText(raw json.RawMessage, want string) bool {
	return strings.EqualFold(strings.TrimSpace(text(raw)), want)
}

// text is a JSON string as text, and any other value as JSON.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
