package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// Request is one POST to Bulk.
type Request struct {
	// Number identifies the request in its Response.
	Number int
	// Items are its operations, in order, with the references to be replaced.
	Items []plan.Sending
	// FailOnErrors is sent along; 0 leaves it out.
	FailOnErrors int
}

// Kind classifies the response to a request as a whole.
type Kind uint8

// The kinds of responses.
const (
	// Answered: Items has the result of each operation.
	Answered Kind = iota
	// NotSent: nothing reached the service.
	NotSent
	// Waiting: refused whole for now; the throttle knows when to try again.
	Waiting
	// Rejected: refused whole for its content.
	Rejected
	// Denied: refused whole for its token or its url.
	Denied
	// NoResponse: the request left, and its answer is lost.
	NoResponse
)

// Response is the response to a request.
type Response struct {
	Kind Kind
	// Items has, when Answered, one entry for each operation of the request.
	Items []Item
	// Status is the HTTP status, 0 when there was none.
	Status int
	// Err is nil exactly when Answered. That of a Denied request ends the job.
	Err error
	// Uniform recognizes equal refusals, such as by status and text.
	Uniform string
	// Alive reports that the answer is the service's own.
	Alive bool
	// GaveUp reports that the throttle has waited for too long.
	GaveUp bool
	// Date is the service's time, zero if it was not told.
	Date time.Time
	// Bytes is the size of the operations that were sent. TooLarge reports a
	// refusal for the size, MaxBytes and MaxOperations the limits that it
	// named.
	Bytes                   int
	TooLarge                bool
	MaxBytes, MaxOperations int
}

// request is a Request with its operations.
type request struct {
	planned  *plan.Request
	ops      []*op
	share    int  // of the error budget
	onDisk   bool // its operations are on record as sent
	recorded time.Duration
	tries    int   // times in a row that it was not sent or asked to wait
	putOff   error // the last answer that asked it to wait
	answers  int   // answers to the job when it left
}

// requests holds the requests on their way.
type requests struct {
	prepared []*request // composed, on their way to the disk or ready to leave
	sent     map[int]*request
	accepted int // bytes of the largest request that was accepted
	uniform  uniform
}

// dispatch sends what may leave and has the next requests recorded meanwhile,
// so that the disk costs no time.
func (e *Engine) dispatch() {
	e.resolveRivals()
	for e.stopped == nil {
		if e.memory.err != nil {
			e.stop(fmt.Errorf("%w: %w", errUnread, e.memory.err))
			return
		}
		if e.budget.isSpent() {
			e.stop(e.budget.err())
			return
		}
		if e.launch() {
			continue
		}
		if len(e.prepared) >= e.cfg.Concurrency || e.writing >= 2*e.cfg.Concurrency {
			return
		}
		r := e.planner.Next(e.input())
		e.takeDrops()
		if r == nil || e.stopped != nil {
			return
		}
		e.prepare(r)
	}
}

// input tells the planner whether more operations are at hand.
func (e *Engine) input() plan.Input {
	switch {
	case e.asked+len(e.unasked) > 0: // the journal is about to release more
		return plan.Flows
	case e.ended, e.planner.Backlog() >= e.window:
		return plan.Waits
	case e.idle:
		return plan.Pauses
	}
	return plan.Flows
}

// checkStuck ends a job in which nothing is under way and nothing can leave,
// because operations that may have failed hold the rest of the budget.
func (e *Engine) checkStuck() {
	if e.stopped != nil || e.isAtWork() || e.planner.Waiting() == 0 && len(e.prepared) == 0 {
		return
	}
	switch {
	case !e.budget.open():
		e.stop(e.budget.err())
	case e.Wants() || len(e.prepared) > 0:
		return
	default:
		e.stop(internal("%d operations never become ready", e.planner.Open()))
	}
	e.tell()
}

// isAtWork reports whether the engine waits for an event other than those of
// the source.
func (e *Engine) isAtWork() bool {
	return len(e.sent)+len(e.sought)+len(e.timers)+e.asked+len(e.unasked)+e.writing > 0
}

// prepare puts the operations of a request on record as sent.
func (e *Engine) prepare(planned *plan.Request) {
	r := &request{planned: planned}
	for _, s := range planned.Items {
		o := e.op(s.Index)
		o.phase = flying
		r.ops = append(r.ops, o)
	}
	e.prepared = append(e.prepared, r)
	e.recordSent(r)
}

// launch sends the request that has been prepared for longest, if it may leave.
func (e *Engine) launch() bool {
	if len(e.prepared) == 0 || len(e.sent) >= e.cfg.Concurrency || !e.budget.open() || e.holdsBack() {
		return false
	}
	r := e.prepared[0]
	if !r.onDisk {
		return false
	}
	if e.cfg.Journal && e.now.Elapsed-r.recorded > rerecordAfter {
		e.recordSent(r)
		if !r.onDisk {
			return false
		}
	}
	e.prepared = e.prepared[1:]
	r.share = e.budget.take(len(r.ops), e.cfg.Concurrency-len(e.sent))
	r.answers = e.answers
	for _, o := range r.ops {
		if o.knowledge == Unsent {
			o.first = moment{elapsed: e.now.Elapsed, passed: e.passed, date: e.date}
		}
		e.learn(o, Attempted)
	}
	e.sent[r.planned.Number] = r
	failOnErrors := r.share
	if e.cfg.Ordered {
		failOnErrors = 1 // so that the service does nothing after a failure
	}
	e.out.Requests = append(e.out.Requests, Request{
		Number: r.planned.Number, Items: r.planned.Items, FailOnErrors: failOnErrors,
	})
	return true
}

// Response gives the engine the response to a request.
func (e *Engine) Response(now Time, number int, in Response) {
	e.begin(now)
	r := e.sent[number]
	if r == nil {
		e.stop(internal("response to request %d, which was not sent", number))
		return
	}
	delete(e.sent, number)
	e.noteLife(in.Alive, in.Date)
	if in.Kind != NotSent {
		for _, o := range r.ops {
			o.attempts++
		}
	}
	switch in.Kind {
	case Answered:
		e.accepted = max(e.accepted, in.Bytes)
		e.uniform = uniform{}
		e.answers++
		e.readItems(r, in.Items)
	case NotSent, Waiting:
		e.sendAgain(r, in)
	case Rejected:
		e.reject(r, in)
	case Denied:
		for _, o := range r.ops {
			e.learn(o, NotDone)
		}
		e.stopFor(r, in, in.Err)
	case NoResponse:
		reserve := e.closeRequest(r, 0, len(r.ops))
		for _, o := range r.ops {
			o.reserves = append(o.reserves, reserve)
			o.doubt = in.Err
			o.tries++
			e.learn(o, NoAnswer)
		}
		e.pursueAll(r.ops)
	}
	e.proceed()
}

// closeRequest tells the planner and the budget that a request is no longer in
// flight.
func (e *Engine) closeRequest(r *request, refused, unsure int) *reserve {
	e.planner.Over(r.planned)
	return e.budget.charge(r.share, refused, unsure)
}

// sendAgain has a request that did nothing sent once more as it is. While the
// service takes other requests, being asked to wait is no failure.
func (e *Engine) sendAgain(r *request, in Response) {
	for _, o := range r.ops {
		e.learn(o, NotDone)
	}
	if e.answers > r.answers {
		r.tries = 0
	}
	if !in.Alive {
		r.tries++
	}
	if e.stopped == nil && (r.tries >= e.cfg.MaxAttempts || in.GaveUp) {
		err := fmt.Errorf("%w: %w", ErrUnavailable, in.Err)
		if in.GaveUp && r.putOff != nil {
			err = fmt.Errorf("%w; the last answer: %w", err, r.putOff)
		}
		e.stopFor(r, in, err)
		return
	}
	if in.Kind == Waiting {
		r.putOff = in.Err
	}
	if e.stopped != nil {
		e.closeRequest(r, 0, 0)
		e.pursueAll(r.ops)
		return
	}
	e.budget.charge(r.share, 0, 0)
	e.prepared = slices.Insert(e.prepared, 0, r)
}

// stopFor ends the job for a request that did nothing.
func (e *Engine) stopFor(r *request, in Response, err error) {
	e.closeRequest(r, 0, 0)
	for _, o := range r.ops {
		if in.Status != 0 { // else nobody has refused it
			o.refusal = in.Err
		}
	}
	e.stop(err)
	e.pursueAll(r.ops)
}

// reject divides a request that was refused whole for its content, until the
// operation at fault is alone.
func (e *Engine) reject(r *request, in Response) {
	if in.TooLarge {
		e.lowerLimits(in)
	}
	if len(r.ops) == 1 {
		e.readItems(r, []Item{{Found: true, Status: in.Status, Err: in.Err}})
		if e.stopped == nil && e.uniform.repeats(in) {
			e.stop(fmt.Errorf("%w: %w", ErrSameRefusal, in.Err))
		}
		return
	}
	for _, o := range r.ops {
		e.learn(o, NotDone)
	}
	if e.stopped != nil {
		e.closeRequest(r, 0, 0)
		e.pursueAll(r.ops)
		return
	}
	if e.planner.Halve(r.planned) {
		e.budget.charge(r.share, 0, 0)
		for _, o := range r.ops {
			o.phase = planned
		}
		return
	}
	// A cycle cannot be divided. As many of its members are refused as the
	// budget allows; the others are of no use without them.
	may := len(r.ops)
	if e.budget.limit > 0 {
		may = min(may, r.share)
	}
	e.closeRequest(r, may, 0)
	for _, o := range r.ops[:may] {
		e.learn(o, Attempted)
		e.learn(o, Refusal)
		o.said = said{status: in.Status, err: in.Err}
	}
	e.pursueAll(r.ops)
}

// lowerLimits lowers the limits of requests to those that a refusal names. If
// it names none, or one that an accepted request exceeded, the limit of bytes
// falls to the largest accepted request, or to five eighths of the refused one.
func (e *Engine) lowerLimits(in Response) {
	bytes := in.MaxBytes
	if bytes < e.accepted {
		bytes = 0
	}
	if bytes <= 0 && in.MaxOperations == 0 && in.Bytes > e.accepted {
		bytes = max(e.accepted, in.Bytes/2+in.Bytes/8)
	}
	e.planner.Limit(in.MaxOperations)
	if bytes > 0 {
		e.planner.Prefer(bytes)
	}
}

// uniform counts single operations that were refused one after the other with
// the same refusal.
type uniform struct {
	text  string
	times int
}

// uniformLimit is the number of single operations, refused one after the other
// in the same way, after which the cause cannot be in the operations.
const uniformLimit = 10

func (u *uniform) repeats(in Response) bool {
	if in.Uniform == "" || in.Uniform != u.text {
		*u = uniform{text: in.Uniform}
	}
	u.times++
	return u.times >= uniformLimit
}
