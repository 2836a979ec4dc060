package bulkapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/location"
)

// Bounds of a lookup.
const (
	namesPerQuery  = 50
	longestFilter  = 5500 // bytes, as it stands in the url: some 6,000 with all around it
	pageSize       = 100  // what Webex gives by default
	mostPages      = 100
	lookupAttempts = 5
	lookupBackOff  = 200 * time.Millisecond // bound of the wait after the first failure that the throttle does not wait for
)

// Resource is a user or group that a lookup found. A member that the service left out has its zero value.
type Resource struct {
	// ID is "" too if it cannot stand in a path, or if Location names another type of resource or another organization.
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
	// Raw is the whole resource as JSON, for comparing. It is full of personal data, and is nil where it held the token.
	Raw json.RawMessage
}

// LookupError is why a lookup has no answer: nothing is known then, not even that a resource is absent. A lookup without an
// error is a sign of life of the service.
type LookupError struct {
	// Kind is that of the last answer.
	Kind Kind
	// Alive tells that some answer during the lookup came from the service itself, as Answer.Alive does.
	Alive bool
	// Status is the HTTP status of the last answer, 0 when there was none.
	Status int
	// Date is when the last answer was made by the service's clock, the zero time if it does not say.
	Date time.Time
	// Err is an *Error if the service said anything, else why there is no answer.
	Err error
}

// Error tells why, without the names that were looked for.
func (e *LookupError) Error() string { return "lookup: " + e.Err.Error() }

// Unwrap returns Err.
func (e *LookupError) Unwrap() error { return e.Err }

// FindUsers finds the users that have one of these userNames, in no certain order, each once. Names compare by fold.Fold.
// A name without a resource was not found, which may be because reads lag behind writes. The error is a *LookupError.
func (x *Client) FindUsers(ctx context.Context, userNames []string) ([]Resource, error) {
	return x.find(ctx, "Users", userNames)
}

// FindGroups finds the groups that have one of these displayNames. Several groups may have the same. Otherwise it is like
// FindUsers.
func (x *Client) FindGroups(ctx context.Context, displayNames []string) ([]Resource, error) {
	return x.find(ctx, "Groups", displayNames)
}

// Get reads the user or group (kind is Users or Groups) with this id. It is not found where the service itself says so, which
// may be because reads lag behind writes. The error is a *LookupError.
func (x *Client) Get(ctx context.Context, kind, id string) (res Resource, found bool, err error) {
	if !location.IsKnown(kind) || !location.IsID(id) {
		return Resource{}, false, &LookupError{Kind: Rejected, Err: errors.New("invalid resource type or ID")}
	}
	l := newLookup(x, kind, nil)
	failure := l.read(ctx, func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
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
		return absent && readError(r.body, 0).spoke
	})
	switch {
	case failure != nil:
		return Resource{}, false, failure
	case !found:
		return Resource{}, false, nil
	}
	return res, true, nil
}

// lookup is one lookup of any number of names.
type lookup struct {
	x     *Client
	kind  string
	names []string
	asked map[string]bool // the names, folded
	known map[string]bool // resources that were found, by id
	found []Resource
	alive bool
}

func newLookup(x *Client, kind string, names []string) *lookup {
	l := &lookup{x: x, kind: kind, names: names, asked: make(map[string]bool, len(names)), known: make(map[string]bool)}
	for _, name := range names {
		l.asked[fold.Fold(name)] = true
	}
	return l
}

func (l *lookup) isGroups() bool { return strings.EqualFold(l.kind, "Groups") }

// attribute is what holds the name.
func (l *lookup) attribute() string {
	if l.isGroups() {
		return "displayName"
	}
	return "userName"
}

func (x *Client) find(ctx context.Context, kind string, names []string) ([]Resource, error) {
	l := newLookup(x, kind, names)
	most := namesPerQuery
	for terms := l.terms(); len(terms) > 0; {
		n := fit(terms, most)
		failure := l.pages(ctx, strings.Join(terms[:n], " or "))
		switch {
		case failure != nil && failure.isLong() && n > 1:
			most = n / 2
		case failure != nil:
			return nil, failure
		default:
			terms = terms[n:]
		}
	}
	return l.found, nil
}

// terms are the parts of a filter that ask for each name once, regardless of case (RFC 7644 section 3.4.2.2: a value is a
// JSON string). A name that services may have trimmed or composed is asked for in that form too.
func (l *lookup) terms() []string {
	var terms []string
	known := make(map[string]bool, len(l.names))
	for _, name := range l.names {
		for _, form := range []string{name, strings.TrimSpace(name), fold.Compose(fold.Spaces(name))} {
			key := strings.Map(fold.Rune, form)
			if form == "" || known[key] {
				continue
			}
			known[key] = true
			terms = append(terms, string(appendString([]byte(l.attribute()+" eq "), form)))
		}
	}
	return terms
}

// fit is how many terms go into one query: one at least, and no more than most or than the url can hold.
func fit(terms []string, most int) int {
	size := 0
	for n, term := range terms {
		size += len(url.QueryEscape(term)) + len("%20or%20")
		if n == most || n > 0 && size > longestFilter {
			return n
		}
	}
	return len(terms)
}

// pages reads all pages of one filter. It goes on by what a page holds, since services give less than asked for, and ends
// where a page holds nothing new, since some give the same page whatever was asked.
func (l *lookup) pages(ctx context.Context, filter string) *LookupError {
	seen := make(map[string]bool)
	for start, n := 1, 0; n < mostPages; n++ {
		var p page
		failure := l.read(ctx, l.search(filter, start), func(r response) (ok bool) {
			p, ok = l.readPage(r)
			return ok
		})
		if failure != nil {
			return failure
		}
		fresh := false
		for _, r := range p.resources {
			key := cmp.Or(r.ID, string(r.Raw))
			if seen[key] {
				continue
			}
			seen[key], fresh = true, true
			// Some services ignore the filter, or give a resource to two queries.
			if l.asked[fold.Fold(r.Name)] && !l.known[key] {
				l.known[key] = true
				l.found = append(l.found, r)
			}
		}
		start += p.entries
		if !fresh || p.total > 0 && start > p.total {
			return nil
		}
	}
	return &LookupError{Kind: Unknown, Alive: true, Err: fmt.Errorf("over %d pages", mostPages)}
}

// search asks for one page.
func (l *lookup) search(filter string, start int) sender {
	x, count := l.x, pageSize
	return func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
		if l.isGroups() {
			return x.gen.SearchGroups(ctx, x.cfg.OrgID, &gen.SearchGroupsParams{Filter: &filter, StartIndex: &start, Count: &count}, edit)
		}
		return x.gen.SearchUsers(ctx, x.cfg.OrgID, &gen.SearchUsersParams{Filter: &filter, StartIndex: &start, Count: &count}, edit)
	}
}

// read sends a request that changes nothing, and repeats it after any failure that may pass. parse reports whether it could
// read the answer.
func (l *lookup) read(ctx context.Context, send sender, parse func(response) bool) *LookupError {
	for attempt := 1; ; attempt++ {
		r := l.x.call(ctx, ctx, send)
		if r.err == nil && r.broken == nil && parse(r) {
			l.alive = true
			l.log(ctx, r, nil)
			return nil
		}
		failure := l.failure(r)
		l.log(ctx, r, failure)
		passing := failure.Kind == NotSent || failure.Kind == Waiting || failure.Kind == Unknown
		if !passing || attempt == lookupAttempts || ctx.Err() != nil {
			return failure
		}
		if failure.Kind != Waiting && !pause(ctx, lookupBackOff<<(attempt-1)) {
			return failure
		}
	}
}

// failure is why a response is no answer to a lookup.
func (l *lookup) failure(r response) *LookupError {
	red := newRedactor(r.token)
	for _, name := range l.names {
		red.add(name)
	}
	f := &LookupError{Kind: r.kind, Status: r.status, Date: r.date()}
	if r.err != nil {
		f.Err = cleaned(r.err, red)
	} else {
		var alive bool
		f.Err, f.Kind, alive = r.refusal("the answer cannot be read", false, red)
		l.alive = l.alive || alive
	}
	if f.isLong() {
		f.Kind = Rejected // for the names in its url
	}
	f.Alive = l.alive
	return f
}

// isLong reports whether the url of a search was too long.
func (e *LookupError) isLong() bool {
	return e.Status == http.StatusRequestURITooLong || e.Status == http.StatusRequestHeaderFieldsTooLarge
}

// pause waits for up to bound, with full jitter. It returns false when ctx ends first.
func pause(ctx context.Context, bound time.Duration) bool {
	t := time.NewTimer(rand.N(bound))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *lookup) log(ctx context.Context, r response, failure *LookupError) {
	level, kind := slog.LevelDebug, Answered
	attrs := append(make([]slog.Attr, 0, 6), slog.Int("status", r.status), slog.Duration("duration", r.took),
		slog.String("trackingId", firstOf(r.headerID(), r.trackingID)))
	if failure != nil {
		level, kind = slog.LevelInfo, failure.Kind
		attrs = append(attrs, slog.String("error", failure.Error()))
	}
	l.x.cfg.Logger.LogAttrs(ctx, level, "lookup", append(attrs, slog.String("kind", kind.String()))...)
}
