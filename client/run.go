package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
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
// that can block should end when ctx does. If it panics, so does the loop.
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

// DoJob is Do with the settings of a job, whose Source and ReadOn are not used.
func (c *Client) DoJob(ctx context.Context, job *Job, ops ...Operation) ([]Result, error) {
	job.Source, job.ReadOn = Operations(ops...), true
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
	journal Journal // nil: nothing is remembered
	yield   func(Result) bool

	leave    context.Context // nothing new is sent once it ends
	halt     context.CancelCauseFunc
	flight   context.Context // what is in flight is cut when it ends
	cut      context.CancelFunc
	done     <-chan struct{} // that of leave, until it was seen
	reading  context.Context // the source is read until it ends
	unread   context.CancelFunc
	feed     chan fed
	landings chan landing

	planner  *plan.Planner
	budget   budget
	open     map[int]*pending
	causes   map[string]cause        // why what is called so did not succeed
	whole    []string                // those whose cause is kept as it was told
	briefs   map[string]error        // what the others share, by its text
	late     map[string]plan.Settled // what the journal has yet to be told
	known    identities
	results  []Result
	window   int
	accepted int         // bytes of the largest body that the service took
	ready    []*delivery // to leave when there is room
	flights  int         // requests that have a worker
	busy     int         // those of them that are with the service
	since    time.Time   // when something was first ready that no request has taken; zero: nothing is
	ended    bool        // the feed is closed
	left     bool        // the caller has left the loop
	stopped  error
}

func (c *Client) start(ctx context.Context, job *Job) (*run, error) {
	if job.FailOnErrors < 0 {
		return nil, fmt.Errorf("client: Job.FailOnErrors: %d, expected 0 or more", job.FailOnErrors)
	}
	if !job.tally.begin(c.gate) {
		return nil, errors.New("client: a Job is used once, and this one was")
	}
	r := &run{
		c: c, job: job, journal: job.Journal,
		feed:     make(chan fed, 2*c.cfg.Limits.Operations),
		landings: make(chan landing, c.cfg.Concurrency),
		budget:   budget{limit: job.FailOnErrors},
		open:     map[int]*pending{},
		causes:   map[string]cause{},
		briefs:   map[string]error{},
		late:     map[string]plan.Settled{},
		window:   c.cfg.Limits.Operations * (2*c.cfg.Concurrency + 2),
	}
	if r.journal != nil {
		if err := r.journal.Begin(ctx, Target{OrgID: c.cfg.OrgID, BaseURL: c.cfg.BaseURL}); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrJournal, err)
		}
	}
	r.leave, r.halt = context.WithCancelCause(ctx)
	r.done = r.leave.Done() // not ctx's, which ends before leave knows its cause
	r.flight, r.cut = context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(r.leave, func() {
		timer := time.AfterFunc(c.cfg.Grace, r.cut)
		context.AfterFunc(r.flight, func() { timer.Stop() })
	})
	r.planner = plan.New(r.planConfig())
	r.reading, r.unread = r.leave, func() {}
	if job.ReadOn {
		r.reading, r.unread = context.WithCancel(context.WithoutCancel(ctx))
	}
	go feed(r.reading, job.Source, r.journal != nil, r.feed)
	return r, nil
}

func (r *run) planConfig() plan.Config {
	cfg := plan.Config{
		Operations: r.c.cfg.Limits.Operations,
		Bytes:      r.c.cfg.Limits.Bytes - envelope,
		Ordered:    r.job.Ordered,
		Separate:   r.c.cfg.ResolveReferences,
	}
	if r.journal != nil {
		cfg.Settled = r.settled
	}
	return cfg
}

// settled is what became of a name of this job, which the journal keeps so that
// the planner need not.
func (r *run) settled(name string) (plan.Settled, error) {
	if c, ok := r.causes[name]; ok {
		return plan.Settled{Known: true, Index: c.index}, nil
	}
	if s, ok := r.late[name]; ok {
		return s, nil
	}
	s, ok, err := r.journal.Created(context.WithoutCancel(r.leave), name)
	if err != nil || !ok {
		return plan.Settled{}, err
	}
	l, _ := ParseLocation(s.Location)
	return plan.Settled{Known: true, Done: s.Outcome == Succeeded, ID: l.ID, Index: -1}, nil
}

// end leaves nothing behind, even where the loop over the results was left by a
// panic.
func (r *run) end() {
	r.halt(nil)
	r.unread()
	r.cut()
	var late any // a panic of the source, for the caller too
	for f := range r.feed {
		late = f.panic
	}
	for _, d := range r.ready {
		<-d.announced
	}
	for r.flights > 0 {
		if l := <-r.landings; l.last {
			r.flights--
		}
	}
	if late != nil {
		panic(late)
	}
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
