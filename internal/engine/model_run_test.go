package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
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
func (w *model) runOnce(rows []row) (over bool) {
	w.beginRun()
	defer func() {
		w.history = append(w.history, runRecord{w.input, w.ops(), w.told, w.isTold, maps.Clone(w.most)})
	}()
	last := 0
	for _, r := range rows {
		last = max(last, r.stage)
	}
	for stage := range last + 1 {
		w.begin(w.materialize(w.rowsOf(rows, stage)))
		if !w.carryOut() {
			return false
		}
		if w.violation != "" || w.eng.Stopped() != nil && !w.readOn {
			break
		}
	}
	return true
}

// carryOut carries out one stage and reports whether it came to its end.
func (w *model) carryOut() bool {
	start := w.time().Elapsed
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
		if lasts := w.time().Elapsed - start; step > maxSteps || lasts > time.Duration(maxDuration)*time.Millisecond {
			w.breaks("the job does not end: %d steps, %d seconds; %v", step, lasts/time.Second, w.eng.Status())
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

func (w *model) beginRun() {
	w.run++
	w.runs++
	w.first, w.asleep = w.now, 0
	w.eng, w.input, w.read, w.full, w.failed, w.claimed, w.refused, w.stopped = nil, nil, 0, false, false, nil, 0, nil
	w.told, w.isTold, w.updates, w.seen = nil, nil, map[int]*mop{}, map[int]map[string]version{}
}

// begin begins the next stage of a run.
func (w *model) begin(input []*mop) {
	before := w.eng
	var carried Carried
	if before != nil {
		carried = before.Carried()
	}
	w.stages++
	w.began, w.ended = w.now, false
	w.claims, w.records, w.flights, w.lookups = nil, nil, nil, nil
	w.input = append(w.input, input...)
	w.told, w.isTold = append(w.told, make([]Result, len(input))...), append(w.isTold, make([]bool, len(input))...)
	for _, m := range input {
		w.most[m.ident] = max(w.most[m.ident], w.copies(m.ident))
		if m.method == Post {
			w.natural[m.natural()] = max(w.natural[m.natural()], w.creates(m.natural()))
		}
	}
	cfg := Config{
		Operations: w.operations, Bytes: 1 << 20, Concurrency: w.concurrency, Ordered: w.ordered, Separate: w.separate,
		FailOnErrors: w.failOnErrors, MaxAttempts: w.maxAttempts, LookupPatience: time.Duration(patience) * time.Millisecond,
		MaxServiceTime: time.Duration(maxWork) * time.Millisecond, Journal: w.journal, ReadOn: w.readOn,
		Existing: w.existing, Compare: w.compare, Facts: w.factsOf, Keep: w.keep, Rand: func() float64 { return 0.5 },
		LastWritten: w.lastWritten, LastDate: w.lastDate, Before: carried,
	}
	if before != nil {
		w.claimAgain()
	}
	w.eng = New(cfg, w.time())
	if w.trace != nil {
		w.logf("---- run %d, wall clock %+ds", w.run, w.wallOff/1000)
		for _, m := range input {
			w.logf("     %v", m)
		}
	}
	if before != nil && before.Stopped() != nil {
		w.stopped = before.Stopped()
		w.eng.Stop(w.time(), w.stopped)
	}
}

// creates are the creates of a natural name in the run.
func (w *model) creates(natural string) (n int) {
	for _, m := range w.input {
		if m.method == Post && m.natural() == natural {
			n++
		}
	}
	return n
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
	kinds := [...]string{"sent", "done", "forget", "replaced", "undone", "foreign"}
	for _, c := range rec.Changes {
		out += fmt.Sprintf(" %s %d%s", kinds[c.Kind], c.Ticket, c.ID)
	}
	return out
}

// launch takes a request, and checks what may travel.
func (w *model) launch(req Request) {
	n := len(req.Items)
	f := &flight{
		number: req.Number, items: req.Items, limit: req.FailOnErrors, run: w.run, began: w.began, leaves: w.now,
		ids: make([]string, n), executed: make([]bool, n),
	}
	for i, s := range req.Items {
		m := w.op(s.Index)
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
			if m.resource != "" && o.resource == m.resource && o.stage == m.stage && !w.isDone(o) {
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
	if w.stopped != nil {
		w.breaks("a request leaves, though an earlier stage has stopped")
	}
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
		if w.failed {
			w.eng.Claimed(w.time(), nil, errFull)
			return
		}
		var known []Earlier
		for _, c := range claims {
			w.claimed = append(w.claimed, c.Key)
			known = append(known, w.claim(c))
		}
		w.eng.Claimed(w.time(), known, nil)
	case "recorded":
		rec := w.records[0]
		w.records = w.records[1:]
		if w.full {
			w.logf("record %d fails", rec.Number)
			w.failed = true
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

// addForeign has somebody else create a resource with the name of a create, or
// change one that is there.
func (w *model) addForeign() {
	w.rare--
	w.severe++
	var creates []*mop
	for _, m := range w.input {
		if m.method == Post {
			creates = append(creates, m)
		}
	}
	if which := w.pick.detail(len(creates) + 1); which < len(creates) {
		w.makeForeign(creates[which].row, w.now)
		return
	}
	r := w.find("r0")
	if w.existing != FailExisting {
		r = w.resources[w.pick.detail(len(w.resources))]
	}
	if _, ok := r.asOf(w.now); ok {
		gone := w.existing != FailExisting && r.foreign && w.pick.detail(3) == 1 // else a lost create is absent
		w.logf("somebody else changes %s, gone %v", r.id, gone)
		r.change(w.now, func(v *version) { v.value, v.foreign, v.gone = -1, true, gone })
	}
}

func (w *model) makeForeign(like row, at ms) {
	if like.user && w.userNamed(like.name) != nil {
		return
	}
	r := w.create(nil, fmt.Sprintf("f%d", len(w.resources)))
	r.foreign, r.user, r.name, r.created = true, like.user, like.name, at
	r.history[0].at = at
	r.ext = []string{"", "other"}[w.pick.detail(2)]
	r.history[0].data = "foreign"
	if w.existing != FailExisting {
		r.ext = []string{"", "other", like.ext}[w.pick.detail(3)]
		if at != longAgo && r.ext == like.ext { // else it takes the place of another
			r.ext = ""
		}
		if w.pick.detail(2) == 1 && len(like.refs) == 0 {
			r.history[0].data = (&mop{row: like}).data(nil)
		}
	}
	w.logf("somebody else creates %s, named %s, ext %q", r.id, r.name, r.ext)
}

func (w *model) addOne() {
	m := w.input[w.read]
	w.read++
	w.eng.Add(w.time(), &m.op)
}

// factsOf returns the facts of an operation that rests, as of one that was read
// anew.
func (w *model) factsOf(index int) (*Operation, error) {
	if index >= w.read || w.isTold[index] {
		w.breaks("facts were asked of operation %d, which is not open", index)
	}
	facts := w.input[index].op
	return &facts, nil
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
