package engine

import (
	"maps"
	"slices"
	"time"
)

// This file writes to the journal. A request leaves, and an outcome is
// reported, once its changes are on disk.

// ChangeKind is the kind of a Change.
type ChangeKind uint8

// The changes of a journal.
const (
	// SentChange: the operation is about to leave.
	SentChange ChangeKind = iota
	// DoneChange: the operation is done.
	DoneChange
	// Forget: it is proven that the operation was not done.
	Forget
	// ReplacedChange: the create, which an earlier run has sent or done, no
	// longer counts, since another one takes its place.
	ReplacedChange
	// UndoneChange: the change, which an earlier run has sent or done, may be
	// undone by another one that is about to leave. It counts as sent.
	UndoneChange
	// ForeignChange: the resource ID belongs to somebody else.
	ForeignChange
)

// Change is something that the journal is to remember.
type Change struct {
	Kind   ChangeKind
	Ticket uint64
	// Key and Name are those of the Claim, for SentChange.
	Key, Name Key
	// Sent and Date are the times of an attempt, by the wall clock and by the
	// service's clock before it (zero if that is not known).
	Sent, Date time.Time
	// Status, ID, Location, Version and Recovered are those of a result.
	Status                int
	ID, Location, Version string
	Recovered             bool
}

// Record is a group of changes that are written together. Records are to be
// written in the order in which they came.
type Record struct {
	Number  int
	Changes []Change
}

// write is a Record that the journal has not confirmed.
type write struct {
	then    func()   // called once it is on disk
	results []Result // to be reported then
}

// recording has the outcomes and changes on their way to the journal and to the
// caller.
type recording struct {
	decided    []*op         // operations whose outcome is neither recorded nor reported
	foreign    []string      // ids of resources made by others, to be recorded
	writes     map[int]write // by number of the Record
	writing    int           // the number of writes
	journalErr error
	out        Ready
	serial     int // of records and lookups
}

func (e *Engine) record(changes []Change, then func(), results []Result) {
	e.serial++
	e.writing++
	e.writes[e.serial] = write{then, results}
	e.out.Records = append(e.out.Records, Record{Number: e.serial, Changes: changes})
}

// Recorded tells the engine that the changes of a Record are on disk, or why
// they are not. An error ends the job.
func (e *Engine) Recorded(now Time, number int, err error) {
	e.begin(now)
	w, ok := e.writes[number]
	if !ok {
		e.stop(internal("record %d was not asked for", number))
		return
	}
	delete(e.writes, number)
	e.writing--
	switch {
	case err != nil:
		e.failJournal(err)
	case w.then != nil:
		w.then()
	}
	e.hand(w.results)
	e.proceed()
}

// A request that leaves later than rerecordAfter after its record is recorded
// again, so that later runs know the time of its first attempt.
const rerecordAfter = time.Minute

func (e *Engine) recordSent(r *request) {
	r.onDisk, r.recorded = true, e.now.Elapsed
	if !e.cfg.Journal {
		return
	}
	var changes []Change
	for _, o := range r.ops {
		if o.recorded && (o.knowledge == Unsent || o.isUndone()) { // else the first attempt counts
			changes = append(changes, Change{Kind: Forget, Ticket: o.ticket})
		}
		changes = append(changes, e.replaceRivals(o)...)
		changes = append(changes, e.replaceDone(o)...)
		o.recorded = true
		changes = append(changes, e.sentChange(o, e.now.Wall, e.dateBefore()))
	}
	if len(changes) > 0 {
		r.onDisk = false
		e.record(changes, func() { r.onDisk = true }, nil)
	}
}

func (e *Engine) sentChange(o *op, sent, date time.Time) Change {
	name, _ := e.recordNames(o)
	return Change{Kind: SentChange, Ticket: o.ticket, Key: o.key, Name: name, Sent: sent, Date: date}
}

// dateBefore returns the latest known time of the service, from this run or an
// earlier one.
func (e *Engine) dateBefore() time.Time {
	if e.date.IsZero() {
		return e.cfg.LastDate
	}
	return e.date
}

// replaceRivals returns the changes of the journal for what earlier runs have
// done on the resource of an operation and this stage has not claimed. Changes
// of the resource then count as sent only, since a later stage or a later input
// may hold them, and has to send them again. Creates whose place this one takes
// are removed.
func (e *Engine) replaceRivals(o *op) (changes []Change) {
	for _, ticket := range slices.Sorted(maps.Keys(o.rivals)) {
		changes = append(changes, Change{Kind: UndoneChange, Ticket: ticket})
	}
	for _, ticket := range o.replaces {
		changes = append(changes, Change{Kind: ReplacedChange, Ticket: ticket})
	}
	o.rivals, o.replaces = nil, nil
	return changes
}

// replaceDone makes the changes by reference that earlier runs have done, and
// that come after an update, count as sent only: the update may undo them, so
// that they are sent again.
func (e *Engine) replaceDone(update *op) (changes []Change) {
	for _, o := range e.afterCreate[update.serves] {
		if o.phase == afterCreate && o.replayed {
			o.countAsSent(errUndone)
			changes = append(changes, Change{Kind: UndoneChange, Ticket: o.ticket})
		}
	}
	return changes
}

// forget removes from the journal that an operation was sent.
func (e *Engine) forget(o *op) {
	if o.recorded {
		e.record([]Change{{Kind: Forget, Ticket: o.ticket}}, nil, nil)
	}
	o.recorded = false
}

// tell reports the decided outcomes, once they are on record.
func (e *Engine) tell() {
	var changes []Change
	results := make([]Result, 0, len(e.decided))
	for _, o := range e.decided {
		results = append(results, e.result(o))
		if o.existence == isLeft && e.cfg.Existing == UpdateExisting { // its rivals no longer determine the resource
			changes = append(changes, e.replaceRivals(o)...)
		}
		switch {
		case o.replayed || o.ticket == 0:
		case o.knowledge == Done && !o.adopted():
			changes = append(changes, e.replaceRivals(o)...)
			changes = append(changes, Change{
				Kind: DoneChange, Ticket: o.ticket, Status: o.said.status, ID: o.said.id, Location: o.said.location,
				Version: o.said.version, Recovered: o.recovered, Date: e.date,
			})
		case o.recorded && !o.knowledge.Maybe() && !e.mayUndo(o):
			changes = append(changes, Change{Kind: Forget, Ticket: o.ticket})
		}
	}
	e.decided = nil
	if e.cfg.Journal {
		for _, id := range e.foreign {
			changes = append(changes, Change{Kind: ForeignChange, ID: id})
		}
	}
	e.foreign = nil
	if len(changes) == 0 || e.journalErr != nil {
		e.hand(results)
		return
	}
	e.record(changes, nil, results)
}

// mayUndo reports whether a lost attempt of an update may still be at work. The
// record stays then, so that an update of the next run waits for it.
func (e *Engine) mayUndo(o *op) bool {
	return o.adopted() && o.knowledge == Done && e.atWork(o.work) > 0
}

func (e *Engine) hand(results []Result) {
	for _, r := range results {
		delete(e.ops, r.Index)
	}
	e.open -= len(results)
	e.out.Results = append(e.out.Results, results...)
}
