package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// What the service answers, and everything that can go wrong on the way.

// process has the service take a request. Its answer may take its time.
func (w *model) process(f *flight) (a *Response, slow bool) {
	bytes := 100 * len(f.ops)
	lost := &Response{Kind: NoResponse, Err: errLost, Bytes: bytes}
	n := len(f.ops)
	what := w.pick.fault(13)
	if what > 0 {
		w.faults++
	}
	switch what {
	case 1: // cut before the work
		return lost, false
	case 2: // cut after the work
		w.work(f)
		return lost, false
	case 3: // worked on later
		w.later(f, 0, n)
		return lost, false
	case 4: // cut in the middle, the rest later
		for i := range n / 2 {
			w.execute(f, i)
		}
		w.later(f, n/2, n)
		return lost, false
	case 5: // cut in the middle, the rest never
		for i := range n / 2 {
			w.execute(f, i)
		}
		return lost, false
	case 6:
		w.harm(n == 1 || w.hasCycle(f))
		return &Response{Kind: Rejected, Status: 400, Err: errService, Uniform: fmt.Sprint(w.now, f.number), Alive: true, Date: w.date(w.now), Bytes: bytes}, false
	case 7:
		w.harm(n == 1 || w.hasCycle(f))
		return &Response{
			Kind: Rejected, Status: 413, Err: errService, TooLarge: true, MaxOperations: max(1, n/2), Alive: true, Date: w.date(w.now), Bytes: bytes,
		}, false
	case 8:
		return &Response{Kind: Waiting, Status: 429, Err: errService, Alive: true, Date: w.date(w.now)}, false
	case 9:
		return &Response{Kind: NotSent, Err: errLost}, false
	case 10:
		switch w.pick.detail(2) {
		case 0:
			w.harm(true)
			return &Response{Kind: Denied, Status: 403, Err: errService, Alive: true, Date: w.date(w.now)}, false
		default:
			a := w.work(f)
			w.logf("   request %d is worked on; its answer takes time", f.number)
			return a, true
		}
	case 12: // it says that it has done nothing, and not why
		a := &Response{Kind: Answered, Alive: true, Date: w.date(w.now), Bytes: bytes}
		for range f.ops {
			a.Items = append(a.Items, Item{LeftOut: true})
		}
		return a, false
	case 11:
		w.harm(true)
		return &Response{Kind: Waiting, Status: 503, Err: errService, GaveUp: true}, false
	}
	return w.work(f), false
}

func (w *model) harm(really bool) {
	if really {
		w.severe++
	}
}

func (w *model) hasCycle(f *flight) bool {
	for i, s := range f.items {
		for _, name := range s.Inside {
			if _, later := f.resolve(i, name); later > i {
				return true
			}
		}
	}
	return false
}

// later has the service work on a part of a request after the client has gone.
func (w *model) later(f *flight, from, to int) {
	w.faults++ // the repetition may meet the late work: what depends on it is refused a second time
	at := f.leaves + []ms{maxWork - 1, 3_000, maxWork / 2}[w.pick.detail(w.some(2, 3))]
	w.late = append(w.late, lateWork{max(at, w.now), f, from, to})
}

// work has the service do a request.
func (w *model) work(f *flight) *Response {
	a := &Response{Kind: Answered, Alive: true, Date: w.date(w.now), Bytes: 100 * len(f.ops)}
	failed := 0
	for i, m := range f.ops {
		if f.limit > 0 && failed >= f.limit {
			a.Items = append(a.Items, Item{LeftOut: true})
			continue
		}
		it := w.workOn(f, i, m)
		if it.Found && it.Err != nil {
			failed++
		}
		a.Items = append(a.Items, it)
	}
	return a
}

func (w *model) workOn(f *flight, i int, m *mop) Item {
	n := 10
	young := w.refersToYoung(f, i)
	if young {
		n++
	}
	what := w.pick.fault(n)
	if what > 0 {
		w.faults++
	}
	bad := func(status int) Item { return Item{Found: true, Status: status, Err: errService} }
	switch what {
	case 1:
		return bad(504)
	case 2:
		w.execute(f, i)
		return bad(500)
	case 3:
		w.later(f, i, i+1)
		return bad(408)
	case 4:
		w.severe++
		return bad(400)
	case 5:
		return bad([]int{429, 503, 423, 425}[w.pick.detail(w.some(1, 4))])
	case 6:
		return Item{}
	case 7:
		w.execute(f, i)
		return Item{}
	case 8:
		w.severe++
		return bad(409)
	case 9:
		if m.method == Post {
			if status := w.execute(f, i); status >= 300 {
				return bad(status)
			}
			return Item{Found: true, Status: 201}
		}
		w.severe++
		return bad(403)
	case 10:
		w.logf("   request %d: %v is not known everywhere yet", f.number, m)
		return bad([]int{404, 400}[w.pick.detail(w.some(1, 2))])
	}
	status := w.execute(f, i)
	if status >= 300 {
		return bad(status)
	}
	return Item{Found: true, Status: status, ID: f.ids[i], Location: f.ids[i]}
}

// refersToYoung reports whether the operation refers to something that was
// created so short a time ago that a part of the service may not know it.
func (w *model) refersToYoung(f *flight, i int) bool {
	for _, k := range f.items[i].Known {
		if r := w.find(k.ID); r != nil && w.now-r.created < patience {
			return true
		}
	}
	return false
}

// lookUp answers a lookup: from when it was asked until now, with or without
// lag.
func (w *model) lookUp(which int) {
	l := w.lookups[which]
	w.lookups = slices.Delete(w.lookups, which, which+1)
	at, lag := w.now, ms(0)
	what := w.pick.fault(8)
	if what > 0 {
		w.faults++
	}
	var err error
	final, alive := false, true
	switch what {
	case 1:
		lag = patience - 1
	case 2:
		at, lag = l.at, patience-1
	case 3:
		at = l.at
	case 4:
		err, alive = errLost, false
		w.harm(w.misses > 0)
		w.misses++
	case 7: // it takes its time
		at, lag = l.at, patience-1
		w.pass(w.capped(w.now + 20_000))
	case 5:
		err, final = errService, true
		w.severe++
	}
	var out []Finding
	for _, c := range l.lookup.Creates {
		f := Finding{Index: c.Index, Err: err, Final: final}
		if err == nil {
			f.Candidates = w.search(w.input[c.Index], c.Known, at-lag)
		}
		out = append(out, f)
	}
	for _, r := range l.lookup.Reads {
		f := Finding{Index: r.Index, Err: err, Final: final}
		if err == nil {
			w.readBack(w.op(r.Index), r.ID, at-lag, &f)
		}
		out = append(out, f)
	}
	if what == 6 { // it tells nothing about the last
		w.harm(w.misses > 0)
		w.misses++
		out = out[:len(out)-1]
	}
	date := w.date(at)
	if !alive {
		date = time.Time{}
	}
	if w.trace != nil {
		w.logf("found %d: as of %.3fs: %s", l.lookup.Number, float64(at-lag)/1000, describeFindings(out))
	}
	w.eng.Found(w.time(), l.lookup.Number, out, alive, date)
}

func describeFindings(all []Finding) (out string) {
	for _, f := range all {
		out += fmt.Sprintf(" %d:", f.Index)
		switch {
		case f.Err != nil:
			out += "error"
		case f.Exists:
			out += fmt.Sprintf("there, seen=%v", f.Seen)
		case len(f.Candidates) == 0:
			out += "absent"
		}
		for _, c := range f.Candidates {
			out += fmt.Sprintf(" %s equal=%v owned=%v ext=%d", c.ID, c.Equal, c.Owned, c.ExternalID)
		}
	}
	return out
}

func (w *model) search(m *mop, known []plan.Known, at ms) (out []Candidate) {
	sent := m.data(func(name string) string {
		for _, k := range known {
			if k.Name == name {
				return k.ID
			}
		}
		return "bulkId:" + name
	})
	for _, r := range w.resources {
		if r.blind || r.user != m.user || r.name != m.name || r.created > at {
			continue
		}
		v, ok := r.asOf(at)
		if !ok {
			continue
		}
		c := Candidate{ID: r.id, Location: r.id, Created: w.storeTime(r.created), Owned: w.owned(r.id)}
		c.Equal = !w.normalizes && sent == v.data && v.value == 0 && r.ext == m.ext
		switch {
		case m.ext == "" && r.ext == "":
		case m.ext == "" || r.ext == "":
			c.ExternalID = OneMissing
		case m.ext == r.ext:
			c.ExternalID = Same
		default:
			c.ExternalID = Different
		}
		w.noteSeen(m, r, v)
		out = append(out, c)
	}
	return out
}

func (w *model) readBack(m *mop, id string, at ms, f *Finding) {
	if id == "" {
		f.Err, f.Final = errNotRead, true
		return
	}
	r := w.find(id)
	if m.targetName != "" {
		w.checkKnown(m, m.targetName, id)
	}
	if known := w.resourceOf(m); known != nil && known.id != id || m.target != "" && m.target != id {
		w.breaks("%v is read at %s, which it does not change", m, id)
	}
	if r == nil || r.created > at {
		return
	}
	v, ok := r.asOf(at)
	if !ok {
		return
	}
	f.Exists, f.Modified = true, w.storeTime(v.at)
	f.Seen = m.method == Patch && m.shows(v)
	w.effect[m.ident] = w.effect[m.ident] || f.Seen // resourceOf knows nothing of a create that has adopted and failed
}
