package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/webexscim/bulk/internal/plan"
)

// Admitting: what comes in from the feed, and is the planner's from then on or
// has its fate at once.

// maxBatch bounds what is taken from the feed at once, and so how long an answer
// waits for attention.
const maxBatch = 64

// takeIn adds what the feed has given, and what more it has at hand.
func (r *run) takeIn(first fed, ok bool) {
	var batch []*pending
	for next := first; ; {
		if !ok {
			r.admit(batch)
			r.ended = true
			r.close()
			return
		}
		if next.panic != nil {
			panic(next.panic)
		}
		if next.err != nil {
			r.admit(batch)
			r.stop(fmt.Errorf("%w: %w", ErrSource, next.err))
			return
		}
		if batch = append(batch, next.p); len(batch) == maxBatch {
			break
		}
		select {
		case next, ok = <-r.feed:
			continue
		default:
		}
		break
	}
	r.admit(batch)
}

// close tells the planner that the input is complete, if it is.
func (r *run) close() {
	if err := context.Cause(r.leave); err != nil {
		r.stop(err) // the feed ended because the job does
		return
	}
	r.planner.End()
	r.takeDrops()
}

// admit gives operations to the planner, or their fate at once.
func (r *run) admit(batch []*pending) {
	if len(batch) == 0 {
		return
	}
	r.job.tally.change(func(p *Progress) { p.Read += len(batch) })
	records := r.claim(batch)
	var out []Result
	for i, p := range batch {
		r.open[p.index] = p
		rec := records[i]
		p.maybe = rec.Known == KnownSent
		if rec.Known == KnownDone && rec.Overtaken && p.op.Method == MethodPatch { // a DELETE has the last word anyway
			p.done, p.maybe = new(p.replayed(rec.Settlement)), true
		}
		switch {
		case rec.Known == KnownDone && p.done == nil:
			out = append(out, r.replay(p, rec.Settlement))
		case p.err != nil:
			out = append(out, r.refuse(p))
		case r.stopped != nil:
			out = append(out, r.skipped(p))
		default:
			p.probe, p.first = p.maybe, rec.Begun
			r.planner.Add(p.item)
		}
		// At once, as the next operation may refer to what was dropped.
		out = append(out, r.drops()...)
		if rec.Known == KnownDone && p.item.Name != "" {
			l, _ := ParseLocation(rec.Settlement.Location)
			r.late[p.item.Name] = plan.Settled{Known: true, Done: true, ID: l.ID, Index: p.index}
		}
	}
	r.conclude(out)
	clear(r.late)
}

// claim asks the journal what is known of operations that could be sent.
func (r *run) claim(batch []*pending) []Record {
	records := make([]Record, len(batch))
	if r.journal == nil || errors.Is(r.stopped, ErrJournal) {
		return records
	}
	var entries []Entry
	var of []int
	for i, p := range batch {
		if p.err == nil {
			entries = append(entries, Entry{Key: p.key, Name: p.item.Name, Resource: p.resource()})
			of = append(of, i)
		}
	}
	if len(entries) == 0 {
		return records
	}
	known, err := r.journal.Claim(context.WithoutCancel(r.leave), entries)
	if err == nil && len(known) != len(entries) {
		err = fmt.Errorf("claimed %d operations, got %d records", len(entries), len(known))
	}
	if err != nil {
		r.stop(fmt.Errorf("%w: %w", ErrJournal, err))
		return records
	}
	for k, i := range of {
		records[i] = known[k]
		batch[i].ticket, batch[i].claimed = known[k].Ticket, true
	}
	return records
}

// refuse is the result of what can't be sent.
func (r *run) refuse(p *pending) Result {
	p.fated = true
	if !r.planner.Refuse(p.item) {
		p.item.Name = "" // it is another's
	}
	r.remember(p, p.err)
	return p.result(Failed, p.err)
}

// replay is the result of what an earlier run has done. Its id serves
// references from now on.
func (r *run) replay(p *pending, s Settlement) Result {
	p.fated = true
	res := p.replayed(s)
	res.Replayed = true
	switch p.op.Method {
	case MethodPost:
		r.known.created(res.Location)
	case MethodDelete:
		r.known.delete(lastSegment(p.op.Path))
	}
	r.planner.Resolve(p.item, res.Location.ID)
	return res
}
