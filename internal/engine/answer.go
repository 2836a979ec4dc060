package engine

import (
	"errors"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// This file turns the results in an answer into evidence.

// Item is the part of an answer about one operation. The zero value says
// nothing.
type Item struct {
	// Found reports that there is a result with a status for the operation.
	Found bool
	// LeftOut reports that failOnErrors ended the request before the operation.
	LeftOut bool
	// Status is the operation's own HTTP status.
	Status int
	// ID is the id of the resource, "" if the answer has none that can be used.
	ID, Location, Version string
	// Err is the error of the service; nil exactly when Status is 2xx or not
	// Found.
	Err error
}

var errLeftOut = errors.New("the service leaves the operation out, although nothing failed")

// readItems learns from the results of an answer.
func (e *Engine) readItems(r *request, items []Item) {
	evidence := make([]Evidence, len(items))
	answered := false
	for i, it := range items {
		evidence[i] = observe(r.ops[i].Method, it)
		answered = answered || !it.LeftOut
	}
	showCreates(r, items, evidence)
	excuse(r.planned, items, evidence, e.cfg.Existing != FailExisting)
	refused, unsure := 0, 0
	delays := make([]time.Duration, len(items))
	for i, o := range r.ops {
		excused := evidence[i] == NotDone && !items[i].LeftOut && !putOff(items[i])
		evidence[i], delays[i] = e.readItem(r, i, items[i], evidence, answered)
		o.uncounted = evidence[i] == Conflict && e.cfg.Existing != FailExisting
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

// showCreates takes a create for done if a change of its resource, by reference
// in the same request, was done: the resource of the change is the one that the
// create has made.
func showCreates(r *request, items []Item, evidence []Evidence) {
	for i, o := range r.ops {
		if o.Target == "" || evidence[i] != Success || items[i].ID == "" {
			continue
		}
		for _, k := range r.planned.Items[i].Depends {
			create := r.ops[k]
			switch {
			case create.bulkID() != o.Target:
				continue
			case evidence[k] == NoAnswer:
				create.recovered = true
				evidence[k], items[k] = Success, Item{Found: true}
			case evidence[k] != Success || items[k].ID != "":
				continue
			}
			items[k].ID, items[k].Location = items[i].ID, items[i].Location
		}
	}
}

// readItem reads the result of one operation, and counts attempts without a
// result. It returns the evidence, and the delay before the next attempt. An
// excused operation is sent again when those that it depends on are done.
func (e *Engine) readItem(r *request, i int, it Item, all []Evidence, answered bool) (Evidence, time.Duration) {
	o, evidence := r.ops[i], all[i]
	if it.Err != nil {
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
	case evidence == NoAnswer:
		o.tries++
		if o.doubt = it.Err; o.doubt == nil {
			o.doubt = errNoResult
		}
	case evidence == Success:
		o.said = said{status: it.Status, id: it.ID, location: it.Location, version: it.Version}
	case isNotFound(it):
		if lag := e.referenceLag(r, i, all); lag > 0 {
			return NotDone, min(e.retryLag(o), lag)
		}
	}
	return evidence, 0
}

// referenceLag returns how long it may take until all resources to which an
// operation refers are known everywhere. The evidence tells which creates of
// its own request are done.
func (e *Engine) referenceLag(r *request, i int, evidence []Evidence) time.Duration {
	for _, k := range r.planned.Items[i].Depends {
		if evidence[k] == Success {
			return e.cfg.LookupPatience
		}
	}
	o, made := r.ops[i], -e.cfg.LookupPatience
	refs := o.Refs
	if o.adopted() { // the update of an existing resource has ids in their place
		if facts, err := e.cfg.Facts(o.Index); err == nil {
			refs = facts.Refs
		}
	}
	for _, ref := range refs {
		if n, _ := e.memory.named(ref.Name); n.id != "" {
			made = max(made, n.at)
		}
	}
	return made + e.cfg.LookupPatience - e.now.Elapsed
}

var errNoResult = errors.New("no result for this operation in the response")

// observe returns the evidence of a result.
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
	return it.Status == 429 || it.Status == 503 || it.Status == 423 || it.Status == 425
}

// isNotFound reports whether a refusal can mean that a reference is unknown:
// services use both statuses for that.
func isNotFound(it Item) bool { return it.Status == 404 || it.Status == 400 }

func isRefusal(e Evidence) bool { return e == Conflict || e == Missing || e == Refusal }

// excuse turns the refusal of an operation into NotDone if another one in its
// request, on which it depends, did not succeed. Members of a cycle excuse each
// other only while one of them is not decided, or all are to be sent again. If
// adopts is set, a create whose resource exists is not excused, since it may
// succeed without being sent again.
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
	longest := time.Second << min(tries-1, 6)
	return time.Duration(e.cfg.Rand() * float64(longest))
}

// retryLag returns the wait before the next attempt of an operation with a
// young reference.
func (e *Engine) retryLag(o *op) time.Duration {
	o.lag = max(firstInterval, 2*o.lag)
	return o.lag
}
