package bulkapi

import (
	"net/http"
	"time"
)

// Kind classifies the answer to a request as a whole.
type Kind int

// The kinds of answers, no answer among them.
const (
	// Answered: results were read; Answer.Items has one for each operation.
	Answered Kind = iota
	// NotSent: nothing reached the service. It is safe to send the operations
	// again.
	NotSent
	// Waiting: refused whole for now (429, 423, 425, 503). Nothing was done;
	// the throttle knows when to try again.
	Waiting
	// Rejected: refused whole for its content (400, 413, 422 and the like, and
	// a 403 that a firewall gives in the service's place). Nothing was done; a
	// smaller request may pass.
	Rejected
	// Denied: refused whole for the token, the organization or the url (401
	// with a fresh token, 403, 404, redirects and the like), or there is no
	// token. Nothing was done, and any other request would be refused too.
	Denied
	// NoResponse: the request left, and its answer is lost or of no use.
	NoResponse
)

// String is the kind's name in lower case.
func (k Kind) String() string {
	names := [...]string{"answered", "not sent", "waiting", "rejected", "denied", "no response"}
	return names[k]
}

// kindOf returns the kind of an answer by its HTTP status alone. Answered means
// that results are expected; results count under any other status too.
func kindOf(status int) Kind {
	switch {
	case status < 300:
		return Answered
	case status < 400:
		return Denied
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusLocked, http.StatusTooEarly, http.StatusServiceUnavailable:
		return Waiting
	case http.StatusRequestTimeout, 499: // 499: a gateway gave up on its client, and says so to whoever still listens
		return NoResponse
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound,
		http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusProxyAuthRequired, http.StatusGone,
		http.StatusLengthRequired, http.StatusRequestURITooLong, http.StatusUnsupportedMediaType,
		http.StatusMisdirectedRequest, http.StatusUpgradeRequired, http.StatusPreconditionRequired,
		http.StatusRequestHeaderFieldsTooLarge, http.StatusUnavailableForLegalReasons, http.StatusNotImplemented:
		return Denied
	}
	if status < 500 {
		return Rejected
	}
	return NoResponse
}

// Answer is the answer to a request, or the reason why there is none.
type Answer struct {
	// Kind says which of the other fields matter.
	Kind Kind
	// Alive tells that the service itself gave the answer: results, an error in
	// a form of SCIM or Webex, or a request for patience (429, 423, 425, 503;
	// with a page of HTML only if it has a Retry-After). Proxies, gateways
	// (502, 504, 511) and login pages are no sign of life, and an empty answer
	// is none.
	Alive bool
	// Date is when the answer was made by the service's clock, cut to seconds;
	// the zero time if it does not say.
	Date time.Time
	// Items has, when Answered, one entry for each operation, in the order of
	// the operations.
	Items []Item
	// Status is the HTTP status, 0 when there was none.
	Status int
	// TrackingID is the service's name for the request, or "".
	TrackingID string
	// PayloadLimit and OperationLimit are the limits that a 413 named in its
	// text (RFC 7644 section 3.7.4), 0 otherwise: bytes of a body, operations
	// of a request.
	PayloadLimit, OperationLimit int
	// Err is nil exactly when Answered: an *Error if the service said anything,
	// else why there is no answer. It can be printed: neither token nor data is
	// in its text.
	Err error
}

// Item is the result of one operation in an answer. The zero value is none, so
// that the operation's outcome is unknown.
type Item struct {
	// Found tells that the answer has a result with a readable status.
	Found bool
	// LeftOut tells that the service stopped at failOnErrors before this
	// operation: it left it out, or answered that it did (412, or 409 with such
	// a text). Found is false then.
	LeftOut bool
	// Status is the operation's own HTTP status, 100 to 599 when Found.
	Status int
	// Location is the text of the resource's url, as it came, or "". Where it
	// held the token, it is the end alone, or "".
	Location string
	// ID is the id in the location, unescaped. It is "" if the location is not
	// of the operation's resource type, names another organization, or has no
	// id that can stand in a path: an id with a slash or of dots, escaped or
	// not, leads elsewhere.
	ID string
	// Version is the resource's version (an entity tag), or "".
	Version string
	// Err is the operation's error, nil exactly when Status is 2xx or the item
	// is not Found. Its text is free of the data of all operations of the
	// request.
	Err *Error
}
