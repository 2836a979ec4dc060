package engine

import (
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
	// Create tells that the operation is a create.
	Create bool
	// Key is the key of the operation; zero asks for rivals only. Name is the
	// key under which the journal finds them; see recordNames.
	Key, Name Key
}

// Earlier is the journal's record of an operation.
type Earlier struct {
	Index int
	// Ticket stands for the operation in the changes that are recorded.
	Ticket uint64
	// Known tells which of the other fields matter.
	Known Known
	// Status, ID, Location, Version and Recovered are those of a Done
	// operation.
	Status                int
	ID, Location, Version string
	Recovered             bool
	// Sent is when the first attempt of a KnownSent operation left, by the wall
	// clock, and Date the latest time of the service that was told before.
	Sent, Date time.Time
	// Rivals are the tickets of other creates with the same natural name that
	// are on record and that no operation of this run has claimed yet; those of
	// a PATCH or DELETE are other changes of its resource. RivalSent reports
	// that one of them has no result on record.
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

// claims holds the questions to the journal, and the operations that wait for
// its answers.
type claims struct {
	unasked   []Claim          // the next batch: the journal is asked about one after the other
	asked     int              // operations in the batch that the journal is asked about
	rivals    map[uint64][]*op // by ticket, the operations that wait until it is claimed
	unclaimed []*op            // operations that wait until all operations of the input have claimed
}

// createWaits holds the operations that wait for creates.
type createWaits struct {
	creates     map[string]int   // the open creates, by bulkId, with which the planner is done
	afterCreate map[string][]*op // operations that wait until a create is over
	comparing   map[string][]int // adopted creates that wait until one that they refer to is over
}

// Add adds the next operation of the source, which is not changed
// afterward.
func (e *Engine) Add(now Time, in *Operation) {
	e.begin(now)
	e.open++
	if in.ResourceID != "" {
		e.others.add(in.ResourceID)
	}
	waits := e.cfg.Journal || e.cfg.Ordered || in.Invalid != nil || e.awaitsCreate(in) || e.mayExist(in) || e.quietIn(in) > 0
	if e.stopped == nil && !waits {
		e.planner.Add(in.item(false))
		return
	}
	o := &op{Operation: in}
	e.ops[in.Index] = o
	if e.stopped == nil {
		e.planner.Add(o.item(true))
		e.takeDrops()
		if e.cfg.Ordered {
			e.releaseAfterCreate(in.BulkID) // it is too late for them
		}
	}
	switch {
	case o.phase == over: // it is a duplicate, or depends on an operation that was not done
	case in.Invalid != nil:
		e.defineName(o)
		e.decide(o)
	case e.cfg.Journal:
		e.defineName(o)
		e.follow(o)
		e.identify(o)
	case e.stopped != nil:
		e.decide(o)
	default:
		e.release(o)
	}
}

// awaitsCreate reports whether the operation waits until a create is over: it
// deletes the resource of the create, or changes it, and the create itself may
// have to change it first.
func (e *Engine) awaitsCreate(o *Operation) bool {
	return o.endsCreate() || o.Method == Patch && o.Target != "" && e.cfg.Existing == UpdateExisting
}

// endsCreate reports whether the operation deletes, by reference, the resource
// of a create of the job.
func (o *Operation) endsCreate() bool { return o.Method == Delete && o.Target != "" }

func (o *Operation) item(held bool) plan.Item {
	it := plan.Item{
		Index: o.Index, Name: o.BulkID, Resource: o.Resource, Refs: o.Refs, Size: o.Size, Held: held,
	}
	if o.endsCreate() {
		it.Ends = o.Target
	}
	return it
}

// Take ends a batch of Adds.
func (e *Engine) Take() { e.proceed() }

// End tells the engine that the source is complete.
func (e *Engine) End(now Time) {
	e.begin(now)
	e.ended = true
	if e.stopped == nil {
		e.planner.End()
	}
	for name := range e.afterCreate { // operations that refer to no create of the job
		e.releaseUncreated(name)
	}
	for name := range e.comparing {
		e.releaseUncreated(name)
	}
	var waiting []int // for creates that do not exist: their names are text
	for _, indexes := range e.unkeyed {
		waiting = append(waiting, indexes...)
	}
	slices.Sort(waiting)
	if e.stopped != nil && !e.cfg.ReadOn { // the source was not read to its end
		e.decideUnkeyed() // the operations that they refer to will not be read
		waiting = nil
	}
	clear(e.unkeyed)
	for _, index := range waiting {
		e.identify(e.op(index))
	}
	e.proceed()
}

// Break ends a source that cannot be read on, and with it the job. What an
// operation refers to may be in the rest, so that the journal cannot be asked
// about the operation.
func (e *Engine) Break(now Time, err error) {
	e.Stop(now, err)
	e.decideUnkeyed()
	e.End(now)
}

// ask asks the journal about the next operations, once it has answered about
// those before, since its answers depend on the earlier claims.
func (e *Engine) ask() {
	if e.asked == 0 {
		e.out.Claims = append(e.out.Claims, e.unasked...)
		e.asked, e.unasked = len(e.unasked), nil
	}
}

// Claimed gives the engine the journal's records of the operations in a Claim.
// An error ends the job.
func (e *Engine) Claimed(now Time, known []Earlier, err error) {
	e.begin(now)
	if err != nil {
		e.asked = 0
		e.failJournal(err)
	}
	for _, k := range known {
		e.asked--
		for _, o := range e.rivals[k.Ticket] {
			if delete(o.rivals, k.Ticket); len(o.rivals) == 0 && o.phase == rivaling {
				e.pursue(o)
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
	e.unasked = nil
	e.decideUnkeyed()
	e.decideAll(asking)
}

// decideUnkeyed decides the operations whose keys will not be known.
func (e *Engine) decideUnkeyed() {
	for _, index := range e.unkeyedIndexes() {
		e.op(index)
	}
	clear(e.unkeyed)
	clear(e.followers)
	e.decideAll(unkeyed)
}

// unkeyedIndexes returns the operations whose keys are not known, including
// those that rest.
func (e *Engine) unkeyedIndexes() []int {
	indexes := slices.Collect(maps.Values(e.followers))
	for _, waiting := range e.unkeyed {
		indexes = append(indexes, waiting...)
	}
	return indexes
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

// learnEarlier adds the record of an operation in the journal, and the rivals
// that the journal knows.
func (e *Engine) learnEarlier(o *op, k Earlier) {
	if !o.asked { // else this is about its rivals only
		o.ticket = k.Ticket
		e.learnKnown(o, k)
	}
	for _, ticket := range k.Rivals {
		if o.rivals == nil {
			o.rivals = map[uint64]bool{}
		}
		o.rivals[ticket] = true
		e.rivals[ticket] = append(e.rivals[ticket], o)
	}
	o.rivalSent = o.rivalSent || k.RivalSent
	if len(o.rivals) > 0 && e.stopped == nil && o.dropped == nil {
		e.awaitClaims(o)
		return
	}
	e.pursue(o) // one that is done may have no id
}

// learnKnown adds the knowledge of earlier runs to that of an operation.
func (e *Engine) learnKnown(o *op, k Earlier) {
	switch k.Known {
	case KnownNothing:
		return
	case KnownDone:
		o.replayed = true
		o.knowledge = o.knowledge.Learn(Attempted).Learn(Success)
		o.said = said{status: k.Status, id: k.ID, location: k.Location, version: k.Version}
		o.recovered = k.Recovered
		o.first = moment{earlier: true}
	case KnownSent:
		o.countAsSent(errEarlier)
		o.first = moment{date: k.Date, earlier: true, wall: k.Sent}
		if o.isUndone() {
			o.first.elapsed = e.now.Elapsed // reads have to show what has undone it
		}
	}
	e.noteMaker(o)
	e.noteReferred(o, k.Known)
	e.countDoubt(o)
}

// countAsSent makes an operation one that an earlier run has sent, and whose
// effect is not known.
func (o *op) countAsSent(why error) {
	o.knowledge = Unsent.Learn(Attempted).Learn(NoAnswer)
	o.recorded, o.lost, o.replayed, o.recovered, o.doubt = true, true, false, false, why
}

// isUndone reports whether an operation counts as sent since it may have been
// undone: all attempts of earlier runs are over.
func (o *op) isUndone() bool { return o.knowledge.Maybe() && o.first.earlier && o.first.wall.IsZero() }

// noteReferred notes the creates to whose resources an operation of an earlier
// run refers, or may refer. A change without an answer does not count unless it
// deletes, since it is sent again.
func (e *Engine) noteReferred(o *op, known Known) {
	if e.cfg.Existing == FailExisting || known == KnownSent && o.Method == Patch {
		return
	}
	for _, r := range o.Refs {
		if n, ok := e.memory.named(r.Name); ok && !n.referred {
			n.referred = true
			e.memory.setNamed(r.Name, n)
		}
	}
}

// isReferred reports whether an operation that an earlier run has done refers
// to a create.
func (e *Engine) isReferred(o *op) bool {
	n, _ := e.memory.named(o.bulkID())
	return n.referred
}

var (
	errEarlier = errors.New("sent by an earlier run, which got no answer")
	errUndone  = errors.New("done by an earlier run, but an update before it was sent since")
)

// release lets the planner send an operation.
func (e *Engine) release(o *op) {
	delete(e.sought, o)
	if e.awaitsCreate(o.Operation) && e.awaitCreate(o) {
		return
	}
	if e.asksAgain(o) {
		return
	}
	if wait := e.quietIn(o.Operation); wait > 0 {
		e.sendLater(o, wait)
		return
	}
	if e.looksFirst(o) {
		e.lookFirst(o)
		return
	}
	e.freed++
	o.phase = planned
	if e.planner.Release(o.Index) {
		e.rest(o)
	} else {
		e.planner.Again(o.Index)
	}
}

// asksAgain asks the journal for the rivals of a change under the other Name of
// its resource.
func (e *Engine) asksAgain(o *op) bool {
	if o.asked || e.cfg.LastWritten.IsZero() || e.journalErr != nil {
		return false
	}
	_, other := e.recordNames(o)
	if other == (Key{}) {
		return false
	}
	o.asked, o.phase = true, asking
	e.unasked = append(e.unasked, Claim{Index: o.Index, Name: other})
	return true
}

// awaitCreate makes an operation wait until the create that it refers to is
// over, and reports whether it has to wait. A resource that existed before the
// job is not deleted by reference.
func (e *Engine) awaitCreate(o *op) bool {
	n, ok := e.memory.named(o.Target)
	create, open := e.openCreate(o.Target)
	switch {
	case e.cfg.Ordered && open && create > o.Index: // which waits for this
		if o.knowledge == Done {
			return false
		}
		o.dropped = &plan.Drop{Index: o.Index, Why: plan.Forward, Name: o.Target, Of: -1}
		e.planner.Finish(o.Index, plan.Outcome{})
		e.pursueDropped(o)
		return true
	case open && n.state == nameExisting: // its resource is being changed
	case o.endsCreate() && ok && n.state == nameExisting:
		e.refuse(o, ErrNotCreated, n.id)
		return true
	case ok && n.state != nameOpen, e.ended && !open:
		return false
	}
	o.phase = afterCreate
	e.planner.Park(o.Index)
	e.afterCreate[o.Target] = append(e.afterCreate[o.Target], o)
	return true
}

// awaitUpdate makes a change of an earlier run wait for an update before it.
func (e *Engine) awaitUpdate(o *op) bool {
	return o.Method == Patch && e.awaitsCreate(o.Operation) && e.awaitCreate(o)
}

// releaseAfterCreate lets the operations go on that have waited for a create.
// Those that follow one of an earlier run wait until it is over, and call this
// again, since it may be sent again before their effects are looked up.
func (e *Engine) releaseAfterCreate(name string) {
	waiting, adopted := e.afterCreate[name], e.comparing[name]
	delete(e.afterCreate, name)
	delete(e.comparing, name)
	for i, o := range waiting {
		if o.phase != afterCreate {
			continue
		}
		o.first.elapsed = e.now.Elapsed // reads have to show the update
		if e.pursue(o); o.phase != over && o.first.earlier {
			e.afterCreate[name] = append(e.afterCreate[name], waiting[i+1:]...)
			break
		}
	}
	for _, index := range adopted {
		if o := e.op(index); o.phase == comparing {
			e.compare(o)
		}
	}
}

// releaseUncreated lets the operations go on that have waited for a create, if
// there is none.
func (e *Engine) releaseUncreated(name string) {
	if _, open := e.openCreate(name); !open {
		e.releaseAfterCreate(name)
	}
}

// isAllClaimed reports whether the journal was asked about the whole input.
func (e *Engine) isAllClaimed() bool {
	return e.cfg.LastWritten.IsZero() || e.ended && e.asked+len(e.unasked) == 0
}

// awaitClaims makes an operation wait until isAllClaimed. Meanwhile the input
// is read on.
func (e *Engine) awaitClaims(o *op) {
	delete(e.sought, o)
	o.phase = rivaling
	e.planner.Park(o.Index)
	e.unclaimed = append(e.unclaimed, o)
}

// resolveRivals goes on, once nothing more will be claimed, with operations
// whose name or resource earlier runs have used for something else: another
// operation of the input may have claimed that, or this input no longer holds
// it. Then a create must not make a second resource, and a change is sent when
// what the earlier runs have sent can no longer be at work.
func (e *Engine) resolveRivals() {
	if len(e.unclaimed) == 0 || !e.isAllClaimed() {
		return
	}
	waiting := e.unclaimed
	e.unclaimed = nil
	for _, o := range sortByIndex(waiting) {
		switch {
		case o.phase != rivaling:
		case len(o.rivals) == 0:
			e.startLooking(o)
		case o.Method == Post && e.cfg.Existing != FailExisting:
			e.awaitRivals(o)
		case o.Method == Post:
			e.refuse(o, errCorrected, "")
		case o.rivalSent: // it may have left after the journal was last written
			e.pursueAfter(o, e.cfg.MaxServiceTime-e.now.Elapsed)
		default:
			e.pursueAfter(o, e.quietFor())
		}
	}
	clear(e.rivals)
}
