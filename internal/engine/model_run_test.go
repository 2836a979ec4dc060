package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

var (
	errInvalid  = errors.New("invalid")
	errService  = errors.New("refused by the service")
	errLost     = errors.New("no answer")
	errNotRead  = errors.New("its resource cannot be read")
	errFull     = errors.New("disk full")
	errCanceled = errors.New("canceled")
)

// chooser decides what happens. 0 is the usual; the others cost something.
type chooser interface {
	fault(n int) int  // something goes wrong
	order(n int) int  // something happens before something else
	detail(n int) int // how something goes wrong
	crash() bool
}

// happening is what can happen next.
type happening struct {
	what  string
	which int
}

const (
	maxSteps    = 3000
	maxDuration = 12 * 3600_000
)

// runOnce carries out one run and reports whether it came to its end.
func (w *model) runOnce(input []*mop) bool {
	w.begin(input)
	defer func() {
		w.history = append(w.history, runRecord{w.input, w.told, w.isTold, w.eng.Finished(), maps.Clone(w.most)})
	}()
	start := w.now
	for step := 0; ; step++ {
		w.take()
		w.steps++
		if w.violation != "" {
			return true
		}
		if w.eng.Finished() && len(w.claims)+len(w.records)+len(w.flights)+len(w.lookups) == 0 {
			w.checkEnd()
			return true
		}
		if step > maxSteps || w.now-start-w.asleep > maxDuration {
			w.breaks("the job does not end: %d steps, %d seconds; %v", step, (w.now-start)/1000, w.eng.Status())
			return true
		}
		if w.pick.crash() {
			w.dieNow()
			return false
		}
		all := w.happenings()
		if len(all) == 0 {
			w.breaks("nothing can happen, and the job is not over: %v", w.eng.Status())
			return true
		}
		w.happen(all[w.pick.order(len(all))])
	}
}

func (w *model) begin(input []*mop) {
	w.run++
	w.runs++
	w.began, w.asleep, w.input, w.read, w.ended, w.full = w.now, 0, input, 0, false, false
	w.claims, w.records, w.flights, w.lookups = nil, nil, nil, nil
	w.told, w.isTold, w.refused = make([]Result, len(input)), make([]bool, len(input)), 0
	count := map[int]int{}
	names := map[string]int{}
	for _, m := range input {
		count[m.ident]++
		w.most[m.ident] = max(w.most[m.ident], count[m.ident])
		if m.method == Post {
			names[m.natural()]++
			w.natural[m.natural()] = max(w.natural[m.natural()], names[m.natural()])
		}
	}
	cfg := Config{
		Operations: w.operations, Bytes: 1 << 20, Concurrency: w.concurrency, Ordered: w.ordered, Separate: w.separate,
		FailOnErrors: w.failOnErrors, MaxAttempts: w.maxAttempts, LookupPatience: time.Duration(patience) * time.Millisecond,
		MaxServiceTime: time.Duration(maxWork) * time.Millisecond, Journal: w.journal, ReadOn: w.readOn,
		Rand: func() float64 { return 0.5 }, LastWritten: w.lastWritten, LastDate: w.lastDate,
	}
	w.eng = New(cfg, w.time())
	if w.trace != nil {
		w.logf("---- run %d, wall clock %+ds", w.run, w.wallOff/1000)
		for _, m := range input {
			w.logf("     %v", m)
		}
	}
}

// take takes what the engine wants done.
func (w *model) take() {
	r := w.eng.Ready()
	if len(r.Claims) > 0 {
		w.claims = append(w.claims, r.Claims)
	}
	for _, rec := range r.Records {
		if w.trace != nil {
			w.logf("record %d: %s", rec.Number, describe(rec))
		}
		w.records = append(w.records, rec)
	}
	for _, req := range r.Requests {
		w.launch(req)
	}
	for _, l := range r.Lookups {
		w.logf("lookup %d: creates %v, reads %v", l.Number, l.Creates, l.Reads)
		w.lookups = append(w.lookups, asked{l, w.now})
	}
	for _, res := range r.Results {
		w.tell(res)
	}
}

func describe(rec Record) (out string) {
	kinds := [...]string{"sent", "done", "forget", "replaced", "foreign"}
	for _, c := range rec.Changes {
		out += fmt.Sprintf(" %s %d%s", kinds[c.Kind], c.Ticket, c.ID)
	}
	return out
}

// launch takes a request, and checks what may travel.
func (w *model) launch(req Request) {
	n := len(req.Items)
	f := &flight{
		number: req.Number, items: req.Items, limit: req.FailOnErrors, run: w.run, leaves: w.now,
		ids: make([]string, n), executed: make([]bool, n),
	}
	for i, s := range req.Items {
		m := w.input[s.Index]
		f.ops = append(f.ops, m)
		if w.isTold[m.index] {
			w.breaks("%v is sent after its outcome was told", m)
		}
		if m.invalid {
			w.breaks("%v is sent, though it is invalid", m)
		}
		if m.resource != "" {
			for _, o := range f.ops[:i] {
				if o.resource == m.resource {
					w.breaks("%v and %v change one resource in one request", o, m)
				}
			}
			for _, other := range w.flights {
				for _, o := range other.ops {
					if o.resource == m.resource {
						w.breaks("%v and %v change one resource at once", o, m)
					}
				}
			}
		}
		for _, other := range w.flights {
			if slices.Contains(other.ops, m) {
				w.breaks("%v is in two requests at once", m)
			}
		}
		for _, k := range s.Known {
			w.checkKnown(m, k.Name, k.ID)
		}
		for _, o := range w.input[:m.index] {
			if m.resource != "" && o.resource == m.resource && !w.isDone(o) {
				w.breaks("%v leaves before %v is done", m, o)
			}
		}
		if w.journal {
			if e := w.entry(m.ticket); e == nil {
				w.breaks("%v leaves before it is on record", m)
			}
		}
	}
	if len(f.ops) > w.operations {
		w.breaks("a request of %d operations", len(f.ops))
	}
	w.flights = append(w.flights, f)
	if len(w.flights) > w.concurrency {
		w.breaks("%d requests at once", len(w.flights))
	}
	if w.trace != nil {
		w.logf("send %d: %v, failOnErrors %d", f.number, f.ops, f.limit)
	}
	if w.pick.fault(2) == 1 {
		w.faults++
		f.leaves = w.now + 90_000
		w.logf("   the throttle holds it back for 90 s")
	}
}

// happenings are what can happen next, the usual first.
func (w *model) happenings() (all []happening) {
	if len(w.claims) > 0 {
		all = append(all, happening{"claimed", 0})
	}
	if len(w.records) > 0 {
		all = append(all, happening{"recorded", 0})
	}
	if !w.ended && w.eng.Stopped() != nil && !w.readOn {
		all = append(all, happening{"end", 0})
	} else if !w.ended && w.eng.Wants() {
		all = append(all, happening{"add all", 0})
		if w.read < len(w.input) {
			all = append(all, happening{"add one", 0})
			if w.read > 0 {
				all = append(all, happening{"idle", 0})
			}
		}
	}
	waits := false
	for i, f := range w.flights {
		if f.leaves <= w.now || f.answer != nil {
			all = append(all, happening{"respond", i})
		} else {
			waits = true
		}
	}
	for i := range w.lookups {
		all = append(all, happening{"found", i})
	}
	_, wake := w.eng.Wake()
	if wake || waits {
		all = append(all, happening{"wait", 0})
	}
	if wake || waits || len(w.flights)+len(w.lookups) > 0 {
		all = append(all, happening{"wait a bit", 0}, happening{"wait long", 0})
	}
	if w.rare > 0 {
		all = append(all, happening{"sleep", 0}, happening{"set clock", 0}, happening{"foreign", 0}, happening{"stop", 0})
		if w.journal && !w.full {
			all = append(all, happening{"disk full", 0})
		}
	}
	return all
}

func (w *model) happen(h happening) {
	switch h.what {
	case "claimed":
		claims := w.claims[0]
		w.claims = w.claims[1:]
		var known []Earlier
		for _, c := range claims {
			known = append(known, w.claim(c))
		}
		w.eng.Claimed(w.time(), known, nil)
	case "recorded":
		rec := w.records[0]
		w.records = w.records[1:]
		if w.full {
			w.logf("record %d fails", rec.Number)
			w.eng.Recorded(w.time(), rec.Number, errFull)
			return
		}
		w.write(rec)
		w.lastWritten = w.time().Wall
		w.logf("recorded %d", rec.Number)
		w.eng.Recorded(w.time(), rec.Number, nil)
	case "add all":
		for w.read < len(w.input) {
			w.addOne()
		}
		w.eng.Take()
		w.logf("end of input")
		w.ended = true
		w.eng.End(w.time())
	case "end":
		w.logf("end of input, not read whole")
		w.ended = true
		w.eng.End(w.time())
	case "add one":
		w.addOne()
		w.eng.Take()
	case "idle":
		w.eng.Idle(w.time())
	case "respond":
		w.travel()
		w.respond(w.flights[h.which])
	case "found":
		w.travel()
		w.lookUp(h.which)
	case "wait":
		to := w.now + maxDuration
		if at, ok := w.eng.Wake(); ok {
			to = w.now + max(0, int64((at-w.time().Elapsed+time.Millisecond-1)/time.Millisecond))
		}
		for _, f := range w.flights {
			if f.answer == nil && f.leaves > w.now {
				to = min(to, f.leaves)
			}
		}
		w.waitUntil(to)
	case "sleep":
		w.sleep()
	case "set clock":
		w.rare--
		w.setClock()
		w.eng.Tick(w.time())
	case "foreign":
		w.addForeign()
		w.eng.Tick(w.time())
	case "disk full":
		w.rare--
		w.severe++
		w.full = true
		w.logf("the disk is full")
		w.eng.Tick(w.time())
	case "stop":
		w.rare--
		w.severe++
		w.logf("canceled")
		w.eng.Stop(w.time(), errCanceled)
	case "wait a bit":
		w.waitUntil(w.now + 700)
	case "wait long":
		w.waitUntil(w.now + []ms{121_000, 7_000, 40_000}[w.pick.detail(w.some(1, 3))])
	}
}

// travel is the time that a message takes.
func (w *model) travel() { w.pass(w.capped(w.now + 20)) }

// capped is a time, but not beyond the time that the service has for what is in
// flight.
func (w *model) capped(to ms) ms {
	for _, f := range w.flights {
		if f.answer == nil {
			to = min(to, f.leaves+maxWork-1)
		}
	}
	return max(to, w.now)
}

// waitUntil lets time pass.
func (w *model) waitUntil(to ms) {
	w.pass(w.capped(to))
	w.logf("tick")
	w.eng.Tick(w.time())
}

func (w *model) setClock() {
	by := []ms{-3_600_000, -200_000, 3_600_000, 200_000}[w.pick.detail(4)]
	if w.journal { // set forward, it hides that an earlier run is just over, if no Date is known
		by = min(by, -by)
	}
	w.wallOff += by
	w.logf("the wall clock is set by %d s", by/1000)
}

// sleep lets the machine sleep with requests in flight: the monotonic clock
// stands still.
func (w *model) sleep() {
	w.rare--
	w.logf("the machine sleeps")
	for _, f := range w.flights {
		if f.answer != nil || f.leaves > w.now {
			continue
		}
		f.answer = &Response{Kind: NoResponse, Err: errLost}
		w.faults++
		switch w.pick.detail(4) {
		case 0:
			f.answer = w.work(f)
		case 1:
			w.work(f)
		case 2:
			w.later(f, 0, len(f.ops))
		}
	}
	slept := []ms{8 * 3600_000, 60_000}[w.pick.detail(2)]
	w.pass(w.now + slept)
	w.asleep += slept
	for _, f := range w.flights { // nothing left while the machine slept
		if f.answer == nil {
			f.leaves = max(f.leaves, w.now)
		}
	}
	w.eng.Tick(w.time())
}

// addForeign has somebody else create a resource with the name of a create.
func (w *model) addForeign() {
	w.rare--
	w.severe++
	var creates []*mop
	for _, m := range w.input {
		if m.method == Post {
			creates = append(creates, m)
		}
	}
	if len(creates) == 0 {
		return
	}
	w.makeForeign(creates[w.pick.detail(len(creates))].row, w.now)
}

func (w *model) makeForeign(like row, at ms) {
	if like.user && w.userNamed(like.name) != nil {
		return
	}
	r := w.create(nil, fmt.Sprintf("f%d", len(w.resources)))
	r.foreign, r.user, r.name, r.created = true, like.user, like.name, at
	r.history[0].at = at
	r.ext = []string{"", "other"}[w.pick.detail(2)]
	r.content = "foreign"
	w.logf("somebody else creates %s, named %s, ext %q", r.id, r.name, r.ext)
}

func (w *model) addOne() {
	m := w.input[w.read]
	w.read++
	w.eng.Add(w.time(), m.op)
}

// respond gives the answer to a request, whatever becomes of it.
func (w *model) respond(f *flight) {
	if f.answer == nil {
		a, slow := w.process(f)
		f.answer = a
		if slow {
			return
		}
	}
	w.flights = slices.DeleteFunc(w.flights, func(x *flight) bool { return x == f })
	a := *f.answer
	if w.trace != nil {
		w.logf("response %d: %s", f.number, describeAnswer(a))
	}
	w.eng.Response(w.time(), f.number, a)
}

func describeAnswer(a Response) (out string) {
	out = [...]string{"answered", "not sent", "waiting", "rejected", "denied", "no response"}[a.Kind]
	for _, it := range a.Items {
		switch {
		case it.LeftOut:
			out += " left-out"
		case !it.Found:
			out += " nothing"
		default:
			out += fmt.Sprintf(" %d%s", it.Status, it.ID)
		}
	}
	return out
}

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

// lookUp answers a lookup: from when it was asked until now, with or without lag.
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
		w.severe++ // a create without an id may be given up for it
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
			w.readBack(w.input[r.Index], r.ID, at-lag, &f)
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
			out += [...]string{"unclear", "seen", "missing"}[f.Effect]
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
		c.Equal = !w.normalizes && sent == r.content && v.value == 0 && r.ext == m.ext
		if m.ext != "" && r.ext != "" {
			c.ExternalID = Different
			if m.ext == r.ext {
				c.ExternalID = Same
			}
		}
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
	switch {
	case m.method == Delete:
	case m.unclear:
	case m.add && slices.Contains(v.list, m.content), !m.add && v.value == m.content:
		f.Effect = EffectSeen
	default:
		f.Effect = EffectMissing
	}
}

// resourceOf is what a PATCH or DELETE changes, nil if nobody knows yet.
func (w *model) resourceOf(m *mop) *resource {
	if m.target != "" {
		return w.find(m.target)
	}
	for _, o := range w.input {
		if o.bulkID == m.targetName && o.method == Post {
			if w.isTold[o.index] {
				return w.find(w.told[o.index].ID)
			}
			return nil
		}
	}
	return nil
}

// dieNow is a crash: what was in flight goes on, or not.
func (w *model) dieNow() {
	written := len(w.records)
	if w.full {
		written = 0
	}
	if written > 0 {
		written = []int{0, written}[w.pick.detail(2)]
	}
	for _, rec := range w.records[:written] {
		w.write(rec)
		w.lastWritten = w.time().Wall
	}
	w.logf("CRASH; %d records were written, %d not", written, len(w.records)-written)
	for _, f := range w.flights {
		if f.answer != nil || f.leaves > w.now {
			continue
		}
		switch w.pick.detail(w.some(3, 4)) {
		case 1:
			w.work(f)
		case 2:
			w.later(f, 0, len(f.ops))
		case 3:
			for i := range len(f.ops) / 2 {
				w.execute(f, i)
			}
			w.later(f, len(f.ops)/2, len(f.ops))
		}
	}
	w.pass(w.now + []ms{1_000, 3_600_000, 100_000, 20_000, 140_000}[w.pick.detail(w.some(2, 5))])
}

// some is how many of several details are chosen from: few where all are tried.
func (w *model) some(few, all int) int {
	if _, ok := w.pick.(*searcher); ok {
		return few
	}
	return all
}
