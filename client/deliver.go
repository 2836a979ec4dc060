package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/webexscim/bulk/internal/exchange"
	"github.com/webexscim/bulk/internal/gate"
	"github.com/webexscim/bulk/internal/plan"
)

const envelope = exchange.Envelope

// delivery is one request with its worker. What is lost or put off is sent once
// more by the same worker, so that its share of the error budget stays with it
// until it is known what failed. It ends when each operation has its fate or is
// the planner's again.
type delivery struct {
	run   *run
	req   *plan.Request
	ops   []*pending     // without a fate, in the order in which they travel
	items []plan.Sending // how each of them travels
	fates []fate         // what is known of each
	share int            // of the error budget, 0 without one
	spent int            // of it
	limit int            // bytes of a body

	ids map[string]string // of what was created so far, by name
	out landing           // fates that the run has not been told
	why error             // what is lacking in the last answer
}

// fate is what has become of an operation so far. The zero value: nothing is
// known.
type fate struct {
	res   Result         // its fate, once it has an Outcome
	held  bool           // res is not to be relied on yet
	again bool           // it is to be sent again
	dup   *exchange.Item // it was refused as a duplicate, perhaps of an earlier try
	told  bool           // the run knows
}

func (d *delivery) deliver() landing {
	d.fates = make([]fate, len(d.ops))
	d.probe()
	var end landing
	for over := false; ; {
		if err := d.collect(); err != nil {
			end.stop = err
			return d.last(end)
		}
		if over || !d.narrow() {
			return d.last(end)
		}
		d.report()
		d.pause()
		if err := d.announce(); err != nil {
			end.stop = err
			return d.last(end)
		}
		end, over = d.send()
	}
}

// announce puts operations on record as sent.
func (d *delivery) announce() error {
	if d.run.journal == nil {
		return nil
	}
	tickets := make([]Ticket, len(d.ops))
	for i, p := range d.ops {
		tickets[i] = p.ticket
	}
	if err := d.run.journal.Sent(context.WithoutCancel(d.run.flight), tickets); err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// encode writes the operations with ids in the place of references, and with
// bulkIds that nothing in the request has or refers to by chance.
func (d *delivery) encode() (ops []exchange.Operation, bytes int) {
	used := map[string]bool{}
	for _, p := range d.ops {
		used[p.item.Name] = true
		for _, ref := range p.item.Refs {
			used[ref.Name] = true
		}
	}
	bytes = envelope
	for i, p := range d.ops {
		id := p.item.Name
		if id == "" {
			id = p.op.BulkID
			for n := 0; id == "" || used[id]; n++ {
				if id = assigned(p.index); n > 0 {
					id = fmt.Sprintf("%s-%d", id, n)
				}
			}
			used[id] = true
		}
		op := p.encode(d.items[i].Known, id)
		if p.op.Method == MethodDelete {
			d.run.known.delete(lastSegment(op.Path))
		}
		ops = append(ops, op)
		bytes += exchange.Size(op)
	}
	return ops, bytes
}

func lastSegment(path string) string {
	path = path[strings.LastIndexByte(path, '/')+1:]
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

// send sends until the service has said something about the operations, or the
// answer is lost. over tells that the delivery ends here.
func (d *delivery) send() (end landing, over bool) {
	r := d.run
	ops, bytes := d.encode()
	for _, p := range d.ops {
		if p.first.IsZero() && !p.maybe {
			p.first = time.Now()
		}
	}
	for try := 1; ; try++ {
		accepted := r.c.gate.State().Accepted
		a := r.c.x.SendWithin(r.leave, r.flight, ops, max(0, d.share-d.spent))
		if a.Fate != exchange.NotSent {
			r.job.tally.change(func(p *Progress) { p.Requests++ })
			for _, p := range d.ops {
				p.attempts++
			}
		}
		switch a.Fate {
		case exchange.Answered:
			d.out.accepted = max(d.out.accepted, bytes)
			d.why = errNotSpoken
			return d.read(a.Items)
		case exchange.Unknown:
			d.why = public(a.Err)
			return d.read(make([]exchange.Item, len(ops)))
		case exchange.Rejected:
			return d.rejected(a, bytes)
		case exchange.Denied:
			return landing{stop: denied(a)}, true
		}
		// Nothing was done. While the service takes other requests, being asked
		// to wait is no failure.
		if r.leave.Err() != nil {
			return landing{}, true
		}
		if r.c.gate.State().Accepted > accepted {
			try = 0
		}
		if try >= r.c.cfg.MaxAttempts || errors.Is(a.Err, gate.ErrTooLong) {
			return landing{stop: fmt.Errorf("%w: %w", ErrUnavailable, public(a.Err))}, true
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

// rejected is a request that was refused for what it holds. What was refused
// alone has its answer; of many, one or the other is to blame.
func (d *delivery) rejected(a exchange.Answer, bytes int) (end landing, over bool) {
	if e, ok := errors.AsType[*exchange.Error](a.Err); ok && len(d.ops) == 1 {
		return d.read([]exchange.Item{{Found: true, Status: a.Status, Err: e}})
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
