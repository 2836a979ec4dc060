package client

import (
	"log/slog"
	"net/http"
	"time"
)

// DefaultBaseURL is the host of the Webex APIs.
const DefaultBaseURL = "https://webexapis.com"

// Config is all that a Client can be told. OrgID and Token are needed; the
// zero value of every other field means its default. New checks it and takes
// a copy.
type Config struct {
	// OrgID is the organization, as a UUID or in the Webex API's base64 form.
	OrgID string
	// Token gives the access token, of scope identity:people_rw.
	Token TokenSource
	// BaseURL is the service's scheme and host, DefaultBaseURL when empty. Only
	// https is accepted, or http to a loopback address.
	BaseURL string
	// HTTPClient carries the requests; http.DefaultTransport (with proxies from
	// the environment) when nil. Its redirects are never followed and its
	// Timeout is ignored in favor of RequestTimeout.
	HTTPClient *http.Client
	// Logger hears of requests, waits and lookups, never of data or tokens;
	// silent when nil.
	Logger *slog.Logger
	// Concurrency is how many requests may be in flight at once; 4 when 0.
	Concurrency int
	// MaxAttempts is how often an operation is sent at the most; 5 when 0.
	MaxAttempts int
	// Limits bounds a request.
	Limits Limits
	// RequestTimeout is how long one request may take; one minute when 0.
	RequestTimeout time.Duration
	// Grace is how long requests in flight may still take to answer once the
	// job is canceled, so that their outcome is known; 10 seconds when 0.
	Grace time.Duration
	// MaxWait caps a single wait that the service asks for, at most MaxTotalWait;
	// when 0 five minutes, or MaxTotalWait if that is shorter.
	MaxWait time.Duration
	// MaxTotalWait ends a job that was made to wait this long without a single
	// request accepted in between; 30 minutes when 0.
	MaxTotalWait time.Duration
	// LookupPatience is how long a lookup for a lost answer goes on before a
	// resource counts as absent, since reads lag behind writes; 15 seconds
	// when 0.
	LookupPatience time.Duration
	// ResolveReferences keeps references from being left to the service: an
	// operation waits until those it refers to have real ids. Only circles then
	// rely on the service. For services that get references wrong.
	ResolveReferences bool
}

// Limits bounds what goes into one request.
type Limits struct {
	// Operations is the number of operations, 1 to 100; 100 when 0.
	Operations int
	// Bytes is the size of the encoded body; 1 MiB when 0.
	Bytes int
}
