package plan

import (
	"iter"
	"math"
	"slices"
)

// A cycle is a set of operations that all wait for each other in the end: it
// travels whole, since none can go before another.

// searchShare bounds how often they are searched for while there is something
// else to wait for: such a part of the open operations has to be news.
const searchShare = 4

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

// unite notes that operations are a cycle, or refuses them. A cycle with a held
// member is left for a later search, and so it stays parked if it waits for
// something unread: it may yet grow.
func (p *Planner) unite(members []*node) {
	if slices.ContainsFunc(members, func(m *node) bool { return m.held }) {
		return
	}
	bytes := 0
	for _, m := range members {
		bytes += int(m.size)
		m.cycle = members[0].number
	}
	fits, parked := len(members) <= p.cfg.Operations && bytes <= p.cfg.Bytes, false
	for _, m := range members {
		m.blocked = p.awaited(m)
		for _, to := range p.needed(m) {
			parked = parked || to.isParked() && !m.inCycleWith(to)
		}
	}
	switch {
	case !fits:
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
// in holds. What it emits is to be copied.
func (p *Planner) components(from iter.Seq[*node], in func(*edge, *node) bool, emit func([]*node)) {
	p.stamp++
	s := search{p: p, in: in, emit: emit}
	for n := range from {
		if n.mark != p.stamp {
			s.enter(n)
		}
		for len(s.path) > 0 {
			s.step(&s.path[len(s.path)-1])
		}
	}
	p.steps += int(s.num)
}

// search is Tarjan's, with a stack of its own: chains can be a million long.
type search struct {
	p    *Planner
	in   func(*edge, *node) bool
	emit func([]*node)
	num  int32   // nodes so far
	path []frame // from a first node to the one that is being searched
	open []*node // those whose component is not known yet
}

// frame is a node on the path. The num of the node itself is the least to which
// it is known to lead.
type frame struct {
	n    *node
	num  int32
	at   int   // its place in open
	edge int32 // next to follow
}

// found is in place of the number of a node whose component is known.
const found = math.MaxInt32

func (s *search) enter(n *node) {
	s.num++
	n.mark, n.num = s.p.stamp, s.num
	s.path = append(s.path, frame{n, s.num, len(s.open), n.needs})
	s.open = append(s.open, n)
}

// step follows an edge of the last node on the path, or leaves the node.
func (s *search) step(f *frame) {
	if f.edge == 0 {
		s.leave(*f)
		return
	}
	e := s.p.edges.at(f.edge)
	f.edge = e.next
	switch to := s.p.nodes.at(e.to); {
	case !s.in(e, to):
	case to.mark != s.p.stamp:
		s.enter(to)
	default:
		f.n.num = min(f.n.num, to.num)
	}
}

// leave takes the last node off the path, and emits its component if it is the
// first of that.
func (s *search) leave(f frame) {
	if s.path = s.path[:len(s.path)-1]; len(s.path) > 0 {
		before := s.path[len(s.path)-1].n
		before.num = min(before.num, f.n.num)
	}
	if f.n.num < f.num {
		return
	}
	component := s.open[f.at:]
	for _, n := range component {
		n.num = found
	}
	s.emit(component)
	s.open = s.open[:f.at]
}
