package plan

import (
	"math"
	"slices"
)

// Add tells the planner of the next operation of the input, or of one that takes
// the place of one that is over and has its index, without a name or references.
func (p *Planner) Add(it Item) {
	p.fresh++
	n := p.define(it.Name)
	if n == nil {
		p.drops = append(p.drops, Drop{Index: it.Index, Why: Duplicate, Name: it.Name, Of: -1})
		return
	}
	n.index, n.size, n.state = int32(it.Index), clamp(it.Size), waiting
	p.open++
	p.indexes.set(it.Index, n.number)
	bad := p.link(n, it)
	if n.isParked() {
		p.parked++
		p.news++
	} else {
		p.unpark(p.appendWaiters(nil, n)...)
	}
	if bad.Why != 0 {
		p.drop(bad)
	}
	if n.state == waiting && n.blocked == 0 {
		p.enqueue(n)
	}
	p.lookForward(it.Index)
	if p.parked >= p.searchAt {
		p.searchParked()
	}
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

func (p *Planner) newNode() *node {
	i := p.nodes.take()
	n := p.nodes.at(i)
	n.number = i
	return n
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
		n.state = over
		p.settled[n.number] = s
	}
	return n
}

// link finds what a node waits for. It returns why the node cannot be sent, if
// that is known already.
func (p *Planner) link(n *node, it Item) (bad Drop) {
	if it.Held {
		n.held = true
		p.held++
		n.blocked++
	}
	if it.Resource != "" {
		n.text = it.Resource
		res := p.resource(n.text)
		if res.failed {
			bad = Drop{Index: it.Index, Why: Needed, Of: res.of}
		}
		if res.last != 0 {
			p.connect(n, p.nodes.at(res.last), changes)
		}
		res.last = n.number
		res.nodes++
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
			s := p.settled[to.number]
			if why := s.failure(); why != 0 {
				bad = Drop{Index: it.Index, Why: why, Name: r.Name, Of: s.Index}
			}
			n.resize(e, s)
		}
	}
	if p.cfg.Ordered {
		p.follow(n)
	}
	return bad
}

// resource is the entry of a resource, a new one if need be.
func (p *Planner) resource(text string) *resource {
	res := p.resources[text]
	if res == nil {
		of, failed := p.cfg.Memory.Resource(text)
		res = &resource{failed: failed, of: of}
		p.resources[text] = res
	}
	return res
}

// resize counts an id in place of a reference.
func (n *node) resize(e *edge, s Settled) {
	n.size = clamp(int(n.size) + int(e.places)*len(s.ID) - int(e.width))
}

// waitForUsers has a delete wait for the earlier operations that refer to what
// it deletes. If there was a delete before, that waits for those before that;
// but a held one may be over earlier.
func (p *Planner) waitForUsers(n, create *node) {
	if create.waiters == 0 {
		return
	}
	first := p.edges.at(create.waiters).after
	for i := create.waiters; ; {
		p.steps++
		e := p.edges.at(i)
		user := p.nodes.at(e.from)
		if e.kind == refers {
			p.connect(n, user, deletes)
		}
		if e.ends && !user.held || i == first {
			return
		}
		i = e.before
	}
}

// follow gives a node of an ordered job its place in the order: before what was
// read later, unless that was sent.
func (p *Planner) follow(n *node) {
	var next *node
	last := p.tail
	for last != nil && last.index > n.index && last.state != flying {
		next, last = last, p.before(last, follows)
	}
	if last != nil {
		p.connect(n, last, follows)
	}
	if next != nil {
		p.connect(next, n, follows)
	} else {
		p.tail = n
	}
}

// lookForward ends the waiting, in an ordered job, for names that come too late
// for one request to hold both operations: after index.
func (p *Planner) lookForward(index int) {
	for ; p.cfg.Ordered && p.judged <= index-p.cfg.Operations; p.judged++ {
		if n := p.find(p.judged); n != nil {
			for e, to := range p.needed(n) {
				if to.state == unread {
					p.giveUp(e, Forward)
				}
			}
		}
	}
}

// Release frees a held operation: it is composed, or dropped, when its time
// comes.
func (p *Planner) Release(index int) {
	n := p.find(index)
	if n == nil || !n.held {
		return
	}
	p.fresh++
	p.unhold(n)
	if cause, ok := p.causes[n.number]; ok {
		delete(p.causes, n.number)
		p.drop(cause)
		return
	}
	if n.isParked() {
		p.news++
	}
	p.unblock(n)
}

// unhold takes back what held a node, but for its place among what it waits for.
func (p *Planner) unhold(n *node) {
	n.held = false
	if !n.toEnd {
		p.held--
		return
	}
	n.toEnd = false
	p.unpark(n)
}

// Park tells that only the end of the input can release a held operation: until
// then it is not work at hand, and so is what waits for it.
func (p *Planner) Park(index int) {
	n := p.find(index)
	if n == nil || !n.held || n.toEnd {
		return
	}
	p.held--
	n.toEnd = true
	p.park(n)
}

// End tells the planner that the input is complete: names that have not been
// read will not come.
func (p *Planner) End() {
	p.ended = true
	p.fresh = p.cfg.Operations
	for n := range p.all() {
		if n.state != unread {
			continue
		}
		number, refs := n.number, []*edge(nil)
		for e := range p.waiters(n) {
			refs = append(refs, e)
		}
		for _, e := range refs {
			if e.to == number { // else it is gone with one before
				p.giveUp(e, Unknown)
			}
		}
	}
}

// giveUp notes that what a reference names will not come: an error where it is
// required, plain text elsewhere.
func (p *Planner) giveUp(e *edge, why Why) {
	n := p.nodes.at(e.from)
	if e.required {
		p.drop(Drop{Index: int(n.index), Why: why, Name: p.nodes.at(e.to).text, Of: -1})
		return
	}
	p.lead(p.numberOf(e), nil)
	p.unpark(n)
	p.unblock(n)
}
