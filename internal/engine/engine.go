package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// Config says how a job is to be done. Times and numbers are never zero.
type Config struct {
	// Operations and Bytes bound a request.
	Operations, Bytes int
	// Concurrency bounds the requests that are with the service at once.
	Concurrency int
	// Ordered keeps the input order, one request at a time.
	Ordered bool
	// Separate leaves no references but cycles to the service.
	Separate bool
	// FailOnErrors stops the job after so many refusals; 0 is no budget.
	FailOnErrors int
	// Before is the state of earlier stages of the job. The engine keeps it.
	Before Carried
	// MaxAttempts is how many attempts an operation gets that tell nothing.
	MaxAttempts int
	// LookupPatience is how long reads may lag behind writes.
	LookupPatience time.Duration
	// MaxServiceTime is how long an attempt may be at work at the service.
	MaxServiceTime time.Duration
	// Facts returns the facts of an operation that was added and is not over.
	// The engine does not keep those of most operations that wait, so that they
	// can be on disk. It is required. An error ends the job.
	Facts func(index int) (*Operation, error)
	// Keep is the number of waiting operations whose facts the engine keeps.
	Keep int
	// Journal says that there is a journal, for Claims and Records.
	Journal bool
	// Existing says how a create is treated whose resource exists already.
	// Compare returns the change of an update; UpdateExisting requires it.
	Existing Existing
	Compare  Compare
	// ReadOn says that the source is read to its end even after a stop.
	ReadOn bool
	// LastWritten is when an earlier run last wrote to the journal, by the wall
	// clock; zero if none did. In a later stage, that of Before counts.
	// LastDate is the latest time of the service that it recorded.
	LastWritten, LastDate time.Time
	// Memory keeps the outcomes of names and resources; nil keeps them in a
	// map.
	Memory Memory
	// Rand returns a number in [0, 1), for jitter; nil is math/rand/v2.
	Rand func() float64
}

// Time is the time of an event. Elapsed is since the job began and never runs
// backward, but may stand still while the machine sleeps. Wall is the local
// wall clock, which can be set.
type Time struct {
	Elapsed time.Duration
	Wall    time.Time
}

// The reasons for which the engine itself stops a job.
var (
	// ErrBudget: the service has refused as many operations as allowed.
	ErrBudget = errors.New("error budget spent")
	// ErrUnavailable: the service itself has not answered for a minute.
	ErrUnavailable = errors.New("service unavailable")
	// ErrSameRefusal: single operations are refused, one after the other, in
	// the same way, so that the cause is not in the operations.
	ErrSameRefusal = errors.New("the service refuses every request in the same way")
)

// Engine decides what to do next in one job. It is not for concurrent use.
type Engine struct {
	cfg     Config
	now     Time
	passed  time.Duration // since the job began, with the time that the machine slept
	planner *plan.Planner
	memory  memory
	budget  budget
	timers  timers
	ops     map[int]*op // by index, the open operations that do not rest
	open    int         // operations whose outcome was not reported
	resting []int       // operations that rest although the job has stopped
	window  int         // operations to read in advance
	ended   bool        // the source has ended
	idle    bool        // the source has no more for now
	stopped error       // why the job stopped early
	freed   int         // counts the steps that may let other operations go on

	identities   // identity.go
	claims       // claim.go
	createWaits  // claim.go
	requests     // request.go
	lookupQueue  // lookup.go
	ownership    // judge.go
	lateAttempts // atwork.go
	life         // life.go
	recording    // record.go
}

// New returns an engine for a job that begins now.
func New(cfg Config, now Time) *Engine {
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if cfg.Memory == nil {
		cfg.Memory = mapMemory{}
	}
	if cfg.Ordered {
		cfg.Concurrency = 1
	}
	if cfg.Before.stages > 0 {
		cfg.LastWritten = cfg.Before.lastWritten
	}
	e := &Engine{
		cfg: cfg, now: now, memory: memory{store: cfg.Memory},
		budget:       budget{limit: cfg.FailOnErrors, spent: cfg.Before.spent, held: cfg.Before.held},
		ops:          map[int]*op{},
		window:       cfg.Operations * (2*cfg.Concurrency + 2),
		identities:   identities{unkeyed: map[string][]int{}, tails: map[string]tail{}, followers: map[int]int{}},
		claims:       claims{rivals: map[uint64][]*op{}},
		createWaits:  createWaits{creates: map[string]int{}, comparing: map[string][]int{}, afterCreate: map[string][]*op{}},
		requests:     requests{sent: map[int]*request{}},
		lookupQueue:  lookupQueue{lookups: map[int]*lookup{}, sought: map[*op]bool{}},
		ownership:    cfg.Before.ownership,
		lateAttempts: lateAttempts{lasting: map[int]bool{}, atWorkUntil: cfg.Before.atWorkUntil},
		recording:    recording{writes: map[int]write{}},
	}
	if e.doubts == nil {
		e.doubts = map[Key]int{}
	}
	e.planner = plan.New(plan.Config{
		Operations: cfg.Operations, Bytes: cfg.Bytes, Ordered: cfg.Ordered, Separate: cfg.Separate, Memory: &e.memory,
	})
	return e
}

// Ready holds the next commands for the driver, which may carry them out in any
// order and at once: the engine gives out a request or a result only when its
// records are on disk.
type Ready struct {
	// Claims are operations that the journal is to be asked about; the answer
	// is one Claimed with as many records.
	Claims []Claim
	// Records are changes to be written to the journal; each is answered by a
	// Recorded.
	Records []Record
	// Requests are to be sent; each is answered by a Response.
	Requests []Request
	// Lookups are to be made; each is answered by a Found.
	Lookups []Lookup
	// Results are outcomes to be reported.
	Results []Result
}

// Ready returns the commands since the last call. After a Ready with results,
// there may be more at once.
func (e *Engine) Ready() Ready {
	e.decideResting()
	out := e.out
	e.out = Ready{}
	return out
}

// Wake returns the time at which the engine needs a Tick; ok is false if it
// waits for no time.
func (e *Engine) Wake() (at time.Duration, ok bool) {
	at, ok = e.timers.first()
	if dead := e.silentAt + deadAfter; e.stopped == nil && e.silent >= deadAttempts && (!ok || dead < at) {
		return dead, true
	}
	return at, ok
}

// Wants reports whether the next operation of the source is wanted.
func (e *Engine) Wants() bool {
	return !e.ended && (e.stopped != nil || e.planner.Backlog() < e.window || e.awaitsInput())
}

// awaitsInput reports whether the job is held up by an operation that waits for
// the end of the input or, in an ordered job, for the operations that it refers
// to, however far ahead, so that the journal can recognize it.
func (e *Engine) awaitsInput() bool {
	waits := len(e.unclaimed) > 0 || e.cfg.Ordered && len(e.unkeyed) > 0
	return waits && len(e.sent)+len(e.prepared) == 0
}

// Finished reports whether the outcome of every operation was reported, and no
// more will be read.
func (e *Engine) Finished() bool {
	return e.ended && e.open == 0 && e.writing == 0 && len(e.sent) == 0
}

// Stopped is why the job ended before its time; nil if it did not.
func (e *Engine) Stopped() error { return e.stopped }

// Fillable reports whether a request that is not full could leave if the source
// had no more for now.
func (e *Engine) Fillable() bool {
	ready := e.planner.Ready() && len(e.prepared) < e.cfg.Concurrency
	return e.stopped == nil && !e.ended && (ready || len(e.unlooked) > 0)
}

// Status counts the requests and lookups under way, and the operations that
// wait, for a progress display.
type Status struct {
	// InFlight are the requests with the service, and Lookups the lookups.
	InFlight, Lookups int
	// Waiting are the operations that have not been sent.
	Waiting int
	// LookingUp are the operations that may have been done, and whose effect is
	// being looked for; LookingFor is how long that may still take.
	LookingUp  int
	LookingFor time.Duration
}

// Status returns the present counts.
func (e *Engine) Status() Status {
	s := Status{InFlight: len(e.sent), Lookups: len(e.lookups), Waiting: e.planner.Waiting()}
	for _, r := range e.prepared {
		s.Waiting += len(r.ops)
	}
	for o := range e.sought {
		if o.knowledge.Maybe() {
			s.LookingUp++
			s.LookingFor = max(s.LookingFor, e.proofIn(o, e.now.Elapsed))
		}
	}
	return s
}

// Tick tells the engine the time.
func (e *Engine) Tick(now Time) {
	e.begin(now)
	e.proceed()
}

// Idle tells the engine that the source has no more for now, so that requests
// leave although they are not full.
func (e *Engine) Idle(now Time) {
	e.begin(now)
	e.idle = true
	e.proceed()
	e.idle = false
}

// Stop ends the job: no more requests leave, and operations that were not sent
// are skipped.
func (e *Engine) Stop(now Time, err error) {
	e.begin(now)
	e.stop(err)
	e.proceed()
}

func (e *Engine) begin(now Time) {
	now.Elapsed = max(now.Elapsed, e.now.Elapsed)
	// The monotonic clock stands still while the machine sleeps, and the wall
	// clock can be set back: of each step the larger one counts.
	e.passed += max(now.Elapsed-e.now.Elapsed, now.Wall.Sub(e.now.Wall))
	e.now = now
}

// proceed takes all steps that follow from the last event.
func (e *Engine) proceed() {
	e.runTimers()
	e.checkLife()
	for freed := -1; freed != e.freed; {
		freed = e.freed
		e.takeDrops()
		e.tell() // before dispatch: outcomes are recorded before the requests that they free
		e.dispatch()
		e.startLookingFirst()
		e.lookUp()
	}
	e.tell()
	e.ask()
	e.checkStuck()
}

// internal is an error of the engine itself.
func internal(format string, args ...any) error {
	return fmt.Errorf("internal error, please report: "+format, args...)
}
