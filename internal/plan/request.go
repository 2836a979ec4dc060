package plan

import "slices"

// Request is a set of operations that travel together, in this order.
type Request struct {
	// Number counts the requests of the job, from 1.
	Number int
	// Items are the operations.
	Items []Sending

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
	// Cycle is a number > 0 that the operations of one cycle of references in
	// the request share; 0 for an operation that is in none.
	Cycle int
}

// Known is a name and the id that it stands for.
type Known struct{ Name, ID string }

// commit makes a request of a draft. Its operations are in input order, but for
// creates that later ones refer to, unless the job is ordered: of two that the
// service may take for the same, the first of the input is to be the first.
func (p *Planner) commit(d *draft) *Request {
	p.number++
	r := &Request{Number: p.number, Items: make([]Sending, len(d.items))}
	sortByIndex(d.items)
	cycles := int32(0)
	p.components(slices.Values(d.items), func(n *node) bool { return n.state == taken }, func(c []*node) {
		r.nodes = slices.Insert(r.nodes, 0, c...)
		r.cuts = slices.Insert(r.cuts, 0, len(d.items)-len(r.nodes))
		cycle := int32(0)
		if len(c) > 1 {
			cycles++
			cycle = cycles
		}
		for _, n := range c {
			n.cycle = cycle
		}
	})
	if p.cfg.Ordered {
		r.nodes, r.cuts = d.items, d.cuts
	}
	for i, n := range r.nodes {
		n.part, n.state, n.num = 0, flying, int32(i)
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
			s.Known = append(s.Known, Known{to.text, p.outcomes[to.number].ID})
		default:
			s.Inside = append(s.Inside, to.text)
			s.Depends = append(s.Depends, int(to.num))
		}
	}
	return s
}
