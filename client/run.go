package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// Run carries out a job and gives the results as they come. Each operation
// that was read has one. If the job stops before its source ends, the last
// pair is an error that says why; a job that ends by itself has none, whatever
// became of its operations.
//
// When the loop over it is left, or ctx ends, nothing new is sent, requests in
// flight get Config.Grace to answer, and the rest is skipped. No goroutine
// outlives the loop, which therefore waits for Job.Source to return: a source
// that can block should end when ctx does.
func (c *Client) Run(ctx context.Context, job *Job) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		r, err := c.start(ctx, job)
		if err != nil {
			yield(Result{}, err)
			return
		}
		defer r.end()
		r.yield = func(res Result) bool { return yield(res, nil) }
		r.loop()
		if r.stopped != nil && !r.left {
			yield(Result{}, r.stopped)
		}
	}
}

// Do carries out operations and returns their results in the order of ops. The
// error is that of Run: the job stopped, and the rest is Skipped.
func (c *Client) Do(ctx context.Context, ops ...Operation) ([]Result, error) {
	return c.DoJob(ctx, &Job{}, ops...)
}

// DoJob is Do with the settings of a job, whose Source is not used.
func (c *Client) DoJob(ctx context.Context, job *Job, ops ...Operation) ([]Result, error) {
	job.Source = Operations(ops...)
	results := make([]Result, len(ops))
	var stop error
	for res, err := range c.Run(ctx, job) {
		if err != nil {
			stop = err
			break
		}
		results[res.Index] = res
	}
	for i := range results {
		if results[i].Outcome == 0 {
			results[i] = Result{Index: i, Operation: ops[i], Outcome: Skipped, Err: &SkippedError{Index: -1, Cause: stop}}
		}
	}
	return results, stop
}

// run is a job under way. Its own goroutine, the caller's, reads the feed,
// plans, and takes in what the workers bring; each worker has one request.
type run struct {
	c       *Client
	job     *Job
	journal Journal
	yield   func(Result) bool
	began   time.Time

	leave    context.Context // nothing new is sent once it ends
	halt     context.CancelCauseFunc
	flight   context.Context // what is in flight is cut when it ends
	cut      context.CancelFunc
	done     <-chan struct{} // the caller's context
	feed     chan fed
	landings chan landing

	planner  *plan.Planner
	budget   budget
	open     map[int]*pending
	causes   map[string]error // why what is called so did not succeed
	taken    identities
	results  []Result
	window   int
	accepted int // bytes of the largest body that the service took
	flights  int
	ended    bool // the feed is closed
	idle     bool // the source pauses
	left     bool // the caller has left the loop
	stopped  error
}

func (c *Client) start(ctx context.Context, job *Job) (*run, error) {
	if job.FailOnErrors < 0 {
		return nil, fmt.Errorf("client: Job.FailOnErrors: %d, expected 0 or more", job.FailOnErrors)
	}
	r := &run{
		c: c, job: job, journal: job.Journal, began: time.Now(),
		done:     ctx.Done(),
		feed:     make(chan fed, 2*c.cfg.Limits.Operations),
		landings: make(chan landing, c.cfg.Concurrency),
		budget:   budget{limit: job.FailOnErrors},
		open:     map[int]*pending{},
		causes:   map[string]error{},
		window:   c.cfg.Limits.Operations * (2*c.cfg.Concurrency + 2),
	}
	if r.journal == nil {
		r.journal = forgetful{}
	} else if err := r.journal.Begin(ctx, Target{OrgID: c.cfg.OrgID, BaseURL: c.cfg.BaseURL}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	r.leave, r.halt = context.WithCancelCause(ctx)
	r.flight, r.cut = context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(r.leave, func() {
		timer := time.AfterFunc(c.cfg.Grace, r.cut)
		context.AfterFunc(r.flight, func() { timer.Stop() })
	})
	r.planner = plan.New(r.planConfig(ctx))
	job.tally.watch(func(p *Progress) {
		s := c.gate.State()
		p.ClosedFor = max(0, time.Until(s.ClosedUntil))
		p.Refused = s.Refused
	})
	go feed(r.leave, job.Source, r.feed)
	return r, nil
}

func (r *run) planConfig(ctx context.Context) plan.Config {
	cfg := plan.Config{
		Operations: r.c.cfg.Limits.Operations,
		Bytes:      r.c.cfg.Limits.Bytes - envelope,
		Ordered:    r.job.Ordered,
		Separate:   r.c.cfg.ResolveReferences,
	}
	if r.job.Journal != nil {
		cfg.Settled = func(name string) (plan.Settled, error) {
			s, ok, err := r.journal.Created(context.WithoutCancel(ctx), name)
			if err != nil || !ok {
				return plan.Settled{}, err
			}
			return plan.Settled{Known: true, Done: s.Outcome == Succeeded, ID: idOf(s.Location), Index: -1}, nil
		}
	}
	return cfg
}

// end leaves nothing behind.
func (r *run) end() {
	r.halt(nil)
	r.cut()
}

func (r *run) loop() {
	for {
		r.takeLandings()
		r.dispatch()
		r.hand()
		if r.flights == 0 && r.ended && len(r.results) == 0 {
			if r.planner.Open() == 0 {
				return
			}
			if r.stopped == nil && r.planner.Waiting() > 0 {
				continue // handing out results took time: look again
			}
		}
		r.wait()
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
			r.stop(errLeft)
		}
	}
}

var errLeft = errors.New("the caller left the loop")

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
			return
		}
		if req == nil {
			if r.ended && r.flights == 0 && r.planner.Open() > 0 {
				r.stop(errors.New("client: operations that never become ready: please report this"))
			}
			return
		}
		r.launch(req)
	}
}

func (r *run) concurrency() int {
	if r.job.Ordered {
		return 1
	}
	return r.c.cfg.Concurrency
}

func (r *run) launch(req *plan.Request) {
	ops := make([]*pending, len(req.Items))
	for i, s := range req.Items {
		ops[i] = r.open[s.Index]
	}
	d := &delivery{run: r, req: req, ops: ops, share: r.budget.take(len(ops), r.concurrency()-r.flights)}
	r.flights++
	go func() { r.landings <- d.deliver() }()
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
		timer := time.NewTimer(idleAfter)
		defer timer.Stop()
		pause = timer.C
	}
	select {
	case f, ok := <-in:
		r.idle = false
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

// stop ends the job before its time: what has not been sent is skipped.
func (r *run) stop(err error) {
	if r.stopped == nil {
		r.stopped = err
		r.halt(err)
	}
	r.skipUnsent()
}

func (r *run) skipUnsent() {
	unsent := r.planner.Unsent()
	slices.Sort(unsent)
	var out []Result
	for _, i := range unsent {
		out = append(out, r.skipped(r.open[i]))
	}
	r.conclude(out)
}

func (r *run) skipped(p *pending) Result {
	res := p.result(Skipped, &SkippedError{Index: -1, Cause: r.stopped})
	if p.maybe {
		res = p.result(Unknown, fmt.Errorf("%w: the job stopped before it was looked up: %w", ErrUnknown, r.stopped))
	}
	return res
}

func (r *run) show() {
	r.job.tally.change(func(p *Progress) {
		p.InFlight, p.Waiting = r.flights, r.planner.Waiting()
	})
}
