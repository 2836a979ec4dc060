// Package bulk does the operations of Bulk requests on a store.
//
//	outcomes := bulk.Do(bulk.Work{
//		Store: s, Org: org, Request: request, Settings: settings, Now: now, Stamp: now, Enter: ledger,
//	})
//
// Operations are done in the order of the request, but an operation waits for
// the resources that it refers to. Resources that refer to each other in a
// cycle are created together or not at all.
package bulk

import (
	"net/http"
	"time"

	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/store"
)

// Settings select a variant of the service. webextest.Config describes each.
type Settings struct {
	WriteLag               time.Duration
	Normalize              func(string) string // never nil
	UnknownReferenceStatus int                 // never 0
	UnattemptedStatus      int

	AppendDoubles, NoPathReferences, LastReferenceOnly, UniqueGroupNames bool
}

// Work is a Bulk request to do. Do and Draft need the lock of the store.
type Work struct {
	Store        *store.Store
	Org          string
	Number       int // of the request
	Request      *contract.Request
	Settings     Settings
	Now          time.Time
	Stamp        time.Time // of changes, by the clock of the store
	RefusedItems []int     // statuses of operations that are not done; nil: none, as 0
	LostItems    []int     // statuses that replace those of operations that are done; nil: none, as 0
	// Enter is called for each operation, in the order of the work, with its
	// outcome before LostItems and Settings.UnattemptedStatus.
	Enter func(i int, o Outcome)
}

// Effect is the effect of an operation on the store.
type Effect string

// The effects.
const (
	Created     Effect = "created"
	Patched     Effect = "patched"
	Deleted     Effect = "deleted"
	Failed      Effect = "failed"      // refused by itself
	Unattempted Effect = "unattempted" // left out by failOnErrors
	Untouched   Effect = "untouched"   // answered as done by RefusedItems
)

// Outcome is the outcome of an operation.
type Outcome struct {
	Operation *contract.Operation
	Status    int // 0: not attempted
	Effect    Effect
	Refused   *scim.Error
	ID, Name  string // of the resource
	Location  string // without scheme and host
	Version   int    // 0: none
}

// Do does the operations until failOnErrors is reached. The outcomes have the
// order of the request.
func Do(w Work) []Outcome {
	b := newBatch(w)
	for i, op := range w.Request.Operations {
		b.outcomes[i] = Outcome{Operation: op, Effect: Unattempted}
	}
	for _, group := range schedule(w.Request) {
		if b.stopped() {
			break
		}
		b.do(group)
	}
	b.answerUnattempted()
	return b.outcomes
}

// Draft returns the resource that a create in w.Request would create, without
// storing it.
func Draft(w Work, op *contract.Operation) (*store.Resource, *scim.Error) {
	return newBatch(w).draft(op, map[string]string{op.BulkID: w.Store.NewID()}, nil)
}

// batch is the state of Do.
type batch struct {
	Work
	dir      *store.Directory
	created  map[string]string // bulkId to id
	outcomes []Outcome
	errors   int
}

func newBatch(w Work) *batch {
	return &batch{
		Work: w, dir: w.Store.Directory(w.Org), created: make(map[string]string, len(w.Request.Posts)),
		outcomes: make([]Outcome, len(w.Request.Operations)),
	}
}

// stopped reports whether failOnErrors is reached (RFC 7644, section 3.7).
func (b *batch) stopped() bool {
	return b.Request.FailOnErrors > 0 && b.errors >= b.Request.FailOnErrors
}

// do does one operation, or a cycle of creates.
func (b *batch) do(group []int) {
	op := b.Request.Operations[group[0]]
	switch {
	case op.Method == http.MethodPost:
		b.create(group)
	case b.refuseItem(group[0]):
	default:
		r, refused := b.target(group[0])
		if refused == nil && op.Method == http.MethodPatch {
			refused = b.patch(group[0], r)
		} else if refused == nil {
			b.delete(group[0], r)
		}
		if refused != nil {
			b.fail(group[0], refused)
		} else {
			b.loseItem(group[0])
		}
	}
}

// loseItem replaces the outcome of an operation by the error in LostItems, and
// reports whether there is one.
func (b *batch) loseItem(i int) bool {
	if b.LostItems == nil || b.LostItems[i] == 0 {
		return false
	}
	o := &b.outcomes[i]
	o.Version = 0
	if o.Operation.Method == http.MethodPost {
		o.Location = ""
	}
	b.answerError(i, scim.Refuse(b.LostItems[i], "", "%s", http.StatusText(b.LostItems[i])))
	return true
}

// refuseItem gives an operation the status in RefusedItems without doing it, and reports
// whether there is one.
func (b *batch) refuseItem(i int) bool {
	if b.RefusedItems == nil || b.RefusedItems[i] == 0 {
		return false
	}
	status := b.RefusedItems[i]
	if status >= 400 {
		b.fail(i, scim.Refuse(status, "", "%s", http.StatusText(status)))
	} else {
		b.outcomes[i].Status = status
		b.record(i, Untouched)
	}
	return true
}

// create does one create, or a cycle of creates, which succeed or fail together
// (RFC 7644, section 3.7.1).
func (b *batch) create(group []int) {
	cycle := make(map[string]string, len(group))
	for _, i := range group {
		cycle[b.Request.Operations[i].BulkID] = b.Store.NewID()
	}
	drafts := make([]*store.Resource, len(group))
	broken := false
	for n, i := range group {
		if b.stopped() {
			return
		}
		if b.refuseItem(i) {
			broken = true
			continue
		}
		draft, refused := b.draft(b.Request.Operations[i], cycle, drafts[:n])
		if refused != nil {
			b.fail(i, refused)
			broken = true
		}
		drafts[n] = draft
	}
	for n, i := range group {
		switch {
		case b.outcomes[i].Status != 0 || broken && b.stopped():
		case broken:
			b.fail(i, scim.Refuse(http.StatusBadRequest, "invalidValue", "an operation that it refers to did not succeed"))
		default:
			b.dir.Put(drafts[n], b.Now)
			b.succeed(i, http.StatusCreated, Created, drafts[n])
			if !b.loseItem(i) {
				b.created[b.Request.Operations[i].BulkID] = drafts[n].ID
			}
		}
	}
}

// target finds the resource of a PATCH or DELETE.
func (b *batch) target(i int) (*store.Resource, *scim.Error) {
	op := b.Request.Operations[i]
	id := op.ID
	if op.Ref != "" {
		if b.Settings.NoPathReferences {
			return nil, scim.Refuse(http.StatusNotFound, "", "there is no %s %s%s", op.Kind, contract.RefPrefix, op.Ref)
		}
		var refused *scim.Error
		if id, refused = b.find(op.Ref, nil); refused != nil {
			return nil, refused
		}
	}
	if contract.IsUUID(id) { // an answer names it even where it fails
		b.locate(i, &store.Resource{Org: b.Org, Kind: op.Kind, ID: id})
	}
	r := b.dir.Now(op.Kind).Get(id)
	if r == nil || !b.knows(r) {
		return nil, scim.Refuse(http.StatusNotFound, "", "there is no such resource in %s", op.Kind)
	}
	b.outcomes[i].Name = r.Name
	return r, nil
}

// knows reports whether operations of this request can already refer to r.
func (b *batch) knows(r *store.Resource) bool {
	return r.Request == b.Number || b.Now.Sub(r.Born) >= b.Settings.WriteLag
}

func (b *batch) succeed(i, status int, effect Effect, r *store.Resource) {
	o := &b.outcomes[i]
	o.Status, o.Version = status, r.Revision
	if effect == Deleted {
		o.Version = 0
	}
	b.locate(i, r)
	b.record(i, effect)
}

func (b *batch) fail(i int, refused *scim.Error) {
	b.answerError(i, refused)
	b.record(i, Failed)
}

func (b *batch) answerError(i int, refused *scim.Error) {
	o := &b.outcomes[i]
	o.Status, o.Refused = refused.Status, refused
	b.errors++
}

func (b *batch) locate(i int, r *store.Resource) {
	o := &b.outcomes[i]
	o.ID, o.Name, o.Location = r.ID, r.Name, r.Location()
}

// answerUnattempted gives operations that were not attempted because of
// failOnErrors the status of the Settings, if any.
func (b *batch) answerUnattempted() {
	for i := range b.outcomes {
		o := &b.outcomes[i]
		if o.Status != 0 {
			continue
		}
		b.record(i, Unattempted)
		if status := b.Settings.UnattemptedStatus; status != 0 {
			o.Status = status
			o.Refused = scim.Refuse(status, "", "not attempted: failOnErrors is reached")
		}
	}
}

func (b *batch) record(i int, effect Effect) {
	b.outcomes[i].Effect = effect
	b.Enter(i, b.outcomes[i])
}
