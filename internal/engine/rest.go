package engine

import "encoding/binary"

// An operation that waits for others to be read, or for its turn with the planner,
// and of which nothing but its facts is known, rests: the engine has its state in the
// memory, if there is any, and asks for its facts when its turn comes.

// op returns an open operation, which no longer rests.
func (e *Engine) op(index int) *op {
	o := e.ops[index]
	if o != nil {
		return o
	}
	facts, err := e.cfg.Facts(index)
	if err != nil {
		e.memory.fail(err)
		facts = &Operation{Index: index, Invalid: err}
	}
	o = &op{Operation: facts, phase: planned}
	if e.keepsState() {
		e.memory.wake(o)
	}
	e.ops[index] = o
	return o
}

// keepsState reports whether there is anything to know about an operation that rests.
func (e *Engine) keepsState() bool { return e.cfg.Journal || e.cfg.Existing != FailExisting }

// rest has an operation rest that can. An ordered job reads no more ahead than it
// needs.
func (e *Engine) rest(o *op) {
	touched := o.knowledge != Unsent || o.attempts > 0 || o.recorded || o.dropped != nil || o.gaveUp != nil || o.adopted ||
		len(o.rivals)+len(o.replaces) > 0
	if touched || o.phase != planned && o.phase != unkeyed || len(e.ops) <= e.cfg.Keep || e.cfg.Ordered {
		return
	}
	if e.keepsState() {
		e.memory.rest(o)
	}
	delete(e.ops, o.Index)
}

// create returns the open create that has a bulkId, or nil.
func (e *Engine) create(name string) *op {
	if o := e.creates[name]; o != nil {
		return o
	}
	if index, ok := e.planner.Create(name); ok && e.stopped == nil {
		return e.op(index)
	}
	return nil
}

// decideResting decides, a part at a time, the operations that rest when the job has
// stopped; those whose keys are not known may turn out to be done.
func (e *Engine) decideResting() {
	if len(e.resting) == 0 {
		return
	}
	for len(e.resting) > 0 && len(e.decided)+len(e.out.Results) < restingAtOnce {
		o := e.op(e.resting[0])
		e.resting = e.resting[1:]
		if o.phase == planned {
			e.decide(o)
		} else {
			e.rest(o)
		}
	}
	e.tell()
}

const restingAtOnce = 1000

func restKey(index int) Key {
	return hash("resting ", string(binary.AppendUvarint(nil, uint64(index))))
}

// What the state of an operation that rests says besides numbers.
const (
	restUnkeyed = 1 << iota
	restFollows
	restLooked
)

// rest keeps the state of an operation.
func (m *memory) rest(o *op) {
	flags := byte(0)
	if o.phase == unkeyed {
		flags |= restUnkeyed
	}
	if o.follows {
		flags |= restFollows
	}
	if o.looked {
		flags |= restLooked
	}
	b := append(make([]byte, 0, 40), flags)
	b = append(b, o.key[:]...)
	m.put(restKey(o.Index), binary.AppendUvarint(b, o.ticket))
}

// wake gives an operation the state that it had when it began to rest.
func (m *memory) wake(o *op) {
	b, ok := m.get(restKey(o.Index))
	if !ok || len(b) < 1+len(o.key) {
		return // it has had none
	}
	flags := b[0]
	o.looked, o.follows = flags&restLooked != 0, flags&restFollows != 0
	if flags&restUnkeyed != 0 {
		o.phase, o.held = unkeyed, true
	}
	b = b[1+copy(o.key[:], b[1:]):]
	o.ticket, _ = binary.Uvarint(b)
}
