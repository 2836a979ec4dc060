package engine

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// Existing says how a create is treated whose resource exists already. The
// service refuses such a create of a user, but not always that of a group.
type Existing uint8

// The ways to treat an existing resource.
const (
	// FailExisting sends the create, which the service refuses.
	FailExisting Existing = iota
	// SkipExisting leaves the existing resource as it is, and takes it for the
	// one that the create was to make.
	SkipExisting
	// UpdateExisting gives the existing resource the attributes of the create.
	UpdateExisting
)

// Compare compares the attributes of a create with a resource that a lookup
// found, with the known ids in the place of references. It returns the PATCH
// that gives the resource the attributes that differ; differs is false if none
// do. An error fails the operation.
type Compare func(index int, id string, known []plan.Known) (change Operation, differs bool, err error)

// looksFirst reports whether a create is looked up before it is sent.
func (e *Engine) looksFirst(o *op) bool {
	return e.mayExist(o.Operation) && o.knowledge == Unsent && o.existence == notAsked
}

// mayExist reports whether the resource of a create may exist already, so that
// it is looked up.
func (e *Engine) mayExist(in *Operation) bool {
	return e.cfg.Existing != FailExisting && in.Method == Post && in.Invalid == nil && in.lookable()
}

// lookFirst has a create wait until it is looked up together with others.
func (e *Engine) lookFirst(o *op) {
	o.phase = unlooked
	e.unlooked = append(e.unlooked, o.Index)
	e.rest(o)
}

// startLookingFirst looks up creates that were not sent, once no more of the
// input is read for now. By then the ids that the input names are known, and
// many creates can share a lookup.
func (e *Engine) startLookingFirst() {
	if len(e.unlooked) == 0 || e.stopped != nil {
		return
	}
	waits := e.planner.Backlog() >= e.window && (len(e.unlooked) >= maxLookedUp || len(e.sent)+len(e.lookups) == 0)
	if asked := e.asked + len(e.unasked); !(e.ended && asked == 0) && !(e.idle && asked == 0) && !waits {
		return
	}
	until := e.firstChange()
	later := e.unlooked[:0]
	for i, index := range e.unlooked {
		if len(e.queue) >= maxLookedUp*e.cfg.Concurrency { // the others rest
			later = append(later, e.unlooked[i:]...)
			break
		}
		if index > until {
			later = append(later, index)
		} else if o := e.op(index); o.phase == unlooked {
			e.startLooking(o)
		}
	}
	e.unlooked = later
}

// firstChange returns the index of the first PATCH or DELETE of an ordered job
// that is not over: a lookup for later creates would come too early. But if the
// job waits for such a lookup, because that change is to share the request of
// an earlier operation that refers to the create, it is made all the same.
func (e *Engine) firstChange() int {
	first := int(^uint(0) >> 1)
	if e.cfg.Ordered {
		for _, o := range e.ops {
			if o.Method != Post && !o.adopted() && o.phase != over {
				first = min(first, o.Index)
			}
		}
		if !e.isAtWork() && len(e.prepared) == 0 && !e.Wants() {
			first = max(first, slices.Min(e.unlooked))
		}
	}
	return first
}

// missFirst goes on after a failed lookup of a create that was not sent. A user
// can be sent all the same, since userNames are unique; a group could be made
// twice.
func (e *Engine) missFirst(o *op, f Finding, missed bool) {
	switch {
	case !f.Final && !missed:
		e.lookAgain(o)
	case o.Guarded && len(o.replaces) == 0 && !e.isReferred(o): // else an earlier run has made or found it
		e.sendAbsent(o)
	default:
		o.gaveUp, o.said.err = errUnlooked, f.Err
		e.decide(o)
	}
}

func (e *Engine) sendAbsent(o *op) {
	o.existence = isMissing
	e.noteMaker(o)
	e.release(o)
}

// noteMaker notes that a create makes the resource of its name, if the service
// does not guard the name.
func (e *Engine) noteMaker(o *op) {
	if e.cfg.Existing != FailExisting && o.Method == Post && !o.Guarded && o.Name != (Key{}) {
		e.makers.put(o.Name, maker{index: o.Index})
	}
}

// noteMade notes the end of a create that noteMaker has noted.
func (e *Engine) noteMade(o *op) {
	m, ok := e.makers.get(o.Name)
	switch {
	case !ok || m.index != o.Index || o.Method != Post:
	case o.knowledge == Done, o.knowledge.Maybe():
		e.makers.put(o.Name, maker{isOver, o.said.id})
	default:
		e.makers.put(o.Name, maker{index: nobody})
	}
}

// isMade reports whether another create makes the resource that has the name of
// a create, or has made it and no operation has deleted it since.
func (e *Engine) isMade(o *op) bool {
	m, ok := e.makers.get(o.Name)
	return ok && m.index != o.Index && m.index != nobody && !e.gone.has(m.id)
}

// foundFirst draws the conclusion from the lookup of a create that was not
// sent.
func (e *Engine) foundFirst(o *op, candidates []Candidate, at time.Duration) {
	c, number := Pick(candidates, o.Guarded)
	inFlight, inDoubt := e.sameName(o)
	switch taken := e.others.has(c.ID); {
	case number == 0 && e.isMade(o): // reads may not show it yet
		e.refuse(o, ErrTaken, "")
	case (number == 0 && !o.first.earlier || len(o.replaces) > 0 && !o.rivalSent && !c.Owned) && e.isReferred(o):
		// The PATCH, membership or DELETE that is done would be lost for
		// another resource. If an earlier run has sent this create and it was
		// not done, none is.
		e.refuse(o, errGoneSince, "")
	case number == 0, o.Guarded && (taken || inFlight || inDoubt): // the service refuses a second user
		e.sendAbsent(o)
	case number > 1:
		e.refuse(o, ErrAmbiguous, "")
	case taken, (inFlight || inDoubt) && at-o.since >= e.cfg.MaxServiceTime+e.cfg.LookupPatience:
		e.refuse(o, ErrTaken, c.ID)
	case inFlight || inDoubt:
		e.lookAgain(o)
	default:
		e.adopt(o, c)
	}
}

// foundConflict draws the conclusion from the lookup of a create that was
// refused as a duplicate. Reads may lag behind writes.
func (e *Engine) foundConflict(o *op, candidates []Candidate, at time.Duration) {
	if e.cfg.Existing != FailExisting {
		c, number := Pick(candidates, o.Guarded)
		inFlight, inDoubt := e.sameName(o)
		switch {
		case number == 1 && !e.others.has(c.ID) && !inFlight && !inDoubt:
			e.foreign = append(e.foreign, c.ID)
			e.adopt(o, c)
			return
		case (number == 0 || inFlight || inDoubt) && at-o.since < e.cfg.LookupPatience:
			e.lookAgain(o)
			return
		case number > 1:
			o.gaveUp = ErrAmbiguous
		}
	}
	e.noteForeign(o, candidates)
	e.decide(o)
}

// Pick returns the resource that a create stands for among those that have its
// name, and how many there could be. Names of users are unique. Groups may
// share one: another externalId tells them apart, and a group with the same
// externalId comes before one without.
func Pick(candidates []Candidate, unique bool) (c Candidate, number int) {
	var same, other []Candidate
	seen := map[string]bool{}
	for _, c := range candidates {
		if c.ID == "" || seen[c.ID] {
			continue
		}
		seen[c.ID] = true
		switch {
		case c.ExternalID == Same:
			same = append(same, c)
		case c.ExternalID != Different || unique:
			other = append(other, c)
		}
	}
	if len(same) == 0 {
		same = other
	}
	if len(same) == 0 {
		return Candidate{}, 0
	}
	return same[0], len(same)
}

// adopt gives an existing resource the place of the one that a create was to
// make. Operations that refer to the create go on at once.
func (e *Engine) adopt(o *op, c Candidate) {
	e.forget(o)
	e.freeReserves(o)
	delete(e.sought, o)
	e.freed++
	o.knowledge, o.uncounted, o.tries = Unsent, false, 0
	o.adoptAs(c)
	e.countDoubt(o)
	e.others.add(c.ID)
	if o.BulkID != "" {
		n, _ := e.memory.named(o.BulkID)
		n.index, n.state, n.id, n.at = o.Index, nameExisting, c.ID, -e.cfg.LookupPatience // it is known everywhere
		e.memory.setNamed(o.BulkID, n)
	}
	e.planner.Finish(o.Index, plan.Outcome{Done: true, ID: c.ID})
	if o.BulkID != "" {
		e.creates[o.BulkID] = o.Index
	}
	if e.cfg.Existing == SkipExisting {
		o.existence = isLeft
		e.decide(o)
		return
	}
	o.phase, o.read = comparing, 0
	if o.BulkID != "" {
		e.releaseAfterCreate(o.BulkID)
	}
	e.compare(o)
}

func (o *op) adoptAs(c Candidate) {
	o.existence, o.existing, o.place = isAdopted, c.ID, c.Location
	o.said = said{id: c.ID, location: c.Location, version: c.Version}
}

// compare goes on with an adopted create: once the ids of its references are
// known, it becomes a change of the existing resource, or is done. Its first
// o.read references are over.
func (e *Engine) compare(o *op) {
	for ; o.read < len(o.Refs); o.read++ {
		r := o.Refs[o.read]
		n, _ := e.memory.named(r.Name)
		_, open := e.openCreate(r.Name)
		drop := plan.Drop{Index: o.Index, Name: r.Name, Of: n.index}
		switch {
		case n.id != "":
			continue
		case n.isDone():
			drop.Why = plan.NoID
		case n.state == nameFailed:
			drop.Why = plan.Needed
		case !e.ended || open:
			e.comparing[r.Name] = append(e.comparing[r.Name], o.Index)
			e.rest(o)
			return
		case r.Required:
			drop.Why, drop.Of = plan.Unknown, -1
		default:
			continue // it is text
		}
		o.dropped = &drop
		e.decide(o)
		return
	}
	change, differs, err := e.cfg.Compare(o.Index, o.existing, e.knownRefs(o))
	switch {
	case err != nil:
		facts := *o.Operation
		facts.Invalid = err
		o.Operation = &facts
		e.decide(o)
	case !differs:
		o.existence = isLeft
		e.decide(o)
	default:
		e.change(o, change)
	}
}

// change turns a create into a change of the existing resource. The change is
// on record only while it may have been done: another run compares the resource
// anew, since others may change it.
func (e *Engine) change(o *op, change Operation) {
	change.Index = o.Index
	o.serves, o.Operation = cmp.Or(o.serves, o.BulkID), &change
	o.ticket, o.rivals, o.rivalSent = 0, nil, false
	e.planner.Add(o.item(true))
	if e.takeDrops(); o.phase == over {
		return
	}
	if e.cfg.Journal {
		o.phase = unkeyed
		e.follow(o)
		e.identify(o)
		return
	}
	e.release(o)
}

// bulkID returns the bulkId by which other operations refer to the resource of
// a create, even if the create has become a change.
func (o *op) bulkID() string {
	if o.Method == Post {
		return o.BulkID
	}
	return o.serves
}

// awaitRivals makes a create wait if an earlier run has used its name for a
// create that the input no longer holds, until lookups show the effect of that.
func (e *Engine) awaitRivals(o *op) {
	o.replaces = append(o.replaces, slices.Sorted(maps.Keys(o.rivals))...)
	o.rivals = nil
	wait := e.quietFor() - e.cfg.MaxServiceTime
	if o.rivalSent { // it may have left after the journal was last written
		wait = e.cfg.MaxServiceTime - e.now.Elapsed
	}
	e.sendLater(o, wait+e.cfg.LookupPatience)
}
