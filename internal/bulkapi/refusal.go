package bulkapi

import (
	"cmp"
	"net/http"
)

// Why an answer is not the service's, or what its status means here.
const (
	foreignAnswer = "the answer is not the service's: a proxy, gateway or firewall in between gave it"
	longURL       = "the url of the request is too long for the service or something in between"
	longHeader    = "the headers of the request, the token among them, are too long for the service or something in between"
)

// refusal reads an answer that holds no results: what it says, what it means,
// and whether the service itself says it. note is what was found wrong with it,
// or "". isResults tells that it holds a list of results all the same.
func (r response) refusal(note string, isResults bool, red *redactor) (e *Error, kind Kind, alive bool) {
	e = readError(r.body)
	spoke := e.spoke || isResults
	foreign := !spoke && len(trim(r.body)) > 0
	unread := note == breaksOff || r.broken != nil && brokenNote(trim(r.body), r.broken) != noJSON
	kind = r.kind
	switch {
	case r.kind == Answered:
		kind = NoResponse
	case r.kind == Rejected && r.status != http.StatusRequestEntityTooLarge && unread:
		kind = NoResponse // it may have been a list of results
	default:
		note = ""
		if foreign && !unread && isFirewalls(r.status) {
			kind = Rejected
		}
		switch {
		case r.status == http.StatusRequestURITooLong:
			note = longURL
		case r.status == http.StatusRequestHeaderFieldsTooLarge:
			note = longHeader
		case foreign:
			note = foreignAnswer
		}
	}
	e.Status, e.TrackingID = r.status, cmp.Or(r.headerID(), e.TrackingID)
	e.note, e.cause = note, cleaned(r.broken, red)
	e.clean(red)
	return e, kind, r.alive(spoke)
}

// isFirewalls reports whether firewalls refuse with this status what they find
// in the text of one operation. Then it says nothing about the token or the
// organization, and a part of the request may pass.
func isFirewalls(status int) bool {
	switch status {
	case http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented,
		http.StatusUnavailableForLegalReasons:
		return true
	}
	return false
}

// alive reports whether the answer is a sign of life of the service. spoke
// tells that its body is in the service's language.
func (r response) alive(spoke bool) bool {
	switch {
	case r.status == http.StatusBadGateway, r.status == http.StatusGatewayTimeout, r.status == http.StatusNetworkAuthenticationRequired:
		return false
	case r.kind == Waiting: // asks for patience, as a page in place of the service does not
		return spoke || len(trim(r.body)) == 0 || r.header.Get("Retry-After") != ""
	}
	return spoke
}
