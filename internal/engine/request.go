package engine

import (
	"errors"
	"fmt"
	"maps"
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

// Kind says what is known of a request as a whole.
type Kind uint8

// The kinds of responses.
const (
	// Answered: Items says what became of each operation.
	Answered Kind = iota
	// NotSent: nothing reached the service.
	NotSent
	// Waiting: refused whole for now; the throttle knows when to try again.
	Waiting
	// Rejected: refused whole for what it holds.
	Rejected
	// Denied: refused whole for who asks or where.
	Denied
	// NoResponse: the request left, and its answer is lost.
	NoResponse
)

// Response is what came back for a request.
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
	// refusal for the size, MaxBytes and MaxOperations the limits that it named.
	Bytes                   int
	TooLarge                bool
	MaxBytes, MaxOperations int
}

// Item is what an answer says about one operation. The zero value: nothing.
type Item struct {
	// Found reports that there is a result with a status for the operation.
	Found bool
	// LeftOut reports that failOnErrors ended the request before the operation.
	LeftOut bool
	// Status is the operation's own HTTP status.
	Status int
	// ID is the id of the resource, "" if none was told that can be used.
	ID, Location, Version string
	// Err is what the service said; nil exactly when Status is 2xx or not Found.
	Err error
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

// rerecordAfter is how much later than its record a request may leave, so that
// the time of its first attempt is right in later runs.
const rerecordAfter = time.Minute

// dispatch sends what may leave and has the next requests recorded meanwhile, so
// that the disk costs no time.
func (e *Engine) dispatch() {
	e.settleRivals()
	for e.stopped == nil {
		if e.memory.err != nil {
			e.stop(fmt.Errorf("%w: %w", ErrJournal, e.memory.err))
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

// input is what the planner is to expect of the source.
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

// checkStuck ends a job of which nothing is under way and nothing can leave: what
// is left of the budget is held by operations that may have failed.
func (e *Engine) checkStuck() {
	pending := len(e.sent) + len(e.sought) + len(e.timers) + e.asked + e.writing
	if e.stopped != nil || pending > 0 || e.planner.Waiting() == 0 && len(e.prepared) == 0 {
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

// prepare puts the operations of a request on record as sent.
func (e *Engine) prepare(planned *plan.Request) {
	r := &request{planned: planned}
	for _, s := range planned.Items {
		o := e.op(s.Index)
		o.phase = flying
		o.young = o.youngRefs
		for _, k := range s.Known {
			o.young = max(o.young, k.At+e.cfg.LookupPatience)
		}
		r.ops = append(r.ops, o)
	}
	e.prepared = append(e.prepared, r)
	e.recordSent(r)
}

func (e *Engine) recordSent(r *request) {
	r.onDisk, r.recorded = true, e.now.Elapsed
	if !e.cfg.Journal {
		return
	}
	var changes []Change
	for _, o := range r.ops {
		if o.recorded && o.knowledge == Unsent { // else the first attempt counts
			changes = append(changes, Change{Kind: Forget, Ticket: o.ticket})
		}
		changes = append(changes, e.replaceRivals(o)...)
		o.recorded = true
		changes = append(changes, Change{Kind: SentChange, Ticket: o.ticket, Key: o.key, Name: e.recordNameOf(o), Sent: e.now.Wall, Date: e.dateBefore()})
	}
	if len(changes) > 0 {
		r.onDisk = false
		e.record(changes, func() { r.onDisk = true }, nil)
	}
}

// dateBefore is the latest time of the service that was told before now, in this
// run or in an earlier one.
func (e *Engine) dateBefore() time.Time {
	if e.date.IsZero() {
		return e.cfg.LastDate
	}
	return e.date
}

// replaceRivals has the journal forget what earlier runs have done to the resource
// and this input no longer holds: if it comes back, it is a new change.
func (e *Engine) replaceRivals(o *op) (changes []Change) {
	for _, ticket := range slices.Sorted(maps.Keys(o.rivals)) {
		changes = append(changes, Change{Kind: ReplacedChange, Ticket: ticket})
	}
	slices.Sort(o.replaces)
	for _, ticket := range o.replaces {
		changes = append(changes, Change{Kind: ReplacedChange, Ticket: ticket})
	}
	o.rivals, o.replaces = nil, nil
	return changes
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
	e.out.Requests = append(e.out.Requests, Request{Number: r.planned.Number, Items: r.planned.Items, FailOnErrors: failOnErrors})
	return true
}

// Response tells what came back for a request.
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

// reject divides a request that was refused whole for what it holds, until the
// operation that is to blame stands alone.
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
	// A cycle cannot be divided. As many are refused as the budget allows; what
	// is left is of no use without them.
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

// lowerLimits lowers the limits of requests to what a refusal has shown. Where
// it names none, or one that was exceeded before without a refusal, they fall to
// what was accepted before, or by a part.
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

// uniformLimit is how many operations in a row may be refused whole alike
// before the mistake is looked for elsewhere.
const uniformLimit = 10

func (u *uniform) repeats(in Response) bool {
	if in.Uniform == "" || in.Uniform != u.text {
		*u = uniform{text: in.Uniform}
	}
	u.times++
	return u.times >= uniformLimit
}

// deadAfter is how long nothing but silence and intermediaries may answer, in at
// least so many attempts: two timeouts of one operation, which take as long, are
// followed by a lookup.
const (
	deadAfter    = time.Minute
	deadAttempts = 3
)

// noteLife notes whether the service itself has answered.
func (e *Engine) noteLife(alive bool, date time.Time) {
	if alive && !date.IsZero() {
		e.date, e.dateAt = date, e.now.Elapsed
	}
	switch {
	case alive:
		e.silent = 0
	case e.silent == 0:
		e.silent, e.silentAt = 1, e.now.Elapsed
		e.lookSoon()
	default:
		e.silent++
	}
}

// checkLife ends a job whose service has not answered for a minute.
func (e *Engine) checkLife() {
	if e.stopped == nil && e.silent >= deadAttempts && e.now.Elapsed-e.silentAt >= deadAfter {
		e.stop(fmt.Errorf("%w: no answer of the service itself for %v, in %d attempts", ErrUnavailable, deadAfter, e.silent))
	}
}

// isLongSilent reports whether a lookup is to show that the service is there before
// anything is sent again.
func (e *Engine) isLongSilent() bool {
	return e.silent >= deadAttempts-1 && e.now.Elapsed-e.silentAt >= deadAfter/2
}

// holdsBack reports whether nothing new may be risked: the service is silent,
// and lookups will tell whether it is there.
func (e *Engine) holdsBack() bool { return e.silent > 0 && len(e.sought) > 0 }

var errLeftOut = errors.New("the service leaves the operation out, although nothing failed")

// readItems learns from the results of an answer.
func (e *Engine) readItems(r *request, items []Item) {
	evidence := make([]Evidence, len(items))
	answered := false
	for i, it := range items {
		evidence[i] = observe(r.ops[i].Method, it)
		answered = answered || !it.LeftOut
	}
	e.noteYoung(r, evidence)
	excuse(r.planned, items, evidence, e.cfg.Existing != FailExisting)
	refused, unsure := 0, 0
	delays := make([]time.Duration, len(items))
	for i, o := range r.ops {
		excused := evidence[i] == NotDone && !items[i].LeftOut && !putOff(items[i])
		evidence[i], delays[i] = e.readItem(o, items[i], evidence[i], answered)
		o.uncounted = evidence[i] == Conflict && e.cfg.Existing != FailExisting && o.knowledge == Sent && o.lookable()
		switch {
		case o.uncounted, evidence[i] == NoAnswer:
			unsure++
		case excused, isRefusal(evidence[i]):
			refused++
		}
	}
	reserve := e.closeRequest(r, refused, unsure)
	for i, o := range r.ops {
		if evidence[i] == NoAnswer || o.uncounted {
			o.reserves = append(o.reserves, reserve)
		}
		e.learn(o, evidence[i])
	}
	for i, o := range r.ops {
		if !answered && o.tries >= e.cfg.MaxAttempts {
			o.gaveUp = errExhausted
		}
		e.pursueAfter(o, delays[i])
	}
}

// readItem takes in what the service said about one operation, and counts attempts
// that told nothing. It returns what that is evidence of in the end, and how long
// the operation is left alone. An operation that is excused is sent again when what
// it depends on is done.
func (e *Engine) readItem(o *op, it Item, evidence Evidence, answered bool) (Evidence, time.Duration) {
	if it.Found && it.Err != nil {
		o.said = said{status: it.Status, location: it.Location, err: it.Err}
	}
	switch {
	case it.LeftOut:
		if !answered {
			o.tries++
			o.said.err = errLeftOut
		}
	case putOff(it):
		if o.tries++; o.tries >= e.cfg.MaxAttempts {
			evidence = Refusal
		}
		return evidence, e.backOff(o.tries)
	case evidence == NotDone: // excused
		if o.tries++; o.tries >= e.cfg.MaxAttempts {
			return observe(o.Method, it), 0
		}
		if o.tries > 1 {
			return NotDone, e.backOff(o.tries - 1)
		}
	case evidence == NoAnswer:
		o.tries++
		if o.doubt = it.Err; o.doubt == nil {
			o.doubt = errNoResult
		}
	case evidence == Success:
		o.said = said{status: it.Status, id: it.ID, location: it.Location, version: it.Version}
	case isNotFound(it) && o.young > e.now.Elapsed:
		return NotDone, min(e.retryLag(o), o.young-e.now.Elapsed)
	}
	return evidence, 0
}

// noteYoung notes that what an operation refers to in its own request was created
// just now.
func (e *Engine) noteYoung(r *request, evidence []Evidence) {
	for i, s := range r.planned.Items {
		for _, k := range s.Depends {
			if evidence[k] == Success {
				r.ops[i].young = e.now.Elapsed + e.cfg.LookupPatience
			}
		}
	}
}

var errNoResult = errors.New("no result for this operation in the response")

// observe says what a result is evidence of.
func observe(m Method, it Item) Evidence {
	switch {
	case it.LeftOut, putOff(it):
		return NotDone
	case !it.Found:
		return NoAnswer
	case it.Err == nil:
		return Success
	case it.Status < 400 || it.Status == 408 || it.Status == 499 || it.Status >= 500:
		return NoAnswer
	case it.Status == 409 && m == Post:
		return Conflict
	case it.Status == 404 && m == Delete:
		return Missing
	}
	return Refusal
}

// putOff reports whether the service asks to try the operation again later.
func putOff(it Item) bool {
	return it.Found && (it.Status == 429 || it.Status == 503 || it.Status == 423 || it.Status == 425)
}

// isNotFound reports whether a refusal can mean that something referred to is
// not known: the service says so in several ways.
func isNotFound(it Item) bool { return it.Found && (it.Status == 404 || it.Status == 400) }

func isRefusal(e Evidence) bool { return e == Conflict || e == Missing || e == Refusal }

// excuse turns refusals into NotDone where something that the operation depends
// on in its request did not succeed. Members of a cycle excuse each other only
// while one of them is not decided, or all are to be sent again. A create whose
// resource is there may yet succeed without being sent again, if adopts.
func excuse(r *plan.Request, items []Item, evidence []Evidence, adopts bool) {
	excused := make([]bool, len(evidence))
	cycles := map[int]bool{} // whether the members of a cycle are excused
	for i, s := range r.Items {
		for _, k := range s.Depends {
			if evidence[k] == Success || items[k].LeftOut {
				continue
			}
			inCycle := s.Cycle != 0 && r.Items[k].Cycle == s.Cycle
			if inCycle && isRefusal(evidence[k]) && !(adopts && evidence[k] == Conflict) {
				continue
			}
			if s.Cycle != 0 {
				cycles[s.Cycle] = true
			}
			excused[i] = true
		}
	}
	for i, s := range r.Items {
		if (excused[i] || cycles[s.Cycle]) && isRefusal(evidence[i]) && !(adopts && evidence[i] == Conflict) {
			evidence[i] = NotDone
		}
	}
}

// backOff is a random wait that grows with the number of attempts.
func (e *Engine) backOff(tries int) time.Duration {
	longest := time.Second << min(max(tries, 1)-1, 6)
	return time.Duration(e.cfg.Rand() * float64(longest))
}

// retryLag is the wait before something that is too young is tried again.
func (e *Engine) retryLag(o *op) time.Duration {
	o.lag = max(firstInterval, 2*o.lag)
	return o.lag
}
