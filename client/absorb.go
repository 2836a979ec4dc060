package client

import (
	"context"
	"fmt"

	"github.com/webexscim/bulk/internal/plan"
)

// absorbing: what comes in from the feed and from the workers, and goes out as
// results.

// maxBatch bounds what is taken from the feed at once.
const maxBatch = 256

// takeIn adds what the feed has given, and what more it has at hand.
func (r *run) takeIn(first fed, ok bool) {
	var batch []*pending
	for n := 0; ; n++ {
		if !ok {
			r.ended = true
			r.admit(batch)
			r.close()
			return
		}
		if first.err != nil {
			r.admit(batch)
			r.stop(fmt.Errorf("%w: %w", ErrSource, first.err))
			return
		}
		batch = append(batch, first.p)
		if n == maxBatch {
			break
		}
		select {
		case first, ok = <-r.feed:
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
	var out []Result
	entries := make([]Entry, len(batch))
	for i, p := range batch {
		entries[i] = Entry{Key: p.key(r.job.Journal != nil), Name: p.item.Name}
	}
	records := make([]Record, len(batch))
	if r.stopped == nil {
		var err error
		if records, err = r.journal.Claim(context.WithoutCancel(r.leave), entries); err != nil {
			records = make([]Record, len(batch))
			r.stop(fmt.Errorf("%w: %w", ErrJournal, err))
		}
	}
	for i, p := range batch {
		r.open[p.index] = p
		rec := records[i]
		p.ticket = rec.Ticket
		switch {
		case rec.Known == KnownDone:
			r.planner.Resolve(p.item, idOf(rec.Settlement.Location))
			out = append(out, p.replayed(rec.Settlement))
		case p.err != nil:
			out = append(out, p.result(Failed, p.err))
		case r.stopped != nil:
			out = append(out, r.skipped(p))
		default:
			p.maybe = rec.Known == KnownSent
			p.probe, p.earlier = p.maybe, p.maybe
			r.planner.Add(p.item)
		}
	}
	r.conclude(out)
	r.takeDrops()
}

func (p *pending) replayed(s Settlement) Result {
	res := p.result(Succeeded, nil)
	res.Replayed = true
	res.Status, res.Version, res.Recovered = s.Status, s.Version, s.Recovered
	res.Location, _ = ParseLocation(s.Location)
	return res
}

func (p *pending) result(o Outcome, err error) Result {
	return Result{Index: p.index, Operation: p.op, Outcome: o, Attempts: p.attempts, Err: err}
}

// takeDrops gives a fate to what the planner found unsendable.
func (r *run) takeDrops() {
	var out []Result
	for _, d := range r.planner.Drops() {
		p := r.open[d.Index]
		if p == nil {
			continue // known from the journal
		}
		res := r.dropped(p, d)
		r.remember(p, res.Err) // the next drop may be for its sake
		out = append(out, res)
	}
	r.conclude(out)
}

func (r *run) dropped(p *pending, d plan.Drop) Result {
	switch d.Why {
	case plan.Unknown:
		return p.result(Failed, fmt.Errorf("%w %q", ErrReference, d.Name))
	case plan.Duplicate:
		return p.result(Failed, fmt.Errorf("%w: bulkId %q is that of an earlier operation", ErrInvalid, d.Name))
	case plan.Circle:
		return p.result(Failed, fmt.Errorf("%w: members: %q", ErrCircle, d.Circle))
	case plan.Forward:
		return p.result(Failed, fmt.Errorf("%w: bulkId %q", ErrForward, d.Name))
	case plan.TooLarge:
		return p.result(Failed, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, p.item.Size, r.planner.Bytes()))
	}
	cause := r.causes[d.Name]
	if d.Why == plan.NoID {
		cause = ErrNoID
	}
	res := p.result(Skipped, &SkippedError{Index: d.Of, BulkID: d.Name, Cause: cause})
	if p.maybe {
		res.Outcome, res.Err = Unknown, fmt.Errorf("%w: %w", ErrUnknown, res.Err)
	}
	return res
}

// conclude puts fates on record and hands them on.
func (r *run) conclude(out []Result) {
	if len(out) == 0 {
		return
	}
	if err := r.record(out); err != nil && r.stopped == nil {
		r.stopped = fmt.Errorf("%w: %w", ErrJournal, err)
		r.halt(r.stopped)
		defer r.skipUnsent()
	}
	r.publish(out)
}

// record makes fates durable.
func (r *run) record(out []Result) error {
	s := make([]Settlement, 0, len(out))
	for _, res := range out {
		s = append(s, settlement(r.open[res.Index].ticket, res))
	}
	return r.journal.Settle(context.WithoutCancel(r.leave), s)
}

func settlement(t Ticket, res Result) Settlement {
	return Settlement{
		Ticket: t, Outcome: res.Outcome, Status: res.Status,
		Location: res.Location.URL, Version: res.Version, Recovered: res.Recovered,
	}
}

func (r *run) publish(out []Result) {
	for _, res := range out {
		p := r.open[res.Index]
		delete(r.open, res.Index)
		r.remember(p, res.Err)
		r.results = append(r.results, res)
	}
}

// remember keeps why what an operation was to create did not come about, for
// those that refer to it.
func (r *run) remember(p *pending, err error) {
	if _, ok := r.causes[p.item.Name]; err != nil && p.item.Name != "" && !ok {
		r.causes[p.item.Name] = err
	}
}

func (r *run) takeLandings() {
	for {
		select {
		case l := <-r.landings:
			r.land(l)
		default:
			return
		}
	}
}

// learn lowers the limits of requests to what the service has shown of its own.
// Where it names none, they fall to what it took before, or by a part; a body
// no larger than one it took was refused for something else.
func (r *run) learn(l landing) {
	if l.answered {
		r.accepted = max(r.accepted, l.bytes)
	}
	payload := l.payloadLimit
	if l.tooLarge && l.bytes > r.accepted {
		payload = max(r.accepted, l.bytes/2+l.bytes/8)
	}
	r.planner.Limit(l.operationLimit, max(0, payload-envelope))
}

// land takes in what a worker brings.
func (r *run) land(l landing) {
	r.flights--
	r.budget.settle(l.share, l.failed)
	r.learn(l)
	if l.halve && !r.planner.Halve(l.req) {
		l.refuse()
		if err := r.record(l.results); err != nil {
			l.stop = fmt.Errorf("%w: %w", ErrJournal, err)
		}
		r.budget.settle(0, l.failed)
		l.halve = false
	}
	r.publish(l.results)
	if !l.halve {
		r.planner.Settle(l.req, l.verdicts)
	}
	r.takeDrops()
	if l.stop != nil || r.stopped != nil {
		r.stop(l.stop)
	}
	r.show()
}

// idOf is the id in the location of a settlement, or "".
func idOf(location string) string {
	l, _ := ParseLocation(location)
	return l.ID
}
