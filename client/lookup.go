package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/plan"
)

// sought is an operation that a lookup is to tell about.
type sought struct {
	index      int
	create     bool
	kind       string // of resource
	name       string // of what a create makes
	externalID string
	id         string          // of what a PATCH or DELETE changes
	data       json.RawMessage // as it was sent
	pending    *pending
	known      []plan.Known // references of a create whose ids are known
}

func (r *run) lookupFor(l engine.Lookup) []sought {
	var out []sought
	for _, search := range l.Creates {
		p := r.ops.must(search.Index)
		s := sought{index: search.Index, create: true, pending: p, known: search.Known}
		s.data = p.encode(s.known, "").Data
		s.kind, s.name, s.externalID = p.natural()
		out = append(out, s)
	}
	for _, read := range l.Reads {
		p := r.ops.must(read.Index)
		out = append(out, sought{index: read.Index, kind: resourceType(p.route), id: read.ID, data: p.encode(read.Known, "").Data})
	}
	return out
}

// lookUp searches for what creates have made and reads what changes have
// changed.
func (r *run) lookUp(number int, asked []sought) func() {
	f := finder{ctx: r.leave, run: r, byKind: map[string][]sought{}, raw: map[string]json.RawMessage{}, stored: map[int]map[string]json.RawMessage{}}
	for _, s := range asked {
		if s.create {
			f.byKind[s.kind] = append(f.byKind[s.kind], s)
		} else {
			f.read(s)
		}
	}
	for kind, all := range f.byKind {
		f.search(kind, all)
	}
	f.compareReferences(asked)
	f.markOwned()
	return func() {
		for index, stored := range f.stored {
			if p, err := r.ops.get(index); err == nil { // else it is over
				r.ops.change(p, func() { p.stored = stored })
			}
		}
		r.engine.Found(r.now(), number, f.findings, f.alive, f.date)
	}
}

// finder collects the findings of one lookup.
type finder struct {
	ctx      context.Context
	run      *run
	byKind   map[string][]sought
	findings []engine.Finding
	raw      map[string]json.RawMessage         // of the candidates, by id
	stored   map[int]map[string]json.RawMessage // those of creates that may become updates
	alive    bool
	date     time.Time
}

func (f *finder) note(alive bool, date time.Time) {
	f.alive = f.alive || alive
	if alive && date.After(f.date) {
		f.date = date
	}
}

// search finds the resources that have the names of creates. A name that the
// service does not take must not spoil the search for the others.
func (f *finder) search(kind string, all []sought) {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.name
	}
	found, err := f.run.c.search(f.ctx, kind, names)
	if err != nil {
		e := f.failure(err)
		if e != nil && e.Kind == bulkapi.Rejected && len(all) > 1 {
			f.search(kind, all[:len(all)/2])
			f.search(kind, all[len(all)/2:])
			return
		}
		for _, s := range all {
			f.findings = append(f.findings, engine.Finding{Index: s.index, Err: lookupError(err), Final: isFinal(e)})
		}
		return
	}
	f.note(true, time.Time{})
	for _, res := range found {
		f.note(true, res.Date)
	}
	there := byName(found)
	for _, s := range all {
		out := engine.Finding{Index: s.index}
		for _, res := range there[fold.Fold(s.name)] {
			out.Candidates = append(out.Candidates, candidate(s, res))
			f.raw[res.ID] = res.Raw
			if err := f.keep(s, res); err != nil {
				out = engine.Finding{Index: s.index, Err: lookupError(err)}
				break
			}
		}
		f.findings = append(f.findings, out)
	}
}

// keep keeps what is there for comparing it with a create.
func (f *finder) keep(s sought, res bulkapi.Resource) error {
	if f.run.job.Existing != ExistingUpdate {
		return nil
	}
	raw, err := withMembers(f.ctx, f.run.c.api, s.kind, s.data, res)
	if err != nil {
		return err
	}
	if f.stored[s.index] == nil {
		f.stored[s.index] = map[string]json.RawMessage{}
	}
	f.stored[s.index][res.ID] = raw
	return nil
}

// compareReferences compares creates once more that refer to others of the same
// lookup, as in a cycle: a reference counts as the only candidate of that create.
// They are equal only if what is there refers to that candidate.
func (f *finder) compareReferences(asked []sought) {
	byIndex := map[int]*engine.Finding{}
	for i := range f.findings {
		byIndex[f.findings[i].Index] = &f.findings[i]
	}
	var likely []plan.Known
	for _, s := range asked {
		if found := byIndex[s.index]; s.create && s.pending.facts.BulkID != "" && found != nil && len(found.Candidates) == 1 {
			likely = append(likely, plan.Known{Name: s.pending.facts.BulkID, ID: found.Candidates[0].ID})
		}
	}
	for _, s := range asked {
		if found := byIndex[s.index]; s.create && found != nil && len(s.known) < len(s.pending.facts.Refs) {
			data := s.pending.encode(append(likely[:len(likely):len(likely)], s.known...), "").Data
			for i := range found.Candidates {
				found.Candidates[i].Equal = fold.SameJSON(data, f.raw[found.Candidates[i].ID])
			}
		}
	}
}

// failure notes whether the service itself has refused a lookup.
func (f *finder) failure(err error) *bulkapi.LookupError {
	e, ok := errors.AsType[*bulkapi.LookupError](err)
	if ok {
		f.note(e.Alive, e.Date)
	}
	return e
}

// isFinal reports whether asking again is of no use. A token that has expired may
// be renewed by then.
func isFinal(e *bulkapi.LookupError) bool {
	return e != nil && (e.Kind == bulkapi.Rejected || e.Kind == bulkapi.Denied && e.Status != http.StatusUnauthorized)
}

func candidate(s sought, res bulkapi.Resource) engine.Candidate {
	c := engine.Candidate{
		ID: res.ID, Location: locationOf(s.kind, res), Version: res.Version, Created: res.Created,
		Equal: fold.SameJSON(s.data, res.Raw),
	}
	if s.externalID != "" && res.HasExternalID {
		c.ExternalID = engine.Different
		if s.externalID == res.ExternalID {
			c.ExternalID = engine.Same
		}
	}
	return c
}

// locationOf is where a resource lives that a lookup found.
func locationOf(kind string, res bulkapi.Resource) string {
	if loc, err := ParseLocation(res.Location); err == nil && loc.ID == res.ID {
		return res.Location
	}
	return "/v2/" + kind + "/" + url.PathEscape(res.ID)
}

// read reads the resource of a PATCH or DELETE.
func (f *finder) read(s sought) {
	out := engine.Finding{Index: s.index}
	if s.kind != users && s.kind != groups || !location.IsID(s.id) {
		out.Err, out.Final = errNotReadable, true
		f.findings = append(f.findings, out)
		return
	}
	res, found, err := f.run.c.api.Get(f.ctx, s.kind, s.id)
	switch {
	case err != nil:
		out.Err, out.Final = lookupError(err), isFinal(f.failure(err))
	case found:
		f.note(true, res.Date)
		out.Exists, out.Modified, out.Seen = true, res.Modified, shows(res.Raw, s.data)
	default:
		f.note(true, res.Date)
	}
	f.findings = append(f.findings, out)
}

var errNotReadable = errors.New("its resource cannot be read by id")

// markOwned asks the journal which of the candidates earlier runs have recorded.
func (f *finder) markOwned() {
	if f.run.job.Journal == nil {
		return
	}
	var ids []string
	var of []*engine.Candidate
	for i := range f.findings {
		for k := range f.findings[i].Candidates {
			c := &f.findings[i].Candidates[k]
			ids, of = append(ids, c.ID), append(of, c)
		}
	}
	if len(ids) == 0 {
		return
	}
	owned, err := f.run.job.Journal.Owned(context.WithoutCancel(f.ctx), ids)
	for k, c := range of {
		c.Owned = err == nil && k < len(owned) && owned[k]
	}
	if err == nil {
		return
	}
	for i := range f.findings {
		if len(f.findings[i].Candidates) > 0 {
			f.findings[i] = engine.Finding{Index: f.findings[i].Index, Err: err}
		}
	}
}
