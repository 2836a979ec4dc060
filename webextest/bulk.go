package webextest

import (
	"net/http"
	"strconv"
	"time"
)

// batch is the work of one Bulk request. All of it happens under the lock of
// the Simulator, so requests are done one after the other.
type batch struct {
	sim     *Simulator
	dir     *directory
	org     string
	number  int // of the request
	req     *bulkRequest
	putOffs []int // statuses that a Fault gives operations that are not done; nil: none
	lost    []int // and those that are
	now     time.Time
	stamp   time.Time         // of what is changed, by the clock of the store
	created map[string]string // bulkId to id
	// outcomes has the index of the operations.
	outcomes []outcome
	errors   int
}

// outcome is what became of an operation.
type outcome struct {
	op         *operation
	status     int // 0: not attempted
	effect     Effect
	refused    *refusal
	id, name   string // of the resource
	location   string // without scheme and host
	version    int    // 0: none
	trackingID string
}

// run does the operations until failOnErrors is reached.
func (b *batch) run() []outcome {
	b.outcomes = make([]outcome, len(b.req.ops))
	for i, op := range b.req.ops {
		b.outcomes[i] = outcome{op: op, effect: Unattempted}
	}
	for _, group := range b.req.schedule() {
		if b.stopped() {
			break
		}
		b.do(group)
	}
	b.answerUnattempted()
	return b.outcomes
}

// stopped reports that failOnErrors is reached (RFC 7644, section 3.7).
func (b *batch) stopped() bool {
	return b.req.failOnErrors > 0 && b.errors >= b.req.failOnErrors
}

// do carries out one operation, or a cycle of creations.
func (b *batch) do(group []int) {
	op := b.req.ops[group[0]]
	switch {
	case op.Method == http.MethodPost:
		b.create(group)
	case b.putOff(group[0]):
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
			b.loseAnswer(group[0])
		}
	}
}

// loseAnswer gives an operation that was done the error that a Fault wants, and
// reports whether it did.
func (b *batch) loseAnswer(i int) bool {
	if b.lost == nil || b.lost[i] == 0 {
		return false
	}
	o := &b.outcomes[i]
	o.version = 0
	if o.op.Method == http.MethodPost {
		o.location = ""
	}
	b.answerError(i, refuse(b.lost[i], "", "%s", http.StatusText(b.lost[i])))
	return true
}

// putOff answers an operation the way a Fault wants it, without doing it.
func (b *batch) putOff(i int) bool {
	if b.putOffs == nil || b.putOffs[i] == 0 {
		return false
	}
	status := b.putOffs[i]
	if status >= 400 {
		b.fail(i, refuse(status, "", "%s", http.StatusText(status)))
	} else {
		b.outcomes[i].status = status
		b.record(i, Untouched)
	}
	return true
}

// create does one creation, or several that refer to each other: those succeed
// or fail together (RFC 7644, section 3.7.1).
func (b *batch) create(group []int) {
	cycle := make(map[string]string, len(group))
	for _, i := range group {
		cycle[b.req.ops[i].BulkID] = b.sim.newID()
	}
	drafts := make([]*resource, len(group))
	broken := false
	for n, i := range group {
		if b.stopped() {
			return
		}
		if b.putOff(i) {
			broken = true
			continue
		}
		draft, refused := b.draft(b.req.ops[i], cycle, drafts[:n])
		if refused != nil {
			b.fail(i, refused)
			broken = true
		}
		drafts[n] = draft
	}
	for n, i := range group {
		switch {
		case b.outcomes[i].status != 0 || broken && b.stopped():
		case broken:
			b.fail(i, refuse(http.StatusBadRequest, "invalidValue", "an operation that it refers to did not succeed"))
		default:
			b.dir.put(drafts[n], b.now)
			b.succeed(i, http.StatusCreated, Created, drafts[n])
			if !b.loseAnswer(i) {
				b.created[b.req.ops[i].BulkID] = drafts[n].id
			}
		}
	}
}

// target finds the resource that a PATCH or DELETE is about.
func (b *batch) target(i int) (*resource, *refusal) {
	op := b.req.ops[i]
	id := op.id
	if op.ref != "" {
		if b.sim.cfg.NoPathReferences {
			return nil, refuse(http.StatusNotFound, "", "there is no %s %s%s", op.kind.segment(), refPrefix, op.ref)
		}
		var refused *refusal
		if id, refused = b.find(op.ref, nil); refused != nil {
			return nil, refused
		}
	}
	if isUUID(id) { // an answer names it even where it fails
		b.locate(i, &resource{org: b.org, kind: op.kind, id: id})
	}
	r := b.dir.now[op.kind].byID[id]
	if r == nil || !b.knows(r) {
		return nil, refuse(http.StatusNotFound, "", "there is no such resource in %s", op.kind.segment())
	}
	b.outcomes[i].name = r.name
	return r, nil
}

// knows reports whether operations of this request can refer to r yet.
func (b *batch) knows(r *resource) bool {
	return r.request == b.number || b.now.Sub(r.born) >= b.sim.cfg.WriteLag
}

func (b *batch) succeed(i, status int, effect Effect, r *resource) {
	o := &b.outcomes[i]
	o.status, o.version = status, r.revision
	if effect == Deleted {
		o.version = 0
	}
	b.locate(i, r)
	b.record(i, effect)
}

func (b *batch) fail(i int, refused *refusal) {
	if refused.violates {
		b.note("operation %d: %s", i, refused.detail)
	}
	b.answerError(i, refused)
	b.record(i, Failed)
}

func (b *batch) answerError(i int, refused *refusal) {
	o := &b.outcomes[i]
	o.status, o.refused = refused.status, refused
	o.trackingID = trackingID(b.number, i)
	b.errors++
}

func (b *batch) locate(i int, r *resource) {
	o := &b.outcomes[i]
	o.id, o.name, o.location = r.id, r.name, r.location()
}

// answerUnattempted gives what failOnErrors left out a status of its own where
// the Config wants that. The ledger says unattempted either way.
func (b *batch) answerUnattempted() {
	for i := range b.outcomes {
		o := &b.outcomes[i]
		if o.status != 0 {
			continue
		}
		b.record(i, Unattempted)
		if status := b.sim.cfg.UnattemptedStatus; status != 0 {
			o.status = status
			o.trackingID = trackingID(b.number, i)
			o.refused = refuse(status, "", "not attempted: failOnErrors is reached")
		}
	}
}

func (b *batch) record(i int, effect Effect) {
	o := &b.outcomes[i]
	o.effect = effect
	e := o.op.entry(b.number, i, b.now, b.sim.cfg.KeepData)
	e.Effect, e.Status, e.ID = effect, o.status, o.id
	e.Key = orElse(e.Key, o.name)
	b.sim.log.enter(e)
}

// note records a violation of the contract.
func (b *batch) note(format string, args ...any) { b.sim.log.violate(b.number, format, args...) }

// trackingID names an operation of a request, or with -1 the request.
func trackingID(number, index int) string {
	if index < 0 {
		return "SIM_" + strconv.Itoa(number)
	}
	return "SIM_" + strconv.Itoa(number) + "-" + strconv.Itoa(index)
}
