package bulkapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/webexscim/bulk/wire"
)

// page is one page of a search.
type page struct {
	resources []Resource
	entries   int // how many the page holds, readable or not
	total     int // of all pages, 0 if the service does not say
}

// readPage reads the answer to a search, RFC 7644 section 3.4.2.
func readPage(r response, q query) (page, *LookupError) {
	if r.err != nil {
		return page{}, &LookupError{Kind: r.kind, Status: r.status, Err: cleaned(r.err, r.token, q.data())}
	}
	note := ""
	if r.kind == Answered {
		p, ok := parsePage(r.body, q.attribute, date(r.header))
		if ok && r.broken == nil {
			for i := range p.resources {
				p.resources[i].hide(r.token)
			}
			return p, nil
		}
		r.kind, note = Unknown, "the answer is not a page of resources"
	}
	e := readRefusal(r)
	e.note, e.cause = note, cleaned(r.broken, r.token, q.data())
	e.clean(r.token, q.data())
	return page{}, &LookupError{Kind: r.kind, Status: r.status, Err: e}
}

// parsePage reads a page leniently, each resource by itself. What names neither a total nor resources is none: to take it
// for an empty page would be to say that nothing exists.
func parsePage(body []byte, attribute string, date time.Time) (page, bool) {
	var list struct {
		TotalResults wire.Text
		Resources    []json.RawMessage
	}
	if err := json.Unmarshal(trim(body), &list); err != nil {
		return page{}, false
	}
	total, err := strconv.Atoi(string(list.TotalResults))
	if err != nil && list.Resources == nil {
		return page{}, false
	}
	p := page{entries: len(list.Resources), total: max(total, 0)}
	for _, raw := range list.Resources {
		var r struct {
			ID, UserName, DisplayName, ExternalID wire.Text
			Meta                                  struct{ Location, Version, Created wire.Text }
		}
		_ = json.Unmarshal(raw, &r) // a member of another type costs only itself
		name := r.UserName
		if attribute == "displayName" {
			name = r.DisplayName
		}
		if name == "" {
			continue
		}
		p.resources = append(p.resources, Resource{
			ID: string(r.ID), Name: string(name), ExternalID: string(r.ExternalID), Location: string(r.Meta.Location),
			Version: string(r.Meta.Version), Age: age(string(r.Meta.Created), date),
		})
	}
	return p, true
}

// hide takes the token out of what is kept of a resource.
func (r *Resource) hide(token forms) {
	r.ID, r.Location, r.Version = token.without(r.ID), token.location(r.Location), token.without(r.Version)
}

// date is when an answer was made, the zero time if it does not say.
func date(h http.Header) time.Time {
	t, _ := http.ParseTime(h.Get("Date"))
	return t
}

// age is the time from created, as RFC 7643 section 2.3.5 writes it, to date, which is cut to whole seconds (RFC 9110
// section 5.6.7).
func age(created string, date time.Time) time.Duration {
	t, err := time.Parse(time.RFC3339, created)
	if err != nil || date.IsZero() {
		return -1
	}
	return max(0, date.Sub(t))
}
