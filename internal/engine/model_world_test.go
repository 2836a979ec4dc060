package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// The model: a second, tiny service with its clocks, its late work and its lag,
// a journal that is a list, and a driver that lets a chooser decide what
// happens next. It knows nothing of how the engine decides.
//
// Where nobody could tell, the model does not go: the service works for no
// longer than maxWork and lags for no longer than patience; with a journal the
// wall clock is not set forward (it hides that an earlier run is just over,
// where no Date is known); rows that share a name are not removed or corrected
// between runs, and what one of them makes is not deleted by reference;
// somebody else does not use our externalIds while the job runs. Of stages and
// of what exists see also randomStagesJob and mayEqual.

// ms is a time in milliseconds. True times count from the start of the job.
type ms = int64

// Times of the model. What the service does stays within what the engine is
// told: no work later than maxWork, no lag longer than patience.
const (
	maxWork  ms = 120_000
	patience ms = 15_000
	longAgo  ms = -30 * 24 * 3600_000
)

var epoch = time.Unix(1_700_000_000, 0)

// settings are what holds for a whole job.
type settings struct {
	operations, concurrency int
	maxAttempts             int
	failOnErrors            int
	ordered, separate       bool
	journal                 bool
	readOn                  bool // the source is read to its end after a stop
	keep                    int  // of the operations that wait
	frontOff, storeOff      ms   // of the service's two clocks
	noDate, noCreated       bool // the service does not tell
	normalizes              bool // what is there never equals what was sent
	strictCycles            bool // a cycle is created as a whole or not at all
	existing                Existing
}

// resource is a user or a group of the service.
type resource struct {
	id        string
	user      bool
	name, ext string
	blind     bool
	natural   string
	created   ms
	foreign   bool
	ident     int // of the operation that has made it
	began     ms  // the stage of its request
	history   []version
}

// version is the state of a resource from a time on.
type version struct {
	at      ms
	data    string // as a create gives it
	value   int
	list    []int
	gone    bool
	foreign bool // somebody else has changed it
}

// asOf returns the state at a time; ok is false if the resource is not there.
func (r *resource) asOf(at ms) (v version, ok bool) {
	for _, h := range slices.Backward(r.history) {
		if h.at <= at {
			return h, !h.gone
		}
	}
	return version{}, false
}

func (r *resource) change(at ms, f func(v *version)) {
	v := r.history[len(r.history)-1]
	v.at, v.list = at, slices.Clone(v.list)
	f(&v)
	r.history = append(r.history, v)
}

// doing is one execution of an operation by the service.
type doing struct {
	ident    int
	ticket   uint64
	run      int // in which its attempt left
	resource string
	replaced bool // by another change, as the journal has it
}

// entry is what the journal holds about one operation.
type entry struct {
	ticket     uint64
	key, name  Key
	ident      int // what the model takes it for
	done       bool
	sent, date time.Time
	change     Change // of one that is done
	claimed    int    // the last stage that has claimed it
	written    int    // the stage that has written it
}

// flight is a request that the engine has launched.
type flight struct {
	number   int
	items    []plan.Sending
	ops      []*mop
	limit    int // failOnErrors
	run      int
	began    ms       // its stage
	leaves   ms       // when the throttle lets it go
	ids      []string // what its creates have made
	executed []bool
	answer   *Response // what will be delivered
}

// lateWork is what the service does after the client has gone.
type lateWork struct {
	at   ms
	f    *flight
	from int
	to   int
}

type asked struct {
	lookup Lookup
	at     ms
}

// model is everything around the engine.
type model struct {
	settings
	pick  chooser
	trace *strings.Builder

	now       ms
	wallOff   ms
	resources []*resource
	late      []lateWork
	doings    []doing
	entries   []*entry
	tickets   uint64
	foreigns  map[string]int // ids that are on record as another's, and the stage that wrote it
	faults    int            // that were injected
	severe    int            // those after which not everything needs to succeed
	misses    int            // lookups that told nothing: several in a row may be too many
	rare      int            // how many rare events may still happen
	edited    bool           // the input of this run differs from an earlier one
	easy      bool           // nothing in the input conflicts
	plain     bool           // nothing in the input refers to anything

	lastWritten time.Time // by the wall clock of the run
	lastDate    time.Time // the largest that is on record

	// over all runs
	idents  map[string]int
	identOf []string
	history []runRecord
	natural map[string]int // the most rows of a natural name in any input
	most    map[int]int    // the most rows of an identity in any input
	effect  map[int]bool   // PATCHes that were seen in effect
	adopted map[int]bool   // creates that have taken what somebody else has made for theirs

	// of one run
	eng     *Engine
	run     int
	input   []*mop
	updates map[int]*mop               // what creates have become, by index
	seen    map[int]map[string]version // what the last lookups of creates have found, by index and id
	read    int
	full    bool  // the journal's disk is
	failed  bool  // a record has failed, and so do all later calls of the journal
	claimed []Key // of all its stages
	refused int
	stopped error // why an earlier stage has

	first, asleep ms // when the run began, and how long the machine has slept since

	// of one stage
	stages  int // that have begun, over all runs
	began   ms
	ended   bool
	claims  [][]Claim
	records []Record
	flights []*flight
	lookups []asked
	told    []Result
	isTold  []bool

	law, violation string // the first that was broken, and how
	counts
}

// counts are for the report of a campaign.
type counts struct{ runs, steps, outcomes, unknown int64 }

func (c *counts) add(o counts) {
	c.runs, c.steps = c.runs+o.runs, c.steps+o.steps
	c.outcomes, c.unknown = c.outcomes+o.outcomes, c.unknown+o.unknown
}

func (c counts) String() string {
	return fmt.Sprintf("%d runs, %d steps, %d outcomes, %d of them unknown", c.runs, c.steps, c.outcomes, c.unknown)
}

// runRecord is what one run told.
type runRecord struct {
	input  []*mop
	ops    []*mop // with the updates
	told   []Result
	isTold []bool
	most   map[int]int
}

func (w *model) logf(format string, args ...any) {
	if w.trace != nil {
		fmt.Fprintf(w.trace, "%9.3fs  ", float64(w.now)/1000)
		fmt.Fprintf(w.trace, format, args...)
		w.trace.WriteByte('\n')
	}
}

func (w *model) breaks(format string, args ...any) {
	if w.violation == "" {
		w.law, w.violation = format, fmt.Sprintf(format, args...)
		w.logf("VIOLATION %s", w.violation)
	}
}

func (w *model) time() Time {
	return Time{
		Elapsed: time.Duration(w.now-w.first-w.asleep) * time.Millisecond,
		Wall:    epoch.Add(time.Duration(w.now+w.wallOff) * time.Millisecond),
	}
}

// date is the service's front clock.
func (w *model) date(at ms) time.Time {
	if w.noDate {
		return time.Time{}
	}
	return epoch.Add(time.Duration(at+w.frontOff) * time.Millisecond)
}

func (w *model) storeTime(at ms) time.Time {
	if w.noCreated {
		return time.Time{}
	}
	return epoch.Add(time.Duration(at+w.storeOff) * time.Millisecond)
}

// pass lets time pass, with the work that falls due.
func (w *model) pass(to ms) {
	for {
		next := -1
		for i, l := range w.late {
			if l.at <= to && (next < 0 || l.at < w.late[next].at) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		l := w.late[next]
		w.late = slices.Delete(w.late, next, next+1)
		w.now = max(w.now, l.at)
		w.logf("service: late work of request %d (run %d)", l.f.number, l.f.run)
		for i := l.from; i < l.to; i++ {
			if !l.f.executed[i] {
				w.execute(l.f, i)
			}
		}
	}
	w.now = max(w.now, to)
}

func (w *model) find(id string) *resource {
	for _, r := range w.resources {
		if r.id == id {
			return r
		}
	}
	return nil
}

func (w *model) userNamed(name string) *resource {
	for _, r := range w.resources {
		if r.user && r.name == name {
			if _, ok := r.asOf(w.now); ok {
				return r
			}
		}
	}
	return nil
}

func (w *model) create(m *mop, id string) *resource {
	r := &resource{id: id, created: w.now, ident: -1, history: []version{{at: w.now}}}
	if m != nil {
		r.user, r.name, r.ext, r.ident, r.natural, r.blind = m.user && !m.blind, m.name, m.ext, m.ident, m.natural(), m.blind
	}
	w.resources = append(w.resources, r)
	return r
}

// resolve returns the id that a reference of an operation stands for in its
// request; later reports one that stands after it.
func (f *flight) resolve(i int, name string) (id string, later int) {
	for _, k := range f.items[i].Known {
		if k.Name == name {
			return k.ID, -1
		}
	}
	for j, o := range f.ops {
		if o.bulkID == name && o.method == Post {
			if f.executed[j] || j < i {
				return f.ids[j], -1
			}
			return "", j
		}
	}
	return "", -1
}

// refsOK reports whether the service can resolve what an operation refers to.
func (w *model) refsOK(f *flight, i int, seen int) bool {
	m := f.ops[i]
	for _, name := range m.refNames {
		if name == m.bulkID {
			continue
		}
		id, later := f.resolve(i, name)
		if later >= 0 {
			if seen&(1<<later) != 0 {
				continue
			}
			if w.strictCycles && !w.possible(f, later, seen|1<<later) {
				return false
			}
			continue
		}
		if id == "" {
			return false
		}
		if r := w.find(id); r == nil {
			return false
		} else if _, ok := r.asOf(w.now); !ok {
			return false
		}
	}
	return true
}

func (w *model) possible(f *flight, i, seen int) bool {
	m := f.ops[i]
	if m.method == Post && m.user && !m.blind && w.userNamed(m.name) != nil {
		return false
	}
	return w.refsOK(f, i, seen)
}

// execute does an operation of a request, if it can be done.
func (w *model) execute(f *flight, i int) (status int) {
	m := f.ops[i]
	defer func() { w.logf("service: request %d (run %d): %v: %d", f.number, f.run, m, status) }()
	f.executed[i] = true
	if m.method == Post {
		switch {
		case m.user && !m.blind && w.userNamed(m.name) != nil:
			return 409
		case !w.refsOK(f, i, 1<<i):
			return 400
		}
		r := w.create(m, fmt.Sprintf("id%d", len(w.resources)))
		f.ids[i] = r.id
		r.began, r.history[0].data = f.began, f.content(i)
		w.completeReferences(f, i)
		w.did(f, m, r.id)
		return 201
	}
	id := m.target
	if id == "" {
		id, _ = f.resolve(i, m.targetName)
	}
	r := w.find(id)
	if r == nil {
		return 404
	}
	v, ok := r.asOf(w.now)
	if !ok {
		return 404
	}
	if !w.refsOK(f, i, 1<<i) {
		return 400
	}
	switch {
	case m.method == Delete:
		r.change(w.now, func(v *version) { v.gone = true })
	case m.gives != nil:
		r.change(w.now, func(v *version) { v.data, v.value = *m.gives, 0 })
	case m.add:
		if slices.Contains(v.list, m.content) {
			w.logf("service: %v is appended once more", m)
		}
		r.change(w.now, func(v *version) { v.list = append(v.list, m.content) })
	default:
		r.change(w.now, func(v *version) { v.value = m.content })
	}
	w.did(f, m, r.id)
	if m.method == Delete {
		return 204
	}
	return 200
}

// content is the data of a create, with ids in the place of references.
func (f *flight) content(i int) string {
	return f.ops[i].data(func(name string) string {
		if id, _ := f.resolve(i, name); id != "" {
			return id
		}
		return unresolved(name)
	})
}

const unresolvedName = "bulkId:"

func unresolved(name string) string { return unresolvedName + name + "." }

// completeReferences gives the creates of a request that refer to a later one
// its id.
func (w *model) completeReferences(f *flight, made int) {
	for _, id := range f.ids {
		if r := w.find(id); r != nil {
			v := &r.history[len(r.history)-1]
			v.data = strings.ReplaceAll(v.data, unresolved(f.ops[made].bulkID), f.ids[made])
		}
	}
}

// did notes that an operation was done, and checks that it has not overtaken
// one that follows it on its resource.
func (w *model) did(f *flight, m *mop, resource string) {
	own := w.mopOf(m.ident)
	if own != nil && m.method != Post && w.most[m.ident] == 1 {
		for _, d := range w.doings {
			o := w.mopOf(d.ident)
			if o == nil || d.replaced || d.run < f.run && w.isInDoubt(o) { // else it is done once more
				continue
			}
			follows := w.follows(o, own) && !w.isElsewhere(o, resource)
			if d.resource == resource && o.method != Post && follows && w.most[d.ident] == 1 && !w.isAmbiguous(o) {
				w.breaks("%v is done after %v, which follows it on the same resource", own, o)
			}
		}
	}
	w.doings = append(w.doings, doing{ident: m.ident, ticket: m.ticket, run: f.run, resource: resource})
}

// isElsewhere reports whether an operation refers to a create that stands for no
// resource in this run, or for another one. In an earlier run it may have taken
// this one, before there was a second of its name.
func (w *model) isElsewhere(m *mop, resource string) bool {
	for _, o := range w.input {
		if m.targetName != "" && o.bulkID == m.targetName && o.method == Post {
			if e := w.entry(o.ticket); !w.isTold[o.index] && o.ticket != 0 && (e == nil || !e.done && e.written == w.stages) {
				return true // no earlier run has sent it
			}
			return w.isTold[o.index] && w.told[o.index].Outcome != Unknown && w.told[o.index].ID != resource
		}
	}
	return false
}

// op returns an operation as it is sent: of a create that has become an update,
// that.
func (w *model) op(index int) *mop {
	if u := w.updates[index]; u != nil {
		return u
	}
	return w.input[index]
}

// ops are the operations of the run, with what creates have become.
func (w *model) ops() []*mop {
	if len(w.updates) == 0 {
		return w.input
	}
	return slices.AppendSeq(slices.Clone(w.input), maps.Values(w.updates))
}

// mopOf returns the operation of this run's input with an identity.
func (w *model) mopOf(ident int) *mop {
	for _, m := range w.ops() {
		if m.ident == ident {
			return m
		}
	}
	return nil
}

func (w *model) copies(ident int) (n int) {
	for _, m := range w.ops() {
		if m.ident == ident {
			n++
		}
	}
	return n
}

func (w *model) done(ident, upToRun int) (n int) {
	for _, d := range w.doings {
		if d.ident == ident && d.run <= upToRun && !d.replaced {
			n++
		}
	}
	return n
}

// The journal.

func (w *model) claim(c Claim) Earlier {
	m := w.op(c.Index)
	got := w.unclaimed(c.Key)
	out := Earlier{Index: c.Index}
	isOther := func(e *entry) bool { return e.claimed != w.stages && e.ident == m.ident }
	if got == nil && c.Key != (Key{}) && slices.ContainsFunc(w.entries, isOther) {
		w.breaks("%v is not recognized, though it is on record", m)
	}
	if got != nil && got.ident != m.ident {
		w.breaks("%v is taken for %s, which is on record", m, w.identOf[got.ident])
	}
	switch {
	case got == nil:
		w.tickets++
		out.Ticket = w.tickets
	case got.done:
		ch := got.change
		out = Earlier{
			Index: c.Index, Ticket: got.ticket, Known: KnownDone, Status: ch.Status, ID: ch.ID, Location: ch.Location,
			Version: ch.Version, Recovered: ch.Recovered,
		}
	default:
		out.Ticket, out.Known, out.Sent, out.Date = got.ticket, KnownSent, got.sent, got.date
	}
	if c.Key != (Key{}) { // else it is only asked which rivals there are
		m.ticket = out.Ticket
	}
	if got != nil {
		got.claimed = w.stages
	}
	for _, r := range w.entries {
		known := out.Known == KnownDone || out.Known == KnownSent && c.Create
		if undone := !r.done && r.sent.IsZero(); !known && !undone && c.Name != (Key{}) && r.name == c.Name && r.key != c.Key && r.claimed != w.stages {
			out.Rivals = append(out.Rivals, r.ticket)
			out.RivalSent = out.RivalSent || !r.done
		}
	}
	w.logf("claimed %d: known %d, rivals %v", c.Index, out.Known, out.Rivals)
	return out
}

// unclaimed is an operation on record that nobody has claimed in this stage.
func (w *model) unclaimed(key Key) (got *entry) {
	for _, e := range w.entries {
		if e.claimed != w.stages && e.key == key && (got == nil || e.done && !got.done) {
			got = e
		}
	}
	return got
}

func (w *model) entry(ticket uint64) *entry {
	for _, e := range w.entries {
		if e.ticket == ticket {
			return e
		}
	}
	return nil
}

func (w *model) write(r Record) {
	for _, c := range r.Changes {
		e := w.entry(c.Ticket)
		if c.Date.After(w.lastDate) {
			w.lastDate = c.Date
		}
		switch c.Kind {
		case SentChange:
			m := w.byTicket(c.Ticket)
			switch {
			case m == nil:
				w.breaks("a ticket is recorded as sent that nothing has: %d", c.Ticket)
			case e == nil:
				w.entries = append(w.entries, &entry{
					ticket: c.Ticket, key: c.Key, name: c.Name, ident: m.ident, sent: c.Sent, date: c.Date, claimed: w.stages, written: w.stages,
				})
			case e.done:
				w.breaks("%v is recorded as sent, though it is done", m)
			}
		case DoneChange:
			if e == nil {
				w.breaks("a ticket is recorded as done that was not sent: %d", c.Ticket)
				return
			}
			e.done, e.change, e.written = true, c, w.stages
			if m := w.byTicket(c.Ticket); m != nil {
				w.checkDone(m, c.ID, "the journal")
			}
		case Forget:
			if e != nil && e.done {
				w.breaks("ticket %d is forgotten, though it is done", c.Ticket)
			}
			if m := w.byTicket(c.Ticket); m != nil && m.gives != nil {
				w.replace(c.Ticket) // another run may do it again
			}
			w.entries = slices.DeleteFunc(w.entries, func(x *entry) bool { return x == e })
		case UndoneChange:
			if e != nil {
				e.done, e.sent, e.date = false, time.Time{}, time.Time{}
			}
			w.replace(c.Ticket) // it may be done once more
		case ReplacedChange:
			if e != nil && e.claimed == w.stages {
				w.breaks("ticket %d is replaced, though this input holds it", c.Ticket)
			}
			w.entries = slices.DeleteFunc(w.entries, func(x *entry) bool { return x == e })
			if e != nil { // as if it had not been done: it may be done once more
				w.replace(c.Ticket)
			}
		case ForeignChange:
			w.foreigns[c.ID] = w.stages
		}
	}
}

// replace notes that what was done of an operation does not count any longer.
func (w *model) replace(ticket uint64) {
	for i := range w.doings {
		w.doings[i].replaced = w.doings[i].replaced || w.doings[i].ticket == ticket
	}
}

// isInDoubt reports whether an operation is on record as sent only.
func (w *model) isInDoubt(m *mop) bool {
	e := w.entry(m.ticket)
	return e != nil && !e.done
}

func (w *model) byTicket(ticket uint64) *mop {
	for _, m := range w.ops() {
		if m.ticket == ticket && ticket != 0 {
			return m
		}
	}
	return nil
}

func (w *model) owned(id string) bool {
	if run, ok := w.foreigns[id]; ok && run < w.stages {
		return true
	}
	for _, e := range w.entries {
		if e.done && e.change.ID == id && id != "" && e.written < w.stages {
			return true
		}
	}
	return false
}
