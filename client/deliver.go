package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/plan"
	"github.com/webexscim/bulk/internal/throttle"
)

const envelope = bulkapi.Envelope

// delivery is one request with its worker. What is lost or put off is sent once
// more by the same worker, so that its share of the error budget stays with it
// until it is known what failed. It ends when each operation has its fate or is
// the planner's again.
type delivery struct {
	run    *run
	req    *plan.Request
	ops    []*pending     // without a fate, in the order in which they travel
	items  []plan.Sending // how each of them travels
	fates  []fate         // what is known of each
	share  int            // of the error budget, 0 without one
	spent  int            // of it: the errors in the answers that were read
	unsure int            // operations that may have failed
	limit  int            // bytes of a body

	announced chan error // the operations are on record as sent, or why not
	left      bool       // another request may be sent in its place

	ids map[string]string // of what was created so far, by name
	out landing           // fates that the run has not been told
	why error             // what is lacking in the last answer
}

// fate is what has become of an operation so far. The zero value: nothing is
// known.
type fate struct {
	res   Result        // its fate, once it has an Outcome
	held  bool          // res is not to be relied on yet
	again bool          // it is to be sent again
	dup   *bulkapi.Item // it was refused as a duplicate, perhaps of an earlier try
	told  bool          // the run knows

	unattempted bool // the service left it out, as its request had failed enough
}

func (f fate) open() bool { return f.held || f.res.Outcome == 0 }

func (d *delivery) deliver() landing {
	d.fates = make([]fate, len(d.ops))
	var end landing
	if end.stop = <-d.announced; end.stop != nil {
		return d.last(end)
	}
	end.stop = d.probe()
	for over := end.stop != nil; ; {
		d.leave(end, over)
		if err := d.collect(); err != nil {
			end.stop = err
			return d.last(end)
		}
		if over || !d.narrow() {
			return d.last(end)
		}
		d.report()
		d.pause()
		end, over = d.send()
	}
}

// leave makes room for another request before the fates of this one are put on
// record, once it is clear that it need not be sent again.
func (d *delivery) leave(end landing, over bool) {
	if d.left || end.stop != nil || !over && slices.ContainsFunc(d.fates, fate.open) {
		return
	}
	d.left = true
	d.run.landings <- landing{left: true}
}

func (d *delivery) tickets() []Ticket {
	tickets := make([]Ticket, len(d.ops))
	for i, p := range d.ops {
		tickets[i] = p.ticket
	}
	return tickets
}

// announce puts operations on record as sent. That they are sent once more
// need not be: it is on record as long as they have no fate.
func (r *run) announce(tickets []Ticket) error {
	if r.journal == nil {
		return nil
	}
	if err := r.journal.Sent(context.WithoutCancel(r.flight), tickets); err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// send sends until the service has said something about the operations, or the
// answer is lost. over tells that the delivery ends here.
func (d *delivery) send() (end landing, over bool) {
	r := d.run
	ops, bytes := d.encode()
	d.doom(ops)
	for _, p := range d.ops {
		if p.first.IsZero() && !p.maybe {
			p.first = time.Now()
		}
	}
	for try := 1; ; try++ {
		accepted := r.c.gate.State().Accepted
		a := d.once(ops)
		switch a.Kind {
		case bulkapi.Answered:
			d.out.accepted = max(d.out.accepted, bytes)
			d.why = errNotSpoken
			return d.read(a.Items)
		case bulkapi.Unknown:
			d.why = public(a.Err)
			return d.read(make([]bulkapi.Item, len(ops)))
		case bulkapi.Rejected:
			return d.rejected(a, bytes)
		case bulkapi.Denied:
			return landing{stop: d.refused(a, denied(a))}, true
		}
		// Nothing was done. While the service takes other requests, being asked
		// to wait is no failure.
		if r.leave.Err() != nil {
			return landing{}, true
		}
		if r.c.gate.State().Accepted > accepted {
			try = 0
		}
		if try >= r.c.cfg.MaxAttempts || errors.Is(a.Err, throttle.ErrTooLong) {
			return landing{stop: d.refused(a, fmt.Errorf("%w: %w", ErrUnavailable, public(a.Err)))}, true
		}
	}
}

// once sends one time, and counts it if something left.
func (d *delivery) once(ops []bulkapi.Operation) bulkapi.Answer {
	r := d.run
	r.known.ask(d)
	a := r.c.x.SendWithin(r.leave, r.flight, ops, max(0, d.share-d.spent))
	if a.Kind != bulkapi.Answered { // else once it is known what was created
		r.known.hear(d)
	}
	if a.Kind == bulkapi.NotSent {
		return a
	}
	r.job.tally.change(func(p *Progress) { p.Requests++ })
	for _, p := range d.ops {
		p.attempts++
	}
	return a
}

// refused tells the operations why the job ends, if it was their request that
// the service refused.
func (d *delivery) refused(a bulkapi.Answer, err error) error {
	for _, p := range d.ops {
		if a.Status != 0 {
			p.refused = err
		}
	}
	return err
}

func denied(a bulkapi.Answer) error {
	why := ErrEndpoint
	if a.Status == 0 || a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden {
		why = ErrUnauthorized
	}
	return fmt.Errorf("%w: %w", why, public(a.Err))
}

// rejected is a request that was refused for what it holds. What was refused
// alone has its answer; of many, one or the other is to blame.
func (d *delivery) rejected(a bulkapi.Answer, bytes int) (end landing, over bool) {
	if e, ok := errors.AsType[*bulkapi.Error](a.Err); ok && len(d.ops) == 1 {
		return d.read([]bulkapi.Item{{Found: true, Status: a.Status, Err: e}})
	}
	end = landing{halve: len(d.ops) == len(d.req.Items), refusal: public(a.Err)}
	if a.Status == http.StatusRequestEntityTooLarge {
		end.refused, end.operationLimit, end.payloadLimit = bytes, a.OperationLimit, a.PayloadLimit
	}
	return end, true
}

// narrow keeps what is to be sent, with the ids that are known by now, and
// reports whether it can go from here.
func (d *delivery) narrow() bool {
	left := map[string]bool{}
	var ops []*pending
	var items []plan.Sending
	for i, p := range d.ops {
		if f := &d.fates[i]; !f.told {
			ops, items = append(ops, p), append(items, d.items[i])
			left[p.item.Name] = true
		}
	}
	narrowed := len(ops) < len(d.ops)
	d.ops, d.items, d.fates = ops, items, make([]fate, len(ops))
	if len(ops) == 0 || d.share > 0 && d.spent >= d.share || d.run.leave.Err() != nil {
		return false
	}
	for i := range items {
		if !d.resolve(&items[i], left) {
			return false
		}
	}
	if !narrowed {
		return true
	}
	_, bytes := d.encode()
	return bytes <= d.limit
}

// resolve takes references out of what is left to the service that it was
// asked for in an earlier request. It returns false for one that came to
// nothing.
func (d *delivery) resolve(s *plan.Sending, left map[string]bool) bool {
	var inside []string
	known := s.Known
	for _, name := range s.Inside {
		id, ok := d.ids[name]
		switch {
		case left[name]:
			inside = append(inside, name)
		case ok:
			known = append(known[:len(known):len(known)], plan.Known{Name: name, ID: id})
		default:
			return false
		}
	}
	s.Inside, s.Known = inside, known
	return true
}

// pause waits before operations are sent again: longer each time, at random.
func (d *delivery) pause() {
	tries := 0
	for _, p := range d.ops {
		tries = max(tries, p.tries)
	}
	if tries > 0 {
		longest := min(time.Second<<min(tries-1, 6), d.run.c.cfg.MaxWait)
		_ = sleep(d.run.leave, rand.N(longest))
	}
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
