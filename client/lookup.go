package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/lookup"
	"github.com/webexscim/bulk/internal/plan"
	"github.com/webexscim/bulk/internal/scimdiff"
	"github.com/webexscim/bulk/internal/transport"
)

// lookedUp is an operation of a lookup.
type lookedUp struct {
	*pending
	known []plan.Known    // references whose ids are known
	data  json.RawMessage // as it is sent with these ids
	id    string          // of the resource that a PATCH or DELETE changes
}

func (r *run) lookedUp(index int, known []plan.Known, id string) lookedUp {
	p := r.ops.get(index)
	return lookedUp{pending: p, known: known, data: p.encode(known, "").Data, id: id}
}

// lookUp searches for the resources that creates may have made, and reads those
// that PATCHes and DELETEs may have changed.
func (r *run) lookUp(l engine.Lookup) {
	var creates, changes []lookedUp
	for _, search := range l.Creates {
		creates = append(creates, r.lookedUp(search.Index, search.Known, ""))
	}
	for _, read := range l.Reads {
		changes = append(changes, r.lookedUp(read.Index, read.Known, read.ID))
	}
	r.call(func() func() {
		f := newFinder(r.sending, r.c, r.job.Existing == ExistingUpdate)
		for _, s := range changes {
			f.read(s)
		}
		f.searchAll(creates)
		f.compareReferences(creates)
		if r.job.Journal != nil {
			f.markOwned(r.job.Journal)
		}
		return func() {
			for index, stored := range f.stored {
				if r.ops.has(index) {
					p := r.ops.get(index)
					r.ops.change(p, func() { p.stored = stored })
				}
			}
			r.engine.Found(r.now(), l.Number, f.findings, f.alive, f.date)
		}
	})
}

// finder collects the findings of one lookup.
type finder struct {
	ctx      context.Context
	c        *Client
	update   bool // creates may become updates
	findings []engine.Finding
	raw      map[string]json.RawMessage         // the candidates, by id
	stored   map[int]map[string]json.RawMessage // the candidates of creates that may become updates, by index and id
	alive    bool
	date     time.Time
}

func newFinder(ctx context.Context, c *Client, update bool) *finder {
	return &finder{
		ctx: ctx, c: c, update: update,
		raw: map[string]json.RawMessage{}, stored: map[int]map[string]json.RawMessage{},
	}
}

func (f *finder) noteAnswer(alive bool, date time.Time) {
	f.alive = f.alive || alive
	if alive && date.After(f.date) {
		f.date = date
	}
}

// searchAll finds the resources that have the names of creates.
func (f *finder) searchAll(creates []lookedUp) {
	for _, kind := range []string{users, groups} {
		isOther := func(s lookedUp) bool { return s.Type() != kind }
		f.search(kind, slices.DeleteFunc(slices.Clone(creates), isOther))
	}
}

// search finds the resources that have the names of creates of one type. Where
// the service refuses the names, it searches again for each half of them, so
// that one refused name does not keep the others from being found.
func (f *finder) search(kind string, creates []lookedUp) {
	if len(creates) == 0 {
		return
	}
	names := make([]string, len(creates))
	for i, s := range creates {
		names[i] = s.SentName
	}
	found, err := lookup.Find(f.ctx, f.c.transport, kind, names)
	if err != nil {
		e := f.failure(err)
		if half := len(creates) / 2; e != nil && e.Kind == transport.Rejected && half > 0 {
			f.search(kind, creates[:half])
			f.search(kind, creates[half:])
			return
		}
		for _, s := range creates {
			f.findings = append(f.findings, engine.Finding{Index: s.Index, Err: lookupError(err), Final: isFinal(e)})
		}
		return
	}
	f.noteAnswer(true, time.Time{})
	byName := map[string][]lookup.Resource{} // names as services compare them
	for _, res := range found {
		f.noteAnswer(true, res.Date)
		name := fold.Fold(res.Name)
		byName[name] = append(byName[name], res)
	}
	for _, s := range creates {
		out := engine.Finding{Index: s.Index}
		for _, res := range byName[fold.Fold(s.SentName)] {
			out.Candidates = append(out.Candidates, s.candidate(s.data, res))
			f.raw[res.ID] = res.Raw
			if err := f.store(s, res); err != nil {
				out = engine.Finding{Index: s.Index, Err: lookupError(err)}
				break
			}
		}
		f.findings = append(f.findings, out)
	}
}

// store keeps a resource for the comparison with a create.
func (f *finder) store(s lookedUp, res lookup.Resource) error {
	if !f.update {
		return nil
	}
	raw, err := s.withMembers(f.ctx, f.c, res)
	if err != nil {
		return err
	}
	if f.stored[s.Index] == nil {
		f.stored[s.Index] = map[string]json.RawMessage{}
	}
	f.stored[s.Index][res.ID] = raw
	return nil
}

// compareReferences compares creates again that refer to other creates of the
// same lookup, as in a cycle. If the other create has only one candidate, the
// reference stands for that: the creates are equal only if the existing
// resource refers to it.
func (f *finder) compareReferences(creates []lookedUp) {
	byIndex := map[int]*engine.Finding{}
	for i := range f.findings {
		byIndex[f.findings[i].Index] = &f.findings[i]
	}
	var likely []plan.Known
	for _, s := range creates {
		if found := byIndex[s.Index]; s.BulkID != "" && found != nil && len(found.Candidates) == 1 {
			likely = append(likely, plan.Known{Name: s.BulkID, ID: found.Candidates[0].ID})
		}
	}
	for _, s := range creates {
		if found := byIndex[s.Index]; found != nil && len(s.known) < len(s.Refs) {
			data := s.encode(append(likely[:len(likely):len(likely)], s.known...), "").Data
			for i := range found.Candidates {
				found.Candidates[i].Equal = fold.SameJSON(data, f.raw[found.Candidates[i].ID])
			}
		}
	}
}

// failure notes whether the service itself has refused a lookup.
func (f *finder) failure(err error) *lookup.Error {
	e, ok := errors.AsType[*lookup.Error](err)
	if ok {
		f.noteAnswer(e.Alive, e.Date)
	}
	return e
}

// isFinal reports whether asking again is of no use. A token that has expired
// may be renewed by then.
func isFinal(e *lookup.Error) bool {
	return e != nil && (e.Kind == transport.Rejected || e.Kind == transport.Denied && e.Status != http.StatusUnauthorized)
}

// candidate describes, for the engine, a resource that has the name of a create
// with this data.
func (p *pending) candidate(data json.RawMessage, res lookup.Resource) engine.Candidate {
	c := engine.Candidate{
		ID: res.ID, Location: locationOf(p.Type(), res), Version: res.Version, Created: res.Created,
		Equal: fold.SameJSON(data, res.Raw),
	}
	switch {
	case p.ExternalID == "" && res.ExternalID == "":
	case p.ExternalID == "" || !res.HasExternalID:
		c.ExternalID = engine.OneMissing
	case p.ExternalID == res.ExternalID:
		c.ExternalID = engine.Same
	default:
		c.ExternalID = engine.Different
	}
	return c
}

// locationOf is the location of a resource that a lookup has found.
func locationOf(kind string, res lookup.Resource) string {
	if loc, err := ParseLocation(res.Location); err == nil && loc.ID == res.ID {
		return res.Location
	}
	return "/v2/" + kind + "/" + url.PathEscape(res.ID)
}

// read reads the resource of a PATCH or DELETE.
func (f *finder) read(s lookedUp) {
	out := engine.Finding{Index: s.Index}
	if kind := s.Type(); kind != users && kind != groups || !location.IsID(s.id) {
		out.Err, out.Final = errNotReadable, true
	} else if res, found, err := lookup.Get(f.ctx, f.c.transport, kind, s.id); err != nil {
		out.Err, out.Final = lookupError(err), isFinal(f.failure(err))
	} else {
		f.noteAnswer(true, res.Date)
		out.Exists, out.Modified, out.Seen = found, res.Modified, found && scimdiff.Shows(res.Raw, s.data)
	}
	f.findings = append(f.findings, out)
}

var errNotReadable = errors.New("its resource cannot be read by id")

// markOwned asks the journal which of the candidates earlier runs have
// recorded.
func (f *finder) markOwned(journal Journal) {
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
	owned, err := journal.Owned(context.WithoutCancel(f.ctx), ids)
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
