package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/webexscim/bulk/internal/plan"
)

// Concluding: operations get their fates, on record first, then as results.

// cause is why what an operation was to create did not come about.
type cause struct {
	index int
	err   error
}

// wholeCauses is how many causes are kept as they were told. What refers to an
// operation that failed before so many others learns its index and status, so
// that a job of which all fails stays small.
const wholeCauses = 10_000

// remember keeps the cause for those that refer to the operation.
func (r *run) remember(p *pending, err error) {
	name := p.item.Name
	if _, ok := r.causes[name]; err == nil || name == "" || ok {
		return
	}
	r.causes[name] = cause{p.index, err}
	r.whole = append(r.whole, name)
	if len(r.whole) > wholeCauses {
		old := r.whole[0]
		r.whole = r.whole[1:]
		c := r.causes[old]
		r.causes[old] = cause{c.index, r.brief(c.err)}
	}
}

// brief is what can be asked of an error, errors.Is and errors.As: all that have
// the same answers share one.
func (r *run) brief(err error) error {
	if skip, ok := err.(*SkippedError); ok && r.causes[skip.BulkID].err != nil {
		return r.causes[skip.BulkID].err // brief by now, as it came before
	}
	brief := errLongAgo
	if e, ok := errors.AsType[*ResponseError](err); ok {
		brief = fmt.Errorf("%w; %w", &ResponseError{Status: e.Status, text: fmt.Sprintf("status %d", e.Status)}, brief)
	}
	for _, reason := range reasons {
		if errors.Is(err, reason) {
			brief = fmt.Errorf("%w; %w", reason, brief)
		}
	}
	text := brief.Error()
	if r.briefs[text] == nil {
		r.briefs[text] = brief
	}
	return r.briefs[text]
}

var errLongAgo = errors.New("details are no longer kept")

// drops gives a fate to what the planner found unsendable.
func (r *run) drops() (out []Result) {
	for _, d := range r.planner.Drops() {
		p := r.open[d.Index]
		if p == nil {
			continue
		}
		if d.Why == plan.Duplicate {
			p.item.Name = "" // the name is another's
		}
		if p.fated { // that its name is taken is not what decided
			p.claimed = p.claimed && d.Why != plan.Duplicate
			continue
		}
		res := r.dropped(p, d)
		r.remember(p, res.Err) // the next drop may be for its sake
		out = append(out, res)
	}
	return out
}

func (r *run) takeDrops() { r.conclude(r.drops()) }

// dropped is the result of what cannot be sent, or not any more.
func (r *run) dropped(p *pending, d plan.Drop) Result {
	outcome, err := Failed, r.whyDropped(p, d)
	if d.Why == plan.Needed || d.Why == plan.NoID {
		outcome = Skipped
	}
	if p.maybe {
		outcome, err = Unknown, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return p.result(outcome, err)
}

func (r *run) whyDropped(p *pending, d plan.Drop) error {
	switch d.Why {
	case plan.Unknown:
		return fmt.Errorf("%w %q", ErrReference, d.Name)
	case plan.Duplicate:
		return fmt.Errorf("%w: bulkId %q is that of an earlier operation", ErrInvalid, d.Name)
	case plan.Circle:
		return fmt.Errorf("%w: members: %q", ErrCycle, d.Circle)
	case plan.Forward:
		return fmt.Errorf("%w: bulkId %q", ErrForward, d.Name)
	case plan.TooLarge:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, p.item.Size, r.planner.Bytes())
	case plan.NoID:
		return &SkippedError{Index: d.Of, BulkID: d.Name, Cause: ErrNoID}
	}
	return &SkippedError{Index: d.Of, BulkID: d.Name, Cause: r.causes[d.Name].err}
}

// conclude puts fates on record and hands them on.
func (r *run) conclude(out []Result) {
	if len(out) == 0 {
		return
	}
	err := r.record(out)
	r.publish(out)
	if err != nil {
		r.stop(err)
	}
}

// record makes fates durable.
func (r *run) record(out []Result) error {
	ops := make([]*pending, len(out))
	for i, res := range out {
		ops[i] = r.open[res.Index]
	}
	return r.settle(ops, out)
}

// settle tells the journal, if there is one, what became of operations.
func (r *run) settle(ops []*pending, results []Result) error {
	s := make([]Settlement, 0, len(results))
	for i, res := range results {
		if !ops[i].claimed {
			continue
		}
		s = append(s, Settlement{
			Ticket: ops[i].ticket, Outcome: res.Outcome, Status: res.Status,
			Location: res.Location.URL, Version: res.Version, Recovered: res.Recovered,
		})
	}
	if len(s) == 0 {
		return nil
	}
	// Not to be cut by a cancellation: an outcome would be lost.
	if err := r.journal.Settle(context.WithoutCancel(r.leave), s); err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

func (r *run) publish(out []Result) {
	for _, res := range out {
		p := r.open[res.Index]
		delete(r.open, res.Index)
		r.remember(p, res.Err)
		r.results = append(r.results, res)
	}
}

// hand gives the results that have come to the caller.
func (r *run) hand() {
	for len(r.results) > 0 {
		res := r.results[0]
		r.results = r.results[1:]
		r.job.tally.change(func(p *Progress) { p.count(res) })
		if !r.left && !r.yield(res) {
			r.left = true
			r.unread()
			r.stop(errLeft)
		}
	}
}

// skipUnsent ends what the planner still has.
func (r *run) skipUnsent() {
	var out []Result
	unsent := r.planner.Unsent()
	slices.Sort(unsent)
	for _, i := range unsent {
		out = append(out, r.skipped(r.open[i]))
	}
	r.conclude(out)
}

func (r *run) skipped(p *pending) Result {
	switch {
	case p.done != nil:
		return p.result(Unknown, fmt.Errorf("%w: done before an operation that precedes it, and the job stopped before it was repeated: %w", ErrUnknown, r.stopped))
	case p.maybe:
		return p.result(Unknown, fmt.Errorf("%w: the job stopped before it was looked up: %w", ErrUnknown, r.stopped))
	case p.failed != nil:
		res := *p.failed
		res.Attempts = p.attempts
		return res
	case r.journal != nil && !p.claimed && errors.Is(r.stopped, ErrJournal):
		return p.result(Unknown, fmt.Errorf("%w: whether it was done before can't be told: %w", ErrUnknown, r.stopped))
	case p.refused != nil:
		return p.result(Skipped, &SkippedError{Index: -1, Refused: true, Cause: p.refused})
	}
	return p.result(Skipped, &SkippedError{Index: -1, Cause: r.stopped})
}
