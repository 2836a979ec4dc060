package plan

import (
	"iter"
	"math"
	"slices"
)

// A cycle is a set of operations that wait for each other, directly or not.
// They share a request, since none of them can be sent before another.

// While other operations are ready, cycles are searched for only if the news
// are at least this part, 1/searchShare, of the open operations.
const searchShare = 5

// searchCycles finds the cycles among the operations that wait.
func (p *Planner) searchCycles() {
	p.news = 0
	var cycles [][]*node
	p.components(p.all(), func(_ *edge, n *node) bool { return n.state == waiting }, func(c []*node) {
		if len(c) > 1 {
			cycles = append(cycles, slices.Clone(c))
		}
	})
	for _, c := range cycles {
		p.unite(c)
	}
}

// unite notes that operations are a cycle, or drops them if no request can hold
// them. A cycle with a held member is left for a later search. A cycle that
// waits for an unread name stays parked, since it may grow.
func (p *Planner) unite(members []*node) {
	if slices.ContainsFunc(members, func(m *node) bool { return m.held }) {
		return
	}
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
// some nodes, those that others wait for first: over edges and nodes for which
// in holds. What it emits is to be copied. The search is Tarjan's, with a stack
// of its own: chains can be a million long.
func (p *Planner) components(from iter.Seq[*node], in func(*edge, *node) bool, emit func([]*node)) {
	type frame struct {
		n    *node
		num  int32 // the node's own; n.num is the least to which it leads
		at   int   // its place in open
		edge int32 // next to follow
	}
	var path []frame // from a first node to the one that is being searched
	var open []*node // those whose component is not known yet
	num := int32(0)  // nodes so far
	p.stamp++
	enter := func(n *node) {
		num++
		n.mark, n.num = p.stamp, num
		path = append(path, frame{n, num, len(open), n.needs})
		open = append(open, n)
	}
	leave := func() {
		f := path[len(path)-1]
		if path = path[:len(path)-1]; len(path) > 0 {
			before := path[len(path)-1].n
			before.num = min(before.num, f.n.num)
		}
		if f.n.num == f.num { // the first of its component
			for _, n := range open[f.at:] {
				n.num = math.MaxInt32
			}
			emit(open[f.at:])
			open = open[:f.at]
		}
	}
	for n := range from {
		if n.mark != p.stamp {
			enter(n)
		}
		for len(path) > 0 {
			f := &path[len(path)-1]
			if f.edge == 0 {
				leave()
				continue
			}
			e := p.edges.at(f.edge)
			f.edge = e.next
			switch to := p.nodes.at(e.to); {
			case !in(e, to):
			case to.mark != p.stamp:
				enter(to)
			default:
				f.n.num = min(f.n.num, to.num)
			}
		}
	}
	p.steps += int(num)
}
