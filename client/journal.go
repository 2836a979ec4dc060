package client

import (
	"context"
	"time"
)

// Journal remembers which operations were sent and which are done, so that a
// job that was cut short can run again with nothing done twice and nothing
// lost. Package journal has one on SQLite.
//
// Begin comes first and End last, once for each run; between them the other
// methods may be called from several goroutines at once. A Ticket is valid in
// the run that claimed it.
type Journal interface {
	// Begin starts a run against target and returns the history of earlier runs.
	// It refuses another target than the journal was written for, and a second
	// run before the End of the first.
	Begin(ctx context.Context, target Target) (History, error)
	// Claim returns the record of each operation by earlier runs, in the order of
	// entries, and gives each a Ticket. Operations are recognized by their Key.
	// Equal ones are counted: each Claim takes one operation on record, the
	// done ones first, then those that were sent, the oldest of them first.
	Claim(ctx context.Context, entries []Entry) ([]Record, error)
	// Write makes updates durable before it returns: all or none, in this order.
	Write(ctx context.Context, updates []Update) error
	// Owned reports for each resource id whether an earlier run has recorded it,
	// in the location of an operation that is done, or as UpdateForeign. What
	// this run has recorded may be reported or not.
	Owned(ctx context.Context, ids []string) ([]bool, error)
	// End ends the run, after which the journal can serve another one.
	End(ctx context.Context) error
}

// Target is the organization and service that a journal belongs to.
type Target struct {
	// OrgID is the organization's UUID.
	OrgID string
	// BaseURL is the service's scheme and host, as in Config.
	BaseURL string
}

// History is when earlier runs have written. It is zero in the first run.
type History struct {
	// LastWritten is the time of the last Write, by this machine's clock. Zero:
	// there was none.
	LastWritten time.Time
	// LastDate is the latest Update.Date. Zero: there was none.
	LastDate time.Time
}

// Key is a hash of 128 bits. The caller computes it; equal keys mean equal
// things. The zero Key means none.
type Key [16]byte

// Ticket identifies one claimed operation. The zero Ticket identifies none.
type Ticket uint64

// Entry identifies an operation in a journal.
type Entry struct {
	// Key recognizes the operation: its method, path, and data, with each
	// reference replaced by the natural name of its referent. Zero: a Claim asks
	// for the Rivals of a Name only.
	Key Key
	// Name stands for the natural name of the resource that a create makes, or
	// for the resource that another operation changes. Zero: there is none.
	Name Key
	// Create tells that the operation is a create. Only Claim is told, and a
	// journal need not keep it.
	Create bool
}

// Known is a journal's knowledge of an operation from earlier runs.
type Known int

// The knowledge of a journal.
const (
	// KnownNothing: the operation is new, or is known not to have been done.
	KnownNothing Known = iota
	// KnownSent: it was sent, and no answer is on record.
	KnownSent
	// KnownDone: it succeeded.
	KnownDone
)

// Record is the answer to an Entry.
type Record struct {
	// Ticket stands for the operation from now on.
	Ticket Ticket
	// Known tells what earlier runs have learned.
	Known Known
	// Success is the success of a KnownDone operation, else zero.
	Success Success
	// Sent is when the first attempt of a KnownSent operation left, by this
	// machine's clock, else zero.
	Sent time.Time
	// Date is the latest time of the service that was known before that attempt.
	// Zero: none was, or the operation is not KnownSent.
	Date time.Time
	// Rivals are operations on record, done or sent, with the Name of this
	// operation but with another Key, that no Claim of this run has taken so
	// far. A later Claim may take them. A KnownDone operation has none, nor has a
	// KnownSent create.
	Rivals []Ticket
	// RivalSent tells that one of the Rivals is not done.
	RivalSent bool
}

// Success describes the result of a done operation. It holds no personal data.
type Success struct {
	// Status is the HTTP status that the service gave the operation. 0: none,
	// as when a lookup has found the resource.
	Status int
	// Location is the url of the resource, or "".
	Location string
	// Version is the version of the resource, or "".
	Version string
	// Recovered tells that a lookup has found it, not an answer.
	Recovered bool
}

// UpdateKind tells the kinds of Update apart. The zero value is none of them.
type UpdateKind int

// The kinds of Update.
const (
	// UpdateSent: the operation of Ticket is about to be sent. Of several, the
	// first one counts, until an UpdateForget. A done operation cannot be sent.
	UpdateSent UpdateKind = iota + 1
	// UpdateDone: the operation, which is on record as sent, has succeeded.
	UpdateDone
	// UpdateForget: the operation is proven not to have been done: it was
	// refused, or was not sent. Nothing of it is kept. A done operation cannot
	// be forgotten.
	UpdateForget
	// UpdateReplaced: the create, which an earlier run has sent or done and this
	// run has not claimed, no longer counts, since another operation takes its
	// place. Nothing of it is kept.
	UpdateReplaced
	// UpdateUndone: the change, which an earlier run has sent or done, may be
	// undone by another one that is about to be sent. From now on it is KnownSent
	// with zero times, and none of the Rivals.
	UpdateUndone
	// UpdateForeign: the resource ID was made by somebody else.
	UpdateForeign
)

// Update is one change of a journal.
type Update struct {
	// Kind says which of the other fields count.
	Kind UpdateKind
	// Ticket is the operation's. All kinds but UpdateForeign have it.
	Ticket Ticket
	// Entry has the Key and Name that were claimed, for UpdateSent. The caller
	// gives it again, so that a journal holds nothing in memory for an operation
	// that waits, or is never sent.
	Entry Entry
	// Sent is when the operation is sent, by this machine's clock, for UpdateSent.
	Sent time.Time
	// Date is the latest time of the service that the caller knows, for
	// UpdateSent as well as for all others. Zero: it knows none.
	Date time.Time
	// Success tells how the operation was done, for UpdateDone.
	Success Success
	// ID is the id of the resource, for UpdateForeign.
	ID string
}
