package plan

import (
	"cmp"
	"container/heap"
	"slices"
)

// draft is a request being composed.
type draft struct {
	items  []*node
	bytes  int
	cuts   []int // in an ordered job: where it may be divided
	part   int32 // that it is of, or 0
	offers queue // nodes that may join, since they wait for a node in the request
	short  bool  // the last attempt to add a node failed for lack of room
}

func (d *draft) add(n *node) {
	n.state = taken
	d.items = append(d.items, n)
	d.bytes += int(n.size)
}

// undo takes the last items out again.
func (d *draft) undo(items int) {
	for _, n := range d.items[items:] {
		n.state = waiting
		d.bytes -= int(n.size)
	}
	d.items = d.items[:items]
}

// Input tells the planner whether more operations will come.
type Input int

// What the input does.
const (
	// Flows: more is at hand, or is about to be released, so a request is to be
	// full.
	Flows Input = iota
	// Waits: no more is read for now, since there is enough, or there is no
	// more. A request that is not full leaves, unless it costs no time to wait
	// for an answer that may fill it.
	Waits
	// Pauses: there is no more for now. What can leave does.
	Pauses
)

// Next returns the next request to send, or nil when none should leave yet.
func (p *Planner) Next(in Input) *Request {
	if p.cfg.Ordered {
		d := p.fillInOrder()
		return p.send(d, len(d.items) < p.open, in)
	}
	if searchShare*p.news > p.open {
		p.searchCycles()
	}
	r := p.compose(in)
	if r == nil && p.news > 0 && in != Flows {
		p.searchCycles()
		r = p.compose(in)
	}
	return r
}

// compose makes a request of ready nodes, if there are enough.
func (p *Planner) compose(in Input) *Request {
	if in == Flows && p.Backlog() < p.cfg.Operations {
		return nil
	}
	d := p.fill()
	return p.send(d, len(p.ready) > 0, in)
}

// send makes a request of a draft, or undoes it if it is not to leave yet. One
// that passes over something is as full as it can be.
func (p *Planner) send(d *draft, passesOver bool, in Input) *Request {
	switch {
	case len(d.items) == 0:
		return nil
	case passesOver, len(d.items) >= p.cfg.Operations, d.part != 0, in == Pauses, in == Waits && !p.mayGrow(d):
		return p.commit(d)
	}
	for _, n := range d.items {
		n.state = waiting
		p.enqueue(n)
	}
	return nil
}

// mayGrow reports whether an answer still to come may free an operation, so
// that a request that is not full may wait for it: it takes no more rounds than
// that operation does.
func (p *Planner) mayGrow(d *draft) bool {
	rounds := slices.MaxFunc(d.items, func(a, b *node) int { return cmp.Compare(a.rounds, b.rounds) }).rounds
	for r := range p.out {
		for _, n := range r.nodes {
			for _, w := range p.waiters(n) {
				if w.state == waiting && w.rounds >= rounds {
					return true
				}
			}
		}
	}
	return false
}

// maxAside is how many ready nodes are passed over for others.
const maxAside = 1000

// fill composes a request of ready nodes: of the first part of a refused
// request, or of nodes that are in none.
func (p *Planner) fill() *draft {
	d := &draft{}
	p.stamp++
	var aside []*node
	for len(p.ready) > 0 && len(d.items) < p.cfg.Operations && len(aside) < maxAside {
		n := p.ready[0]
		if len(d.items) == 0 {
			d.part = n.part
		}
		if n.part != d.part {
			break
		}
		p.dequeue(n)
		p.steps++
		switch {
		case p.isParted(d, n):
			aside = append(aside, n)
		case p.join(d, n):
		case !d.short: // another member of its cycle is not at hand, and will bring it along
		case len(d.items) > 0:
			aside = append(aside, n)
		case n.cycle == 0:
			p.drop(Drop{Index: int(n.index), Why: TooLarge, Of: -1})
		default:
			p.news++ // its cycle may have become too large, which the search for cycles finds
		}
	}
	for _, n := range aside {
		if !p.roomCosts(d) || !p.join(d, n) {
			p.enqueue(n)
		}
	}
	return d
}

// isParted reports whether the nodes that should share the request of a node
// have no room in this one.
func (p *Planner) isParted(d *draft, n *node) bool {
	return d.part == 0 && len(d.items) > 0 && len(d.items)+int(n.weight) > p.cfg.Operations
}

// roomCosts reports whether the room that is left in a request would cost
// another.
func (p *Planner) roomCosts(d *draft) bool {
	requests := func(n int) int { return (n + p.cfg.Operations - 1) / p.cfg.Operations }
	left, room := p.Waiting()-len(d.items), p.cfg.Operations-len(d.items)
	return requests(left-room) < requests(left)
}

// fits reports whether a request has room for a node. Only what cannot be
// divided, a single operation or a cycle, may exceed the bytes that are
// preferred.
func (p *Planner) fits(d *draft, n *node) bool {
	bytes := d.bytes + int(n.size)
	if len(d.items) >= p.cfg.Operations || bytes > p.cfg.Bytes {
		return false
	}
	return bytes <= p.soft || !slices.ContainsFunc(d.items, func(m *node) bool { return !m.inCycleWith(n) })
}

// join puts a node into the request, with all that it has to travel with, and
// then what waits for these: each is offered a place, the most urgent first. It
// does nothing if the node cannot travel in this request.
func (p *Planner) join(d *draft, n *node) bool {
	heap.Push(&d.offers, n)
	for len(d.offers) > 0 {
		// A node that could not join once cannot join this request later: the
		// room shrinks at least as fast as the number of nodes that it lacks.
		n := heap.Pop(&d.offers).(*node)
		if n.mark == p.stamp || int(n.blocked) > p.cfg.Operations {
			continue
		}
		n.mark = p.stamp
		k := len(d.items)
		d.short = false
		if !p.take(d, n) {
			d.undo(k)
		}
		for _, m := range d.items[k:] {
			p.dequeue(m)
			for _, w := range p.waiters(m) {
				if w.state == waiting {
					heap.Push(&d.offers, w)
				}
			}
		}
	}
	return n.state == taken
}

// take takes a node and all that it waits for into the request. It returns
// false when something of that is not at hand, or does not fit.
func (p *Planner) take(d *draft, n *node) bool {
	switch {
	case n.state == taken:
		return true
	case n.state != waiting, n.held, n.isParked(), n.part != d.part:
		return false
	case !p.fits(d, n):
		d.short = true
		return false
	}
	d.add(n)
	for e, to := range p.needed(n) {
		if !to.isOver() && !((p.mayJoin(e) || n.inCycleWith(to)) && p.take(d, to)) {
			return false
		}
	}
	return true
}

// mayJoin reports whether an operation may travel with the one that it waits
// for, not being in a cycle with it.
func (p *Planner) mayJoin(e *edge) bool { return e.kind == refers && !p.cfg.Separate }
