package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/webexscim/bulk/internal/exchange"
	"github.com/webexscim/bulk/internal/gate"
	"github.com/webexscim/bulk/internal/plan"
)

const envelope = exchange.Envelope

// delivery is one request with its worker. It ends with a landing in which
// each operation has its fate or is to be sent again.
type delivery struct {
	run   *run
	req   *plan.Request
	ops   []*pending
	share int // of the error budget
	fates []fate

	bytes  int  // of the body
	answer bool // the service took it
}

// fate is what has become of an operation so far: a result, or again.
type fate struct {
	res     Result
	again   bool
	foreign bool // a look-up found another resource under its name
}

func (f fate) open() bool { return f.res.Outcome == 0 && !f.again }

func (d *delivery) deliver() landing {
	d.fates = make([]fate, len(d.ops))
	if d.probe() {
		return d.landing(nil)
	}
	tickets := make([]Ticket, len(d.ops))
	for i, p := range d.ops {
		tickets[i] = p.ticket
	}
	if err := d.run.journal.Sent(d.flightless(), tickets); err != nil {
		return d.landing(fmt.Errorf("%w: %w", ErrJournal, err))
	}
	return d.send(d.encode())
}

// flightless is a context for what must not be cut: the journal's work.
func (d *delivery) flightless() context.Context { return context.WithoutCancel(d.run.flight) }

// encode writes the operations with ids in the place of references, and with
// bulkIds that nothing in the request has or refers to by chance.
func (d *delivery) encode() []exchange.Operation {
	used := map[string]bool{}
	for _, p := range d.ops {
		if p.item.Name != "" {
			used[p.item.Name] = true
		}
		for _, ref := range p.item.Refs {
			used[ref.Name] = true
		}
	}
	out := make([]exchange.Operation, len(d.ops))
	for i, p := range d.ops {
		id := p.item.Name
		if id == "" {
			if id = p.op.BulkID; id == "" {
				id = assigned(p.index)
			}
			for used[id] {
				id += "_"
			}
			used[id] = true
		}
		out[i] = p.encode(d.req.Items[i], id)
	}
	return out
}

// send sends until the service has said something about the operations.
func (d *delivery) send(ops []exchange.Operation) landing {
	r := d.run
	d.bytes = envelope
	for _, op := range ops {
		d.bytes += exchange.Size(op)
	}
	for try := 1; ; try++ {
		accepted := r.c.gate.State().Accepted
		a := r.c.x.SendWithin(r.leave, r.flight, ops, d.share)
		if a.Fate != exchange.NotSent {
			r.job.tally.change(func(p *Progress) { p.Requests++ })
			for _, p := range d.ops {
				p.attempts++
			}
		}
		switch a.Fate {
		case exchange.Answered:
			return d.answered(a)
		case exchange.Unknown:
			return d.unknown(a)
		case exchange.Rejected:
			return d.rejected(a, ops)
		case exchange.Denied:
			return d.landing(denied(a))
		}
		// Nothing was done. While the service takes other requests, being asked
		// to wait is no failure.
		if r.leave.Err() != nil {
			return d.landing(nil)
		}
		if r.c.gate.State().Accepted > accepted {
			try = 0
		}
		if try >= r.c.cfg.MaxAttempts || a.Fate == exchange.NotSent && a.Status == 0 && gateClosed(a.Err) {
			return d.landing(fmt.Errorf("%w: %w", ErrUnavailable, public(a.Err)))
		}
	}
}

func denied(a exchange.Answer) error {
	why := ErrEndpoint
	if a.Status == 0 || a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden {
		why = ErrUnauthorized
	}
	return fmt.Errorf("%w: %w", why, public(a.Err))
}

// rejected is a request that was refused for what it holds.
func (d *delivery) rejected(a exchange.Answer, ops []exchange.Operation) landing {
	l := landing{req: d.req, ops: d.ops, share: d.share, bytes: d.bytes, halve: true, refusal: public(a.Err)}
	if a.Status != http.StatusRequestEntityTooLarge || len(ops) == 1 {
		return l
	}
	l.payloadLimit, l.operationLimit = a.PayloadLimit, a.OperationLimit
	l.tooLarge = a.PayloadLimit == 0 && a.OperationLimit == 0
	return l
}

// answered reads what an answer says of each operation.
func (d *delivery) answered(a exchange.Answer) landing {
	d.answer = true
	var lost, nameless []int
	for i, item := range a.Items {
		p := d.ops[i]
		switch {
		case item.Unattempted:
			d.fates[i].again = true
		case !item.Found:
			lost = append(lost, i)
		case item.Err == nil:
			d.fates[i].res = succeeded(p, item)
			d.created(i, &nameless)
		case item.Status == http.StatusConflict && p.op.Method == MethodPost && p.maybe:
			d.adopt(i, item)
		case item.Status == http.StatusNotFound && p.op.Method == MethodDelete && p.maybe:
			d.fates[i].res = succeeded(p, item)
		case transient(item.Status):
			d.tryAgain(i, item)
		default:
			d.fates[i].res = failed(p, item)
		}
	}
	d.forgive()
	d.name(nameless)
	d.lookUp(lost, errors.New("the answer does not speak of it"))
	l := d.landing(nil)
	if n := d.slowest(); n > 0 {
		d.pause(n)
	}
	return l
}

// created notes what a create has made, or that its id has to be looked up.
func (d *delivery) created(i int, nameless *[]int) {
	loc := d.fates[i].res.Location
	switch {
	case d.ops[i].op.Method != MethodPost:
	case loc.ID == "":
		*nameless = append(*nameless, i)
	case loc.ResourceType == groups:
		d.run.taken.take(loc.ID)
	}
}

func transient(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable || status == http.StatusLocked
}

func succeeded(p *pending, item exchange.Item) Result {
	res := p.result(Succeeded, nil)
	res.Status, res.Version = item.Status, item.Version
	res.Location, _ = ParseLocation(item.Location)
	return res
}

func failed(p *pending, item exchange.Item) Result {
	res := p.result(Failed, newResponseError(item.Err))
	res.Status = item.Status
	res.Location, _ = ParseLocation(item.Location) // of what was to be changed
	return res
}

// tryAgain has an operation sent once more, a bounded number of times.
func (d *delivery) tryAgain(i int, item exchange.Item) {
	p := d.ops[i]
	if p.tries++; p.tries >= d.run.c.cfg.MaxAttempts {
		d.fates[i].res = failed(p, item)
		return
	}
	d.fates[i].again = true
}

// forgive has operations sent again that failed because one that they refer to
// within the request has to be sent again.
func (d *delivery) forgive() {
	again := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for i, s := range d.req.Items {
			f, p := &d.fates[i], d.ops[i]
			if f.again && p.item.Name != "" && !again[p.item.Name] {
				again[p.item.Name], changed = true, true
			}
			if f.res.Outcome != Failed {
				continue
			}
			for _, name := range s.Inside {
				if again[name] && name != p.item.Name && p.tries < d.run.c.cfg.MaxAttempts {
					p.tries++
					*f, changed = fate{again: true}, true
					break
				}
			}
		}
	}
}

// slowest is the number of tries of the operation that has had most, among
// those to be sent again.
func (d *delivery) slowest() (n int) {
	for i, f := range d.fates {
		if f.again {
			n = max(n, d.ops[i].tries)
		}
	}
	return n
}

// pause waits before operations are sent again: longer each time, at random.
func (d *delivery) pause(tries int) {
	longest := min(time.Second<<min(tries-1, 6), d.run.c.cfg.MaxWait)
	sleep(d.run.leave, time.Duration(rand.Int64N(int64(longest))))
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

// gateClosed tells that the service has refused for longer than a job waits.
func gateClosed(err error) bool { return errors.Is(err, gate.ErrTooLong) }
