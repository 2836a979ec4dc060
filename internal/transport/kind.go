package transport

import "net/http"

// Kind classifies the answer to a request as a whole.
type Kind int

// The kinds of answers, including no answer.
const (
	// Answered: the service did what the request asks for, or tells in the body
	// what it did.
	Answered Kind = iota
	// NotSent: nothing reached the service. It is safe to send the request
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
	return [...]string{"answered", "not sent", "waiting", "rejected", "denied", "no response"}[k]
}

// meaning is what the HTTP status of an answer says about the request.
type meaning struct {
	kind Kind
	// firewall tells that firewalls refuse the text of a request with this status.
	// Such an answer says nothing about the token or the organization, and a part
	// of the request may pass: it is Rejected.
	firewall bool
	// page tells that a page of HTML with this status is from something in between,
	// which may find the service later: it is Waiting.
	page bool
	// gateway tells that the status is never the service's own.
	gateway bool
	// note explains the status, or is "".
	note string
}

// Notes on refusals.
const (
	foreignAnswer = "the answer is not the service's: a proxy, gateway or firewall in between gave it"
	longURL       = "the url of the request is too long for the service or something in between"
	longHeader    = "the headers of the request, with the token, are too long for the service or something in between"
)

// meanings has the statuses that mean something else than others of their
// class.
var meanings = map[int]meaning{
	http.StatusUnauthorized:                  {kind: Denied},
	http.StatusPaymentRequired:               {kind: Denied},
	http.StatusForbidden:                     {kind: Denied, firewall: true},
	http.StatusNotFound:                      {kind: Denied, page: true},
	http.StatusMethodNotAllowed:              {kind: Denied, firewall: true},
	http.StatusNotAcceptable:                 {kind: Denied, firewall: true},
	http.StatusProxyAuthRequired:             {kind: Denied},
	http.StatusRequestTimeout:                {kind: NoResponse},
	http.StatusGone:                          {kind: Denied},
	http.StatusLengthRequired:                {kind: Denied},
	http.StatusRequestURITooLong:             {kind: Denied, note: longURL},
	http.StatusUnsupportedMediaType:          {kind: Denied},
	http.StatusMisdirectedRequest:            {kind: Denied},
	http.StatusLocked:                        {kind: Waiting},
	http.StatusTooEarly:                      {kind: Waiting},
	http.StatusUpgradeRequired:               {kind: Denied},
	http.StatusPreconditionRequired:          {kind: Denied},
	http.StatusTooManyRequests:               {kind: Waiting},
	http.StatusRequestHeaderFieldsTooLarge:   {kind: Denied, note: longHeader},
	http.StatusUnavailableForLegalReasons:    {kind: Denied, firewall: true},
	499:                                      {kind: NoResponse}, // a gateway that gave up on its client
	http.StatusNotImplemented:                {kind: Denied, firewall: true},
	http.StatusBadGateway:                    {kind: NoResponse, gateway: true},
	http.StatusServiceUnavailable:            {kind: Waiting},
	http.StatusGatewayTimeout:                {kind: NoResponse, gateway: true},
	http.StatusNetworkAuthenticationRequired: {kind: NoResponse, gateway: true},
}

// meaningOf returns the meaning of an HTTP status.
func meaningOf(status int) meaning {
	m, special := meanings[status]
	switch {
	case special:
	case status < 300:
		m.kind = Answered
	case status < 400:
		m.kind = Denied
	case status < 500:
		m.kind = Rejected
	default:
		m.kind = NoResponse
	}
	return m
}
