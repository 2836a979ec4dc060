package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/spill"
)

// Run carries out a job and yields the results as they arrive. Each operation
// that was read has one, with an Err if it did not succeed. If the job stops
// before its source ends, the last pair is an error that says why; a job that
// reaches the end has none, even if operations failed.
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
		if err := r.engine.Stopped(); err != nil && !r.left {
			yield(Result{}, err)
		}
	}
}

// Do carries out operations and returns their results in the order of ops.
//
// A nil error does NOT mean that all operations succeeded: it means that the
// job was not stopped. Each Result has its own Err; [JoinErrors] joins them. A
// non-nil error means, as in Run, that the job stopped: operations that were
// not done by then are Skipped.
func (c *Client) Do(ctx context.Context, ops ...Operation) ([]Result, error) {
	return c.DoJob(ctx, &Job{}, ops...)
}

// DoJob is Do with the settings of a job, whose Source and ReadOn are not used.
// As with Do, a nil error does not mean that all operations succeeded.
func (c *Client) DoJob(ctx context.Context, job *Job, ops ...Operation) ([]Result, error) {
	if job == nil {
		return nil, errNilJob
	}
	job.Source, job.ReadOn = Operations(ops...), true
	results := make([]Result, len(ops))
	first := job.Progress().Read
	var stop error
	for res, err := range c.Run(ctx, job) {
		if err != nil {
			stop = err
			break
		}
		results[res.Index-first] = res
	}
	for i := range results {
		if results[i].Outcome == 0 {
			results[i] = Result{Index: first + i, Operation: ops[i], Outcome: Skipped, Err: &SkippedError{Index: -1, Cause: stop}}
		}
	}
	return results, stop
}

var errNilJob = errors.New("client: no job, expected a *Job")

// errLeft stops a job when the caller leaves the loop over its results.
var errLeft = errors.New("the caller left the loop")

// run drives the engine of one job: it turns commands into calls and answers
// into events, and decides nothing. Only the goroutine of the caller uses the
// engine; others call the source, the service and the journal.
type run struct {
	c      *Client
	job    *Job
	engine *engine.Engine
	began  time.Time
	yield  func(Result) bool

	sending       context.Context // requests are sent until it ends
	stopSending   context.CancelCauseFunc
	answering     context.Context // requests in flight may be answered until it ends
	stopAnswering context.CancelFunc
	stopReading   context.CancelFunc

	items         chan sourceItem
	lastRead      time.Time       // when the source last gave something
	fillableSince time.Time       // since when a request that is not full could be sent; zero: none could
	events        chan func()     // answers, for the engine
	calls         int             // goroutines that will send an event
	unwritten     []engine.Record // for the journal, in order
	writing       bool            // the journal is writing the records before these
	memory        *spill.Map

	ops     *operations
	causes  causes
	results []Result
	left    bool // the caller has left the loop
}

func (c *Client) start(ctx context.Context, job *Job) (*run, error) {
	if job == nil {
		return nil, errNilJob
	}
	if job.FailOnErrors < 0 {
		return nil, fmt.Errorf("client: Job.FailOnErrors: %d, expected 0 or more", job.FailOnErrors)
	}
	if !job.Existing.isValid() {
		return nil, fmt.Errorf("client: Job.Existing: %d, expected ExistingFail, ExistingSkip or ExistingUpdate", job.Existing)
	}
	stage, ok := job.state.begin(c.throttle)
	if !ok {
		return nil, errors.New("client: this Job has run: expected another Job, or Job.Next before it runs on")
	}
	r := newRun(c, job)
	cfg := r.engineConfig()
	if !stage.began.IsZero() {
		r.began = stage.began // the times of all stages are since the job began
	}
	cfg.Before = stage.carried
	if job.Journal != nil {
		history, err := job.beginJournal(ctx, Target{OrgID: c.cfg.OrgID, BaseURL: c.cfg.BaseURL})
		if err != nil {
			job.state.setReady(running)
			return nil, fmt.Errorf("%w: %w", ErrJournal, err)
		}
		cfg.LastWritten, cfg.LastDate = history.LastWritten, history.LastDate
	}
	r.engine = engine.New(cfg, r.now())
	if stage.stopped != nil {
		r.engine.Stop(r.now(), stage.stopped)
	}
	r.sending, r.stopSending = context.WithCancelCause(ctx)
	r.answering, r.stopAnswering = context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(r.sending, func() {
		timer := time.AfterFunc(c.cfg.Grace, r.stopAnswering)
		context.AfterFunc(r.answering, func() { timer.Stop() })
	})
	reading := r.sending
	if job.ReadOn {
		reading = context.WithoutCancel(ctx)
	}
	reading, r.stopReading = context.WithCancel(reading)
	go readSource(reading, job.Source, stage.first, job.Journal != nil, r.items)
	return r, nil
}

func newRun(c *Client, job *Job) *run {
	return &run{
		c: c, job: job, began: time.Now(),
		items:  make(chan sourceItem, 2*c.cfg.Limits.Operations),
		events: make(chan func(), 16),
		memory: &spill.Map{},
		ops:    newOperations(job.Journal != nil, c.inMemory),
	}
}

func (r *run) engineConfig() engine.Config {
	cfg := r.c.cfg
	return engine.Config{
		Operations:     cfg.Limits.Operations,
		Bytes:          cfg.Limits.Bytes - bulkapi.Envelope,
		Concurrency:    cfg.Concurrency,
		Ordered:        r.job.Ordered,
		Separate:       cfg.ResolveReferences,
		FailOnErrors:   r.job.FailOnErrors,
		MaxAttempts:    cfg.MaxAttempts,
		LookupPatience: cfg.LookupPatience,
		MaxServiceTime: cfg.MaxServiceTime,
		Journal:        r.job.Journal != nil,
		Existing:       engine.Existing(r.job.Existing), // in the same order
		Compare:        r.compare,
		ReadOn:         r.job.ReadOn,
		Facts:          r.ops.facts,
		Keep:           r.c.inMemory,
		Memory:         r.memory,
	}
}

func (r *run) now() engine.Time {
	now := time.Now()
	return engine.Time{Elapsed: now.Sub(r.began), Wall: now.Round(0)}
}

// loop goes from event to event until every operation has its result.
func (r *run) loop() {
	for {
		if err := r.ops.setAside(); err != nil {
			r.engine.Stop(r.now(), fmt.Errorf("operations that wait: %w", err))
		}
		r.carryOut(r.engine.Ready())
		if r.engine.Stopped() != nil {
			r.stopSending(r.engine.Stopped())
		}
		r.updateProgress()
		if r.yieldResults() {
			continue // the caller took time: look again
		}
		if r.engine.Finished() && r.calls == 0 {
			return
		}
		r.wait()
	}
}

// carryOut starts the work that the engine asks for.
func (r *run) carryOut(ready engine.Ready) {
	if len(ready.Claims) > 0 {
		r.call(func() func() { return r.claim(ready.Claims) })
	}
	r.unwritten = append(r.unwritten, ready.Records...)
	r.write()
	for _, req := range ready.Requests {
		ops := r.encode(req)
		r.call(func() func() { return r.send(req, ops) })
	}
	for _, l := range ready.Lookups {
		r.lookUp(l)
	}
	r.results = slices.Grow(r.results, len(ready.Results))
	for _, res := range ready.Results {
		r.results = append(r.results, r.toResult(res))
	}
}

// call does work in a goroutine of its own. The loop runs the function that it
// returns.
func (r *run) call(work func() func()) {
	r.calls++
	go func() { r.events <- work() }()
}

// yieldResults gives the caller the results that have come, and reports whether
// there were any.
func (r *run) yieldResults() bool {
	yielded := len(r.results) > 0
	for len(r.results) > 0 {
		res := r.results[0]
		r.results = r.results[1:]
		r.job.state.change(func(p *Progress) { p.count(res) })
		if !r.left && !r.yield(res) {
			r.left = true
			r.stopReading()
			r.engine.Stop(r.now(), errLeft)
		}
	}
	return yielded
}

// idleAfter is how long operations wait for their request to be full, however
// slowly the source continues.
const idleAfter = 100 * time.Millisecond

// wait blocks until something has happened, and tells the engine.
func (r *run) wait() {
	var items chan sourceItem
	if r.engine.Wants() {
		items = r.items
	}
	done := r.sending.Done()
	if r.engine.Stopped() != nil {
		done = nil
	}
	var tick, idle <-chan time.Time
	if at, ok := r.engine.Wake(); ok {
		timer := time.NewTimer(max(0, at-time.Since(r.began)))
		defer timer.Stop()
		tick = timer.C
	}
	if wait, ok := r.idleIn(); ok && items != nil {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		idle = timer.C
	}
	select {
	case item, ok := <-items:
		r.addFromSource(item, ok, r.nextItem)
	case event := <-r.events:
		r.handle(event)
	case <-tick:
		r.engine.Tick(r.now())
	case <-idle:
		r.fillableSince = time.Time{}
		r.engine.Idle(r.now())
	case <-done:
		r.engine.Stop(r.now(), r.interruption())
	}
}

// interruption returns why the context of the job has ended. The error says so
// if the job waited only for lookups by then.
func (r *run) interruption() error {
	err := endOf(r.sending)
	if s := r.engine.Status(); s.InFlight == 0 && s.Lookups > 0 {
		return fmt.Errorf("%w while waiting for the answers to lookups", err)
	}
	return err
}

// endOf returns why a context has ended: its error, and its cause if that is
// another error.
func endOf(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if err == nil || errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// idleIn returns how long operations that could be sent still wait for a full
// request; ok is false if there are none.
func (r *run) idleIn() (wait time.Duration, ok bool) {
	switch {
	case !r.engine.Fillable():
		r.fillableSince = time.Time{}
		return 0, false
	case r.fillableSince.IsZero():
		r.fillableSince = time.Now()
	}
	since := r.fillableSince
	if r.lastRead.Before(since) {
		since = r.lastRead // the source had paused before
	}
	// It is never 0: on a busy machine the source may have had no chance to
	// run.
	return max(idleAfter/10, time.Until(since.Add(idleAfter))), len(r.items) == 0
}

// handle gives the engine an event, and the events that have come meanwhile.
func (r *run) handle(event func()) {
	for {
		r.calls--
		event()
		select {
		case event = <-r.events:
		default:
			return
		}
	}
}

// maxBatch is the most operations that are read at once, so that answers do not
// wait for long.
const maxBatch = 64

// nextItem returns an item that the source has given already; more is false if
// it has given none, and ok at the end of the source.
func (r *run) nextItem() (item sourceItem, ok, more bool) {
	select {
	case item, ok = <-r.items:
		return item, ok, true
	default:
		return sourceItem{}, true, false
	}
}

// addFromSource gives the engine an item of the source, and those that next
// returns after it. ok is false at the end of the source.
func (r *run) addFromSource(item sourceItem, ok bool, next func() (item sourceItem, ok, more bool)) {
	now := r.now()
	r.lastRead = time.Now()
	read := 0
	for more := true; more && ok && item.err == nil; {
		r.ops.add(item.operation)
		r.engine.Add(now, &item.operation.Operation)
		if read++; read == maxBatch {
			break
		}
		item, ok, more = next()
	}
	r.job.state.change(func(p *Progress) { p.Read += read })
	switch {
	case !ok:
		if err := endOf(r.sending); err != nil {
			r.engine.Stop(now, err) // the source ended because the job does
		}
		r.engine.End(now)
	case item.panic != nil:
		panic(item.panic)
	case item.err != nil:
		r.engine.Break(now, fmt.Errorf("%w: %w", ErrSource, item.err))
	default:
		r.engine.Take()
	}
}

// updateProgress copies the counts of the engine into the progress of the job.
func (r *run) updateProgress() {
	s := r.engine.Status()
	r.job.state.change(func(p *Progress) {
		p.InFlight, p.Waiting, p.LookingUp, p.LookingFor = s.InFlight, s.Waiting, s.LookingUp, s.LookingFor
	})
}

// end leaves nothing behind, even where the loop over the results was left by a
// panic.
func (r *run) end() {
	r.stopSending(nil)
	r.stopReading()
	r.stopAnswering()
	defer r.close()
	for ; r.calls > 0; r.calls-- {
		<-r.events
	}
	r.job.state.end(r.engine, r.began)
	if r.job.Journal != nil {
		_ = r.job.Journal.End(context.WithoutCancel(r.sending))
	}
}

// close waits for the source to return, and removes the temporary files. A
// panic of the source becomes one of the caller.
func (r *run) close() {
	var late any
	for item := range r.items {
		late = item.panic
	}
	_ = r.memory.Close()
	_ = r.ops.close()
	if late != nil {
		panic(late)
	}
}
