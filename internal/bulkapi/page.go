package bulkapi

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/wire"
)

// page is one page of a search.
type page struct {
	resources []Resource
	entries   int // how many the page holds, readable or not
	total     int // of all pages, 0 if the service does not say
}

// readPage reads the answer to a search, RFC 7644 section 3.4.2, leniently, each resource by itself. What names neither a
// total nor resources is none: to take it for an empty page would be to say that nothing exists.
func (l *lookup) readPage(r response) (page, bool) {
	var list struct {
		TotalResults wire.Text
		Resources    []json.RawMessage
	}
	if r.kind != Answered || json.Unmarshal(trim(r.body), &list) != nil || len(list.Resources) > maxEntries {
		return page{}, false
	}
	total, err := strconv.Atoi(string(list.TotalResults))
	if err != nil && list.Resources == nil {
		return page{}, false
	}
	p := page{entries: len(list.Resources), total: max(total, 0)}
	for _, raw := range list.Resources {
		if res := l.resource(raw, r); res.Name != "" {
			p.resources = append(p.resources, res)
		}
	}
	return p, true
}

// resource reads one resource of the organization. One of another type or organization has no ID.
func (l *lookup) resource(raw []byte, r response) Resource {
	res := l.anyResource(raw, r)
	at, err := location.Parse(res.Location)
	if err == nil && location.IsKnown(at.Type) && !at.IsOf(l.kind, l.x.cfg.OrgID) {
		res.ID = ""
	}
	return res
}

// anyResource reads one resource of a response. A member of another type than it should have reads as absent.
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
		ID: r.token.without(string(m.ID)), Name: string(name), ExternalID: string(externalID), HasExternalID: m.ExternalID != nil,
		Location: r.token.location(string(m.Meta.Location)), Version: r.token.without(string(m.Meta.Version)),
		Created: timestamp(m.Meta.Created), Modified: timestamp(m.Meta.LastModified), Date: r.date(),
	}
	if !location.IsID(res.ID) {
		res.ID = ""
	}
	if !r.token.in(string(raw)) {
		res.Raw = raw
	}
	return res
}

// timestamp is a time as RFC 7643 section 2.3.5 writes it, the zero time if it is none.
func timestamp(text wire.Text) time.Time {
	t, _ := time.Parse(time.RFC3339, string(text))
	return t
}
