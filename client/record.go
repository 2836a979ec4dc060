package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/spill"
)

// beginJournal begins a run of the journal. The operations of earlier stages
// claim their records first, so that no operation of this stage takes one of
// them.
func (j *Job) beginJournal(ctx context.Context, target Target) (History, error) {
	history, err := j.Journal.Begin(ctx, target)
	if err != nil {
		return history, err
	}
	ctx = context.WithoutCancel(ctx) // as in claim
	if err := j.claimed.each(func(entries []Entry) error {
		_, err := j.Journal.Claim(ctx, entries)
		return err
	}); err != nil {
		return history, errors.Join(err, j.Journal.End(ctx))
	}
	return history, nil
}

// claims has the keys that a job has claimed from its journal, some thousands
// in memory and the others in a file. A job has no method to close the file;
// the garbage collector does that.
type claims struct {
	keys   spill.File
	places []int64 // of the keys of each claim
}

func (c *claims) add(entries []Entry) error {
	keys := make([]byte, 0, len(entries)*len(Key{}))
	for _, e := range entries {
		keys = append(keys, e.Key[:]...)
	}
	place, err := c.keys.Add(keys)
	if err == nil {
		c.places = append(c.places, place)
	}
	return err
}

// each passes the entries of one claim after the other, with their keys only.
func (c *claims) each(do func([]Entry) error) error {
	for _, place := range c.places {
		keys, err := c.keys.Get(place)
		if err != nil {
			return err
		}
		var entries []Entry
		for key := range slices.Chunk(keys, len(Key{})) {
			entries = append(entries, Entry{Key: Key(key)})
		}
		if err := do(entries); err != nil {
			return err
		}
	}
	return nil
}

// claim asks the journal for the records of operations by earlier runs.
func (r *run) claim(claims []engine.Claim) func() {
	entries := make([]Entry, len(claims))
	for i, c := range claims {
		entries[i] = Entry{Key: Key(c.Key), Name: Key(c.Name), Create: c.Create}
	}
	records, err := r.job.Journal.Claim(context.WithoutCancel(r.sending), entries)
	if err == nil && len(records) != len(claims) {
		err = fmt.Errorf("claimed %d operations, got %d records", len(claims), len(records))
	}
	return func() {
		err = errors.Join(err, r.job.claimed.add(entries))
		var known []engine.Earlier
		for i, rec := range records {
			if err == nil {
				known = append(known, r.earlier(claims[i].Index, rec))
			}
		}
		r.engine.Claimed(r.now(), known, err)
	}
}

// earlier turns a record into one of the engine. As in an answer, an id counts
// only if its location is of the operation's type and organization.
func (r *run) earlier(index int, rec Record) engine.Earlier {
	id := ""
	if l, err := location.Parse(rec.Success.Location); err == nil && l.IsOf(r.ops.get(index).Type(), r.c.cfg.OrgID) {
		id = l.ID
	}
	e := engine.Earlier{
		Index: index, Ticket: uint64(rec.Ticket), Sent: rec.Sent, Date: rec.Date,
		Status: rec.Success.Status, ID: id, Location: rec.Success.Location,
		Version: rec.Success.Version, Recovered: rec.Success.Recovered, RivalSent: rec.RivalSent,
	}
	switch rec.Known {
	case KnownSent:
		e.Known = engine.KnownSent
	case KnownDone:
		e.Known = engine.KnownDone
	}
	for _, t := range rec.Rivals {
		e.Rivals = append(e.Rivals, uint64(t))
	}
	return e
}

// write puts records on disk, in their order, as many at once as have come
// while the ones before were written.
func (r *run) write() {
	if r.writing || len(r.unwritten) == 0 {
		return
	}
	group := r.unwritten
	r.unwritten, r.writing = nil, true
	n := 0
	for _, rec := range group {
		n += len(rec.Changes)
	}
	updates := make([]Update, 0, n)
	for _, rec := range group {
		for _, c := range rec.Changes {
			updates = append(updates, update(c))
		}
	}
	r.call(func() func() {
		// A cancellation must not interrupt this: an outcome would be lost.
		err := r.job.Journal.Write(context.WithoutCancel(r.sending), updates)
		return func() {
			r.writing = false
			for _, rec := range group {
				r.engine.Recorded(r.now(), rec.Number, err)
			}
		}
	})
}

func update(c engine.Change) Update {
	kinds := [...]UpdateKind{
		engine.SentChange: UpdateSent, engine.DoneChange: UpdateDone, engine.Forget: UpdateForget,
		engine.ReplacedChange: UpdateReplaced, engine.UndoneChange: UpdateUndone, engine.ForeignChange: UpdateForeign,
	}
	return Update{
		Kind: kinds[c.Kind], Ticket: Ticket(c.Ticket), Entry: Entry{Key: Key(c.Key), Name: Key(c.Name)},
		Sent: c.Sent, Date: c.Date, ID: c.ID,
		Success: Success{Status: c.Status, Location: c.Location, Version: c.Version, Recovered: c.Recovered},
	}
}
