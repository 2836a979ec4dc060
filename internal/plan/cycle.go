package plan

import (
	"math"
	"slices"
)

// A cycle is a set of operations that all wait for each other in the end: it
// travels whole, since none can go before another.

// minParked is how many parked nodes there are at least before they are
// searched while reading goes on. Then it is twice what the last search left:
// so a job is searched a number of times that grows with its logarithm.
const minParked = 1000

// searchParked unites the cycles among the parked nodes.
func (p *Planner) searchParked() {
	p.steps += p.open
	p.news = 0
	p.uniteCycles(slices.Collect(p.all()), true)
	p.searchAt = max(minParked, 2*p.parked)
}

// searchSuspects unites what is left of the cycles that were sent in vain, or
// that have lost a member. Some of it may be in a smaller one by now.
func (p *Planner) searchSuspects() {
	nodes := p.suspects
	p.suspects = nil
	p.uniteCycles(nodes, false)
}

// uniteCycles unites the cycles to which some nodes lead, over nodes that are
// parked or over those that are not.
func (p *Planner) uniteCycles(from []*node, parked bool) {
	in := func(_ *edge, n *node) bool {
		return n.isParked() == parked && (n.state == waiting || n.state == ready && n.cycle != 0)
	}
	from = slices.DeleteFunc(from, func(n *node) bool { return !in(nil, n) })
	var cycles [][]*node
	p.components(from, in, func(c []*node) {
		if len(c) > 1 {
			cycles = append(cycles, slices.Clone(c))
		}
	})
	for _, c := range cycles {
		p.unite(c)
	}
}

// unite makes a cycle one unit, or refuses it. One that waits for something
// unread, or for a release, is left for a later search: it may yet grow, or
// shrink.
func (p *Planner) unite(members []*node) {
	sortByIndex(members)
	p.stamp++
	bytes := 0
	for _, m := range members {
		if m.isOver() || m.held {
			return
		}
		m.mark = p.stamp
		bytes += int(m.size)
	}
	fits, waits := len(members) <= p.cfg.Operations && bytes <= p.cfg.Bytes, false
	for _, m := range members {
		for e, to := range p.needed(m) {
			if to.mark != p.stamp {
				waits = waits || to.parks()
			} else if e.kind == changes || e.kind == deletes {
				fits = false
			}
		}
	}
	switch {
	case !fits:
		p.refuse(members)
		return
	case waits:
		return
	}
	for _, m := range members {
		p.dequeue(m)
		delete(p.cycles, m.cycle) // it has grown
		m.cycle, m.state = members[0].number, waiting
	}
	p.cycles[members[0].number] = members
	p.unparkCycle(members)
	p.enqueue(members[0])
}

// unparkCycle frees the members, which parked each other, and tells the rest.
func (p *Planner) unparkCycle(members []*node) {
	var outside []*node
	for _, m := range members {
		if !m.isParked() {
			continue
		}
		p.parked--
		m.parkedOn = 0
		for _, w := range p.waiters(m) {
			if w.cycle != m.cycle {
				outside = append(outside, w)
			}
		}
	}
	p.unpark(outside...)
}

// dissolve parts a node from those that it is united with.
func (p *Planner) dissolve(n *node) {
	members := p.cycles[n.cycle]
	delete(p.cycles, n.cycle)
	for _, m := range members {
		p.dequeue(m)
		m.cycle, m.state = 0, waiting
	}
	p.suspects = append(p.suspects, members...)
}

// unit is what has to travel with a node: what it is united with, or itself.
func (p *Planner) unit(n *node) []*node {
	if n.cycle != 0 {
		return p.cycles[n.cycle]
	}
	return []*node{n}
}

// isFree tells whether the unit of a node waits for nothing else.
func (p *Planner) isFree(n *node) bool {
	if n.cycle == 0 {
		return n.blocked == 0
	}
	return !slices.ContainsFunc(p.cycles[n.cycle], func(m *node) bool { return p.awaited(m) > 0 })
}

// refuse drops a unit that no request can hold.
func (p *Planner) refuse(unit []*node) {
	if len(unit) == 1 {
		p.drop(Drop{Index: int(unit[0].index), Why: TooLarge, Of: -1})
		return
	}
	if p.cfg.Ordered {
		p.refuseForward(unit)
		return
	}
	var names []string
	for _, m := range unit[:min(10, len(unit))] {
		names = append(names, m.text)
	}
	var drops []Drop
	for _, m := range unit {
		drops = append(drops, Drop{Index: int(m.index), Why: Cycle, Name: m.text, Of: int(m.index), Cycle: names})
	}
	p.drop(drops...)
}

// span is what has to travel with an operation of an ordered job: all up to the
// last one to which a reference leads.
type span struct {
	end      int // place in the unit
	bytes    int
	conflict int // the last place before one in the span that must not travel with that, or -1
}

// refuseForward drops those of a unit of an ordered job whose spans no request
// can hold; the rest may fit.
func (p *Planner) refuseForward(unit []*node) {
	p.stamp++
	for i, n := range unit {
		n.mark, n.num = p.stamp, int32(i)
	}
	spans := make([]span, len(unit))
	var drops []Drop
	for k, n := range slices.Backward(unit) {
		s, name := span{end: k, bytes: int(n.size), conflict: -1}, ""
		for e, to := range p.needed(n) {
			switch at := int(to.num); {
			case to.mark != p.stamp:
			case e.kind == refers && at > s.end:
				s.end, name = at, to.text
			case e.kind == changes || e.kind == deletes:
				s.conflict = max(s.conflict, at)
			}
		}
		for at := k + 1; at <= s.end && at < k+p.cfg.Operations; at = spans[at].end + 1 {
			s.end, s.bytes, s.conflict = max(s.end, spans[at].end), s.bytes+spans[at].bytes, max(s.conflict, spans[at].conflict)
		}
		if s.end >= k+p.cfg.Operations || s.bytes > p.cfg.Bytes || s.conflict >= k {
			why := Forward
			if s.end == k {
				why = TooLarge
			}
			drops = append(drops, Drop{Index: int(n.index), Why: why, Name: name, Of: -1})
			s = span{end: k, conflict: -1}
		}
		spans[k] = s
	}
	p.news++
	p.suspects = append(p.suspects, unit...)
	p.drop(drops...)
}

// tarjan finds strongly connected components, those that others wait for first.
// It keeps its own stack: chains can be a million long.
type tarjan struct {
	p     *Planner
	in    func(*edge, *node) bool
	emit  func([]*node)
	num   int32
	stack []*node
}

// frame is a node that is being searched.
type frame struct {
	n    *node
	low  int32
	edge int32 // next to follow
}

// found is in place of the number of a node whose component is known.
const found = math.MaxInt32

// components emits the components to which edges lead from some nodes, over
// edges and nodes for which in holds. What it emits is to be copied.
func (p *Planner) components(from []*node, in func(*edge, *node) bool, emit func([]*node)) {
	p.stamp++
	t := tarjan{p: p, in: in, emit: emit}
	for _, n := range from {
		if n.mark != p.stamp {
			t.search(n)
		}
	}
	p.steps += len(from) + int(t.num)
}

func (t *tarjan) search(root *node) {
	for frames := []frame{t.enter(root)}; len(frames) > 0; {
		f := &frames[len(frames)-1]
		if f.edge == 0 {
			if f.low == f.n.num {
				t.leave(f.n)
			}
			if frames = frames[:len(frames)-1]; len(frames) > 0 {
				up := &frames[len(frames)-1]
				up.low = min(up.low, f.low)
			}
			continue
		}
		e := t.p.edges.at(f.edge)
		f.edge = e.next
		if e.to == 0 {
			continue
		}
		switch to := t.p.nodes.at(e.to); {
		case !t.in(e, to):
		case to.mark == t.p.stamp:
			f.low = min(f.low, to.num)
		default:
			frames = append(frames, t.enter(to))
		}
	}
}

func (t *tarjan) enter(n *node) frame {
	t.num++
	n.mark, n.num = t.p.stamp, t.num
	t.stack = append(t.stack, n)
	return frame{n: n, low: t.num, edge: n.needs}
}

// leave emits the component of which a node was the first.
func (t *tarjan) leave(n *node) {
	i := len(t.stack) - 1
	for t.stack[i] != n {
		i--
	}
	for _, m := range t.stack[i:] {
		m.num = found
	}
	t.emit(t.stack[i:])
	t.stack = t.stack[:i]
}
