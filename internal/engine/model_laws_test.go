package engine

import (
	"fmt"
	"slices"
)

// The laws: what must hold after every step, and at the end of all runs.

// checkKnown checks that an id stands for what its name refers to.
func (w *model) checkKnown(m *mop, name, id string) {
	r := w.find(id)
	for _, o := range w.input {
		if o.bulkID == name && o.method == Post {
			if r == nil || r.name != o.name || !o.blind && r.user != o.user {
				w.breaks("%v is sent with %s for %s, which is not %v", m, id, name, o)
			}
			return
		}
	}
	w.breaks("%v is sent with %s for an unknown reference", m, id)
}

// tell takes a result.
func (w *model) tell(res Result) {
	m := w.input[res.Index]
	if w.trace != nil {
		w.logf("result %v: %v %s%s", m, res.Outcome, res.ID, reasonText(res))
	}
	if res.Index >= w.read {
		w.breaks("an outcome of an operation that was not read: %d", res.Index)
		return
	}
	if w.isTold[res.Index] {
		w.breaks("%v has two outcomes", m)
	}
	update := w.updates[res.Index]
	w.told[res.Index], w.isTold[res.Index] = res, true
	w.outcomes++
	switch res.Outcome {
	case Succeeded:
		if w.journal && !w.full && !res.Existing {
			if e := w.entry(m.ticket); e == nil || !e.done {
				w.breaks("%v is told as succeeded before it is on record as done", m)
			}
		}
		if res.Existing {
			w.checkExisting(m, update, res)
		} else {
			w.checkDone(m, res.ID, "a result")
		}
		for i, other := range w.told {
			if i != res.Index && w.isTold[i] && other.Outcome == Succeeded && m.method == Post && w.input[i].method == Post && res.ID != "" && other.ID == res.ID {
				w.breaks("%v and %v succeed with one resource", m, w.input[i])
			}
		}
	case Failed:
		if res.Status != 0 {
			w.refused++
		}
		if w.failOnErrors > 0 && w.refused > w.failOnErrors {
			w.breaks("%d refusals are told, of %d allowed", w.refused, w.failOnErrors)
		}
		fallthrough
	case Skipped:
		for _, m := range []*mop{m, update} {
			if m != nil && w.copies(m.ident) == 1 && w.done(m.ident, w.run) > 0 && !w.isAmbiguous(m) {
				w.breaks("%v is told as %v, though it was done", m, res.Outcome)
			}
		}
	case Unknown:
		w.unknown++
		if w.faults == 0 && w.run == 1 {
			w.breaks("%v is unknown, though nothing has gone wrong", m)
		}
	default:
		w.breaks("%v has no outcome", m)
	}
}

func reasonText(r Result) string {
	switch {
	case r.Drop != nil:
		return fmt.Sprintf(" (%+v)", *r.Drop)
	case r.Err != nil:
		return fmt.Sprintf(" (%v)", r.Err)
	}
	return ""
}

// checkDone checks a claim that an operation is done against what was done.
func (w *model) checkDone(m *mop, id string, who string) {
	if m.method != Post {
		if !w.isDone(m) {
			w.breaks("%s says that %v is done, which it is not", who, m)
		}
		return
	}
	r := w.find(id)
	switch {
	case id == "":
		if w.done(m.ident, w.run) == 0 {
			w.breaks("%s says that %v is done, which it is not", who, m)
		}
	case r == nil:
		w.breaks("%s says that %v has made %s, which does not exist", who, m, id)
	case r.foreign && m.ext != "" && r.ext == m.ext: // as good as ours
		w.adopted[m.ident] = true
	case !r.foreign && w.existing != FailExisting && w.mopOf(r.ident) == nil: // a row that was corrected since has made it
		w.adopted[m.ident] = true
	case r.foreign && !w.mayEqual() && (r.created < 0 || r.ext != "" && m.ext != ""):
		w.breaks("%s says that %v has made %s, which is clearly another's", who, m, id)
	case r.foreign: // nobody can tell
		w.adopted[m.ident] = true
	case r.ident == m.ident:
	case w.adopted[r.ident]: // that create has taken another's, and its own was left over
		w.adopted[m.ident] = true
	default:
		w.breaks("%s says that %v has made %s, which %s has made", who, m, id, w.identOf[r.ident])
	}
}

// isDone reports whether a PATCH or DELETE was done, or is in effect.
func (w *model) isDone(m *mop) bool {
	if w.done(m.ident, w.run) > 0 {
		return true
	}
	r := w.resourceOf(m)
	if m.method == Delete {
		if r == nil {
			return m.target != "" // it was never there
		}
		_, ok := r.asOf(w.now)
		return !ok
	}
	if r == nil { // an earlier run has done it; in this one, nobody knows its resource yet
		return w.effect[m.ident]
	}
	w.effect[m.ident] = w.effect[m.ident] || slices.ContainsFunc(r.history, m.shows)
	return w.effect[m.ident]
}

// checkEnd checks a run that came to its end.
func (w *model) checkEnd() {
	for i, told := range w.isTold[:w.read] {
		if !told {
			w.breaks("%v has no outcome at the end", w.input[i])
			return
		}
	}
	if !w.easy || w.edited || w.normalizes && w.run > 1 || w.severe > 0 || w.faults >= w.maxAttempts || w.eng.Stopped() != nil {
		return
	}
	for i, m := range w.input { // nothing has happened that would not pass
		if m.add && w.told[i].Outcome == Unknown {
			return // it was not repeated, since its resource was modified in another way; what follows it is skipped
		}
		if w.told[i].Outcome != Succeeded && (w.run == 1 || w.plain) {
			w.breaks("%v is told as %v, though nothing was in its way for good", m, w.told[i].Outcome)
		}
	}
}

// checkAll checks all runs, once nothing is at work any more.
func (w *model) checkAll() {
	w.pass(w.now + 2*maxWork)
	if w.violation != "" {
		return
	}
	for ident, most := range w.most {
		n, m := w.done(ident, w.run), w.anyOf(ident)
		if m.method == Post && n > most {
			w.breaks("%v was done %d times", m, n)
		}
	}
	for _, r := range w.resources {
		for i, d := range w.doings {
			if m := w.anyOf(d.ident); d.resource != r.id || !m.add || d.replaced {
				continue
			}
			n := 0
			for _, o := range w.doings[:i+1] {
				if o.ident == d.ident && o.resource == r.id && !o.replaced {
					n++
				}
			}
			if n > w.most[d.ident] {
				w.breaks("%v was done %d times", w.anyOf(d.ident), n)
			}
		}
	}
	made := map[string]int{}
	for _, r := range w.resources {
		if !r.foreign && w.existing == FailExisting { // else see checkSecond
			if made[r.natural]++; !r.user && made[r.natural] > w.natural[r.natural] {
				w.breaks("%d groups %s were created", made[r.natural], r.natural)
			}
		}
	}
	w.checkSecond()
	for k, h := range w.history {
		w.checkRun(k+1, h)
	}
	w.checkLastWord()
	w.checkGiven()
}

func (w *model) anyOf(ident int) *mop {
	for _, h := range w.history {
		for _, m := range h.ops {
			if m.ident == ident {
				return m
			}
		}
	}
	return nil
}

// checkRun checks that what a run told as failed or skipped was never done by
// an attempt until then, however late.
func (w *model) checkRun(run int, h runRecord) {
	type tally struct{ rows, excused int }
	all := map[int]tally{}
	for _, m := range h.ops {
		t, i := all[m.ident], m.index
		t.rows++
		if !h.isTold[i] || h.told[i].Outcome == Succeeded || h.told[i].Outcome == Unknown {
			t.excused++
		}
		all[m.ident] = t
	}
	for _, m := range h.ops {
		t := all[m.ident]
		most := h.most[m.ident]
		done := min(w.done(m.ident, run), most)
		if m.method != Post {
			done = min(done, 1) // it may be a repetition
		}
		if done > t.excused+most-t.rows && !w.isAmbiguous(m) {
			w.breaks("run %d told %v as %v, though it was done", run, m, h.told[m.index].Outcome)
		}
	}
}

// isAmbiguous reports whether an operation changes what one of several creates
// of one name makes, or what somebody else has made: these may be taken for
// each other.
func (w *model) isAmbiguous(m *mop) bool {
	for _, h := range append(w.history, runRecord{input: w.input}) {
		for _, o := range h.input {
			if m.on != 0 && o.label == m.on && w.isMistakable(o) {
				return true
			}
		}
	}
	return false
}

// isMistakable reports whether what a create makes may be that of another.
func (w *model) isMistakable(m *mop) bool { return w.natural[m.natural()] > 1 || w.adopted[m.ident] }

// checkLastWord checks that the last operation that has succeeded on a resource
// has the last word.
func (w *model) checkLastWord() {
	h := w.history[len(w.history)-1]
	checked := map[string]bool{}
	for i, m := range slices.Backward(h.input) {
		if m.resource == "" || m.add || h.told[i].Outcome != Succeeded {
			continue
		}
		r := w.changes(m, h)
		isLater := func(o *mop) bool { return o.method == Post && o.bulkID == m.targetName && o.index > m.index }
		if r == nil || checked[r.id] || w.ordered && slices.ContainsFunc(h.input, isLater) { // what that has become is later
			continue
		}
		checked[r.id] = true
		if w.isExcused(m, r, h) || othersChanged(r) {
			continue
		}
		v, ok := r.asOf(w.now)
		switch {
		case m.method == Delete && ok:
			w.breaks("%v has succeeded, and %s is there", m, r.id)
		case m.method == Patch && !ok:
			w.breaks("%v is the last that has succeeded, and %s is gone", m, r.id)
		case m.method == Patch && v.value != m.content:
			w.breaks("%v is the last that has succeeded, and %s has the value %d", m, r.id, v.value)
		}
	}
}

// changes is the resource that an operation of a run changes, nil if that
// cannot be told.
func (w *model) changes(m *mop, h runRecord) *resource {
	if m.target != "" {
		return w.find(m.target)
	}
	for k, o := range h.input {
		if o.bulkID == m.targetName && o.method == Post { // the first has the name
			if w.isMistakable(o) {
				return nil
			}
			return w.find(h.told[k].ID)
		}
	}
	return nil
}

func othersChanged(r *resource) bool {
	return slices.ContainsFunc(r.history, func(v version) bool { return v.foreign })
}

// isExcused reports whether another operation may have had the last word: one
// whose outcome is not known, or that was not read before the job was canceled,
// or one that followed the last in the input of the run that has sent it, and
// that this input holds no longer, or one of several that are equal.
func (w *model) isExcused(last *mop, r *resource, h runRecord) bool {
	if w.run > 1 && slices.ContainsFunc(w.doings, func(d doing) bool { return d.resource == r.id && w.most[d.ident] > 1 }) {
		return true
	}
	for i, m := range h.input {
		later := m.index > last.index && (h.told[i].Outcome == Unknown || h.told[i].Outcome == 0)
		if m.resource != "" && later && w.changes(m, h) == r {
			return true
		}
	}
	holds := func(h runRecord, ident int) bool {
		return slices.ContainsFunc(h.ops, func(m *mop) bool { return m.ident == ident })
	}
	for _, d := range w.doings {
		if d.resource != r.id || holds(h, d.ident) {
			continue
		}
		for _, old := range w.history {
			if holds(old, last.ident) && holds(old, d.ident) {
				return true
			}
		}
	}
	return false
}

// resourceOf is what a PATCH or DELETE changes, nil if nobody knows yet.
func (w *model) resourceOf(m *mop) *resource {
	if m.target != "" {
		return w.find(m.target)
	}
	for _, o := range w.input {
		if o.bulkID == m.targetName && o.method == Post {
			if u := w.updates[o.index]; u != nil {
				return w.find(u.target)
			}
			if w.isTold[o.index] {
				return w.find(w.told[o.index].ID)
			}
			if e := w.entry(o.ticket); e != nil && e.done { // it is about to be told
				return w.find(e.change.ID)
			}
			return nil
		}
	}
	return nil
}
