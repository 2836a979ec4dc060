package webextest

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/webexscim/bulk/webextest/internal/bulk"
	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/read"
)

// Defaults of a Config's zero values.
const (
	DefaultOrgID         = "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01" // organization
	DefaultToken         = "simulated-access-token"               // access token
	DefaultMaxOperations = 100                                    // operations in a request
	DefaultMaxPayload    = 1 << 20                                // bytes in a request
	DefaultPageSize      = 100                                    // resources in an answer to a search
)

// Config sets up a Simulator. Its zero value is a well-behaved service with
// the organization DefaultOrgID and the token DefaultToken. New copies it.
type Config struct {
	// OrgID is the organization, a UUID; "" is DefaultOrgID. Requests for another
	// UUID get status 403, for anything else 404.
	OrgID string
	// AnyOrg serves every UUID as a separate organization.
	AnyOrg bool

	// Token is a valid access token; "" is DefaultToken.
	Token string
	// Tokens are further valid access tokens.
	Tokens []string
	// Owner is the userName of the user who owns all tokens; GET of Users/me
	// returns this user. "" is a machine account that searches do not find.
	Owner string
	// TokenUses is the number of requests for which an access token is valid.
	// Later requests get status 401. 0 is no limit.
	TokenUses int
	// TokenLife is the time for which an access token is valid, from its first
	// use. 0 is no limit.
	TokenLife time.Duration
	// OAuth makes POST /v1/access_token exchange refresh tokens. With its zero
	// value that path gets status 404.
	OAuth OAuth

	// MaxOperations is the maximum number of operations in a Bulk request; 0 is
	// DefaultMaxOperations. Requests with more get status 413.
	MaxOperations int
	// MaxPayload is the maximum size of a request in bytes; 0 is
	// DefaultMaxPayload. Larger requests get status 413.
	MaxPayload int
	// PageSize is the maximum number of resources in an answer to a search; 0 is
	// DefaultPageSize.
	PageSize int

	// Seed determines ids and Chaos. Equal seeds and equal requests in equal order
	// give equal answers. Start logs it.
	Seed int64
	// Now is the clock; nil is time.Now. Simulator.ShiftClock changes the times in
	// answers.
	Now func() time.Time
	// StoreClock is the time by which meta.created and meta.lastModified are ahead
	// of the Date header; if negative, they are behind.
	StoreClock time.Duration
	// BaseURL is the start of locations, such as "https://webexapis.com", and the
	// only host that Transport accepts. "" takes scheme and host from each
	// request; Transport then accepts https://webexapis.com and loopback hosts.
	BaseURL string

	// Latency is the time between the work and the answer of every request.
	Latency time.Duration
	// ReadLag is the time until GET sees a change. Writes, and the check that a
	// userName is free, see it at once, as at the live service.
	ReadLag time.Duration
	// WriteLag is the time until operations of other requests can refer to a new
	// resource. Until then a path with its id gets status 404, and it is unknown
	// as a member or manager. Its userName is taken at once.
	WriteLag time.Duration
	// UnknownReferenceStatus is the status of an operation with an unknown member
	// or manager; 0 is 400.
	UnknownReferenceStatus int
	// Rate limits the rate of requests of any kind. The zero value is no limit.
	Rate RateLimit

	// Faults chooses the fault of each Bulk request for which Script has none. If
	// it is nil or returns nil, there is no fault. It is called from any
	// goroutine.
	Faults func(*Request) *Fault
	// Chaos draws faults from Seed for the other requests.
	Chaos Chaos
	// Shape, if not nil, changes every answer to a Bulk request, before the Shape
	// of a Fault. It is called from any goroutine.
	Shape Shape

	// ErrorForm is the form of the errors of whole requests. An unknown form is
	// AllForms.
	ErrorForm ErrorForm

	// MaxSearch is the maximum length in bytes of the target of a GET; 0 is no
	// limit. A longer target gets MaxSearchStatus and an HTML page.
	MaxSearch int
	// MaxSearchStatus is 414 or 431; 0 is 414.
	MaxSearchStatus int
	// IgnoreFilter makes searches return all resources.
	IgnoreFilter bool
	// RepeatFound makes searches return every resource twice.
	RepeatFound bool
	// Firewall is a text. Requests whose body or query contains it get status 403
	// and an HTML page. "" lets all requests pass.
	Firewall string

	// Normalize changes each userName and displayName that is stored, and the
	// texts in filters; nil keeps them. Examples are TrimSpaces and
	// norm.NFC.String (golang.org/x/text/unicode/norm).
	Normalize func(string) string
	// AppendDoubles makes the add of a PATCH append values that the list already
	// has.
	AppendDoubles bool
	// UnattemptedStatus is the status of operations that were not attempted
	// because of failOnErrors. Other services answer 412 or 409. 0 omits them from
	// the answer.
	UnattemptedStatus int
	// NoPathReferences answers 404 to an operation with a bulkId reference in its
	// path. RFC 7644 does not mention such paths; some services resolve them.
	NoPathReferences bool
	// LastReferenceOnly resolves only the last reference of an operation, stores
	// the others unresolved, and reports success.
	LastReferenceOnly bool
	// UniqueGroupNames answers 409 to a second group with the same displayName.
	UniqueGroupNames bool

	// The following fields decide where the behavior of the service is unknown or
	// only documented; each comment gives the evidence. Requests outside the
	// contract are a Violation even if they are accepted, except for members
	// without a type.

	// RequireSchemas refuses users and groups without `schemas`. By default they
	// may be absent, but not wrong. Cisco's document requires them, Cisco's schema
	// does not.
	RequireSchemas bool
	// RefuseUnknown refuses to create a resource with attributes that the contract
	// does not have. According to its documentation the service ignores them.
	RefuseUnknown bool
	// RefuseReadOnly refuses to create a resource with attributes that only the
	// service sets: id, meta, groups. According to its documentation the service
	// ignores them.
	RefuseReadOnly bool
	// ExactOps refuses the op of a PATCH unless it is in lower case. RFC 7644
	// accepts any case; the behavior of the service is unknown.
	ExactOps bool
	// UntypedMembers accepts members without a type. By default their operation
	// fails, as at the live service.
	UntypedMembers bool
	// CapitalOperations also accepts "Operations" as the name of the list in a
	// request, which is RFC 7644's spelling. Cisco's document and clients that
	// work with the service write "operations".
	CapitalOperations bool
	// ZeroFailOnErrors accepts failOnErrors 0 and ignores it. The documented range
	// is 1 to 100; one script, not known to work, sends 0.
	ZeroFailOnErrors bool
	// TextData also accepts data as a string that contains JSON, which is its type
	// in Cisco's document. Clients that work send an object.
	TextData bool

	// DiscardLedger keeps only counts (Stats), for runs with millions of
	// operations.
	DiscardLedger bool
	// KeepData keeps the data of each operation in the Ledger, byte for byte.
	KeepData bool
}

// RateLimit allows a number of requests in a fixed window of time. The window
// opens with a request, and the next one with the first request after its end.
type RateLimit struct {
	// Requests that each window allows; 0 is no limit.
	Requests int
	// Window is the length of the window; 0 is one minute.
	Window time.Duration
	// RetryAfter returns the header for the time left in the window; nil is whole
	// seconds, rounded up. If it returns "", the header is omitted.
	RetryAfter func(left time.Duration) string
}

// OAuth is an integration or service app with a refresh token.
type OAuth struct {
	ClientID, ClientSecret string
	// RefreshToken is the first valid refresh token; "" disables the endpoint.
	// Each use returns a new access token and a new refresh token, and invalidates
	// the old refresh token.
	RefreshToken string
}

// TrimSpaces is a Config.Normalize. It removes leading and trailing white space
// and replaces other white space by single spaces.
func TrimSpaces(text string) string { return strings.Join(strings.Fields(text), " ") }

// normalize returns a name as the service stores it.
func (c *Config) normalize(name string) string {
	if c.Normalize == nil {
		return name
	}
	return c.Normalize(name)
}

// rules returns the settings of package contract.
func (c *Config) rules() contract.Rules {
	return contract.Rules{
		MaxOperations:  c.MaxOperations,
		RequireSchemas: c.RequireSchemas, RefuseUnknown: c.RefuseUnknown, RefuseReadOnly: c.RefuseReadOnly, ExactOps: c.ExactOps,
		UntypedMembers: c.UntypedMembers, CapitalOperations: c.CapitalOperations,
		ZeroFailOnErrors: c.ZeroFailOnErrors, TextData: c.TextData,
	}
}

// working returns the settings of package bulk.
func (c *Config) working() bulk.Settings {
	return bulk.Settings{
		WriteLag: c.WriteLag, Normalize: c.normalize,
		UnknownReferenceStatus: c.UnknownReferenceStatus, UnattemptedStatus: c.UnattemptedStatus,
		AppendDoubles: c.AppendDoubles, NoPathReferences: c.NoPathReferences,
		LastReferenceOnly: c.LastReferenceOnly, UniqueGroupNames: c.UniqueGroupNames,
	}
}

// reading returns the settings of package read.
func (c *Config) reading() read.Settings {
	return read.Settings{
		OrgID: c.OrgID, Owner: c.Owner, PageSize: c.PageSize, Normalize: c.normalize,
		IgnoreFilter: c.IgnoreFilter, RepeatFound: c.RepeatFound,
	}
}

// withDefaults returns c with its zero values filled in.
func (c Config) withDefaults() Config {
	c.OrgID = strings.ToLower(cmp.Or(c.OrgID, DefaultOrgID))
	c.Token = cmp.Or(c.Token, DefaultToken)
	c.MaxOperations = cmp.Or(c.MaxOperations, DefaultMaxOperations)
	c.MaxPayload = cmp.Or(c.MaxPayload, DefaultMaxPayload)
	c.PageSize = cmp.Or(c.PageSize, DefaultPageSize)
	c.MaxSearchStatus = cmp.Or(c.MaxSearchStatus, http.StatusRequestURITooLong)
	c.UnknownReferenceStatus = cmp.Or(c.UnknownReferenceStatus, http.StatusBadRequest)
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	c.Rate.Window = cmp.Or(c.Rate.Window, time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// base returns the start of the locations in the answer to r.
func (c *Config) base(r *http.Request) string {
	switch {
	case c.BaseURL != "":
		return c.BaseURL
	case r.URL.Host != "": // a client's request, through Transport
		return r.URL.Scheme + "://" + r.URL.Host
	case r.TLS != nil:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
