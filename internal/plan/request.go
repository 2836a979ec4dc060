package plan

import (
	"cmp"
	"slices"
	"time"
)

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

	// Depends are the places in the request of the operations behind Inside.
	Depends []int
	// Cycle is a number > 0 that the operations of one cycle of references in the
	// request share; 0 for an operation that is in none.
	Cycle int

	node  *node
	batch *batch // that it was taken from
}

// Known is a name, the id that it stands for, and when that was created.
type Known struct {
	Name, ID string
	At       time.Duration
}

// commit makes a request of a draft.
func (p *Planner) commit(d *draft) *Request {
	if !p.cfg.Ordered {
		d.arrange()
	}
	p.number++
	r := &Request{Number: p.number, Bytes: d.bytes, cuts: d.cuts, Items: make([]Sending, len(d.items))}
	for i, n := range d.items {
		n.state, n.place = flying, i
	}
	for i, n := range d.items {
		r.Items[i] = n.sending()
		n.join(nil)
	}
	r.numberCycles(p.findCycles(d.items, func(n *node) bool { return n.state == flying }))
	p.flying += len(d.items)
	p.out[r] = true
	return r
}

func (n *node) sending() Sending {
	s := Sending{Index: n.Index, node: n, batch: n.batch}
	for _, nm := range n.uses {
		switch {
		case nm == nil || nm.missing:
		case nm.settled.Known:
			s.Known = append(s.Known, Known{nm.text, nm.settled.ID, nm.settled.At})
		case nm.def != nil: // else, in an ordered job, it is taken for text
			s.Inside = append(s.Inside, nm.text)
			s.Depends = append(s.Depends, nm.def.place)
		}
	}
	return s
}

func (r *Request) numberCycles(cycles [][]*node) {
	for i, members := range cycles {
		for _, n := range members {
			r.Items[n.place].Cycle = i + 1
		}
	}
}

// arrange brings the operations of a request into input order, but for creates
// that later ones refer to: of two that the service may take for the same, the
// first of the input is to be the first.
func (d *draft) arrange() {
	units := make([][]*node, len(d.cuts))
	of := make(map[*node]int, len(d.items)) // the unit of each
	begin := 0
	for i, end := range d.cuts {
		units[i], begin = d.items[begin:end], end
	}
	slices.SortFunc(units, func(a, b []*node) int { return cmp.Compare(a[0].Index, b[0].Index) })
	for i, unit := range units {
		for _, n := range unit {
			of[n] = i
		}
	}
	items, cuts := make([]*node, 0, len(d.items)), d.cuts[:0]
	placed := make([]bool, len(units))
	var place func(i int)
	place = func(i int) {
		if placed[i] {
			return
		}
		placed[i] = true
		for _, n := range units[i] {
			for _, nm := range n.uses {
				if !n.awaits(nm) {
					continue
				}
				if k, ok := of[nm.def]; ok {
					place(k)
				}
			}
		}
		items = append(items, units[i]...)
		cuts = append(cuts, len(items))
	}
	for i := range units {
		place(i)
	}
	d.items, d.cuts = items, cuts
}
