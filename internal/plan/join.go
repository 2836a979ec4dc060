package plan

import "container/heap"

// Joining: what waits for an operation of a request travels with it, if all that
// it waits for can.

// take puts a unit into the request and offers a place to what waits for it.
func (p *Planner) take(d *draft, unit []*node) {
	for _, n := range unit {
		n.state = taken
		d.items = append(d.items, n)
		d.bytes += n.Size
	}
	d.cuts = append(d.cuts, len(d.items))
	if p.cfg.Separate {
		return
	}
	for _, n := range unit {
		for w, joins := range n.waiters() {
			p.steps++
			if joins && w.state == waiting {
				heap.Push(&d.offers, w)
			}
		}
	}
}

// invite lets those join that a place was offered to, the most urgent first.
func (p *Planner) invite(d *draft) {
	for len(d.offers) > 0 && len(d.items) < p.cfg.Operations {
		n := heap.Pop(&d.offers).(*node)
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
		p.steps++
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
			names := 0
			for _, nm := range m.uses {
				if !m.awaits(nm) {
					continue
				}
				if names++; nm.def == nil || p.cfg.Separate || !visit(nm.def) {
					return false
				}
			}
			if m.blocked != names {
				return false // it waits for more than names
			}
		}
		units = append(units, unit)
		return true
	}
	return units, visit(n)
}
