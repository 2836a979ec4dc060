package plan

import (
	"cmp"
	"slices"
)

// Over tells that a request is no longer in flight. Each of its operations
// counts as in flight until its own Finish or Again, which may come before or
// any time after.
func (p *Planner) Over(r *Request) { delete(p.out, r) }

// Finish tells what became of an operation that is in flight or held. If it was
// not done, what depends on it is dropped.
func (p *Planner) Finish(index int, s Outcome) {
	n := p.find(index)
	if n == nil || n.state != flying && !n.held {
		return
	}
	s.Known, s.Index = true, index
	needed := p.end(n, s)
	p.forget(n)
	p.drop(needed...)
}

// Again tells that an operation in flight must be sent once more. If one that
// it refers to was not done, it is dropped.
func (p *Planner) Again(index int) {
	n := p.find(index)
	if n == nil || n.state != flying {
		return
	}
	p.flying--
	n.state, n.blocked = waiting, p.awaited(n)
	if n.blocked > 0 {
		p.news++ // it may be in a cycle with others that are sent again
	}
	p.reconsider(n)
}

// Halve divides a request that was refused whole, so that each part is sent
// alone, the first part first. It returns false when the request is a single
// unit that cannot be divided; the request is then as it was.
func (p *Planner) Halve(r *Request) bool {
	cuts := r.cuts[1:] // the first is the start
	if len(cuts) == 0 {
		return false
	}
	cut := slices.MinFunc(cuts, func(a, b int) int { return cmp.Compare(abs(2*a-len(r.nodes)), abs(2*b-len(r.nodes))) })
	p.Over(r)
	for i, n := range r.nodes {
		n.part = int32(2 * r.Number) // more than that of every earlier request
		if i < cut {
			n.part++
		}
		p.Again(int(n.index))
	}
	return true
}

func abs(n int) int { return max(n, -n) }

// reconsider drops a waiting node that can never be sent, or makes it ready if
// it waits for nothing. A held node is not dropped, since it may be done
// already.
func (p *Planner) reconsider(n *node) {
	if n.state != waiting {
		return
	}
	if d := p.obstacle(n); d.Why != 0 {
		p.drop(d)
	} else {
		p.enqueue(n)
	}
}

// obstacle returns why an operation can never be sent, as far as that is known
// of what it depends on; with Why 0 if nothing is known.
func (p *Planner) obstacle(n *node) Drop {
	d := Drop{Index: int(n.index), Of: -1}
	for e, to := range p.needed(n) {
		switch {
		case to.isOver():
			s := p.outcomes[to.number]
			if d.Why = s.failure(); d.Why == 0 {
				continue
			}
			if d.Of = s.Index; e.kind == refers {
				d.Name = to.text
			}
			return d
		case to.state == unread && e.required && (p.ended || d.Index < p.judged):
			if d.Why, d.Name = Unknown, to.text; d.Index < p.judged {
				d.Why = Forward
			}
			return d
		}
	}
	if n.text != "" && !n.named { // the memory may be slow
		if of, failed := p.cfg.Memory.Resource(n.text); failed && of < d.Index {
			d.Why, d.Of = Needed, of
		}
	}
	return d
}

// drop gives up operations, and with them all that depends on them.
func (p *Planner) drop(drops ...Drop) {
	for len(drops) > 0 {
		d := drops[0]
		drops = drops[1:]
		if n := p.find(d.Index); n != nil && !n.held {
			p.drops = append(p.drops, d)
			drops = append(drops, p.end(n, Outcome{Known: true, Index: d.Index})...)
		}
	}
}

// end takes an operation out of the graph, and lets those that wait for it go
// on. It returns the operations to be dropped because of it.
func (p *Planner) end(n *node, s Outcome) (needed []Drop) {
	p.dequeue(n)
	wasParked := n.isParked()
	if wasParked {
		p.parked--
	}
	if n.state == flying {
		p.flying--
	}
	p.open--
	n.state, n.parkedOn = dropped, 0
	if n.named || !s.Done {
		p.outcomes[n.number] = s
	}
	for e, w := range p.waiters(n) {
		if !p.pass(e, w, n, s, wasParked) {
			needed = append(needed, p.obstacle(w))
		}
	}
	slices.Reverse(needed) // the first that came to wait goes first
	return needed
}

// pass has an operation go on that waits for one that is over, or refers to it.
// It returns false if that cannot be sent any more.
func (p *Planner) pass(e *edge, w, n *node, s Outcome, wasParked bool) bool {
	var failed bool
	var prev *node
	switch e.kind {
	case refers:
		failed = s.failure() != 0
		w.resize(e, s)
	case changes:
		// An operation may be over before the one that it comes after, when it
		// was held and an earlier run has done it: what comes next then comes
		// after that.
		failed, prev = !s.Done, p.before(n)
	}
	if e.kind != refers && !failed {
		p.lead(e, prev)
	}
	switch {
	case w.state == flying:
		return true // its own outcome is on the way
	case failed, prev != nil && prev.isOver():
		return false
	case wasParked && (prev == nil || !prev.isParked()):
		p.park(-1, w)
	}
	if prev == nil {
		w.blocked--
		p.enqueue(w)
	}
	return true
}

// forget frees the node of an operation whose outcome is in the memory.
func (p *Planner) forget(n *node) {
	p.indexes.Set(int(n.index), 0)
	if p.resources[n.text] == n.number {
		delete(p.resources, n.text)
		if prev := p.before(n); prev != nil && prev.state != over {
			p.resources[n.text] = prev.number
		}
	}
	p.disconnect(n)
	n.state = over
	p.tidy(n)
}
