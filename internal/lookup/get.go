package lookup

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/redact"
	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/wire"
)

// How often a read is tried, and the bound of the wait after the first failure
// that the throttle does not wait for.
const (
	mostAttempts = 5
	backOff      = 200 * time.Millisecond
)

// Resource is a user or group. A member that the service left out has its zero
// value.
type Resource struct {
	// ID is "" too if it cannot stand in a path, or if Location names another type
	// of resource or another organization.
	ID            string
	Name          string // userName or displayName
	ExternalID    string
	HasExternalID bool // the member is there, if only with null
	Location      string
	Version       string
	Created       time.Time // by the service's clock, as Modified and Date
	Modified      time.Time
	// Date is when the answer was made, cut to seconds.
	Date time.Time
	// Raw is the whole resource as JSON, for comparing. It is full of personal
	// data, and is nil where it held the token.
	Raw json.RawMessage
}

// Error is why a lookup has no answer: nothing is known then, not even that a
// resource is absent. A lookup without an error is a sign of life of the
// service.
type Error struct {
	// Answer is the last answer, except that Alive tells of all answers to the
	// lookup whether any came from the service itself.
	transport.Answer
}

// Error tells why, without the names that were looked for.
func (e *Error) Error() string { return "lookup: " + e.Err.Error() }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// contradiction is the error of a list whose pages contradict each other.
func contradiction(err error) *Error {
	return &Error{transport.Answer{Kind: transport.NoResponse, Alive: true, Err: err}}
}

// Get reads the user or group (kind is Users or Groups) with this id. It is not
// found only if the service itself says so, which may be because reads lag
// behind writes. The error is an *Error.
func Get(ctx context.Context, c *transport.Client, kind, id string) (res Resource, found bool, err error) {
	if !location.IsKnown(kind) || !location.IsID(id) {
		return res, false, &Error{transport.Answer{Kind: transport.Rejected, Err: errors.New("invalid resource type or ID")}}
	}
	l := &lookup{c: c, kind: kind}
	err = l.read(ctx, func(ctx context.Context, api *gen.Client) (*http.Response, error) {
		if l.isGroups() {
			return api.GetGroup(ctx, c.OrgID(), id, nil)
		}
		return api.GetUser(ctx, c.OrgID(), id)
	}, func(r *transport.Response) bool {
		if body, ok := readable(r); ok {
			res = l.resource(body, r)
			found = strings.EqualFold(res.ID, id)
			return found
		}
		absent := r.Status == http.StatusNotFound || r.Status == http.StatusGone
		return absent && r.Kind == transport.Denied && r.Refused(nil).Alive
	})
	if !found {
		return Resource{}, false, err
	}
	return res, true, nil
}

// Me reads the user to whom the token belongs. The error is an *Error; its
// Status is 404 where the token belongs to none, as that of a service app.
func Me(ctx context.Context, c *transport.Client) (me Resource, err error) {
	l := &lookup{c: c, kind: "Users"}
	err = l.read(ctx, func(ctx context.Context, api *gen.Client) (*http.Response, error) {
		return api.GetMe(ctx)
	}, func(r *transport.Response) bool {
		body, ok := readable(r)
		me = l.anyResource(body, r) // it may be of another organization, and says of which
		return ok && me.ID != ""
	})
	return me, err
}

// lookup is a number of reads that belong together.
type lookup struct {
	c     *transport.Client
	kind  string   // Users or Groups
	names []string // that are looked for
	alive bool     // an answer came from the service itself
}

func (l *lookup) isGroups() bool { return strings.EqualFold(l.kind, "Groups") }

// read sends a request that changes nothing, and repeats it after any failure
// that may pass. parse reports whether it could read the answer. The error is
// an *Error.
func (l *lookup) read(ctx context.Context, send transport.Sender, parse func(*transport.Response) bool) error {
	req := transport.Request{Send: send, Hidden: redact.Redactor{Texts: l.names}}
	for attempt := 1; ; attempt++ {
		r := l.c.Call(ctx, ctx, req)
		a := readAnswer(r, parse)
		l.c.Log(ctx, "lookup", r, a)
		l.alive = l.alive || a.Alive
		a.Alive = l.alive
		switch {
		case a.Kind == transport.Answered:
			return nil
		case a.Kind == transport.Rejected, a.Kind == transport.Denied, attempt == mostAttempts:
			return &Error{a}
		case a.Kind == transport.Waiting:
			continue // the throttle waits
		}
		select {
		case <-time.After(rand.N(backOff << (attempt - 1))):
		case <-ctx.Done():
			return &Error{a}
		}
	}
}

func readAnswer(r *transport.Response, parse func(*transport.Response) bool) transport.Answer {
	if parse(r) {
		return r.Accepted()
	}
	a := r.Refused(errors.New("the answer cannot be read"))
	if isLong(a.Status) {
		a.Kind = transport.Rejected // for the names in its url
	}
	return a
}

// isLong reports whether the url of a request was too long.
func isLong(status int) bool {
	return status == http.StatusRequestURITooLong || status == http.StatusRequestHeaderFieldsTooLarge
}

// readable returns the body of an answer that may hold what was asked for.
func readable(r *transport.Response) ([]byte, bool) {
	body, err := r.Body()
	return body, err == nil && r.Kind == transport.Answered
}

// resource reads one resource of the organization. One of another type or
// organization has no ID.
func (l *lookup) resource(raw []byte, r *transport.Response) Resource {
	res := l.anyResource(raw, r)
	at, _ := location.Parse(res.Location)
	if location.IsKnown(at.Type) && !at.IsOf(l.kind, l.c.OrgID()) {
		res.ID = ""
	}
	return res
}

// anyResource reads one resource of a response. A member of another type than
// it should have reads as absent.
func (l *lookup) anyResource(raw []byte, r *transport.Response) Resource {
	var m struct {
		ID, UserName, DisplayName wire.Text
		ExternalID                json.RawMessage
		Meta                      struct{ Location, Version, Created, LastModified wire.Text }
	}
	_ = json.Unmarshal(raw, &m) // a member of another type costs only itself
	name := m.UserName
	if l.isGroups() {
		name = m.DisplayName
	}
	var externalID wire.Text
	_ = externalID.UnmarshalJSON(m.ExternalID)
	token := r.Redactor.Token
	res := Resource{
		ID: token.Without(string(m.ID)), Name: string(name),
		ExternalID: string(externalID), HasExternalID: m.ExternalID != nil,
		Location: token.Location(string(m.Meta.Location)), Version: token.Without(string(m.Meta.Version)),
		Created: timestamp(m.Meta.Created), Modified: timestamp(m.Meta.LastModified), Date: r.Date,
	}
	if !location.IsID(res.ID) {
		res.ID = ""
	}
	if !token.In(string(raw)) {
		res.Raw = raw
	}
	return res
}

// timestamp is a time as RFC 7643 section 2.3.5 writes it, the zero time if it
// is none.
func timestamp(text wire.Text) time.Time {
	t, _ := time.Parse(time.RFC3339, string(text))
	return t
}
