package plan

import (
	"container/heap"
	"slices"
)

// draft is a request being composed.
type draft struct {
	items  []*node
	bytes  int
	part   *part          // that it is of; nil for none
	closed bool           // something ready was passed over
	offers queue          // what may join, as it waits for something in the request
	tried  map[*node]bool // offers that cannot
}

// Input is what the planner is to expect of the input.
type Input int

// What the input does. Once it has ended and nothing is held, it waits.
const (
	// Flows: more is at hand, or is about to be released, so a request is to be
	// full.
	Flows Input = iota
	// Waits: no more is read for now, since there is enough. A request that is
	// not full leaves, unless it costs no time to wait for an answer that may
	// fill it.
	Waits
	// Pauses: there is no more for now. What can leave does.
	Pauses
)

// searchShare bounds how often the parked are searched for cycles while there
// is something else to wait for: a part of what is searched has to be news.
const searchShare = 8

// Next returns the next request to send, or nil when none should leave yet.
func (p *Planner) Next(in Input) *Request {
	if p.ended && p.held == 0 {
		in = Waits
	}
	if p.cfg.Ordered && p.flying > 0 {
		return nil
	}
	if p.ended && !p.assessed {
		p.searchParked()
		p.assess()
	}
	for {
		p.searchSuspects()
		if r := p.compose(in); r != nil {
			return r
		}
		switch {
		case len(p.suspects) > 0:
		case in != Flows && p.news > 0 && (len(p.out) == 0 || searchShare*p.news >= p.open):
			p.searchParked()
		default:
			return nil
		}
	}
}

// compose makes a request of the parts of refused ones, each by itself, or of
// what else is ready.
func (p *Planner) compose(in Input) *Request {
	p.parts = slices.DeleteFunc(p.parts, func(part *part) bool { return len(part.left()) == 0 })
	for _, part := range p.parts {
		if d := p.fill(part); p.leaves(d, in) {
			return p.commit(d)
		}
	}
	if in == Flows && len(p.ready) < p.cfg.Operations && p.fresh < p.cfg.Operations/2 {
		return nil // what is ready hardly fills a request
	}
	p.fresh = 0
	if d := p.fill(nil); p.leaves(d, in) {
		return p.commit(d)
	}
	return nil
}

// leaves tells whether a request is to be sent; if not, it is undone.
func (p *Planner) leaves(d *draft, in Input) bool {
	switch {
	case len(d.items) == 0:
		return false
	case in == Pauses, in == Waits && !p.mayGrow(d), p.isFull(d):
		return true
	}
	for _, n := range d.items {
		n.state = waiting
	}
	for _, n := range d.items {
		if n.blocked == 0 || n.cycle == n.number {
			p.enqueue(n)
		}
	}
	return false
}

// isFull tells whether nothing could be gained by waiting.
func (p *Planner) isFull(d *draft) bool {
	return d.closed || len(d.items) >= p.cfg.Operations || d.part != nil && len(d.items) == len(d.part.nodes)
}

// mayGrow tells whether an answer still to come may free an operation, so that
// a request that is not full may wait for it: it takes no more rounds than that
// operation does.
func (p *Planner) mayGrow(d *draft) bool {
	rounds := int32(0)
	for _, n := range d.items {
		rounds = max(rounds, n.rounds)
	}
	for r := range p.out {
		p.steps += len(r.nodes)
		for _, n := range r.nodes {
			if n.state != flying || n.rounds < rounds {
				continue // nor does what waits for it take as many
			}
			for _, w := range p.waiters(n) {
				if w.state == waiting && !w.isParked() && !w.held && w.rounds >= rounds {
					return true
				}
			}
		}
	}
	return false
}

// maxAside is how many ready nodes are passed over for others, and maxMisfits
// how many of these for lack of bytes.
const (
	maxAside   = 1000
	maxMisfits = 16
)

// fill composes a request of a part, or of what else is ready.
func (p *Planner) fill(part *part) *draft {
	d := &draft{part: part}
	var aside []*node
	misfits := 0
	for n := range p.candidates(part) {
		if len(d.items) == p.cfg.Operations || len(aside) == maxAside || misfits == maxMisfits {
			break
		}
		p.dequeue(n)
		if !p.isFree(n) {
			n.state = waiting
			heap.Push(&d.offers, n)
			if len(d.items) > 0 {
				p.invite(d)
			}
			continue
		}
		p.steps++
		switch fits := p.fits(d, p.unit(n)); {
		case !fits && len(d.items) == 0:
			p.refuse(p.unit(n))
		case !fits:
			misfits++
			aside = append(aside, n)
		case p.partsCompany(d, n):
			aside = append(aside, n)
		default:
			p.take(d, p.unit(n))
			p.invite(d)
		}
	}
	for _, n := range aside {
		switch {
		case n.state != ready: // it has joined
		case p.roomCosts(d) && p.fits(d, p.unit(n)):
			p.take(d, p.unit(n))
			p.invite(d)
		default:
			p.enqueue(n)
			d.closed = true
		}
	}
	return d
}

// partsCompany tells whether a node would be parted from what is to travel with
// it.
func (p *Planner) partsCompany(d *draft, n *node) bool {
	return p.assessed && d.part == nil && len(d.items) > 0 && len(d.items)+int(n.weight) > p.cfg.Operations
}

// roomCosts tells whether the room that is left in a request would cost another.
func (p *Planner) roomCosts(d *draft) bool {
	requests := func(n int) int { return (n + p.cfg.Operations - 1) / p.cfg.Operations }
	left, room := p.Waiting()-len(d.items), p.cfg.Operations-len(d.items)
	return !p.assessed || requests(left-room) < requests(left)
}

func (p *Planner) fits(d *draft, unit []*node) bool {
	ops, bytes := len(d.items)+len(unit), d.bytes
	for _, n := range unit {
		bytes += int(n.size)
	}
	return ops <= p.cfg.Operations && bytes <= p.cfg.Bytes && (len(d.items) == 0 || bytes <= p.soft)
}

// take puts a unit into the request and offers a place to what waits for it.
func (p *Planner) take(d *draft, unit []*node) {
	for _, n := range unit {
		p.dequeue(n)
		n.state = taken
		d.items = append(d.items, n)
		d.bytes += int(n.size)
	}
	for _, n := range unit {
		for e, w := range p.waiters(n) {
			p.steps++
			if w.state == waiting && p.mayJoin(e) {
				heap.Push(&d.offers, w)
			}
		}
	}
}

// invite lets those join that a place was offered to, the most urgent first.
func (p *Planner) invite(d *draft) {
	for len(d.offers) > 0 && len(d.items) < p.cfg.Operations {
		n := heap.Pop(&d.offers).(*node)
		if n.state != waiting || n.isParked() || d.tried[n] || int(n.blocked) > p.cfg.Operations {
			continue
		}
		units, ok := p.gather(d, n)
		if !ok {
			// The room left shrinks no slower than what n lacks, so asking
			// again in this request is in vain.
			if d.tried == nil {
				d.tried = map[*node]bool{}
			}
			d.tried[n] = true
			d.closed = d.closed || p.cfg.Ordered
			continue
		}
		for _, u := range units {
			p.take(d, u)
		}
	}
	d.offers = d.offers[:0]
}

// gather collects what must be added for n to travel in this request, what is
// waited for first, or false when that is not at hand or does not fit.
func (p *Planner) gather(d *draft, n *node) (units [][]*node, ok bool) {
	p.stamp++
	var together []*node
	var visit func(n *node) bool
	visit = func(n *node) bool {
		p.steps++
		if n.mark == p.stamp || n.state == taken {
			return true
		}
		unit := p.unit(n)
		together = append(together, unit...)
		if n.state > ready || n.isParked() || !d.part.has(n) || !p.fits(d, together) {
			return false
		}
		for _, m := range unit {
			m.mark = p.stamp
		}
		for _, m := range unit {
			if m.held {
				return false
			}
			for e, to := range p.needed(m) {
				if p.isAwaited(e) && !(p.mayJoin(e) && visit(to)) {
					return false
				}
			}
		}
		units = append(units, unit)
		return true
	}
	return units, visit(n)
}
