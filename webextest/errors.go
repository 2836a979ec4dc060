package webextest

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// Schema names of SCIM (RFC 7643, section 10; RFC 7644, section 8.2) and Webex.
const (
	schemaUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	schemaGroup      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	schemaEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	schemaWebexUser  = "urn:scim:schemas:extension:cisco:webexidentity:2.0:User"
	schemaWebexGroup = "urn:scim:schemas:extension:cisco:webexidentity:2.0:Group"
	schemaBulk       = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	schemaBulkAnswer = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
	schemaPatch      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	schemaList       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	schemaMembers    = "urn:scim:schemas:extension:cisco:webexidentity:2.0:GroupMembers"
	schemaError      = "urn:ietf:params:scim:api:messages:2.0:Error"

	// ErrorExtension names the member in which Webex puts trackingId, errorCode
	// and details of an error.
	ErrorExtension = "urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"
)

// refusal is why the service does not do what it was asked.
type refusal struct {
	status int
	kind   string // scimType, RFC 7644 table 9; "" where none fits
	detail string
	// violates says that the contract does not allow what was asked, as opposed
	// to what the store or a setting does not.
	violates bool
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.kind, r.detail) }

func refuse(status int, kind, format string, args ...any) *refusal {
	return &refusal{status: status, kind: kind, detail: fmt.Sprintf(format, args...)}
}

// asRefusal turns what the SCIM language says into a refusal.
func asRefusal(err error, kind string) *refusal {
	if e, ok := err.(*scim.Error); ok {
		return &refusal{status: e.Status, kind: e.Type, detail: e.Detail}
	}
	return refuse(http.StatusBadRequest, kind, "%v", err)
}

// errorCode is made up, and looks it: no list of the real ones is public.
func errorCode(status int) int { return 990000 + status }

// body is the error as Webex sends it: RFC 7644 section 3.12 and the extension.
func (r *refusal) body(trackingID string) map[string]any {
	body := map[string]any{
		"schemas": []string{schemaError, ErrorExtension},
		"status":  strconv.Itoa(r.status),
		"detail":  r.detail,
		ErrorExtension: map[string]any{
			"trackingId": trackingID,
			"errorCode":  errorCode(r.status),
			"details":    r.detail, // a text, as working clients read it
		},
	}
	if r.kind != "" {
		body["scimType"] = r.kind
	}
	return body
}
