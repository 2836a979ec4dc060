package plan

import (
	"iter"
	"slices"
)

// A cycle is a set of operations that wait for each other, directly or not.
// They share a request, since none of them can be sent before another.

// While other operations are ready, cycles are searched for only if the news
// are at least this part, 1/searchShare, of the open operations.
const searchShare = 5

// searchCycles finds the cycles among the operations that wait. One with a held
// member is found after its release.
func (p *Planner) searchCycles() {
	p.news = 0
	var cycles [][]*node
	p.components(p.all(), func(n *node) bool { return n.state == waiting && !n.held }, func(c []*node) {
		if len(c) > 1 {
			cycles = append(cycles, slices.Clone(c))
		}
	})
	for _, c := range slices.Backward(cycles) {
		p.unite(c)
	}
}

// unite notes that operations are a cycle, or drops them if no request can hold
// them. A cycle that waits for an unread name stays parked, since it may grow.
func (p *Planner) unite(members []*node) {
	bytes := 0
	for _, m := range members {
		bytes += int(m.size)
		m.cycle = members[0].number
	}
	parked := false
	for _, m := range members {
		m.blocked = p.awaited(m)
		for _, to := range p.needed(m) {
			parked = parked || to.isParked() && !m.inCycleWith(to)
		}
	}
	switch {
	case len(members) > p.cfg.Operations || bytes > p.cfg.Bytes:
		p.refuse(members)
	case !parked:
		for _, m := range members { // only they have parked each other
			if m.isParked() {
				m.parkedOn = 1
				p.park(-1, m)
			}
			p.reconsider(m)
		}
	}
}

// refuse drops a cycle that no request can hold.
func (p *Planner) refuse(members []*node) {
	var names []string
	for _, m := range members[:min(10, len(members))] {
		names = append(names, m.text)
	}
	var drops []Drop
	for _, m := range members {
		drops = append(drops, Drop{Index: int(m.index), Why: Cycle, Name: m.text, Of: int(m.index), Cycle: names})
	}
	p.drop(drops...)
}

// components emits the strongly connected components to which edges lead from
// some nodes, over nodes for which in holds: those that wait before those that
// they wait for, and each in input order. What it emits is to be copied. The
// search is Kosaraju's, with a stack of its own: chains can be a million long.
func (p *Planner) components(from iter.Seq[*node], in func(*node) bool, emit func([]*node)) {
	var path []*node  // from a first node to the one that is being searched
	var order []*node // each node after those to which it leads, cycles apart
	p.stamp++
	enter := func(n *node) {
		if n.mark != p.stamp && in(n) {
			n.mark, n.num = p.stamp, n.needs
			path = append(path, n)
		}
	}
	for n := range from {
		for enter(n); len(path) > 0; {
			n := path[len(path)-1]
			if n.num == 0 {
				path, order = path[:len(path)-1], append(order, n)
				continue
			}
			e := p.edges.at(n.num)
			n.num = e.next
			enter(p.nodes.at(e.to))
		}
	}
	p.steps += len(order)
	var c []*node
	add := func(n *node) {
		if n.mark == p.stamp {
			n.mark, c = 0, append(c, n)
		}
	}
	for _, n := range slices.Backward(order) {
		add(n)
		for i := 0; i < len(c); i++ {
			for _, w := range p.waiters(c[i]) {
				add(w)
			}
		}
		if len(c) > 0 {
			sortByIndex(c)
			emit(c)
		}
		c = c[:0]
	}
}
