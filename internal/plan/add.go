package plan

import (
	"math"
	"slices"
)

// Add tells the planner of the next operation of the input, or of one that
// takes the place of one that is over and has its index, without a name or
// references.
func (p *Planner) Add(it Item) {
	p.lookForward(it.Index)
	n := p.define(it.Name)
	if n == nil {
		p.drops = append(p.drops, Drop{Index: it.Index, Why: Duplicate, Name: it.Name, Of: -1})
		return
	}
	n.index, n.size, n.state = int32(it.Index), clamp(it.Size), waiting
	p.open++
	p.first = min(p.first, it.Index)
	p.indexes.Set(it.Index, n.number)
	p.parked++
	p.link(n, it)
	p.park(-1, n)
	p.reconsider(n)
}

func clamp(size int) int32 { return int32(min(size, math.MaxInt32)) }

// define returns the node of the create of a name, or nil if there is one
// already; a new node if the operation has no name.
func (p *Planner) define(name string) *node {
	if name == "" {
		return p.newNode()
	}
	n := p.referent(name)
	if n.state == unread {
		return n
	}
	p.tidy(n)
	return nil
}

// referent returns the node of a name, a new one if need be.
func (p *Planner) referent(name string) *node {
	n := p.byName(name)
	if n != nil {
		return n
	}
	n = p.newNode()
	n.text, n.named = name, true
	p.keepName(n)
	if s := p.cfg.Memory.Name(name); s.Known {
		n.state, n.parkedOn = over, 0
		p.outcomes[n.number] = s
	}
	return n
}

// link connects a node with those that it waits for.
func (p *Planner) link(n *node, it Item) {
	if n.held = it.Held; n.held {
		n.blocked++
	}
	if it.Resource != "" {
		n.text = it.Resource
		if last := p.resources[n.text]; last != 0 {
			p.connect(n, p.nodes.at(last), changes)
		}
		p.resources[n.text] = n.number
	}
	for _, r := range slices.Backward(it.Refs) {
		if r.Name == it.Name {
			continue // the service alone can resolve a reference to itself
		}
		to := p.referent(r.Name)
		if r.Name == it.Ends {
			p.waitForUsers(n, to)
		}
		e := p.connect(n, to, refers)
		e.places, e.width, e.required, e.ends = clamp(r.Count), clamp(r.Width), r.Required, r.Name == it.Ends
		if to.isOver() {
			n.resize(e, p.outcomes[to.number])
		}
	}
}

// resize counts an id in place of a reference.
func (n *node) resize(e *edge, s Outcome) {
	n.size = clamp(int(n.size) + int(e.places)*len(s.ID) - int(e.width))
}

// waitForUsers makes a delete wait for the earlier operations that refer to the
// same create. Operations before an earlier delete are left out, since that
// delete waits for them, unless it is held and may be over earlier.
func (p *Planner) waitForUsers(n, create *node) {
	for e, user := range p.waiters(create) {
		if e.kind == refers && !user.isOver() {
			p.connect(n, user, deletes)
		}
		if e.ends && !user.held {
			return
		}
	}
}

// Release frees a held operation: it is composed, or dropped, when its time
// comes. It returns false if the operation is not held.
func (p *Planner) Release(index int) bool {
	n := p.find(index)
	if n == nil || !n.held {
		return false
	}
	n.held = false
	n.blocked--
	if n.toEnd {
		n.toEnd = false
		p.park(-1, n)
	}
	if n.isParked() {
		p.news++ // its cycle may have waited for this
	}
	p.reconsider(n)
	return true
}

// Park tells the planner that only the end of the input can release a held
// operation. Until then it is not part of the backlog, nor are the operations
// that wait for it.
func (p *Planner) Park(index int) {
	n := p.find(index)
	if n == nil || !n.held || n.toEnd {
		return
	}
	n.toEnd = true
	p.park(1, n)
}

// End tells the planner that the input is complete: names that have not been
// read will not come.
func (p *Planner) End() {
	p.ended = true
	for n := range p.all() {
		p.giveUp(n)
	}
	if !p.cfg.Ordered {
		p.searchCycles()
		p.assess()
	}
}

// giveUp ends the waiting of a node for names that were not read: a required
// name is an error, others are plain text.
func (p *Planner) giveUp(n *node) {
	for e, to := range p.needed(n) {
		if to.state == unread && !e.required {
			p.lead(e, nil)
			p.park(-1, n)
			n.blocked--
		}
	}
	p.reconsider(n)
}
