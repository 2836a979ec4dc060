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
	closed bool // something ready did not fit
	offers []*node
	stamp  int
}

// maxAside is how many ready nodes that do not fit are passed over.
const maxAside = 16

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
	if p.suspect || final && p.parked > 0 && p.fresh > 0 {
		p.findCircles()
	}
	p.fresh = 0
	d := p.compose()
	switch {
	case len(d.items) == 0:
		return nil
	case !p.full(d) && (!final || p.awaited()):
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

// awaited tells whether an answer still to come may free an operation.
func (p *Planner) awaited() bool {
	for r := range p.out {
		for _, s := range r.Items {
			if s.node.isAwaited() {
				return true
			}
		}
	}
	return false
}

func (n *node) isAwaited() bool {
	if slices.ContainsFunc(n.succs, (*node).waits) {
		return true
	}
	return n.name != nil && slices.ContainsFunc(n.name.users, func(u user) bool { return u.n.waits() })
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
		unit := n.unit()
		if !p.fits(d, unit) {
			if len(d.items) == 0 {
				p.refuse(unit)
				continue
			}
			aside = append(aside, n)
			d.closed = true
			continue
		}
		p.take(d, unit)
		p.invite(d)
	}
	for _, n := range aside {
		if n.state == ready {
			p.enqueue(n)
		}
	}
	return d
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

// take puts a unit into the request and offers a place to what waits for it.
func (p *Planner) take(d *draft, unit []*node) {
	for _, n := range unit {
		n.state = taken
		d.items = append(d.items, n)
		d.bytes += n.Size
	}
	d.cuts = append(d.cuts, len(d.items))
	for _, n := range unit {
		d.offers = append(d.offers, n.succs...)
		if !p.cfg.Separate {
			d.offers = n.name.append(d.offers)
		}
	}
}

// invite lets those join that a place was offered to, first come, first served.
func (p *Planner) invite(d *draft) {
	for len(d.offers) > 0 && len(d.items) < p.cfg.Operations {
		n := d.offers[0]
		d.offers = d.offers[1:]
		if n.state != waiting || n.parked() || n.tried == d.stamp || n.blocked > p.cfg.Operations {
			continue
		}
		units, ok := p.gather(d, n)
		if !ok {
			// The room left shrinks no slower than what n lacks, so asking
			// again in this request is in vain.
			n.tried = d.stamp
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
	ops, bytes := len(d.items), d.bytes
	var visit func(n *node) bool
	visit = func(n *node) bool {
		if n.mark == p.stamp || n.state == taken {
			return true
		}
		if n.state > ready || n.parked() || n.batch != d.batch {
			return false
		}
		unit := n.unit()
		ops += len(unit)
		bytes += size(unit)
		if ops > p.cfg.Operations || bytes > min(p.cfg.Bytes, p.soft) {
			return false
		}
		for _, m := range unit {
			m.mark = p.stamp
		}
		for _, m := range unit {
			for i := range m.uses {
				u := &m.uses[i]
				if u.state == pending && (u.name.def == nil || p.cfg.Separate || !visit(u.name.def)) {
					return false
				}
			}
			for _, pred := range m.preds {
				if !visit(pred) {
					return false
				}
			}
		}
		units = append(units, unit)
		return true
	}
	return units, visit(n)
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
