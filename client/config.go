package client

import (
	"log/slog"
	"net/http"
	"time"
)

// DefaultBaseURL is the host of the Webex APIs.
const DefaultBaseURL = "https://webexapis.com"

// Config has the settings of a Client. OrgID and Token are needed; the zero
// value of every other field means its default. New checks it and takes a copy.
type Config struct {
	// OrgID is the organization, as a UUID or in the Webex API's base64 form.
	OrgID string
	// Token gives the access token, of scope identity:people_rw.
	Token TokenSource
	// BaseURL is the service's scheme and host, DefaultBaseURL when empty. Only
	// https is accepted, or http to a loopback address, and no path: the client
	// adds /identity/scim/{org}/v2.
	BaseURL string
	// HTTPClient sends the requests; http.DefaultTransport (with proxies from the
	// environment) when nil. Its redirects are never followed and its Timeout is
	// ignored in favor of RequestTimeout.
	HTTPClient *http.Client
	// Logger gets requests, waits and lookups, never data or tokens; silent when
	// nil.
	Logger *slog.Logger
	// Concurrency is how many requests may be in flight at once; 4 when 0.
	Concurrency int
	// MaxAttempts is the most attempts of an operation without a result: the
	// answer is lost, or the service defers the operation (429, 423, 425, 503
	// inside of an answer). Attempts whose whole request is refused do nothing
	// and do not count. 5 when 0.
	MaxAttempts int
	// Limits bounds a request.
	Limits Limits
	// RequestTimeout is how long the client waits for the answer to one request;
	// one minute when 0. The service may still carry out a request after that, see
	// MaxServiceTime.
	RequestTimeout time.Duration
	// MaxServiceTime is how long a request that the client has given up may still
	// be carried out; 2 minutes when 0. An attempt without an answer is known not
	// to be done only after this time. Until then a create that the service does
	// not guard against duplicates (a group) is not sent again, and operations on
	// the same resource, or on the resource it creates, wait. Users wait for
	// nothing: their userNames are unique. Too short a time can create a group
	// twice or let an earlier change overwrite a later one; a long one only costs
	// waiting, and only after lost answers.
	MaxServiceTime time.Duration
	// Grace is how long requests in flight may still take to answer once the
	// job is canceled, so that their outcome is known; 10 seconds when 0.
	Grace time.Duration
	// MaxWait caps a single wait that the service asks for, at most MaxTotalWait;
	// when 0 five minutes, or MaxTotalWait if that is shorter.
	MaxWait time.Duration
	// MaxTotalWait stops a job that had to wait this long without a request
	// accepted in between; 30 minutes when 0.
	MaxTotalWait time.Duration
	// LookupPatience is how long lookups for the resource of a lost create are
	// repeated before it counts as absent, since reads lag behind writes; 15
	// seconds when 0. During this time, a 404 for a resource that the job itself
	// has created is not final: the operation is sent again.
	LookupPatience time.Duration
	// ResolveReferences keeps references from being left to the service: an
	// operation waits until those it refers to have real ids. Only cycles are then
	// resolved by the service. For services that resolve references wrongly.
	ResolveReferences bool
}

// Limits bounds the size of a request.
type Limits struct {
	// Operations is the number of operations, 1 to 100; 100 when 0.
	Operations int
	// Bytes is the size of the encoded body; 1 MiB when 0.
	Bytes int
}
