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
	w.began, w.asleep, w.input, w.read, w.ended = w.now, 0, input, 0, false
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
		MaxServiceTime: time.Duration(maxWork) * time.Millisecond, Journal: w.journal, ReadOn: true,
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

func (w *model) checkKnown(m *mop, name, id string) {
	r := w.find(id)
	for _, o := range w.input {
		if o.bulkID == name && o.method == Post {
			if r == nil || r.name != o.name || r.user != o.user {
				w.breaks("%v is sent with %s for %s, which is not %v", m, id, name, o)
			}
			return
		}
	}
	w.breaks("%v is sent with %s for an unknown reference", m, id)
}

// happenings are what can happen next, the usual first.
func (w *model) happenings() (all []happening) {
	if len(w.claims) > 0 {
		all = append(all, happening{"claimed", 0})
	}
	if len(w.records) > 0 {
		all = append(all, happening{"recorded", 0})
	}
	if !w.ended && w.eng.Wants() {
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
	by := []ms{3_600_000, -3_600_000, 200_000, -200_000}[w.pick.detail(4)]
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
	r.ext = []string{"", "other", like.ext}[w.pick.detail(3)]
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
	what := w.pick.fault(12)
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
	what := w.pick.fault(6)
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
		if r.user != m.user || r.name != m.name || r.created > at {
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
		if o.bulkID == m.targetName && o.method == Post && w.isTold[o.index] {
			return w.find(w.told[o.index].ID)
		}
	}
	return nil
}

// dieNow is a crash: what was in flight goes on, or not.
func (w *model) dieNow() {
	written := len(w.records)
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

// tell takes a result.
func (w *model) tell(res Result) {
	m := w.input[res.Index]
	if w.trace != nil {
		w.logf("result %v: %v %s%s", m, res.Outcome, res.ID, reasonText(res.Reason))
	}
	if res.Index >= w.read {
		w.breaks("an outcome of an operation that was not read: %d", res.Index)
		return
	}
	if w.isTold[res.Index] {
		w.breaks("%v has two outcomes", m)
	}
	w.told[res.Index], w.isTold[res.Index] = res, true
	switch res.Outcome {
	case Succeeded:
		if w.journal {
			if e := w.entry(m.ticket); e == nil || !e.done {
				w.breaks("%v is told as succeeded before it is on record as done", m)
			}
		}
		w.checkDone(m, res.ID, "a result")
		for i, other := range w.told {
			if i != res.Index && w.isTold[i] && other.Outcome == Succeeded && m.method == Post && w.input[i].method == Post && res.ID != "" && other.ID == res.ID {
				w.breaks("%v and %v succeed with one resource", m, w.input[i])
			}
		}
	case Failed:
		if res.Reason.Why == Said {
			w.refused++
		}
		if w.failOnErrors > 0 && w.refused > w.failOnErrors {
			w.breaks("%d refusals are told, of %d allowed", w.refused, w.failOnErrors)
		}
		fallthrough
	case Skipped:
		if w.copies(m.ident) == 1 && w.done(m.ident, w.run) > 0 {
			w.breaks("%v is told as %v, though it was done", m, res.Outcome)
		}
	case Unknown:
		unknowns++
		if w.faults == 0 && w.run == 1 {
			w.breaks("%v is unknown, though nothing has gone wrong", m)
		}
	default:
		w.breaks("%v has no outcome", m)
	}
}

var unknowns, outcomes int // told in this process; the tests report them

func reasonText(r Reason) string {
	if r.Why == 0 {
		return ""
	}
	why := [...]string{"", "said", "invalid", "dependency", "corrected", "stopped", "request refused", "exhausted", "doubt"}[r.Why]
	return fmt.Sprintf(" (%s: %v)", why, r.Err)
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
	case r.foreign && (r.created < 0 || r.ext != "" && m.ext != ""):
		w.breaks("%s says that %v has made %s, which is clearly another's", who, m, id)
	case !r.foreign && r.ident != m.ident:
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
	return r != nil && !m.unclear && slices.ContainsFunc(r.history, func(v version) bool {
		return m.add && slices.Contains(v.list, m.content) || !m.add && v.value == m.content
	})
}

// checkEnd checks a run that came to its end.
func (w *model) checkEnd() {
	outcomes += len(w.input)
	for i, told := range w.isTold {
		if !told {
			w.breaks("%v has no outcome at the end", w.input[i])
			return
		}
	}
	if !w.easy || w.edited || w.normalizes && w.run > 1 || w.severe > 0 || w.faults >= w.maxAttempts || w.eng.Stopped() != nil {
		return
	}
	for i, m := range w.input { // nothing has happened that would not pass
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
		if n > most && (m.method == Post || m.add) {
			w.breaks("%v was done %d times", m, n)
		}
	}
	made := map[string]int{}
	for _, r := range w.resources {
		if !r.foreign {
			name := row{user: r.user, name: r.name, ext: r.ext}.natural()
			if made[name]++; !r.user && made[name] > w.natural[name] {
				w.breaks("%d groups %s were created", made[name], name)
			}
		}
	}
	for k, h := range w.history {
		w.checkRun(k+1, h)
	}
	w.checkLastWord()
}

func (w *model) anyOf(ident int) *mop {
	for _, h := range w.history {
		for _, m := range h.input {
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
	for i, m := range h.input {
		t := all[m.ident]
		t.rows++
		if !h.isTold[i] || h.told[i].Outcome == Succeeded || h.told[i].Outcome == Unknown {
			t.excused++
		}
		all[m.ident] = t
	}
	for i, m := range h.input {
		t := all[m.ident]
		most := h.most[m.ident]
		if done := min(w.done(m.ident, run), most); done > t.excused+most-t.rows {
			w.breaks("run %d told %v as %v, though it was done", run, m, h.told[i].Outcome)
		}
	}
}

// checkLastWord checks that the last operation that has succeeded on a resource
// has the last word.
func (w *model) checkLastWord() {
	h := w.history[len(w.history)-1]
	checked := map[string]bool{}
	for i, m := range slices.Backward(h.input) {
		if m.resource == "" || checked[m.resource] || m.add || h.told[i].Outcome != Succeeded {
			continue
		}
		checked[m.resource] = true
		var r *resource
		if m.target != "" {
			r = w.find(m.target)
		} else {
			for k, o := range h.input {
				if o.bulkID == m.targetName && o.method == Post && w.natural[o.natural()] == 1 {
					r = w.find(h.told[k].ID)
				}
			}
		}
		if r == nil || r.foreign && m.on != 0 || w.isExcused(m, r, h) {
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

// isExcused reports whether another operation may have had the last word: one
// whose outcome is not known, or one that followed the last in the input of the
// run that has sent it, and that this input holds no longer.
func (w *model) isExcused(last *mop, r *resource, h runRecord) bool {
	for i, m := range h.input {
		if m.resource == last.resource && m.index > last.index && h.told[i].Outcome == Unknown {
			return true
		}
	}
	holds := func(input []*mop, ident int) bool {
		return slices.ContainsFunc(input, func(m *mop) bool { return m.ident == ident })
	}
	for _, d := range w.doings {
		if d.resource == r.id && holds(w.history[d.run-1].input, last.ident) && !holds(h.input, d.ident) {
			return true
		}
	}
	return false
}
