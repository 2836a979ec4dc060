package engine

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// An operation rests if it waits for other operations, or for the planner, and
// was not touched yet. The engine then has no op of it: its state, if it has
// any, is in the memory, and Config.Facts returns its facts when its turn
// comes.

// op returns an open operation, which no longer rests.
func (e *Engine) op(index int) *op {
	o := e.ops[index]
	if o != nil {
		return o
	}
	o = &op{phase: planned}
	facts, err := e.cfg.Facts(index)
	if err != nil {
		e.memory.fail(err)
		facts, o.gaveUp = &Operation{Index: index}, fmt.Errorf("%w: %w", errUnread, err)
	}
	o.Operation = facts
	if e.keepsState() {
		e.memory.wake(o)
	}
	e.ops[index] = o
	return o
}

// keepsState reports whether an operation that rests has a state.
func (e *Engine) keepsState() bool { return e.cfg.Journal || e.cfg.Existing != FailExisting }

// rest makes an operation rest, if it can. In an ordered job none rests: no
// more is read ahead than is needed.
func (e *Engine) rest(o *op) {
	touched := o.knowledge != Unsent || o.attempts > 0 || o.recorded || o.dropped != nil || o.gaveUp != nil ||
		len(o.rivals)+len(o.replaces) > 0
	waits := !o.adopted() && (o.phase == planned || o.phase == unkeyed || o.phase == unlooked) || o.phase == comparing
	if touched || !waits || len(e.ops) <= e.cfg.Keep || e.cfg.Ordered {
		return
	}
	if e.keepsState() {
		e.memory.rest(o)
	}
	delete(e.ops, o.Index)
}

// openCreate returns the open create that has a bulkId.
func (e *Engine) openCreate(name string) (index int, ok bool) {
	if index, ok := e.creates[name]; ok {
		return index, true
	}
	if e.stopped != nil {
		return 0, false
	}
	return e.planner.Create(name)
}

// decideResting decides, a part at a time, the operations that rest when the
// job has stopped.
func (e *Engine) decideResting() {
	if len(e.resting) == 0 {
		return
	}
	for len(e.resting) > 0 && len(e.decided)+len(e.out.Results) < restingAtOnce {
		o := e.op(e.resting[0])
		e.resting = e.resting[1:]
		e.decide(o)
	}
	e.tell()
}

const restingAtOnce = 1000

func restKey(index int) Key {
	return hash("resting ", string(binary.AppendUvarint(nil, uint64(index))))
}

// rest keeps the state of an operation.
func (m *memory) rest(o *op) {
	there := ""
	if o.adopted() {
		there = strings.Join([]string{o.existing, o.said.version, o.place}, "\n")
	}
	m.put(restKey(o.Index), o.key, there, int64(o.phase), number(o.follows), int64(o.existence),
		int64(o.ticket), int64(o.read), number(o.asked))
}

// wake gives an operation the state that it had when it began to rest, if it
// has had any.
func (m *memory) wake(o *op) {
	var phased, follows, existed, ticket, read, asked int64
	key, there, ok := m.get(restKey(o.Index), &phased, &follows, &existed, &ticket, &read, &asked)
	if !ok {
		return
	}
	o.key, o.phase, o.follows, o.existence = key, phase(phased), follows == 1, existence(existed)
	o.ticket, o.read, o.asked = uint64(ticket), int(read), asked == 1
	if id, rest, adopted := strings.Cut(there, "\n"); adopted {
		version, place, _ := strings.Cut(rest, "\n")
		o.adoptAs(Candidate{ID: id, Version: version, Location: place})
	}
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
