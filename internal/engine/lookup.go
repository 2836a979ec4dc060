package engine

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// Lookup asks for the effects of operations.
type Lookup struct {
	// Number identifies the lookup in its Found.
	Number int
	// Creates are searched by natural name.
	Creates []Search
	// Reads are PATCHes and DELETEs, whose resources are read.
	Reads []Read
}

// Search asks for the resources that have the name of a create. Known are the
// references of the create whose ids are known.
type Search struct {
	Index int
	Known []plan.Known
}

// Read reads the resource that an operation changes. Known are likewise.
type Read struct {
	Index int
	ID    string
	Known []plan.Known
}

// Finding is the result of a lookup for one operation.
type Finding struct {
	Index int
	// Err is why the lookup failed. Final reports that another one would fail
	// too.
	Err   error
	Final bool
	// Candidates are the resources that have the name of a create.
	Candidates []Candidate
	// Exists reports that the resource of a PATCH or DELETE is there, Seen that
	// it shows all that the PATCH changes. Modified is when it was last
	// changed, by the service's clock (zero if that was not told).
	Exists, Seen bool
	Modified     time.Time
}

// Candidate is a resource that has the name of a create.
type Candidate struct {
	ID, Location, Version string
	// ExternalID compares the externalId with the one that was sent.
	ExternalID Match
	// Created is by the service's clock; zero if it was not told.
	Created time.Time
	// Equal reports that the resource has all that was sent.
	Equal bool
	// Owned reports that the journal knows the id as made by another operation,
	// or as another's.
	Owned bool
}

// Match is how two values compare.
type Match uint8

// The ways to compare. The zero value: neither is there.
const (
	BothMissing Match = iota
	OneMissing
	Same
	Different
)

// lookup is a Lookup under way.
type lookup struct {
	ops []*op
	at  time.Duration // when the engine asked for it: its findings are not older
}

// lookupQueue has the operations that are looked up or wait for that.
type lookupQueue struct {
	lookups  map[int]*lookup // those under way
	sought   map[*op]bool    // operations that wait for lookups
	queue    []*op           // those whose next lookup is due
	unlooked []int           // creates to be looked up before they are sent
}

// maxLookedUp bounds the operations of one lookup.
const maxLookedUp = 100

// Intervals between the lookups for one operation.
const (
	firstInterval = 500 * time.Millisecond
	lastInterval  = 30 * time.Second
)

// startLooking has an operation looked up at once.
func (e *Engine) startLooking(o *op) {
	o.phase, o.interval, o.since, o.due = sought, 0, e.now.Elapsed, 0
	e.sought[o] = true
	e.queue = append(e.queue, o)
}

// lookAgain has an operation looked up after a growing interval, but not later
// than at the time when a lookup can prove that it was not done. If that lookup
// fails, the intervals begin anew.
func (e *Engine) lookAgain(o *op) {
	o.interval = min(max(firstInterval, 2*o.interval), lastInterval)
	wait := o.interval
	if proof := e.proofIn(o, e.now.Elapsed); proof > 0 && proof <= wait {
		wait, o.interval = proof, 0
	}
	at := e.now.Elapsed + wait
	o.due = at
	e.timers.set(at, func() {
		if o.due == at {
			e.queue = append(e.queue, o)
		}
	})
}

// lookSoon makes waiting lookups due soon, since they will show whether the
// service answers.
func (e *Engine) lookSoon() {
	for _, o := range sortByIndex(slices.Collect(maps.Keys(e.sought))) {
		if o.due > e.now.Elapsed+firstInterval {
			o.interval = 0
			e.lookAgain(o)
		}
	}
}

// lookUp makes lookups for the operations in the queue, as many at once as
// there may be requests. The others wait, and are then looked up together.
func (e *Engine) lookUp() {
	for len(e.queue) > 0 && len(e.lookups) < e.cfg.Concurrency {
		group := e.queue[:min(len(e.queue), maxLookedUp)]
		e.queue = e.queue[len(group):]
		l := Lookup{}
		var ops []*op
		for _, o := range group {
			if o.phase != sought {
				continue
			}
			known := e.knownRefs(o)
			o.resolved = len(known)
			if o.Method == Post {
				l.Creates = append(l.Creates, Search{o.Index, known})
			} else if id, ok := e.resourceID(o); ok {
				l.Reads = append(l.Reads, Read{o.Index, id, known})
			} else {
				continue
			}
			ops = append(ops, o)
		}
		if len(ops) == 0 {
			continue
		}
		e.serial++
		l.Number = e.serial
		e.lookups[l.Number] = &lookup{ops, e.now.Elapsed}
		e.out.Lookups = append(e.out.Lookups, l)
	}
}

// knownRefs are the references of an operation whose ids are known.
func (e *Engine) knownRefs(o *op) (known []plan.Known) {
	for _, r := range o.Refs {
		if n, _ := e.memory.named(r.Name); n.id != "" {
			known = append(known, plan.Known{Name: r.Name, ID: n.id})
		}
	}
	return known
}

// idOf returns the id of the resource that an operation changes, "" if it is
// not known.
func (e *Engine) idOf(o *Operation) string {
	if o.Target == "" {
		return o.ResourceID
	}
	n, _ := e.memory.named(o.Target)
	return n.id
}

// resourceID returns the id of the resource that an operation changes. If the
// create of the resource is not over, the operation is looked up later. If the
// resource has no id, the operation is decided, since no lookup can find it.
func (e *Engine) resourceID(o *op) (id string, known bool) {
	if id := e.idOf(o.Operation); id != "" {
		return id, true
	}
	index, open := e.openCreate(o.Target)
	if !open {
		e.decide(o)
		return "", false
	}
	switch create := e.op(index); {
	case create.knowledge != Unsent, o.first.earlier && e.mayExist(create.Operation):
		delete(e.sought, o)
		o.phase = afterCreate
		e.afterCreate[o.Target] = append(e.afterCreate[o.Target], o)
	case o.first.earlier && !create.first.earlier: // nothing is known of the create of the earlier run
		e.decide(o)
	default: // its resource was not made
		e.learn(o, Untouched)
		e.pursue(o)
	}
	return "", false
}

// Found gives the engine the findings of a lookup. alive reports that the
// service itself has answered, date is its time (zero if it did not say).
func (e *Engine) Found(now Time, number int, findings []Finding, alive bool, date time.Time) {
	e.begin(now)
	l := e.lookups[number]
	if l == nil {
		e.stop(internal("lookup %d was not asked for", number))
		return
	}
	delete(e.lookups, number)
	e.noteLife(alive, date)
	if alive {
		e.answers++
	}
	told := map[int]Finding{}
	for _, f := range findings {
		told[f.Index] = f
	}
	for _, o := range l.ops {
		if o.phase != sought {
			continue
		}
		f, ok := told[o.Index]
		if !ok {
			f = Finding{Index: o.Index, Err: errNothingTold}
		}
		if f.Err == nil {
			o.missedAt = 0
		}
		switch {
		case f.Err != nil:
			e.missLookup(o, f, l.at)
		case o.Method == Post:
			e.foundCandidates(o, e.distinct(f.Candidates), l.at, date)
		default:
			e.foundResource(o, f, l.at, date)
		}
	}
	e.proceed()
}

var errNothingTold = errors.New("the lookup told nothing about it")

// missLookup goes on after a failed lookup. More of them follow for as long as
// reads may lag.
func (e *Engine) missLookup(o *op, f Finding, at time.Duration) {
	o.missedAt = cmp.Or(o.missedAt, at)
	missed := at-o.missedAt >= e.cfg.LookupPatience
	switch {
	case o.knowledge == Unsent:
		e.missFirst(o, f, missed)
	case !o.knowledge.Maybe() && (f.Final || o.knowledge == Refused && e.cfg.Existing == FailExisting || missed):
		e.decide(o) // without an id
	case e.silent == 0 && e.mayRepeat(o):
		e.release(o)
	case f.Final, e.silent == 0 && e.proofIn(o, at) <= 0 && missed:
		e.giveUp(o, f.Err)
	default:
		e.lookAgain(o)
	}
}

// distinct returns each resource that a lookup found once. It leaves out those
// that the job has deleted, which a lagging read may show.
func (e *Engine) distinct(candidates []Candidate) (found []Candidate) {
	for _, c := range candidates {
		isSame := func(other Candidate) bool { return other.ID == c.ID }
		if c.ID != "" && !e.gone.has(c.ID) && !slices.ContainsFunc(found, isSame) {
			found = append(found, c)
		}
	}
	return found
}

// foundCandidates draws the conclusion for a create from the resources of its
// name.
func (e *Engine) foundCandidates(o *op, candidates []Candidate, at time.Duration, date time.Time) {
	switch o.knowledge {
	case Unsent:
		e.foundFirst(o, candidates, at)
		return
	case Refused: // see isPlainConflict
		e.foundConflict(o, candidates, at)
		return
	}
	c, what := e.judge(o, candidates, date)
	switch {
	case what == isOurs:
		o.recovered = o.knowledge != Done
		status := o.said.status
		e.shareAttempts(o)
		e.learn(o, Ours)
		o.said = said{id: c.ID, location: c.Location, version: c.Version}
		if !o.recovered {
			o.said.status = status
		}
		e.countDoubt(o)
		e.decide(o)
	case what == isUnclaimed:
		e.awaitClaims(o)
	case what == isUndecided:
		e.lookAgain(o)
	case o.knowledge == Done:
		if at-o.since >= e.cfg.LookupPatience {
			e.decide(o)
			return
		}
		e.lookAgain(o)
	case what == isUnclear:
		if at-o.lostAt >= e.cfg.LookupPatience && (o.resolved == len(o.Refs) || e.proofIn(o, at) <= 0) {
			e.giveUp(o, errUnclear)
			return
		}
		e.lookAgain(o)
	case what == isForeign && o.knowledge == Disputed:
		e.learn(o, Foreign)
		e.foundConflict(o, candidates, at)
	default:
		e.foundNothing(o, Absent, at)
	}
}

// shareAttempts counts the attempts of a create that a lookup has shown as done
// for the other creates of its name in doubt as well: an equal create may have
// made the resource, and the attempt of this one may still be at work.
func (e *Engine) shareAttempts(o *op) {
	for other := range e.sought {
		if other.SearchName == o.SearchName {
			other.lostAt = max(other.lostAt, o.lostAt)
		}
	}
}

// noteForeign notes that somebody else has made the resources with the name of
// a create, unless another create of that name may have made them.
func (e *Engine) noteForeign(o *op, candidates []Candidate) {
	inFlight, inDoubt := e.sameName(o)
	for _, c := range candidates {
		if o.existing = c.ID; !inFlight && !inDoubt {
			e.foreign = append(e.foreign, c.ID)
			e.others.add(c.ID)
		}
	}
}

var errUnclear = errors.New("a resource of its name is there, and whether this operation has made it cannot be told")

// foundNothing goes on with an operation of which a lookup shows no effect. The
// effect may follow until proofIn is over.
func (e *Engine) foundNothing(o *op, evidence Evidence, at time.Duration) {
	switch {
	case e.proofIn(o, at) <= 0:
		e.learn(o, evidence)
		e.pursue(o)
	case e.mayRepeat(o):
		e.release(o)
	default:
		e.lookAgain(o)
	}
}

// mayRepeat reports whether a lost operation can be sent again before it is
// known whether it was done, since a repetition does no harm.
func (e *Engine) mayRepeat(o *op) bool {
	return o.knowledge == Lost && o.Guarded && o.dropped == nil && o.gaveUp == nil
}

// foundResource draws the conclusion for a PATCH or DELETE from its resource.
// An effect counts once reads have caught up with the first attempt, since an
// earlier operation may have had the same effect. A missing effect proves
// nothing if the resource was modified since: the service may keep a value in
// another form, or somebody else may have changed it again.
func (e *Engine) foundResource(o *op, f Finding, at time.Duration, date time.Time) {
	isPatch := o.Method == Patch
	caughtUp := at-o.first.elapsed >= e.cfg.LookupPatience
	switch {
	case !f.Exists && !caughtUp: // reads may lag behind its creation
		e.lookAgain(o)
	case !isPatch && !f.Exists, isPatch && f.Exists && f.Seen && caughtUp:
		o.recovered = true
		e.learn(o, Ours)
		o.said = said{location: o.said.location}
		e.decide(o)
	case e.mayRepeat(o):
		e.release(o)
	case isPatch && !f.Exists:
		e.giveUp(o, errGone)
	case isPatch && e.proofIn(o, at) <= 0 && !e.before(f.Modified, o.first, date) && !e.mayUpdateAgain(o):
		e.giveUp(o, errModified)
	default:
		e.foundNothing(o, Untouched, at)
	}
}

// mayUpdateAgain reports whether a lost update of an existing resource, or a
// change that it may have undone, is sent again when it does not show: the
// input wants it, whoever changed the resource.
func (e *Engine) mayUpdateAgain(o *op) bool {
	return (o.adopted() || o.isUndone()) && o.knowledge == Lost && o.dropped == nil && o.gaveUp == nil
}

var (
	errGone     = errors.New("its resource is no longer there")
	errModified = errors.New("its resource was modified since it was sent, and does not show it")
)

// giveUp leaves the outcome of an operation unknown.
func (e *Engine) giveUp(o *op, err error) {
	o.doubt = join(o.doubt, err)
	e.decide(o)
}
