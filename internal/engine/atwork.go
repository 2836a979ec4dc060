package engine

import (
	"cmp"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// This file tells how long an attempt without an answer may still be carried
// out, and makes other operations on its resource wait for that time.

// lateAttempts are the attempts that may still be carried out although their
// operation is over.
type lateAttempts struct {
	atWorkUntil recent[time.Duration] // see workOn
	lasting     map[int]bool          // operations with an outcome whose attempts may still be at work
}

// finish tells the planner that an operation is over. After an uncertain
// attempt on a resource, the next operation on it waits until that attempt can
// no longer be at work.
func (e *Engine) finish(o *op, finished plan.Outcome) {
	if o.Resource == "" || !finished.Done {
		e.finishAfter(work{}, o.Index, finished)
		return
	}
	e.finishAfter(o.work, o.Index, finished)
}

const mostLasting = 50_000 // some 20 MiB at most

// finishAfter is finish for an operation that is known by its index only.
// Meanwhile the source is read on, unless too many operations wait so.
func (e *Engine) finishAfter(w work, index int, finished plan.Outcome) {
	if wait := e.atWork(w); wait > 0 {
		if !e.cfg.Ordered && len(e.lasting) < mostLasting {
			e.planner.Park(index)
		}
		e.lasting[index] = true
		e.timers.set(e.now.Elapsed+wait, func() { e.finishAfter(w, index, finished) })
		return
	}
	delete(e.lasting, index)
	e.planner.Finish(index, finished)
}

// atWork returns how long an attempt of a done operation, lost before that, may
// still be at work.
func (e *Engine) atWork(w work) time.Duration {
	switch {
	case w.replayed:
		return e.quietFor()
	case w.lost:
		return e.cfg.MaxServiceTime - (e.now.Elapsed - w.lostAt)
	}
	return 0
}

// noteAtWork notes until when an attempt of an operation that is over may still
// be at work on its resource. It leaves out creates of earlier runs: quietIn
// counts all of these as at work.
func (e *Engine) noteAtWork(o *op) {
	if o.Method != Post || !o.replayed {
		e.noteWork(o.Method, cmp.Or(o.said.id, e.idOf(o.Operation)), e.atWork(o.work))
	}
	if o.existence == isLeft && e.isReferred(o) { // by a change that was done before its id was known
		e.noteWork(Patch, o.existing, e.quietFor())
	}
}

func (e *Engine) noteWork(m Method, id string, wait time.Duration) {
	if wait > 0 {
		key := workOn(m, id)
		until, _ := e.atWorkUntil.get(key)
		e.atWorkUntil.put(key, max(until, e.now.Elapsed+wait))
	}
}

// workOn returns the key, in atWorkUntil, of the create of a resource or of its
// changes.
func workOn(m Method, id string) Key {
	if m == Post {
		return hash("create of ", id)
	}
	return hash("change of ", id)
}

// quietIn returns how long attempts that the planner does not know may still be
// at work on the resource of an operation: attempts of earlier stages and, for
// a DELETE, of the create, which would bring the resource back.
func (e *Engine) quietIn(o *Operation) time.Duration {
	if o.Method == Post || o.Method == Patch && e.atWorkUntil.isEmpty() {
		return 0
	}
	id := e.idOf(o)
	until, _ := e.atWorkUntil.get(workOn(Patch, id))
	if o.Method == Delete {
		create, _ := e.atWorkUntil.get(workOn(Post, id))
		until = max(until, create)
	}
	wait := until - e.now.Elapsed
	n, _ := e.memory.named(o.Target)
	byEarlierRun := o.endsCreate() && n.state == nameDone && n.at == 0
	inEarlierStage := o.Method == Delete && e.cfg.Before.stages > 0 // perhaps
	if byEarlierRun || inEarlierStage {
		wait = max(wait, e.quietFor())
	}
	return wait
}

// Carried is the state that the next stage of a job takes over from the stages
// before: their number, the spent part of the error budget, who has made which
// resource, which attempts may still be at work, and when an earlier run last
// wrote to the journal. The zero value is for the first stage.
type Carried struct {
	stages      int
	spent, held int
	ownership
	atWorkUntil recent[time.Duration]
	lastWritten time.Time
}

// Carried returns the state for the next stage, once this one has ended.
func (e *Engine) Carried() Carried {
	return Carried{e.cfg.Before.stages + 1, e.budget.spent, e.budget.held, e.ownership, e.atWorkUntil, e.cfg.LastWritten}
}

// quietFor returns how long an attempt of an earlier run may still be at work:
// until MaxServiceTime has passed since that run last wrote to the journal, by
// the wall clock and, if it is known, by the clock of the service, or at least
// since this run began.
func (e *Engine) quietFor() time.Duration {
	if e.cfg.LastWritten.IsZero() {
		return 0
	}
	passed := max(0, e.now.Wall.Sub(e.cfg.LastWritten))
	if !e.date.IsZero() && !e.cfg.LastDate.IsZero() {
		passed = min(passed, max(0, e.date.Add(e.now.Elapsed-e.dateAt).Sub(e.cfg.LastDate)))
	}
	return e.cfg.MaxServiceTime - max(passed, e.now.Elapsed)
}

// proofIn returns how long after a time of the job a lookup without an effect
// proves that the operation was not done: no attempt can be at work any more,
// and reads have caught up.
func (e *Engine) proofIn(o *op, at time.Duration) time.Duration {
	return e.cfg.MaxServiceTime + e.cfg.LookupPatience - (at - o.lostAt)
}
