package webextest

import (
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
	// OrgID is the organization, a UUID; "" is DefaultOrgID. Another UUID is
	// answered with 403, anything else with 404.
	OrgID string
	// AnyOrg serves every UUID as an organization of its own.
	AnyOrg bool

	// Token is the access token that is valid from the start; "" is
	// DefaultToken.
	Token string
	// Tokens are further access tokens that are valid.
	Tokens []string
	// Owner is the userName of the user to whom all tokens belong, and whom GET
	// of Users/me answers; "" is a machine account that no search finds.
	Owner string
	// TokenUses is how many requests an access token is good for; afterwards it
	// is answered with 401. 0 is no limit.
	TokenUses int
	// TokenLife is how long an access token is good for, from its first use. 0
	// is for ever.
	TokenLife time.Duration
	// OAuth makes POST /v1/access_token exchange refresh tokens. Its zero value
	// answers 404 there.
	OAuth OAuth

	// MaxOperations is the most operations a Bulk request may hold; 0 is
	// DefaultMaxOperations. More are answered with 413.
	MaxOperations int
	// MaxPayload is the most bytes a request may hold; 0 is DefaultMaxPayload.
	// More are answered with 413.
	MaxPayload int
	// PageSize is the most resources that a search answers at once; 0 is
	// DefaultPageSize.
	PageSize int

	// Seed is what ids and Chaos are drawn from. Equal seeds and equal requests
	// in equal order give equal answers. Start logs it.
	Seed int64
	// Now is the clock; nil is time.Now. Simulator.ShiftClock moves what the
	// service tells of it.
	Now func() time.Time
	// StoreClock is by how much the clock that writes meta.created and
	// meta.lastModified is ahead of that of the Date header; less than 0 is
	// behind. At 0 both are one clock.
	StoreClock time.Duration
	// BaseURL is what locations start with and the only host that Transport
	// accepts, like "https://webexapis.com"; "" takes host and scheme from each
	// request, and https://webexapis.com or a loopback host for Transport.
	BaseURL string

	// Latency passes between the work and the answer of every request.
	Latency time.Duration
	// ReadLag is how long it takes until GET sees a change. Writes, and the
	// check that a userName is free, see it at once, as at the live service.
	ReadLag time.Duration
	// WriteLag is how long it takes until the service can refer to what it has
	// created: before, except within the same request, a path that names it is
	// answered with 404, and a member or manager as one that does not exist. That
	// a userName is taken is known at once.
	WriteLag time.Duration
	// UnknownReferenceStatus answers an operation whose member or manager is not
	// known; 0 is 400.
	UnknownReferenceStatus int
	// Rate limits requests of any kind. Its zero value does not.
	Rate RateLimit

	// Faults is asked about each Bulk request for which Script holds nothing;
	// nil, or an answer of nil, is no fault. It is called from any goroutine.
	Faults func(*Request) *Fault
	// Chaos draws faults from Seed for requests that have none by other means.
	Chaos Chaos
	// Shape, when not nil, alters every answer to a Bulk request, before the
	// Shape of a Fault does. It is called from any goroutine.
	Shape Shape

	// ErrorForm is how the errors of whole requests are written; any but AllForms
	// and those that ErrorForms returns is taken for AllForms.
	ErrorForm ErrorForm

	// MaxSearch is the most bytes that the target of a GET may have; 0 is no
	// limit. A longer one is answered with MaxSearchStatus and a page of HTML.
	MaxSearch int
	// MaxSearchStatus is 414 or 431; 0 is 414.
	MaxSearchStatus int
	// IgnoreFilter makes searches find everything, whatever their filter.
	IgnoreFilter bool
	// RepeatFound makes searches find every resource twice.
	RepeatFound bool
	// Firewall is a text; every request that holds it, in its body or query, is
	// answered with 403 and a page of HTML. "" lets all pass.
	Firewall string

	// Normalize is what the service makes of each userName and displayName that
	// it stores, and of the texts in filters; nil keeps them. See TrimSpaces;
	// norm.NFC.String (golang.org/x/text/unicode/norm) is another.
	Normalize func(string) string
	// AppendDoubles makes the add of a PATCH append values to a list even where
	// the list has them already.
	AppendDoubles bool
	// UnattemptedStatus answers operations that failOnErrors left out, instead
	// of leaving them out: 412 and 409 have been seen elsewhere.
	UnattemptedStatus int
	// NoPathReferences answers 404 to an operation with a bulkId reference in
	// its path. RFC 7644 is silent on those; some services resolve them.
	NoPathReferences bool
	// LastReferenceOnly makes the service resolve only the last reference of an
	// operation, store the others as they are, and report success.
	LastReferenceOnly bool
	// UniqueGroupNames answers 409 to a second group of a displayName.
	UniqueGroupNames bool
	// What follows makes the service stricter or more lenient about what it is not
	// known to do. Each says what is known. What the contract does not have is a
	// Violation even where it is taken, except for members without a type.

	// RequireSchemas refuses users and groups whose data does not name its schema.
	// Without it `schemas` may be absent there, but must be right. Cisco's document
	// requires them, Cisco's schema does not.
	RequireSchemas bool
	// RefuseUnknown refuses to create a resource with attributes that the contract
	// does not have. The service is documented to ignore them.
	RefuseUnknown bool
	// RefuseReadOnly refuses to create a resource with attributes that only the
	// service sets: id, meta, groups. The service is documented to ignore them.
	RefuseReadOnly bool
	// ExactOps refuses the op of a PATCH in any but lower case. RFC 7644 takes any
	// case; of the service it is not known.
	ExactOps bool
	// UntypedMembers takes members without a type. Otherwise they fail their
	// operation wherever a client sends them, as has been seen at the live service.
	UntypedMembers bool
	// CapitalOperations also takes the list of a request as "Operations", which is
	// RFC 7644's spelling. Cisco's document and the clients that are known to work
	// with the service write "operations".
	CapitalOperations bool
	// ZeroFailOnErrors takes failOnErrors 0 as none. The service documents 1 to
	// 100; a script that is not known to work sends 0.
	ZeroFailOnErrors bool
	// TextData also takes data as a string that holds JSON, which is its type in
	// Cisco's document. The clients that are known to work send an object.
	TextData bool

	// DiscardLedger keeps only counts (Stats), for runs of many millions.
	DiscardLedger bool
	// KeepData keeps each operation's data, byte for byte, in the Ledger.
	KeepData bool
}

// RateLimit allows a number of requests in a fixed window of time. The window
// opens with a request, and the next one with the first request after its end.
type RateLimit struct {
	// Requests that each window allows; 0 is no limit.
	Requests int
	// Window is its length; 0 is one minute.
	Window time.Duration
	// RetryAfter writes the header for the time left in the window; nil writes
	// whole seconds, rounded up. "" leaves the header out.
	RetryAfter func(left time.Duration) string
}

// OAuth is an integration or service app that may refresh its tokens.
type OAuth struct {
	ClientID, ClientSecret string
	// RefreshToken is the first valid one; "" switches the endpoint off. Each
	// use answers a new access token and a new refresh token, and the old
	// refresh token is void.
	RefreshToken string
}

// TrimSpaces is a Config.Normalize: it removes white space around a text and
// makes one space of all white space inside.
func TrimSpaces(text string) string { return strings.Join(strings.Fields(text), " ") }

// normalize returns what the service makes of a name.
func (c *Config) normalize(name string) string {
	if c.Normalize == nil {
		return name
	}
	return c.Normalize(name)
}

// rules, working and reading are the parts of the Config for the rooms below.
func (c *Config) rules() contract.Rules {
	return contract.Rules{
		MaxOperations: c.MaxOperations, RequireSchemas: c.RequireSchemas, RefuseUnknown: c.RefuseUnknown, RefuseReadOnly: c.RefuseReadOnly,
		ExactOps: c.ExactOps, UntypedMembers: c.UntypedMembers, CapitalOperations: c.CapitalOperations, ZeroFailOnErrors: c.ZeroFailOnErrors,
		TextData: c.TextData,
	}
}

func (c *Config) working() bulk.Settings {
	return bulk.Settings{
		WriteLag: c.WriteLag, Normalize: c.normalize, UnknownReferenceStatus: c.UnknownReferenceStatus, UnattemptedStatus: c.UnattemptedStatus,
		AppendDoubles: c.AppendDoubles, NoPathReferences: c.NoPathReferences, LastReferenceOnly: c.LastReferenceOnly, UniqueGroupNames: c.UniqueGroupNames,
	}
}

func (c *Config) reading() read.Settings {
	return read.Settings{
		OrgID: c.OrgID, Owner: c.Owner, PageSize: c.PageSize, Normalize: c.Normalize, IgnoreFilter: c.IgnoreFilter, RepeatFound: c.RepeatFound,
	}
}

// withDefaults returns c with its zero values filled in.
func (c Config) withDefaults() Config {
	c.OrgID = strings.ToLower(orElse(c.OrgID, DefaultOrgID))
	c.Token = orElse(c.Token, DefaultToken)
	c.MaxOperations = orElse(c.MaxOperations, DefaultMaxOperations)
	c.MaxPayload = orElse(c.MaxPayload, DefaultMaxPayload)
	c.PageSize = orElse(c.PageSize, DefaultPageSize)
	c.MaxSearchStatus = orElse(c.MaxSearchStatus, http.StatusRequestURITooLong)
	c.UnknownReferenceStatus = orElse(c.UnknownReferenceStatus, http.StatusBadRequest)
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	c.Rate.Window = orElse(c.Rate.Window, time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// orElse returns v, or instead when v is zero.
func orElse[T comparable](v, instead T) T {
	var zero T
	if v == zero {
		return instead
	}
	return v
}

// base returns what the locations in the answer to r start with.
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
