package client

import (
	"context"
	"time"
)

// Journal remembers what was sent and what became of it, so that a job that
// was cut short can be run again with nothing done twice and nothing lost.
// Package journal has one on SQLite. Its methods are called from several
// goroutines at once. Begin comes first, once for each run; a Ticket is valid
// within the run that claimed it.
type Journal interface {
	// Begin starts a run against target. A journal that was written for
	// another target refuses it, as does one that another process holds.
	Begin(ctx context.Context, target Target) error
	// Claim says what is known of each operation. Operations are recognized by
	// their Key; equal ones are claimed best known first, then earliest run first.
	Claim(ctx context.Context, entries []Entry) ([]Record, error)
	// Sent records, durably before it returns, that these operations are about
	// to leave.
	Sent(ctx context.Context, tickets []Ticket) error
	// Settle records, durably before it returns, what became of operations.
	Settle(ctx context.Context, settlements []Settlement) error
	// Created returns the settlement of the operation that was claimed in this
	// run under the bulkId name, once it is settled; ok is false before that,
	// or when there is no such operation.
	Created(ctx context.Context, name string) (s Settlement, ok bool, err error)
}

// Target is the organization and service that a journal belongs to.
type Target struct {
	// OrgID is the organization's UUID.
	OrgID string
	// BaseURL is the service's scheme and host, as in Config.
	BaseURL string
}

// Key identifies an operation by what it says: its method, path and data. Its
// bulkId is not part of it, nor is insignificant white space in its data.
type Key [16]byte

// Ticket stands for one claimed operation in the calls that follow.
type Ticket uint64

// Entry is an operation as a journal sees it.
type Entry struct {
	// Key recognizes the operation.
	Key Key
	// Name is the bulkId of a create that references may name; "" otherwise.
	Name string
	// Resource recognizes what the operation changes, so that changes of one
	// resource keep their order over runs too; the zero Key: nothing that has
	// an order.
	Resource Key
}

// Known is what a journal knows of an operation from earlier runs.
type Known int

// What a journal can know.
const (
	// KnownNothing: never seen, or known not to have been done: it was refused
	// or skipped. It is to be sent.
	KnownNothing Known = iota
	// KnownSent: it left, and what became of it was never learned.
	KnownSent
	// KnownDone: it succeeded.
	KnownDone
)

// Record is the answer to an Entry.
type Record struct {
	// Ticket stands for the operation from now on.
	Ticket Ticket
	// Known tells what earlier runs learned.
	Known Known
	// Settlement is the success of a KnownDone operation, else zero.
	Settlement Settlement
	// Overtaken tells of a KnownDone operation that one claimed before it in this
	// run, on the same Resource, was sent in a later run, or is to be sent in this
	// one: so it no longer has the last word. It may be sent again; settled without
	// that, it stays as it was.
	Overtaken bool
	// Begun is a time before which a KnownSent operation had not been sent, such
	// as when the journal was begun: a resource older than that was not made by
	// it. Zero: not known, and whatever bears its name is taken for its doing.
	Begun time.Time
}

// Settlement is what became of an operation, free of personal data.
type Settlement struct {
	// Ticket is the operation's.
	Ticket Ticket
	// Outcome is its fate.
	Outcome Outcome
	// Status is the status that the service gave it, or 0.
	Status int
	// Location is the url of the resource, or "".
	Location string
	// Version is the resource's version, or "".
	Version string
	// Recovered tells that a lookup decided.
	Recovered bool
}
