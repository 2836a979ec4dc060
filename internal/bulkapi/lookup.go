package bulkapi

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/webexscim/bulk/gen"
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

// Resource is a user or group that a lookup found. A member that the service left out is "".
type Resource struct {
	ID         string
	Name       string // userName or displayName
	ExternalID string
	Location   string
	Version    string
	// Age is how long ago it was created when the answer was made, both by the service's clock; negative if the service does
	// not say.
	Age time.Duration
}

// LookupError is why a lookup has no answer: nothing is known then, not even that a resource is absent.
type LookupError struct {
	// Kind is that of the last request.
	Kind Kind
	// Status is its HTTP status, 0 when there was none.
	Status int
	// Err is an *Error if the service said anything, else why there is no answer.
	Err error
}

// Error tells why, without the names that were looked for.
func (e *LookupError) Error() string { return "lookup: " + e.Err.Error() }

// Unwrap returns Err.
func (e *LookupError) Unwrap() error { return e.Err }

// FindUsers finds the users that have one of these userNames, regardless of case, in no certain order. A name without a
// resource was not found, which may be because reads lag behind writes. The error is a *LookupError.
func (x *Client) FindUsers(ctx context.Context, userNames []string) ([]Resource, error) {
	return x.find(ctx, "userName", userNames, func(filter string, start, count int) sender {
		return func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
			return x.gen.SearchUsers(ctx, x.cfg.OrgID,
				&gen.SearchUsersParams{Filter: &filter, StartIndex: &start, Count: &count}, edit)
		}
	})
}

// FindGroups finds the groups that have one of these displayNames, regardless of case. Several groups may have the same.
// Otherwise it is like FindUsers.
func (x *Client) FindGroups(ctx context.Context, displayNames []string) ([]Resource, error) {
	return x.find(ctx, "displayName", displayNames, func(filter string, start, count int) sender {
		return func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
			return x.gen.SearchGroups(ctx, x.cfg.OrgID,
				&gen.SearchGroupsParams{Filter: &filter, StartIndex: &start, Count: &count}, edit)
		}
	})
}

// search makes the request for one page of what a filter selects.
type search func(filter string, start, count int) sender

func (x *Client) find(ctx context.Context, attribute string, names []string, s search) ([]Resource, error) {
	asked := make(map[string]bool, len(names))
	for _, name := range names {
		asked[string(fold(name))] = true
	}
	var found []Resource
	for q := range queries(attribute, names) {
		more, err := x.pages(ctx, q, asked, s)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// query is a search for some names.
type query struct {
	attribute string
	filter    string
	names     []string
}

// queries yields queries that together ask for all names, each once.
func queries(attribute string, names []string) iter.Seq[query] {
	return func(yield func(query) bool) {
		q, size := query{attribute: attribute}, 0
		seen := make(map[string]bool, len(names))
		for _, name := range names {
			key := string(fold(name))
			if name == "" || seen[key] {
				continue
			}
			seen[key] = true
			// A filter's value is a JSON string, RFC 7644 section 3.4.2.2.
			term := appendString([]byte(attribute+" eq "), name)
			width := len(url.QueryEscape(string(term))) + len("%20or%20")
			if n := len(q.names); n == namesPerQuery || n > 0 && size+width > longestFilter {
				if !yield(q) {
					return
				}
				q, size = query{attribute: attribute}, 0
			}
			if q.filter != "" {
				q.filter += " or "
			}
			q.filter += string(term)
			q.names = append(q.names, name)
			size += width
		}
		if q.filter != "" {
			yield(q)
		}
	}
}

// pages reads all pages of one filter. It goes on by what a page holds, since services give less than asked for, and ends
// where a page holds nothing new, since some give the same page whatever was asked.
func (x *Client) pages(ctx context.Context, q query, asked map[string]bool, s search) ([]Resource, error) {
	var found []Resource
	seen := make(map[Resource]bool)
	for start, n := 1, 0; n < mostPages; n++ {
		p, err := x.page(ctx, q, s(q.filter, start, pageSize))
		if err != nil {
			return nil, err
		}
		fresh := false
		for _, r := range p.resources {
			key := r
			key.Age = 0 // of which page it stands on
			if r.ID != "" {
				key = Resource{ID: r.ID}
			}
			if seen[key] {
				continue
			}
			seen[key], fresh = true, true
			if asked[string(fold(r.Name))] {
				found = append(found, r)
			}
		}
		start += p.entries
		if !fresh || p.total > 0 && start > p.total {
			return found, nil
		}
	}
	return nil, &LookupError{Kind: Unknown, Err: fmt.Errorf("over %d pages", mostPages)}
}

// page reads one page. A search changes nothing, so that it is repeated after any failure that may pass.
func (x *Client) page(ctx context.Context, q query, send sender) (page, error) {
	for attempt := 1; ; attempt++ {
		r := x.call(ctx, ctx, send)
		p, failure := readPage(r, q)
		x.logPage(ctx, r, p, failure)
		if failure == nil {
			return p, nil
		}
		passing := failure.Kind == NotSent || failure.Kind == Waiting || failure.Kind == Unknown
		if !passing || attempt == lookupAttempts || ctx.Err() != nil {
			return page{}, failure
		}
		if failure.Kind != Waiting && !pause(ctx, lookupBackOff<<(attempt-1)) {
			return page{}, failure
		}
	}
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

// data is the names in the form of an operation, whose data is kept out of texts.
func (q query) data() Operation {
	data, _ := json.Marshal(q.names) // strings always can be
	return Operation{Data: data}
}

func (x *Client) logPage(ctx context.Context, r response, p page, failure *LookupError) {
	level, kind := slog.LevelDebug, Answered
	attrs := append(make([]slog.Attr, 0, 7), slog.Int("resources", len(p.resources)), slog.Int("status", r.status),
		slog.Duration("duration", r.took), slog.String("trackingId", firstOf(r.headerID(), r.trackingID)))
	if failure != nil {
		level, kind = slog.LevelInfo, failure.Kind
		attrs = append(attrs, slog.String("error", failure.Error()))
	}
	x.cfg.Logger.LogAttrs(ctx, level, "lookup", append(attrs, slog.String("kind", kind.String()))...)
}
