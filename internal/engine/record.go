package engine

import (
	"maps"
	"slices"
	"time"
)

// What the journal is told. Requests leave and outcomes are told once it is on
// disk.

// ChangeKind is what a Change records.
type ChangeKind uint8

// The changes of a journal.
const (
	// SentChange: the operation is about to leave.
	SentChange ChangeKind = iota
	// DoneChange: the operation is done.
	DoneChange
	// Forget: it is proven that the operation was not done.
	Forget
	// ReplacedChange: the operation, which an earlier run has sent or done, may no
	// longer have the last word on its resource, since another is about to leave.
	ReplacedChange
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

// write is a Record that is not confirmed.
type write struct {
	then    func()
	results []Result
}

// recording has the outcomes and changes on their way to the journal and to the
// caller.
type recording struct {
	decided    []*op         // with an outcome that is neither recorded nor told
	foreign    []string      // ids to be recorded as another's
	writes     map[int]write // that the journal has not confirmed
	writing    int           // the number of these
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

// Recorded tells that changes are on disk, or why they are not. An error ends
// the job.
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

// rerecordAfter is how much later than its record a request may leave, so that
// the time of its first attempt is right in later runs.
const rerecordAfter = time.Minute

func (e *Engine) recordSent(r *request) {
	r.onDisk, r.recorded = true, e.now.Elapsed
	if !e.cfg.Journal {
		return
	}
	var changes []Change
	for _, o := range r.ops {
		if o.recorded && o.knowledge == Unsent { // else the first attempt counts
			changes = append(changes, Change{Kind: Forget, Ticket: o.ticket})
		}
		changes = append(changes, e.replaceRivals(o)...)
		o.recorded = true
		changes = append(changes, Change{
			Kind: SentChange, Ticket: o.ticket, Key: o.key, Name: e.recordNameOf(o), Sent: e.now.Wall, Date: e.dateBefore(),
		})
	}
	if len(changes) > 0 {
		r.onDisk = false
		e.record(changes, func() { r.onDisk = true }, nil)
	}
}

// dateBefore is the latest time of the service that was told before now, in
// this run or in an earlier one.
func (e *Engine) dateBefore() time.Time {
	if e.date.IsZero() {
		return e.cfg.LastDate
	}
	return e.date
}

// replaceRivals has the journal forget what earlier runs have done to the
// resource and this input no longer holds: if it comes back, it is a new
// change.
func (e *Engine) replaceRivals(o *op) (changes []Change) {
	for _, ticket := range slices.Concat(slices.Sorted(maps.Keys(o.rivals)), o.replaces) {
		changes = append(changes, Change{Kind: ReplacedChange, Ticket: ticket})
	}
	o.rivals, o.replaces = nil, nil
	return changes
}

// forget has the journal forget that an operation was sent.
func (e *Engine) forget(o *op) {
	if o.recorded {
		e.record([]Change{{Kind: Forget, Ticket: o.ticket}}, nil, nil)
	}
	o.recorded = false
}

// tell hands on the outcomes that were decided, on record first.
func (e *Engine) tell() {
	var changes []Change
	results := make([]Result, 0, len(e.decided))
	for _, o := range e.decided {
		results = append(results, e.result(o))
		if o.existence == isLeft && e.cfg.Existing == UpdateExisting { // what an earlier run has made of other content is no longer there
			changes = append(changes, e.replaceRivals(o)...)
		}
		switch {
		case o.replayed || o.ticket == 0:
		case o.knowledge == Done && !o.adopted():
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

// mayUndo reports whether a lost attempt of an update may still be at work, so
// that another one of the next run has to wait for it.
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
