package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// dispatch sends what may leave.
func (r *run) dispatch() {
	defer r.show()
	for r.stopped == nil && r.flights < r.concurrency() {
		if err := context.Cause(r.leave); err != nil {
			r.stop(err)
			return
		}
		if r.budget.spentWhole() {
			r.stop(fmt.Errorf("%w: %d operations have failed", ErrBudget, r.budget.spent))
			return
		}
		if !r.budget.open() {
			return
		}
		final := r.ended || r.idle || r.planner.Backlog() >= r.window
		req := r.planner.Next(final)
		r.takeDrops()
		if err := r.planner.Err(); err != nil {
			r.stop(fmt.Errorf("%w: %w", ErrJournal, err))
		}
		switch {
		case req != nil && r.stopped == nil:
			r.launch(req)
			continue
		case req != nil: // a drop could not be put on record
			r.recall(req)
		case r.ended && r.flights == 0 && r.planner.Open() > 0:
			r.stop(errors.New("client: operations that never become ready: please report this"))
		}
		return
	}
}

func (r *run) concurrency() int {
	if r.job.Ordered {
		return 1
	}
	return r.c.cfg.Concurrency
}

func (r *run) launch(req *plan.Request) {
	d := &delivery{
		run: r, req: req, ops: make([]*pending, len(req.Items)), items: req.Items,
		share: r.budget.take(len(req.Items), r.concurrency()-r.flights), limit: r.planner.Bytes() + envelope,
	}
	for i, s := range req.Items {
		d.ops[i] = r.open[s.Index]
	}
	r.flights++
	go func() { r.landings <- d.deliver() }()
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

// idleAfter is how long the source may pause before a request leaves that is
// not full.
const idleAfter = 100 * time.Millisecond

// wait blocks until there is something to do.
func (r *run) wait() {
	in := r.feed
	if r.ended || r.stopped == nil && r.planner.Backlog() >= r.window {
		in = nil
	}
	var pause <-chan time.Time
	if in != nil && r.stopped == nil && !r.idle && r.planner.Waiting() > 0 {
		timer := time.NewTimer(idleAfter - time.Since(r.heard))
		defer timer.Stop()
		pause = timer.C
	}
	select {
	case f, ok := <-in:
		r.idle, r.heard = false, time.Now()
		r.takeIn(f, ok)
	case l := <-r.landings:
		r.land(l)
	case <-pause:
		r.idle = true
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
	r.skipUnsent()
}

func (r *run) show() {
	r.job.tally.change(func(p *Progress) {
		p.InFlight, p.Waiting = r.flights, r.planner.Waiting()
	})
}
