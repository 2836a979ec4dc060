package bulkapi

import (
	"cmp"
	"net/http"
	"time"

	"github.com/webexscim/bulk/internal/redact"
)

// response is the result of one request before its body is interpreted.
type response struct {
	kind       Kind // by the status or by err alone
	status     int
	header     http.Header
	body       []byte
	broken     error // why body is not the whole answer
	err        error // why there is no answer at all
	trackingID string
	token      redact.Token // of the request, to keep it out of texts
	took       time.Duration
}

// date is the time of the answer by the service's clock, the zero time if it
// does not say.
func (r response) date() time.Time {
	t, _ := http.ParseTime(r.header.Get("Date"))
	return t
}

// headerID is the tracking id in the header, "" if it has none that can be
// shown.
func (r response) headerID() string {
	id := r.header.Get("TrackingID")
	if !codeForm.MatchString(id) || r.token.In(id) {
		return ""
	}
	return id
}

// readAnswer interprets the response to operations.
func (x *Client) readAnswer(r response, ops []Operation, failOnErrors int) Answer {
	a := Answer{Kind: r.kind, Status: r.status, Date: r.date(), TrackingID: r.headerID()}
	red := redactorOf(r.token, ops...)
	if r.err != nil {
		a.Err = cleaned(r.err, red)
		return a
	}
	results, note := readResults(r.body, r.broken)
	if r.kind == Answered && note == "" || areResults(results) { // results count under any status
		a.Kind, a.Alive = Answered, true
		a.Items = x.readItems(ops, results, failOnErrors, a.TrackingID, red)
		return a
	}
	var e *Error
	e, a.Kind, a.Alive = r.refusal(note, red)
	a.Err, a.TrackingID = e, cmp.Or(a.TrackingID, e.TrackingID)
	if r.status == http.StatusRequestEntityTooLarge {
		a.PayloadLimit, a.OperationLimit = e.limits()
	}
	return a
}

// Notes on refusals.
const (
	foreignAnswer = "the answer is not the service's: a proxy, gateway or firewall in between gave it"
	longURL       = "the url of the request is too long for the service or something in between"
	longHeader    = "the headers of the request, with the token, are too long for the service or something in between"
)

// refusal reads an answer without results: its error, its kind, and whether it
// is a sign of life of the service. note says why it cannot be read, or is "".
func (r response) refusal(note string, red *redact.Redactor) (e *Error, kind Kind, alive bool) {
	e = readError(r.body)
	foreign := !e.spoke && len(trim(r.body)) > 0
	if r.broken != nil {
		note = brokenNote(trim(r.body), r.broken)
	}
	unread := note == breaksOff || r.broken != nil
	kind = r.kind
	switch {
	case kind == Answered, kind == Rejected && r.status != http.StatusRequestEntityTooLarge && unread:
		kind = NoResponse // it may have been a list of results
	case r.status == http.StatusRequestURITooLong:
		note = longURL
	case r.status == http.StatusRequestHeaderFieldsTooLarge:
		note = longHeader
	case foreign:
		note = foreignAnswer
		if !unread && isFirewalls(r.status) {
			kind = Rejected
		}
	default:
		note = ""
	}
	e.Status, e.TrackingID = r.status, cmp.Or(r.headerID(), e.TrackingID)
	e.note, e.cause = note, cleaned(r.broken, red)
	e.clean(red)
	return e, kind, r.alive(e.spoke)
}

// isFirewalls reports whether firewalls refuse the text of an operation with
// this status. Such an answer says nothing about the token or the organization,
// and a part of the request may pass.
func isFirewalls(status int) bool {
	switch status {
	case http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented,
		http.StatusUnavailableForLegalReasons:
		return true
	}
	return false
}

// alive reports whether the answer is a sign of life of the service. spoke
// tells that its body has a form of SCIM or Webex.
func (r response) alive(spoke bool) bool {
	switch {
	case r.status == http.StatusBadGateway, r.status == http.StatusGatewayTimeout,
		r.status == http.StatusNetworkAuthenticationRequired:
		return false
	case r.kind == Waiting: // asks for patience, as a page in place of the service does not
		return spoke || len(trim(r.body)) == 0 || r.header.Get("Retry-After") != ""
	}
	return spoke
}
