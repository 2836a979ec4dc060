package plan

import (
	"cmp"
	"slices"
)

// arrange brings the operations of a request into input order, but for what has
// to come first: of two that the service may take for the same, the first of the
// input is to be the first.
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
			for first := range n.before() {
				if k, ok := of[first]; ok {
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

// before are the nodes that come before one where they travel together.
func (n *node) before() func(yield func(*node) bool) {
	return func(yield func(*node) bool) {
		for i := range n.uses {
			if u := &n.uses[i]; u.state == pending && u.name.def != nil && !yield(u.name.def) {
				return
			}
		}
		for _, pred := range n.preds {
			if !yield(pred) {
				return
			}
		}
	}
}

func (p *Planner) commit(d *draft) *Request {
	if !p.cfg.Ordered {
		d.arrange()
	}
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
