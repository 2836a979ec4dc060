package plan

import (
	"math"
	"slices"
)

// Over tells that a request is no longer in flight. Each of its operations
// counts as in flight until its own Finish or Again, which may come before or
// any time after.
func (p *Planner) Over(r *Request) {
	p.fresh = p.cfg.Operations
	delete(p.out, r)
}

// Finish tells what became of an operation that is in flight or held. If it was
// not done, what depends on it is dropped.
func (p *Planner) Finish(index int, s Settled) {
	n := p.find(index)
	if n == nil {
		return
	}
	s.Known, s.Index = true, index
	needed := p.end(n, s)
	p.forget(n)
	p.drop(needed...)
}

// Again tells that an operation in flight must be sent once more. If one that it
// refers to was not done, it is dropped.
func (p *Planner) Again(index int) {
	if n := p.find(index); n != nil && n.state == flying {
		p.sendAgain(n)
	}
}

func (p *Planner) sendAgain(n *node) {
	p.flying--
	n.state = waiting
	for e, to := range p.needed(n) {
		if e.kind != refers || !to.isOver() {
			continue
		}
		if s := p.settled[to.number]; s.failure() != 0 {
			p.drop(Drop{Index: int(n.index), Why: s.failure(), Name: to.text, Of: s.Index})
			return
		}
	}
	if n.blocked = p.awaited(n); n.blocked == 0 {
		p.enqueue(n)
	} else {
		p.suspects = append(p.suspects, n)
	}
}

// Halve divides a request that was refused whole, so that each part is sent
// alone. It returns false when the request is a single unit that cannot be
// divided; the request is then as it was.
func (p *Planner) Halve(r *Request) bool {
	cut, half := 0, len(r.Items)/2
	for _, c := range r.cuts {
		if c < len(r.Items) && (cut == 0 || abs(c-half) < abs(cut-half)) {
			cut = c
		}
	}
	if cut == 0 {
		return false
	}
	p.Over(r)
	for _, nodes := range [][]*node{r.nodes[cut:], r.nodes[:cut]} {
		p.divided++
		p.parts = slices.Insert(p.parts, 0, &part{p.divided, nodes}) // the smallest first, so that the culprit is soon found
		for _, n := range nodes {
			n.part = p.divided
		}
	}
	for _, n := range r.nodes {
		p.sendAgain(n)
	}
	return true
}

func abs(n int) int { return max(n, -n) }

// drop gives up operations, and with them all that depends on them. A held one
// may be done already: it is given up when it is released.
func (p *Planner) drop(drops ...Drop) {
	for len(drops) > 0 {
		d := drops[0]
		drops = drops[1:]
		n := p.find(d.Index)
		if n == nil {
			continue
		}
		if n.held {
			if _, ok := p.causes[n.number]; !ok {
				p.causes[n.number] = d
			}
			continue
		}
		p.drops = append(p.drops, d)
		p.dropped = append(p.dropped, n)
		drops = append(drops, p.end(n, Settled{Known: true, Index: d.Index})...)
	}
}

// end takes an operation out of the graph and tells what waits for it. It
// returns what is to be dropped for its sake.
func (p *Planner) end(n *node, s Settled) (needed []Drop) {
	p.dissolve(n)
	p.dequeue(n)
	if n.held {
		p.unhold(n)
		delete(p.causes, n.number)
	}
	wasParked := n.isParked()
	if wasParked {
		p.parked--
		p.news++ // a cycle may be smaller
	}
	if n.state == flying {
		p.flying--
	}
	if p.tail == n {
		p.tail = p.before(n, follows)
	}
	n.state, n.parkedOn, n.part = dropped, 0, 0
	p.open--
	p.indexes.set(int(n.index), 0)
	if n.named {
		p.settled[n.number] = s
	}
	late := p.endOnResource(n, s)
	for e, w := range p.waiters(n) {
		d := Drop{Index: int(w.index), Why: Needed, Of: s.Index}
		switch {
		case e.kind == refers:
			w.resize(e, s)
			d.Why, d.Name = s.failure(), n.text
		case e.kind != changes || s.Done && late > int(w.index):
			d.Why = 0
		case s.Done:
			d.Of = late
		}
		switch {
		case d.Why == 0:
			p.pass(e, n, wasParked)
		case w.state != flying: // else its own outcome is on the way
			needed = append(needed, d)
		}
	}
	p.disconnect(n)
	return needed
}

// endOnResource takes an operation out of those on its resource. It returns the
// index of the first of these that failed, or the largest number.
func (p *Planner) endOnResource(n *node, s Settled) int {
	res := p.resourceOf(n)
	if res == nil {
		return 0
	}
	if res.last == n.number {
		res.last = 0
		if last := p.before(n, changes); last != nil {
			res.last = last.number
		}
	}
	if !s.Done && (!res.failed || s.Index < res.of) {
		res.failed, res.of = true, s.Index
	}
	if !res.failed {
		return math.MaxInt
	}
	return res.of
}

func (p *Planner) resourceOf(n *node) *resource {
	if n.named {
		return nil
	}
	return p.resources[n.text]
}

// pass has what waits for an operation that is over go on. An operation may be
// over before the one that it comes after, when it was held and an earlier run
// has done it: what comes next then comes after that.
func (p *Planner) pass(e *edge, n *node, wasParked bool) {
	w := p.nodes.at(e.from)
	if e.kind != refers {
		var prev *node
		if e.kind != deletes {
			prev = p.before(n, e.kind)
		}
		p.lead(p.numberOf(e), prev)
		if prev != nil {
			if wasParked && !prev.isParked() {
				p.unpark(w)
			}
			return
		}
	}
	if w.state == flying {
		return
	}
	if wasParked {
		p.unpark(w)
	}
	p.unblock(w)
}

// forget frees what is kept of an operation until the memory has it.
func (p *Planner) forget(n *node) {
	if res := p.resourceOf(n); res != nil {
		if res.nodes--; res.nodes == 0 {
			delete(p.resources, n.text)
		}
	}
	n.state = over
	p.tidy(n)
}
