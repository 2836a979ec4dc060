package plan

import "slices"

// Request is a set of operations that travel together, in this order.
type Request struct {
	// Number counts the requests of the job, from 1.
	Number int
	// Items are the operations.
	Items []Sending
	// Bytes is the sum of their sizes.
	Bytes int

	cuts []int // where it may be divided
}

// Sending is an operation in a request.
type Sending struct {
	// Index is the operation's.
	Index int
	// Known are the references to be replaced, with the ids.
	Known []Known
	// Inside are the names left to the service: they are defined in this
	// request.
	Inside []string

	node *node
}

// Known is a name and the id that it stands for.
type Known struct{ Name, ID string }

// draft is a request being composed.
type draft struct {
	items  []*node
	cuts   []int
	bytes  int
	batch  *batch
	closed bool  // something ready did not fit
	offers queue // what may join, as it waits for something in the request
	stamp  int
}

// maxAside is how many ready nodes that do not fit are passed over for others
// that do.
const maxAside = 1000

// Next returns the next request to send, or nil when none should leave yet.
// final says that no further input is to be expected for now: then a request
// leaves even if it is not full, unless an answer still to come may fill it.
func (p *Planner) Next(final bool) *Request {
	final = final || p.ended
	if p.cfg.Ordered {
		return p.nextOrdered(final)
	}
	if !final && p.ready.Len() < p.cfg.Operations && len(p.parts) == 0 && p.fresh < p.cfg.Operations/2 {
		return nil
	}
	few := p.ended || p.ready.Len() < p.cfg.Operations
	if p.suspect || final && few && p.parked > 0 && p.fresh > 0 {
		p.findCircles()
	}
	if p.ended && !p.assessed {
		p.assess()
	}
	p.fresh = 0
	d := p.compose()
	switch {
	case len(d.items) == 0:
		return nil
	case !p.full(d) && (!final || p.awaited(d)):
		p.undo(d)
		return nil
	}
	return p.commit(d)
}

// full tells whether nothing could be gained by waiting.
func (p *Planner) full(d *draft) bool {
	if d.batch != nil && len(d.items) == d.batch.left {
		return true
	}
	return d.closed || len(d.items) >= p.cfg.Operations
}

// awaited tells whether an answer still to come may free an operation, so that
// a request that is not full may wait for it: it takes no more rounds than that
// operation does.
func (p *Planner) awaited(d *draft) bool {
	rounds := 0
	for _, n := range d.items {
		rounds = max(rounds, n.rounds)
	}
	for r := range p.out {
		for _, s := range r.Items {
			if s.node.isAwaited(rounds) {
				return true
			}
		}
	}
	return false
}

func (n *node) isAwaited(rounds int) bool {
	if n.rounds < rounds {
		return false // nor does what waits for it take as many
	}
	waits := func(n *node) bool { return n.waits() && n.rounds >= rounds }
	if slices.ContainsFunc(n.succs, waits) {
		return true
	}
	return n.name != nil && slices.ContainsFunc(n.name.users, func(u user) bool { return waits(u.n) })
}

func (n *node) waits() bool { return n.state == waiting && !n.parked() }

func (p *Planner) compose() *draft {
	for len(p.parts) > 0 && p.parts[0].left == 0 {
		p.parts = p.parts[1:]
	}
	for _, b := range p.parts {
		if d := p.fill(&b.ready, b); len(d.items) > 0 {
			return d
		}
	}
	return p.fill(&p.ready, nil)
}

// fill composes a request from the front of a queue.
func (p *Planner) fill(q *queue, b *batch) *draft {
	p.stamp++
	d := &draft{batch: b, stamp: p.stamp}
	var aside []*node
	for len(d.items) < p.cfg.Operations && len(aside) < maxAside {
		n := q.next()
		if n == nil {
			break
		}
		switch fits := p.fits(d, n.unit()); {
		case !fits && len(d.items) == 0:
			p.refuse(n.unit())
		case !fits || p.partsCompany(d, n):
			aside = append(aside, n)
		default:
			p.take(d, n.unit())
			p.invite(d)
		}
	}
	for _, n := range aside {
		switch {
		case n.state != ready: // it has joined
		case p.lacks(d) && p.fits(d, n.unit()):
			p.take(d, n.unit())
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
	return p.assessed && d.batch == nil && len(d.items) > 0 && len(d.items)+n.weight > p.cfg.Operations
}

// lacks tells whether the room that is left in a request would cost another.
func (p *Planner) lacks(d *draft) bool {
	requests := func(n int) int { return (n + p.cfg.Operations - 1) / p.cfg.Operations }
	left, room := len(p.open)-p.flying-len(d.items), p.cfg.Operations-len(d.items)
	return !p.assessed || requests(left-room) < requests(left)
}

// unit is what has to travel with a node: its circle, or itself.
func (n *node) unit() []*node {
	if n.circle != nil {
		return n.circle.members
	}
	return []*node{n}
}

func size(unit []*node) (bytes int) {
	for _, n := range unit {
		bytes += n.Size
	}
	return bytes
}

func (p *Planner) fits(d *draft, unit []*node) bool {
	ops, bytes := len(d.items)+len(unit), d.bytes+size(unit)
	return ops <= p.cfg.Operations && bytes <= p.cfg.Bytes && (len(d.items) == 0 || bytes <= p.soft)
}

// refuse drops a unit that does not even fit into an empty request.
func (p *Planner) refuse(unit []*node) {
	if len(unit) > 1 {
		p.refuseCircle(unit)
		return
	}
	p.drop(unit[0], Drop{Why: TooLarge, Of: -1})
}

// undo gives back what a draft has taken.
func (p *Planner) undo(d *draft) {
	for _, n := range d.items {
		n.state = waiting
	}
	for _, n := range d.items {
		if n.state == waiting && (n.circle == nil && n.blocked == 0 || n.circle != nil && n.circle.blocked == 0) {
			p.enqueue(n)
		}
	}
}

func (p *Planner) commit(d *draft) *Request {
	p.number++
	r := &Request{Number: p.number, Bytes: d.bytes, cuts: d.cuts, Items: make([]Sending, len(d.items))}
	for i, n := range d.items {
		n.state = flying
		r.Items[i] = n.sending()
	}
	p.flying += len(d.items)
	p.out[r] = true
	return r
}

func (n *node) sending() Sending {
	s := Sending{Index: n.Index, node: n}
	for i := range n.uses {
		switch u := &n.uses[i]; u.state {
		case known:
			s.Known = append(s.Known, Known{u.name.text, u.id})
		case pending, inner:
			if u.name.def != nil { // else, in an ordered job, it is taken for text
				s.Inside = append(s.Inside, u.name.text)
			}
		}
	}
	return s
}
