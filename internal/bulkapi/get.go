package bulkapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/wire"
)

// How often a read is tried, and the bound of the wait after the first failure
// that the throttle does not wait for.
const (
	lookupAttempts = 5
	lookupBackOff  = 200 * time.Millisecond
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

// LookupError is why a lookup has no answer: nothing is known then, not even
// that a resource is absent. A lookup without an error is a sign of life of the
// service.
type LookupError struct {
	// Kind is that of the last answer.
	Kind Kind
	// Alive tells that some answer during the lookup came from the service itself,
	// as Answer.Alive does.
	Alive bool
	// Status is the HTTP status of the last answer, 0 when there was none.
	Status int
	// Date is when the last answer was made by the service's clock, the zero time
	// if it does not say.
	Date time.Time
	// Err is an *Error if the service said anything, else why there is no answer.
	Err error
}

// Error tells why, without the names that were looked for.
func (e *LookupError) Error() string { return "lookup: " + e.Err.Error() }

// Unwrap returns Err.
func (e *LookupError) Unwrap() error { return e.Err }

// Get reads the user or group (kind is Users or Groups) with this id. It is not
// found where the service itself says so, which may be because reads lag behind
// writes. The error is a *LookupError.
func (x *Client) Get(ctx context.Context, kind, id string) (res Resource, found bool, err error) {
	if !location.IsKnown(kind) || !location.IsID(id) {
		return Resource{}, false, &LookupError{Kind: Rejected, Err: errors.New("invalid resource type or ID")}
	}
	l := &lookup{x: x, kind: kind}
	err = l.read(ctx, func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
		if l.isGroups() {
			return x.gen.GetGroup(ctx, x.cfg.OrgID, id, nil, edit)
		}
		return x.gen.GetUser(ctx, x.cfg.OrgID, id, edit)
	}, func(r response) bool {
		if r.kind == Answered {
			res = l.resource(trim(r.body), r)
			found = strings.EqualFold(res.ID, id)
			return found
		}
		absent := r.status == http.StatusNotFound || r.status == http.StatusGone
		return absent && readError(r.body).spoke
	})
	if !found {
		return Resource{}, false, err
	}
	return res, true, nil
}

// Me reads the user to whom the token belongs. The error is a *LookupError; its
// Status is 404 where the token belongs to none, as that of a service app.
func (x *Client) Me(ctx context.Context) (me Resource, err error) {
	l := &lookup{x: x, kind: "Users"}
	err = l.read(ctx, func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
		return x.gen.GetMe(ctx, edit)
	}, func(r response) bool {
		me = l.anyResource(trim(r.body), r) // it may be of another organization, and says of which
		return r.kind == Answered && me.ID != ""
	})
	return me, err
}

// lookup is a number of reads that belong together.
type lookup struct {
	x     *Client
	kind  string   // Users or Groups
	names []string // that are looked for
	alive bool     // an answer came from the service itself
}

func (l *lookup) isGroups() bool { return strings.EqualFold(l.kind, "Groups") }

// read sends a request that changes nothing, and repeats it after any failure
// that may pass. parse reports whether it could read the answer. The error is a
// *LookupError.
func (l *lookup) read(ctx context.Context, send sender, parse func(response) bool) error {
	for attempt := 1; ; attempt++ {
		r := l.x.call(ctx, ctx, send)
		if r.broken == nil && parse(r) {
			l.alive = true
			l.x.log(ctx, "lookup", r, Answered, r.headerID(), nil)
			return nil
		}
		failure := l.failure(r)
		l.x.log(ctx, "lookup", r, failure.Kind, r.headerID(), failure)
		if failure.Kind == Rejected || failure.Kind == Denied || attempt == lookupAttempts {
			return failure
		}
		if failure.Kind != Waiting {
			select {
			case <-time.After(rand.N(lookupBackOff << (attempt - 1))):
			case <-ctx.Done():
				return failure
			}
		}
	}
}

// failure is why a response is no answer to a lookup.
func (l *lookup) failure(r response) *LookupError {
	red := redactorOf(r.token)
	red.Texts = l.names
	f := &LookupError{Kind: r.kind, Status: r.status, Date: r.date()}
	if r.err != nil {
		f.Err = cleaned(r.err, red)
	} else {
		var alive bool
		f.Err, f.Kind, alive = r.refusal("the answer cannot be read", red)
		l.alive = l.alive || alive
	}
	if isLong(f) {
		f.Kind = Rejected // for the names in its url
	}
	f.Alive = l.alive
	return f
}

// search asks for a page of users or groups. The parameters of the two searches
// have the same names.
func (l *lookup) search(q gen.SearchUsersParams) sender {
	return func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
		if l.isGroups() {
			return l.x.gen.SearchGroups(ctx, l.x.cfg.OrgID, &gen.SearchGroupsParams{
				Filter: q.Filter, Attributes: q.Attributes, SortBy: q.SortBy, SortOrder: q.SortOrder,
				StartIndex: q.StartIndex, Count: q.Count,
			}, edit)
		}
		return l.x.gen.SearchUsers(ctx, l.x.cfg.OrgID, &q, edit)
	}
}

// page is one page of a list.
type page[T any] struct {
	items []T
	total int // of all pages, negative if the service does not say
}

// readPage reads one page, RFC 7644 section 3.4.2, leniently. item reads an
// entry, and reports whether the page is of use with it. An answer that names
// neither a total nor entries is no page: an empty page would say that nothing
// exists. Webex documents two attributes that count the entries.
func readPage[T any](
	ctx context.Context, l *lookup, send sender, item func(json.RawMessage, response) (T, bool),
) (p page[T], err error) {
	err = l.read(ctx, send, func(r response) bool {
		var list struct {
			MemberSize, TotalResults wire.Text
			Members, Resources       []json.RawMessage
		}
		if r.kind != Answered || json.Unmarshal(trim(r.body), &list) != nil {
			return false
		}
		total, err := strconv.Atoi(string(cmp.Or(list.MemberSize, list.TotalResults)))
		if err != nil {
			total = -1
		}
		p = page[T]{total: total}
		for _, raw := range append(list.Members, list.Resources...) {
			entry, ok := item(raw, r)
			if !ok || len(p.items) == maxEntries {
				return false
			}
			p.items = append(p.items, entry)
		}
		return p.total >= 0 || list.Resources != nil
	})
	return p, err
}

// resource reads one resource of the organization. One of another type or
// organization has no ID.
func (l *lookup) resource(raw []byte, r response) Resource {
	res := l.anyResource(raw, r)
	at, _ := location.Parse(res.Location)
	if location.IsKnown(at.Type) && !at.IsOf(l.kind, l.x.cfg.OrgID) {
		res.ID = ""
	}
	return res
}

// anyResource reads one resource of a response. A member of another type than
// it should have reads as absent.
func (l *lookup) anyResource(raw []byte, r response) Resource {
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
	res := Resource{
		ID: r.token.Without(string(m.ID)), Name: string(name),
		ExternalID: string(externalID), HasExternalID: m.ExternalID != nil,
		Location: r.token.Location(string(m.Meta.Location)), Version: r.token.Without(string(m.Meta.Version)),
		Created: timestamp(m.Meta.Created), Modified: timestamp(m.Meta.LastModified), Date: r.date(),
	}
	if !location.IsID(res.ID) {
		res.ID = ""
	}
	if !r.token.In(string(raw)) {
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
