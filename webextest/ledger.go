package webextest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/webexscim/bulk/webextest/internal/contract"
)

// Effect is the effect of an operation on the store.
type Effect string

// The effects. The answer may differ: see Fault and Shape.
const (
	Created     Effect = "created"
	Patched     Effect = "patched"
	Deleted     Effect = "deleted"
	Failed      Effect = "failed"      // refused by itself, nothing done
	Unattempted Effect = "unattempted" // left out by failOnErrors
	Refused     Effect = "refused"     // with its whole request, nothing done
	Untouched   Effect = "untouched"   // answered as done by Fault.RefuseItem, nothing done
)

// Entry is an operation in the ledger.
type Entry struct {
	// Request is the number of the request, from 1; Index is the place of the
	// operation in it, from 0.
	Request, Index int
	// At is when it was done.
	At time.Time
	// Method, Path and BulkID are those of the request.
	Method, Path, BulkID string
	// Key is the userName or displayName in the data or of the resource.
	// ExternalID is the externalId in the data.
	Key, ExternalID string
	// Data is the data as sent, if Config.KeepData is set.
	Data json.RawMessage
	// Effect is the effect, ID the id of the resource, "" if it has none.
	Effect Effect
	ID     string
	// Status is the status of the operation before any Fault or Shape; 0 for
	// Unattempted and Refused.
	Status int
}

// Exchange is a finished request of any kind.
type Exchange struct {
	// Number counts requests from 1, in order of arrival.
	Number int
	// Method and Target are the first words of the request line, without the
	// access token.
	Method, Target string
	// Operations is the number of operations of a Bulk request, Bytes the size of
	// the body.
	Operations, Bytes int
	// Status is the status of the answer; 0 if no complete answer was sent.
	Status int
	// TrackingID is the tracking id of the answer, "" if it had none.
	TrackingID string
	// Fault describes the fault, "" if there was none.
	Fault string
	// Start is the time of arrival, End the time of the answer.
	Start, End time.Time
}

// Violation is a violation of the contract by a client: of its schemas, or of
// rules that a schema cannot express, such as a duplicate bulkId or an unknown
// reference.
type Violation struct {
	Request int // number of the request
	Text    string
}

// Overlap is a resource that two concurrent requests change. A request whose
// work is late (Fault.WorkAfter) is in flight until the work is done.
type Overlap struct {
	Resource      string // like Users/<id>
	First, Second int    // numbers of the requests
}

// Stats are counts since the start or the last Reset.
type Stats struct {
	Requests   int // of any kind
	Bulk       int // to the Bulk endpoint
	Searches   int // GET requests that the service answered
	Limited    int // refused by Config.Rate
	Faults     int // answered with a fault
	Hasty      int // that arrived before a Retry-After was over
	Operations int // done, or refused individually
	// Created, Patched, Deleted and Failed count operations by Effect.
	Created, Patched, Deleted, Failed int
	// InFlight is the number of Bulk requests in flight, MaxConcurrent its
	// maximum, and MaxOperations the maximum number of operations in a request.
	InFlight, MaxConcurrent, MaxOperations int
	// Entries, Exchanges and Violations are the lengths of these lists.
	Entries, Exchanges, Violations int
}

// Ledger returns every operation of every request that arrived completely, in
// the order of the work.
func (s *Simulator) Ledger() []Entry { return s.LedgerAfter(0) }

// LedgerAfter is Ledger without its first n entries.
func (s *Simulator) LedgerAfter(n int) []Entry {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return after(n, s.log.entries)
}

// after returns a copy of a list without its first n elements.
func after[T any](n int, list []T) []T { return slices.Clone(list[min(max(n, 0), len(list)):]) }

// History returns the entries of one resource, in order.
func (s *Simulator) History(id string) []Entry {
	return slices.DeleteFunc(s.Ledger(), func(e Entry) bool { return e.ID != id })
}

// Created returns how often a user with this userName was created.
func (s *Simulator) Created(userName string) int { return s.createdAt("/Users", userName) }

// GroupsCreated returns how often a group with this displayName was created.
func (s *Simulator) GroupsCreated(displayName string) int {
	return s.createdAt("/Groups", displayName)
}

func (s *Simulator) createdAt(path, key string) int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.created[path+" "+s.key(key)]
}

// Exchanges returns the finished requests, in the order in which they finished.
func (s *Simulator) Exchanges() []Exchange { return s.ExchangesAfter(0) }

// ExchangesAfter is Exchanges without the first n.
func (s *Simulator) ExchangesAfter(n int) []Exchange {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return after(n, s.log.exchanges)
}

// Violations returns the violations of the contract, in order.
func (s *Simulator) Violations() []Violation { return s.ViolationsAfter(0) }

// ViolationsAfter is Violations without the first n.
func (s *Simulator) ViolationsAfter(n int) []Violation {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return after(n, s.log.violations)
}

// Violated reports whether there ever was a Violation, even before a Reset.
func (s *Simulator) Violated() bool {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.violated
}

// Overlaps returns the resources that concurrent requests changed. An overlap
// does not violate the contract, but the order of the changes is undefined.
func (s *Simulator) Overlaps() []Overlap {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.overlaps)
}

// Stats returns the counts.
func (s *Simulator) Stats() Stats {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	stats := s.log.stats
	stats.InFlight = s.log.inFlight
	stats.Entries, stats.Exchanges, stats.Violations = len(s.log.entries), len(s.log.exchanges), len(s.log.violations)
	return stats
}

// ledger records operations and requests.
type ledger struct {
	mu         sync.Mutex
	discard    bool
	stats      Stats
	entries    []Entry
	exchanges  []Exchange
	violations []Violation
	overlaps   []Overlap
	key        func(name string) string // a form of a name for comparing
	created    map[string]int           // by path and key
	inFlight   int                      // Bulk requests
	touched    map[string][]int         // resource to the requests in flight that change it
	closed     time.Time                // end of the longest Retry-After
	violated   bool                     // there was a violation, perhaps before a reset
}

// reset empties the ledger. The count of requests in flight stays.
func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats, l.closed = Stats{}, time.Time{}
	l.entries, l.exchanges, l.violations, l.overlaps = nil, nil, nil, nil
	l.created, l.touched = make(map[string]int), make(map[string][]int)
}

// newEntry returns an entry without effect.
func newEntry(op *contract.Operation, number, index int, now time.Time, keepData bool) Entry {
	e := Entry{Request: number, Index: index, At: now, Method: op.Method, Path: op.Path, BulkID: op.BulkID}
	if op.Method == http.MethodPost {
		e.Key, _ = op.Doc[op.Kind.NameAttribute()].(string)
		e.ExternalID, _ = op.Doc["externalId"].(string)
	}
	if keepData {
		e.Data = bytes.Clone(op.Data)
	}
	return e
}

func (l *ledger) enter(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e.Effect {
	case Created:
		l.stats.Created++
	case Patched:
		l.stats.Patched++
	case Deleted:
		l.stats.Deleted++
	case Failed:
		l.stats.Failed++
	}
	if e.Effect != Unattempted && e.Effect != Refused {
		l.stats.Operations++
	}
	if l.discard {
		return
	}
	l.entries = append(l.entries, e)
	if e.Effect == Created {
		l.created[e.Path+" "+l.key(e.Key)]++
	}
}

func (l *ledger) violate(number int, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.violated = true
	l.violations = append(l.violations, Violation{number, fmt.Sprintf(format, args...)})
}

// arrive numbers a request.
func (l *ledger) arrive(now time.Time) (number int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Requests++
	if now.Before(l.closed) {
		l.stats.Hasty++
	}
	return l.stats.Requests
}

// leave records a finished exchange. closed is the time of its Retry-After, if
// any.
func (l *ledger) leave(e Exchange, closed time.Time, targets []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Fault != "" {
		l.stats.Faults++
	}
	if closed.After(l.closed) {
		l.closed = closed
	}
	l.forget(e.Number, targets)
	if !l.discard {
		l.exchanges = append(l.exchanges, e)
	}
}

// release ends the late work of a request on its resources.
func (l *ledger) release(number int, targets []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(number, targets)
}

// forget undoes touch. The lock is held.
func (l *ledger) forget(number int, targets []string) {
	for _, target := range targets {
		left := slices.DeleteFunc(l.touched[target], func(n int) bool { return n == number })
		if l.touched[target] = left; len(left) == 0 {
			delete(l.touched, target)
		}
	}
}

// touch notes which resources a request in flight is about to change.
func (l *ledger) touch(number, operations int, targets []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.MaxOperations = max(l.stats.MaxOperations, operations)
	for _, target := range targets {
		requests := l.touched[target]
		if slices.Contains(requests, number) {
			continue // a request may change a resource twice
		}
		if len(requests) > 0 {
			l.overlaps = append(l.overlaps, Overlap{target, requests[0], number})
		}
		l.touched[target] = append(requests, number)
	}
}

// countInFlight counts Bulk requests in flight.
func (l *ledger) countInFlight(by int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight += by
	l.stats.MaxConcurrent = max(l.stats.MaxConcurrent, l.inFlight)
	l.stats.Bulk += max(by, 0)
}

// tally changes the counts.
func (l *ledger) tally(change func(*Stats)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.stats)
}
