package webextest

import (
	"cmp"
	"net/http"
	"strconv"

	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// ErrorForm is a form of the error of a whole request. The form of the Bulk
// endpoint is unknown; these are documented for SCIM, for other Webex APIs or
// for gateways.
type ErrorForm string

// The forms of an error.
const (
	AllForms      ErrorForm = ""          // the members of SCIMForm, ExtensionForm and WebexForm
	SCIMForm      ErrorForm = "scim"      // status, scimType and detail: RFC 7644, section 3.12
	ExtensionForm ErrorForm = "extension" // status and the extension ErrorExtension
	WebexForm     ErrorForm = "webex"     // message, errors and trackingId, as in other Webex APIs
	OAuthForm     ErrorForm = "oauth"     // error and error_description: RFC 6750
	HTMLForm      ErrorForm = "html"      // an HTML page
	TextForm      ErrorForm = "text"      // the reason as plain text
	EmptyForm     ErrorForm = "empty"     // no body and no Content-Type
)

// ErrorForms returns the forms other than AllForms.
func ErrorForms() []ErrorForm {
	return []ErrorForm{SCIMForm, ExtensionForm, WebexForm, OAuthForm, HTMLForm, TextForm, EmptyForm}
}

// write returns the body of the error of a whole request, and its Content-Type,
// which is "" if there is no body.
func (f ErrorForm) write(r *scim.Error, trackingID string) (contentType string, body []byte) {
	switch f {
	case HTMLForm:
		return htmlType, []byte(gatewayPage(r.Status))
	case TextForm:
		return "text/plain; charset=utf-8", []byte(r.Detail)
	case EmptyForm:
		return "", nil
	}
	return jsonType, strictjson.Append(nil, f.body(r, trackingID))
}

// body returns the error as an object.
func (f ErrorForm) body(r *scim.Error, trackingID string) map[string]any {
	body := errorBody(r, trackingID)
	webex := map[string]any{
		"message": r.Detail, "trackingId": trackingID, "errors": []any{map[string]any{"description": r.Detail}},
	}
	switch f {
	case SCIMForm:
		delete(body, ErrorExtension)
		body["schemas"] = []string{scim.ErrorMessage}
	case ExtensionForm:
		delete(body, "detail")
		delete(body, "scimType")
	case WebexForm:
		return webex
	case OAuthForm:
		kind := map[int]string{http.StatusUnauthorized: "invalid_token", http.StatusForbidden: "insufficient_scope"}[r.Status]
		return map[string]any{"error": cmp.Or(kind, "invalid_request"), "error_description": r.Detail}
	default:
		body["message"], body["trackingId"] = webex["message"], trackingID
	}
	return body
}

// Content-Types: of all JSON that the service sends, and of pages.
const (
	jsonType = "application/json;charset=UTF-8"
	htmlType = "text/html; charset=utf-8"
)

// gatewayPage returns the page that a gateway shows for a status.
func gatewayPage(status int) string {
	return "<!DOCTYPE html><title>" + strconv.Itoa(status) + "</title><p>" + http.StatusText(status) + "</p>"
}

// ErrorExtension is the name of the member of an error with trackingId,
// errorCode and details.
const ErrorExtension = scim.WebexError

// errorBody returns an error as Webex sends it: RFC 7644 section 3.12 and the
// extension.
func errorBody(r *scim.Error, trackingID string) map[string]any {
	body := map[string]any{
		"schemas": []string{scim.ErrorMessage, ErrorExtension},
		"status":  strconv.Itoa(r.Status),
		"detail":  r.Detail,
		ErrorExtension: map[string]any{
			"trackingId": trackingID,
			"errorCode":  990000 + r.Status, // invented, because the real codes are not public
			"details":    r.Detail,          // a string, as working clients read it
		},
	}
	if r.Type != "" {
		body["scimType"] = r.Type
	}
	return body
}
