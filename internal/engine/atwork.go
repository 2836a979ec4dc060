package engine

import (
	"cmp"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// An attempt whose answer was lost may be carried out late: until when, and
// what waits for that.

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

// finishAfter is finish for an operation of which nothing else is kept: the
// input is read on meanwhile, as far as the memory for that is bounded.
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

// atWork is how long an attempt that was lost before the operation was done may
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
// be at work on its resource. Where all creates of earlier runs may be, quietIn
// asks.
func (e *Engine) noteAtWork(o *op) {
	wait := e.atWork(o.work)
	if wait <= 0 || o.Method == Post && o.replayed {
		return
	}
	key := workOn(o.Method, cmp.Or(o.said.id, e.idOf(o.Operation)))
	until, _ := e.atWorkUntil.get(key)
	e.atWorkUntil.put(key, max(until, e.now.Elapsed+wait))
}

// workOn recognizes what is at work on a resource: its create, or a change of
// it.
func workOn(m Method, id string) Key {
	if m == Post {
		return hash("create of ", id)
	}
	return hash("change of ", id)
}

// quietIn is how long attempts of operations that are over may be at work on
// what an operation changes, where the planner does not know of them: those of
// earlier stages, and for a DELETE those of the create, which would bring the
// resource back.
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
	inEarlierStage := o.Method == Delete && e.cfg.Before.lastWritten != nil // perhaps
	if byEarlierRun || inEarlierStage {
		wait = max(wait, e.quietFor())
	}
	return wait
}

// Carried is what the next stage of a job has to know of those before: their
// part of the error budget, who has made which resource, which attempts may
// still be at work, and when an earlier run last wrote to the journal. The zero
// value: there were none.
type Carried struct {
	spent, held int
	ownership
	atWorkUntil recent[time.Duration]
	lastWritten *time.Time
}

// Carried returns what the next stage has to know, once this one has ended.
func (e *Engine) Carried() Carried {
	return Carried{e.budget.spent, e.budget.held, e.ownership, e.atWorkUntil, &e.cfg.LastWritten}
}

// By returns c by the time of a stage that begins so long after the one of
// which it is.
func (c Carried) By(later time.Duration) Carried {
	old := c.atWorkUntil
	c.atWorkUntil = recent[time.Duration]{}
	for _, m := range []map[Key]time.Duration{old.before, old.now} {
		for key, until := range m {
			if until > later {
				c.atWorkUntil.put(key, until-later)
			}
		}
	}
	return c
}

// quietFor is how long an attempt of an earlier run may still be at work: until
// MaxServiceTime has passed since the journal was last written, by the wall
// clock and, where it is known, by the service's, or else since this run began.
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

// proofIn is how long after a time of the job the absence of an effect proves
// that no attempt has had it: none can be at work any more, and reads have
// caught up.
func (e *Engine) proofIn(o *op, at time.Duration) time.Duration {
	return e.cfg.MaxServiceTime + e.cfg.LookupPatience - (at - o.lostAt)
}
