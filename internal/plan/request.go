package plan

import "time"

// Request is a set of operations that travel together, in this order.
type Request struct {
	// Number counts the requests of the job, from 1.
	Number int
	// Items are the operations.
	Items []Sending
	// Bytes is the sum of their sizes.
	Bytes int

	nodes []*node
	cuts  []int // where it may be divided
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
	// Depends are the places in the request of the operations behind Inside.
	Depends []int
	// Cycle is a number > 0 that the operations of one cycle of references in the
	// request share; 0 for an operation that is in none.
	Cycle int
}

// Known is a name, the id that it stands for, and when that was created.
type Known struct {
	Name, ID string
	At       time.Duration
}

// commit makes a request of a draft. Its operations are in input order, but for
// creates that later ones refer to: of two that the service may take for the
// same, the first of the input is to be the first.
func (p *Planner) commit(d *draft) *Request {
	p.number++
	r := &Request{Number: p.number, Bytes: d.bytes, Items: make([]Sending, len(d.items))}
	sortByIndex(d.items)
	p.components(d.items, func(_ *edge, to *node) bool { return to.state == taken }, func(unit []*node) {
		sortByIndex(unit)
		r.nodes = append(r.nodes, unit...)
		r.cuts = append(r.cuts, len(r.nodes))
	})
	for _, n := range r.nodes {
		delete(p.cycles, n.cycle)
		n.cycle, n.part, n.state = 0, 0, flying
	}
	if len(r.cuts) < len(r.nodes) {
		cycles := int32(0)
		p.components(r.nodes, func(e *edge, to *node) bool { return e.kind == refers && to.state == flying }, func(c []*node) {
			if len(c) > 1 {
				cycles++
				for _, n := range c {
					n.cycle = cycles
				}
			}
		})
	}
	for i, n := range r.nodes {
		n.num = int32(i)
	}
	for i, n := range r.nodes {
		r.Items[i] = p.sending(n)
		n.cycle = 0
	}
	p.flying += len(r.nodes)
	p.out[r] = true
	return r
}

func (p *Planner) sending(n *node) Sending {
	s := Sending{Index: int(n.index), Cycle: int(n.cycle)}
	for e, to := range p.needed(n) {
		switch {
		case e.kind != refers:
		case to.isOver():
			is := p.settled[to.number]
			s.Known = append(s.Known, Known{to.text, is.ID, is.At})
		default:
			s.Inside = append(s.Inside, to.text)
			s.Depends = append(s.Depends, int(to.num))
		}
	}
	return s
}
