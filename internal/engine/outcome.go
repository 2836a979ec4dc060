package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// Result is the outcome of one operation, and how it came about.
type Result struct {
	Index   int
	Outcome Outcome
	// Status, ID, Location and Version are those of the service's result for
	// the operation or, if it is Recovered, of the resource that a lookup
	// found.
	Status                int
	ID, Location, Version string
	// Attempts is how many requests carried the operation in this run.
	Attempts int
	// Recovered reports that a lookup decided, Replayed that the journal did.
	Recovered, Replayed bool
	// Existing reports that the resource of a create existed before, Unchanged
	// that it was left as it is.
	Existing, Unchanged bool
	// Err is why the operation did not succeed, unless Drop tells it: the error
	// of the service, of a check or of a lookup, the reason why the job
	// stopped, or one of the errors below. It may be nil if the outcome is
	// Unknown.
	Err error
	// Drop is the planner's reason not to send the operation; nil if it has
	// none.
	Drop *plan.Drop
	// Refused reports that a skipped operation was in a request that was
	// refused whole, for which the job stopped.
	Refused bool
	// ExistingID is the id of the resource that exists already, where a lookup
	// could tell.
	ExistingID string
}

// The reasons for which the engine does not send an operation, or not again.
var (
	// ErrCorrected: an earlier run has created something of its name from
	// content that this input no longer holds.
	ErrCorrected = errors.New("an earlier run created a resource of this name from other content")
	// ErrAmbiguous: several resources have the name of a create.
	ErrAmbiguous = errors.New("several resources have this name: an externalId has to tell which is meant")
	// ErrTaken: the resource of a create exists already, and another operation
	// of the job has made or addresses it.
	ErrTaken = errors.New("its resource is there already, and another operation of the job has made or addresses it")
	// ErrNotCreated: a DELETE refers to a create whose resource existed before.
	ErrNotCreated = errors.New("the resource was there before its create: a DELETE has to address it by its id")

	errCorrected = fmt.Errorf("%w: make it an update of that resource, or let creates update (--existing update)", ErrCorrected)
	errGoneSince = fmt.Errorf("%w, and it is no longer there, although what refers to it is done: "+
		"run the job with a new journal, which does all of it again", ErrCorrected)
	errExhausted = errors.New("out of attempts")
	errUnread    = errors.New("operations that wait cannot be read")
	errUnlooked  = errors.New("whether its resource is there already was not found out")
)

// learn adds evidence to the knowledge of an operation.
func (e *Engine) learn(o *op, evidence Evidence) {
	o.knowledge = o.knowledge.Learn(evidence)
	switch evidence {
	case NoAnswer:
		// Its time counts from now, when the client has given it up: the
		// throttle may have held it back, so that it is at work only from now
		// on.
		o.lost, o.lostAt = true, e.now.Elapsed
	case Absent, Untouched:
		o.lost = false
	}
	e.countDoubt(o)
}

// countDoubt counts, for each name, the creates in doubt: those that may have
// been done, and those that are done with an unknown id.
func (e *Engine) countDoubt(o *op) {
	k := o.knowledge
	doubtful := o.Method == Post && (k.Maybe() && k != Sent || k == Done && o.said.id == "")
	if doubtful == o.doubtful {
		return
	}
	o.doubtful = doubtful
	if doubtful {
		e.doubts[o.SearchName]++
	} else if e.doubts[o.SearchName]--; e.doubts[o.SearchName] == 0 {
		delete(e.doubts, o.SearchName)
	}
}

// freeReserves gives back the part of the budget that the attempts of a done
// operation hold. An operation that was not done keeps it, since the service
// may have refused each of its lost attempts.
func (e *Engine) freeReserves(o *op) {
	for _, r := range o.reserves {
		e.budget.release(r)
	}
	o.reserves = nil
}

// countRefusal counts a refusal that was not counted before.
func (e *Engine) countRefusal(o *op) {
	e.budget.spent++
	last := len(o.reserves) - 1
	e.budget.release(o.reserves[last])
	o.reserves = o.reserves[:last]
}

func (e *Engine) pursueAll(ops []*op) {
	for _, o := range ops {
		e.pursue(o)
	}
}

// pursue takes the next step for an operation that is in no request.
func (e *Engine) pursue(o *op) { e.pursueAfter(o, 0) }

// pursueAfter is pursue, but sends the operation or looks it up only after a
// delay.
func (e *Engine) pursueAfter(o *op, delay time.Duration) {
	switch {
	case e.stopped == nil && o.first.earlier && o.dropped == nil && e.awaitUpdate(o):
	case e.stopped == nil && (o.lacksID() || o.isPlainConflict()):
		e.startLooking(o) // for the id
	case e.stopped != nil, o.knowledge == Done, o.knowledge == Refused:
		e.decide(o)
	case o.knowledge == Unsent && (o.dropped != nil || o.gaveUp != nil), o.knowledge.Maybe() && !o.lookable():
		e.decide(o)
	case o.knowledge == Unsent:
		e.sendLater(o, delay)
	case o.tries >= e.cfg.MaxAttempts, o.dropped != nil, o.knowledge == Disputed,
		o.Method == Post, !o.Guarded, e.isLongSilent():
		if o.tries >= e.cfg.MaxAttempts {
			o.gaveUp = errExhausted
		}
		e.after(delay, o, e.startLooking)
	default: // repeating a PATCH or DELETE has the same effect
		if o.tries > 1 && delay == 0 {
			delay = e.backOff(o.tries - 1)
		}
		e.sendLater(o, delay)
	}
}

// sendLater gives an operation back to the planner, after a delay.
func (e *Engine) sendLater(o *op, delay time.Duration) { e.after(delay, o, e.release) }

// after goes on with an operation after a delay, unless the job has stopped by
// then.
func (e *Engine) after(delay time.Duration, o *op, goOn func(*op)) {
	if delay <= 0 {
		goOn(o)
		return
	}
	o.phase = delayed
	e.timers.set(e.now.Elapsed+delay, func() {
		if o.phase == delayed {
			goOn(o)
		}
	})
}

// decide gives an operation its outcome, which follows from its knowledge.
func (e *Engine) decide(o *op) {
	if o.phase == over {
		return
	}
	delete(e.sought, o)
	if o.knowledge == Done && o.attempts > 0 && e.asksAgain(o) { // its resource may have got its id since it was sent
		return
	}
	o.phase = over
	e.freed++
	if o.uncounted {
		e.countRefusal(o)
	}
	if o.knowledge == Done {
		e.freeReserves(o)
	}
	e.decided = append(e.decided, o)
	e.noteAtWork(o)
	e.noteMade(o)
	e.remember(o)
	switch {
	case o.knowledge != Done:
	case o.Method == Post:
		e.others.add(o.said.id)
	case o.Method == Delete:
		e.gone.add(e.idOf(o.Operation))
	}
	if name := o.bulkID(); !o.isDuplicate() {
		delete(e.creates, name)
		defer e.releaseAfterCreate(name)
		e.noteMadeBefore(name)
	}
	defer e.releaseAfterCreate(o.Target)
	if o.dropped == nil { // else the planner has given it up
		e.finish(o, plan.Outcome{Done: o.knowledge == Done, ID: o.said.id})
	}
}

// refuse decides an operation that must not be sent because of an existing
// resource.
func (e *Engine) refuse(o *op, why error, existing string) {
	o.gaveUp, o.existing = why, existing
	e.decide(o)
}

// remember keeps the outcome of an operation for later ones of the input.
func (e *Engine) remember(o *op) {
	if o.BulkID != "" && !o.isDuplicate() && !o.adopted() {
		n := named{}
		if e.cfg.Journal { // else nobody has defined it
			n, _ = e.memory.named(o.BulkID)
		}
		n.index, n.state = o.Index, nameFailed
		if o.knowledge == Done {
			n.state, n.id = nameDone, o.said.id
			if !o.replayed {
				n.at = max(time.Millisecond, e.now.Elapsed)
			}
		}
		e.memory.setNamed(o.BulkID, n)
	}
	if o.Resource == "" {
		return
	}
	tail, ok := e.tails[o.Resource]
	last := ok && tail.index == o.Index
	if last {
		delete(e.tails, o.Resource)
	}
	if last || o.knowledge != Done {
		c := e.memory.changed(o.Resource)
		if last {
			c.key = o.key
		}
		if o.knowledge != Done && c.failed == 0 {
			c.failed = o.Index + 1
		}
		e.memory.setChanged(o.Resource, c)
	}
}

func (o *op) isDuplicate() bool { return o.dropped != nil && o.dropped.Why == plan.Duplicate }

// noteDrops notes why the planner has dropped operations. All are noted before
// the first is decided, since operations that refer to a dropped create wait
// for its outcome.
func (e *Engine) noteDrops(drops []plan.Drop) (dropped []*op) {
	for _, d := range drops {
		if e.lasting[d.Index] {
			continue
		}
		o := e.op(d.Index)
		if o.phase == over {
			continue
		}
		o.dropped = &d
		if o.BulkID != "" && !o.isDuplicate() {
			e.creates[o.BulkID] = o.Index
		}
		dropped = append(dropped, o)
	}
	return dropped
}

// takeDrops decides the operations that the planner has dropped.
func (e *Engine) takeDrops() {
	for drops := e.planner.Drops(); len(drops) > 0; drops = e.planner.Drops() {
		for _, o := range e.noteDrops(drops) {
			switch {
			case o.phase == over:
			case e.cfg.Journal && (o.phase == unkeyed || o.phase == asking): // an earlier run may have done it
			default:
				e.pursueDropped(o)
			}
		}
	}
}

// pursueDropped is pursue for a dropped operation. It may have been done, but
// operations that depend on it do not wait for that.
func (e *Engine) pursueDropped(o *op) {
	if e.pursue(o); o.phase != over {
		e.remember(o)
	}
}

func (e *Engine) result(o *op) Result {
	r := Result{
		Index: o.Index, Outcome: o.knowledge.Outcome(), Status: o.said.status, Location: o.said.location,
		Attempts: o.attempts, Recovered: o.recovered, Replayed: o.replayed,
	}
	switch o.knowledge {
	case Done:
		r.ID, r.Version = cmp.Or(o.said.id, o.existing), o.said.version
		r.Existing, r.Location = o.adopted(), cmp.Or(r.Location, o.place)
	case Refused:
		r.Err, r.ExistingID, r.Existing = o.said.err, o.existing, o.adopted()
		if o.gaveUp == ErrAmbiguous {
			r.Err, r.ExistingID = ErrAmbiguous, ""
		}
	case Unsent:
		if o.existence == isLeft {
			r.Outcome, r.ID, r.Version, r.Existing, r.Unchanged = Succeeded, o.existing, o.said.version, true, true
			return r
		}
		r.Status, r.Location = 0, ""
		e.explain(o, &r)
	default:
		r.Status, r.Location = 0, ""
		if r.Err = join(o.doubt, e.stopped); o.knowledge == Disputed {
			r.Err = join(o.doubt, o.said.err, e.stopped)
		}
	}
	return r
}

// join is errors.Join with a text of one line.
func join(errs ...error) (all error) {
	for _, err := range errs {
		switch {
		case all == nil:
			all = err
		case err != nil:
			all = fmt.Errorf("%w; %w", all, err)
		}
	}
	return all
}

// explain tells why an operation was never done. It has failed if the cause is
// the operation itself, and is skipped if it could be sent another time.
func (e *Engine) explain(o *op, r *Result) {
	r.Err = e.stopped
	switch {
	case o.Invalid != nil:
		r.Outcome, r.Err = Failed, o.Invalid
	case o.gaveUp == errUnlooked:
		r.Err = fmt.Errorf("%w: %w", errUnlooked, o.said.err)
	case errors.Is(o.gaveUp, errUnread):
		r.Err = o.gaveUp
		e.doubtUnasked(o, r)
	case o.gaveUp != nil && o.gaveUp != errExhausted:
		r.Outcome, r.Err, r.ExistingID = Failed, o.gaveUp, o.existing
	case o.dropped != nil:
		if r.Err, r.Drop = nil, o.dropped; o.dropped.Why != plan.Needed && o.dropped.Why != plan.NoID {
			r.Outcome = Failed
		}
	case o.gaveUp == errExhausted:
		r.Err = fmt.Errorf("%w in %d attempts: %w", ErrUnavailable, o.attempts, cmp.Or(o.said.err, o.doubt, errNoAnswer))
	case o.refusal != nil:
		r.Err, r.Refused = o.refusal, true
	default:
		e.doubtUnasked(o, r)
	}
}

// doubtUnasked makes the outcome of an operation Unknown if an earlier run may
// have done it, and the journal was not asked.
func (e *Engine) doubtUnasked(o *op, r *Result) {
	if o.ticket == 0 && !e.cfg.LastWritten.IsZero() {
		r.Outcome, r.Err = Unknown, join(errNotAsked, r.Err)
	}
}

var (
	errNoAnswer = errors.New("no answer")
	errNotAsked = errors.New("whether an earlier run has done it was not found out")
)

// stop ends the job before its time. Requests in flight are still waited for.
func (e *Engine) stop(err error) {
	if e.stopped != nil {
		return
	}
	e.stopped = err
	for _, r := range e.prepared {
		for _, o := range r.ops {
			o.phase = planned
		}
	}
	e.prepared = nil
	waiting := e.planner.Stop()
	for _, indexes := range e.comparing {
		waiting = append(waiting, indexes...)
	}
	clear(e.comparing)
	unkeyed := map[int]bool{} // an earlier run may have done them
	for _, index := range e.unkeyedIndexes() {
		unkeyed[index] = true
	}
	for _, index := range waiting {
		if e.ops[index] == nil && !e.lasting[index] && !unkeyed[index] {
			e.resting = append(e.resting, index)
		}
	}
	slices.Sort(e.resting)
	e.decideAll(planned, unlooked, afterCreate, comparing, rivaling, sought, delayed)
}
