package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// dispatch sends what may leave, and has as many requests ready as can be with
// the service: they are put on record meanwhile, so that the disk costs no time.
func (r *run) dispatch() {
	defer r.show()
	for r.stopped == nil {
		if err := context.Cause(r.leave); err != nil {
			r.stop(err)
			return
		}
		if r.budget.over(r.flights == 0 && r.waiting() > 0) {
			r.stop(r.budget.err())
			return
		}
		if len(r.ready) > 0 && r.room() && r.budget.open() {
			r.launch()
			continue
		}
		if len(r.ready) >= r.concurrency() {
			return
		}
		req := r.planner.Next(r.input())
		r.takeDrops()
		if err := r.planner.Err(); err != nil {
			r.stop(fmt.Errorf("%w: %w", ErrJournal, err))
		}
		switch {
		case req != nil && r.stopped == nil:
			r.prepare(req)
			continue
		case req != nil: // a drop could not be put on record
			r.recall(req)
		case r.ended && r.flights == 0 && len(r.ready) == 0 && r.planner.Open() > 0:
			r.stop(errors.New("client: operations that never become ready: please report this"))
		}
		return
	}
}

// input is what the planner is to expect of the feed.
func (r *run) input() plan.Input {
	switch {
	case r.ended, r.planner.Backlog() >= r.window:
		return plan.Waits
	case !r.since.IsZero() && time.Since(r.since) >= idleAfter && len(r.feed) == 0 && r.room():
		return plan.Pauses
	}
	return plan.Flows
}

func (r *run) concurrency() int {
	if r.job.Ordered {
		return 1
	}
	return r.c.cfg.Concurrency
}

// room tells whether a request may leave. Those that are answered but have not
// all their fates on record are bounded too, lest a slow disk make them many.
func (r *run) room() bool {
	return r.busy < r.concurrency() && r.flights < 2*r.concurrency()
}

// prepare puts a request on record as sent.
func (r *run) prepare(req *plan.Request) {
	d := &delivery{
		run: r, req: req, ops: make([]*pending, len(req.Items)), items: req.Items,
		announced: make(chan error, 1), limit: r.planner.Bytes() + envelope,
	}
	for i, s := range req.Items {
		d.ops[i] = r.open[s.Index]
	}
	r.ready = append(r.ready, d)
	r.since = time.Time{}
	tickets := d.tickets()
	go func() { d.announced <- r.announce(tickets) }()
}

// launch gives the request that has been ready for longest to a worker.
func (r *run) launch() {
	d := r.ready[0]
	r.ready = r.ready[1:]
	d.share = r.budget.take(len(d.ops), r.concurrency()-r.busy)
	r.flights++
	r.busy++
	go func() { r.landings <- d.deliver() }()
}

// withdraw takes back what is ready and does not leave.
func (r *run) withdraw() {
	ready := r.ready
	r.ready = nil
	for _, d := range ready {
		<-d.announced // what is on record as sent can then be settled
		r.recall(d.req)
	}
}

// recall takes a request back that is not to leave.
func (r *run) recall(req *plan.Request) {
	again := make([]plan.Verdict, len(req.Items))
	for i, s := range req.Items {
		again[i] = plan.Verdict{Index: s.Index, Fate: plan.Again}
	}
	r.planner.Settle(req, again)
	r.takeDrops()
	r.skipUnsent()
}

// idleAfter is how long what could leave waits for a request to be full, however
// slowly the source goes on.
const idleAfter = 100 * time.Millisecond

// wait blocks until there is something to do.
func (r *run) wait() {
	in := r.feed
	if r.ended || r.stopped == nil && r.planner.Backlog() >= r.window {
		in = nil
	}
	switch {
	case !r.planner.Ready():
		r.since = time.Time{}
	case r.since.IsZero():
		r.since = time.Now()
	}
	var pause <-chan time.Time
	if left := idleAfter - time.Since(r.since); in != nil && r.stopped == nil && left > 0 && !r.since.IsZero() {
		timer := time.NewTimer(left)
		defer timer.Stop()
		pause = timer.C
	}
	select {
	case f, ok := <-in:
		r.takeIn(f, ok)
	case l := <-r.landings:
		r.land(l)
	case <-pause:
	case <-r.done:
		r.done = nil
		r.stop(context.Cause(r.leave))
	}
}

var errLeft = errors.New("the caller left the loop")

// stop ends the job before its time: what has not been sent is skipped.
func (r *run) stop(err error) {
	if r.stopped == nil {
		r.stopped = err
		r.halt(err)
	}
	r.withdraw()
	r.skipUnsent()
}

func (r *run) show() {
	r.job.tally.change(func(p *Progress) { p.InFlight, p.Waiting = r.busy, r.waiting() })
}

// waiting is the number of operations that were read and have not been sent.
func (r *run) waiting() int {
	n := r.planner.Waiting()
	for _, d := range r.ready {
		n += len(d.ops)
	}
	return n
}
