package engine

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// ErrJournal: the journal could not be read or written.
var ErrJournal = errors.New("journal")

// Claim asks the journal what earlier runs know of an operation.
type Claim struct {
	Index int
	// Key recognizes the operation by what it means; Name is that of the
	// Operation.
	Key, Name Key
}

// Earlier is what the journal knows of an operation.
type Earlier struct {
	Index int
	// Ticket stands for the operation in the changes that are recorded.
	Ticket uint64
	// Known tells which of the other fields matter.
	Known Known
	// Status, ID, Location, Version and Recovered are those of a Done operation.
	Status                int
	ID, Location, Version string
	Recovered             bool
	// Sent is when the first attempt of a KnownSent operation left, by the wall clock,
	// and Date the latest time of the service that was told before.
	Sent, Date time.Time
	// Rivals are the tickets of other creates with the same natural name that
	// are on record and that no operation of this run has claimed yet; those of a
	// PATCH or DELETE are other changes of its resource. RivalSent reports that one
	// of them has no result on record.
	Rivals    []uint64
	RivalSent bool
}

// Known is what earlier runs have learned of an operation.
type Known uint8

// What the journal can know.
const (
	KnownNothing Known = iota
	KnownSent
	KnownDone
)

// Add takes in the next operation of the source.
func (e *Engine) Add(now Time, in Operation) {
	e.begin(now)
	o := &op{Operation: in}
	e.ops[in.Index] = o
	if e.stopped == nil {
		o.held = e.cfg.Journal || in.Invalid != nil || e.awaitsCreate(o) || e.looksFirst(o)
		e.planner.Add(o.item(o.held))
		e.takeDrops()
	}
	if o.phase == over { // a duplicate, or what it depends on was not done
		return
	}
	if in.Method == Post && in.BulkID != "" && o.dropped == nil {
		e.creates[in.BulkID] = o
	}
	if in.ResourceID != "" {
		e.others.add(in.ResourceID)
	}
	switch {
	case in.Invalid != nil:
		e.defineName(o)
		e.decide(o)
	case e.cfg.Journal && e.journalErr == nil:
		e.defineName(o)
		e.identify(o)
	case e.stopped != nil:
		e.decide(o)
	case o.held:
		e.release(o)
	default:
		o.phase = planned
	}
}

// awaitsCreate reports whether the operation waits until a create is over: it
// deletes what that makes, or changes what may be changed for the create first.
func (e *Engine) awaitsCreate(o *op) bool {
	return o.endsCreate() || o.Method == Patch && o.Target != "" && e.cfg.Existing == UpdateExisting
}

// endsCreate reports whether the operation deletes, by reference, what a create
// of the job makes.
func (o *op) endsCreate() bool { return o.Method == Delete && o.Target != "" }

func (o *op) item(held bool) plan.Item {
	it := plan.Item{
		Index: o.Index, Name: o.BulkID, Resource: o.Resource, Refs: o.Refs, Size: o.Size, Held: held,
	}
	switch {
	case o.Invalid != nil:
		it.Refs = nil
	case o.endsCreate():
		it.Ends = o.Target
	}
	return it
}

// Take does what follows after a batch of Adds.
func (e *Engine) Take() { e.proceed() }

// End tells the engine that the source is complete.
func (e *Engine) End(now Time) {
	e.begin(now)
	e.ended = true
	if e.stopped == nil {
		e.planner.End()
		e.takeDrops()
	}
	var waiting []*op // for creates that do not exist: their names are text
	for _, ops := range e.unkeyed {
		waiting = append(waiting, ops...)
	}
	clear(e.unkeyed)
	sortByIndex(waiting)
	for name := range e.parked { // DELETEs of what no create makes
		if e.creates[name] == nil {
			e.releaseParked(name)
		}
	}
	if e.stopped != nil && !e.cfg.ReadOn { // the source was not read to its end
		e.decideAll(unkeyed) // what they refer to will not be read
	}
	for _, o := range waiting {
		e.needMet(o)
	}
	e.proceed()
}

// defineName remembers how operations that refer to a create are recognized.
func (e *Engine) defineName(o *op) {
	if !e.cfg.Journal || o.Method != Post || o.BulkID == "" {
		return
	}
	if _, ok := e.memory.named(o.BulkID); ok {
		return // that of an earlier operation
	}
	identity := o.Name
	if identity == (Key{}) {
		identity = o.Content
	}
	e.memory.setNamed(o.BulkID, named{identity: identity, index: o.Index})
	waiting := e.unkeyed[o.BulkID]
	delete(e.unkeyed, o.BulkID)
	for _, w := range waiting {
		e.needMet(w)
	}
}

// identify finds the key of an operation, now or once what it refers to and the
// operation before it on its resource have been read.
func (e *Engine) identify(o *op) {
	o.phase = unkeyed
	o.needs = 1 // itself
	for _, r := range o.Refs {
		if r.Name == o.BulkID {
			continue
		}
		if _, ok := e.memory.named(r.Name); !ok {
			e.unkeyed[r.Name] = append(e.unkeyed[r.Name], o)
			o.needs++
		}
	}
	if o.Resource != "" {
		before := e.tails[o.Resource]
		if o.Method == Patch && before != nil && before.phase == unkeyed {
			before.next = o
			o.needs++
		}
		if o.before = before; before == nil {
			o.key = e.memory.changed(o.Resource).key // until its own is known
		}
		e.tails[o.Resource] = o
	}
	e.needMet(o)
}

// needMet notes that one of the things that an operation's key waits for has
// been read.
func (e *Engine) needMet(o *op) {
	if o.needs--; o.needs > 0 || o.phase != unkeyed {
		return
	}
	o.key = e.keyOf(o)
	o.recordName = e.recordNameOf(o)
	o.phase = asking
	e.unasked = append(e.unasked, Claim{Index: o.Index, Key: o.key, Name: o.recordName})
	if next := o.next; next != nil {
		o.next = nil
		e.needMet(next)
	}
}

// recordNameOf recognizes what the journal calls rivals: creates of one natural
// name, and changes of one resource.
func (e *Engine) recordNameOf(o *op) Key {
	switch {
	case o.Method == Post:
		return o.Name
	case o.Target == "":
		return hash("resource ", o.Resource)
	}
	n, _ := e.memory.named(o.Target)
	return hash("resource of ", string(n.identity[:]))
}

// keyOf covers what an operation means: its content, what it refers to by
// natural name, and for a PATCH the operation before it on the same resource,
// as a commit covers its parent. So a corrected earlier change makes the later
// ones new operations, and the last word is always the input's.
func (e *Engine) keyOf(o *op) Key {
	if len(o.Refs) == 0 && o.Method != Patch {
		return o.Content
	}
	h := sha256.New()
	h.Write(o.Content[:])
	for _, r := range o.Refs {
		n, ok := e.memory.named(r.Name)
		switch {
		case r.Name == o.BulkID && o.BulkID != "":
			h.Write([]byte("itself"))
		case ok:
			h.Write(n.identity[:])
		default:
			h.Write([]byte(r.Name))
		}
		h.Write([]byte{0})
	}
	if o.Method == Patch && o.Resource != "" {
		if o.before != nil {
			o.key = o.before.key
		}
		h.Write(o.key[:])
	}
	o.before = nil
	return Key(h.Sum(nil)[:len(Key{})])
}

// ask asks the journal about the next operations, once it has told about those
// before: what it tells depends on what was claimed so far.
func (e *Engine) ask() {
	if e.asked > 0 {
		return
	}
	// The caller no longer knows what was decided meanwhile, as where the journal failed.
	e.unasked = slices.DeleteFunc(e.unasked, func(c Claim) bool { o := e.ops[c.Index]; return o == nil || o.phase != asking })
	if len(e.unasked) > 0 {
		e.out.Claims = append(e.out.Claims, e.unasked...)
		e.asked, e.unasked = len(e.unasked), nil
	}
}

// Claimed tells what the journal knows of operations that it was asked about.
// An error ends the job.
func (e *Engine) Claimed(now Time, known []Earlier, err error) {
	e.begin(now)
	if err != nil {
		e.failJournal(err)
	}
	for _, k := range known {
		e.asked--
		for _, o := range e.rivals[k.Ticket] {
			if delete(o.rivals, k.Ticket); len(o.rivals) == 0 && o.phase == rivaling {
				e.release(o)
			}
		}
		delete(e.rivals, k.Ticket)
		if o := e.ops[k.Index]; o != nil && o.phase == asking {
			e.learnEarlier(o, k)
		}
	}
	e.proceed()
}

func (e *Engine) failJournal(err error) {
	if e.journalErr == nil {
		e.journalErr = fmt.Errorf("%w: %w", ErrJournal, err)
	}
	e.stop(e.journalErr)
	e.decideAll(unkeyed, asking)
}

// decideAll decides the operations that are in one of some phases.
func (e *Engine) decideAll(phases ...phase) {
	for _, o := range e.inOrder() {
		if slices.Contains(phases, o.phase) {
			e.decide(o)
		}
	}
}

func (e *Engine) inOrder() []*op {
	return sortByIndex(slices.Collect(maps.Values(e.ops)))
}

func sortByIndex(ops []*op) []*op {
	slices.SortFunc(ops, func(a, b *op) int { return a.Index - b.Index })
	return ops
}

func (e *Engine) learnEarlier(o *op, k Earlier) {
	o.ticket = k.Ticket
	if o.endsCreate() && k.Known != KnownNothing || o.Target != "" && k.Known == KnownDone {
		e.changed[o.Target] = true
	}
	switch k.Known {
	case KnownDone:
		o.replayed = true
		o.knowledge = o.knowledge.Learn(Attempted).Learn(Success)
		o.said = said{status: k.Status, id: k.ID, location: k.Location, version: k.Version}
		o.recovered = k.Recovered
		o.first = moment{earlier: true}
		e.countDoubt(o)
		e.pursue(o) // it may have no id
	case KnownSent:
		o.recorded = true
		o.knowledge = o.knowledge.Learn(Attempted).Learn(NoAnswer)
		o.first = moment{date: k.Date, earlier: true, wall: k.Sent}
		o.lost, o.lostAt = true, o.first
		e.countDoubt(o)
		o.doubt = errEarlier
		e.pursue(o)
	default:
		for _, ticket := range k.Rivals {
			if o.rivals == nil {
				o.rivals = map[uint64]bool{}
			}
			o.rivals[ticket] = true
			e.rivals[ticket] = append(e.rivals[ticket], o)
		}
		switch {
		case e.stopped != nil, o.dropped != nil:
			e.decide(o)
		case len(o.rivals) > 0:
			o.phase, o.rivalSent = rivaling, k.RivalSent
			e.planner.Park(o.Index)
		default:
			e.release(o)
		}
	}
}

var errEarlier = errors.New("sent by an earlier run, which got no answer")

// release lets the planner send an operation.
func (e *Engine) release(o *op) {
	delete(e.sought, o)
	if o.held && e.awaitsCreate(o) && e.awaitCreate(o) {
		return
	}
	if e.looksFirst(o) {
		e.lookFirst(o)
		return
	}
	e.freed++
	o.phase = planned
	if o.held {
		o.held = false
		e.planner.Release(o.Index)
		return
	}
	e.planner.Again(o.Index)
}

// awaitCreate has a DELETE by reference wait until the create that it refers to
// is over and no attempt of it can still be at work: one that is carried out
// after the DELETE would bring the resource back. It reports whether there is
// something to wait for. What was there before the job is not deleted so.
func (e *Engine) awaitCreate(o *op) bool {
	n, ok := e.memory.named(o.Target)
	create := e.creates[o.Target]
	switch {
	case create != nil && create.adopted: // its resource is being changed
	case o.endsCreate() && ok && n.state == nameThere:
		o.gaveUp, o.existing = NotCreated, n.id
		e.decide(o)
		return true
	case o.endsCreate() && ok && n.state != nameOpen && n.quietAt > e.now.Elapsed:
		e.sendLater(o, n.quietAt-e.now.Elapsed)
		return true
	case ok && n.state != nameOpen, e.ended && create == nil:
		return false
	}
	o.phase = parked
	e.planner.Park(o.Index)
	e.parked[o.Target] = append(e.parked[o.Target], o)
	return true
}

// releaseParked lets the operations go on that have waited for a create.
func (e *Engine) releaseParked(name string) {
	waiting := e.parked[name]
	delete(e.parked, name)
	for _, o := range waiting {
		if o.phase == parked {
			e.pursue(o)
		}
	}
}

// quietFor is how long an attempt of an earlier run may still be at work: until
// MaxServiceTime has passed since the journal was last written, by the wall clock
// and, where it is known, by the service's, or else since this run began.
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

// settleRivals decides, once nothing more will be claimed, about operations whose
// name or resource earlier runs have used for something that this input no longer
// holds. A create must not make a second resource. A change is sent when what the
// earlier runs have sent can no longer be at work.
func (e *Engine) settleRivals() {
	if len(e.rivals) == 0 || !e.ended || e.asked+len(e.unasked) > 0 {
		return
	}
	for _, o := range e.inOrder() {
		switch {
		case o.phase != rivaling:
		case o.Method == Post && e.cfg.Existing != FailExisting:
			e.awaitRivals(o)
		case o.Method == Post:
			o.gaveUp = Corrected
			e.decide(o)
		case o.rivalSent: // it may have left after the journal was last written
			e.sendLater(o, e.cfg.MaxServiceTime-e.now.Elapsed)
		default:
			e.sendLater(o, e.quietFor())
		}
	}
	clear(e.rivals)
}
