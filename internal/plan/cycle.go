package plan

import "slices"

// cycle is a set of operations that all refer to each other in the end: it
// travels whole, since none can go before another. Its members wait for nothing
// but names.
type cycle struct {
	members []*node // in input order
	blocked int     // what its members wait for outside of it
}

// minCycles is how many parked nodes there are at least before they are
// searched while reading goes on. Then it is twice what the last search left:
// so a job is searched a number of times that grows with its logarithm.
const minCycles = 1000

// searchParked unites the cycles among the parked nodes.
func (p *Planner) searchParked() {
	p.steps += len(p.open)
	nodes := make([]*node, 0, p.parked)
	for _, n := range p.open {
		if n.parked() {
			nodes = append(nodes, n)
		}
	}
	sortByIndex(nodes)
	for _, c := range p.findCycles(nodes, func(n *node) bool { return n.state == waiting && n.parked() }) {
		p.unite(c)
	}
	p.news, p.cycles = 0, max(minCycles, 2*p.parked)
}

// searchSuspects unites what is left of the cycles that were sent in vain. Some
// of it may be in a smaller one by now.
func (p *Planner) searchSuspects() {
	if len(p.suspects) == 0 {
		return
	}
	for _, c := range p.findCycles(p.suspects, func(n *node) bool { return n.state == waiting && !n.parked() }) {
		p.unite(c)
	}
	p.suspects = nil
}

// unite makes a cycle one unit, or refuses it. One that waits for something
// unread, or for a release, is left for a later search: it may yet grow, or
// shrink.
func (p *Planner) unite(members []*node) {
	sortByIndex(members)
	c := &cycle{members: members}
	for _, m := range members {
		if m.state == over || m.Held {
			return
		}
	}
	if len(members) > p.cfg.Operations {
		p.refuseCycle(members)
		return
	}
	for _, m := range members {
		m.cycle = c
	}
	for _, m := range members {
		for _, nm := range m.uses {
			if m.awaits(nm) && (nm.def == nil || nm.def.parked()) {
				c.dissolve()
				return
			}
		}
	}
	for _, m := range members {
		m.blocked = m.awaited()
		c.blocked += m.blocked
	}
	p.unparkCycle(c)
	if c.blocked == 0 {
		p.enqueue(members[0])
	}
}

// dissolve makes the members of a cycle wait for each other.
func (c *cycle) dissolve() {
	for _, m := range c.members {
		m.cycle = nil
	}
	for _, m := range c.members {
		m.blocked = m.awaited()
	}
}

// unparkCycle frees the members, which parked each other, and tells the rest.
func (p *Planner) unparkCycle(c *cycle) {
	var outside []*node
	for _, m := range c.members {
		if !m.parked() {
			continue
		}
		p.parked--
		m.parkedOn = 0
		for w := range m.waiters() {
			if w.cycle != c {
				outside = append(outside, w)
			}
		}
	}
	p.unpark(outside...)
}

// refuseCycle drops the members of a cycle, each for the sake of the cycle.
func (p *Planner) refuseCycle(members []*node) {
	var names []string
	for _, m := range members[:min(10, len(members))] {
		names = append(names, m.Name)
	}
	var drops []Drop
	for _, m := range members {
		drops = append(drops, Drop{Index: m.Index, Why: Cycle, Name: m.Name, Of: m.Index, Cycle: names})
	}
	p.drop(drops...)
}

// tarjan finds strongly connected components of more than one node, those that
// others wait for first. It keeps its own stack: chains can be a million long.
type tarjan struct {
	mark  int
	in    func(*node) bool
	num   int32
	stack []*node
	found [][]*node
}

type frame struct {
	n    *node
	next int
}

// findCycles finds the cycles to which references lead from some nodes, over
// nodes for which in holds.
func (p *Planner) findCycles(from []*node, in func(*node) bool) [][]*node {
	p.stamp++
	t := tarjan{mark: p.stamp, in: in}
	for _, n := range from {
		if t.isNew(n) {
			t.search(n)
		}
	}
	p.steps += len(from) + int(t.num)
	return t.found
}

func (t *tarjan) isNew(n *node) bool {
	return n.mark != t.mark && n.name != nil && len(n.uses) > 0 && t.in(n)
}

func (t *tarjan) search(root *node) {
	t.enter(root)
	frames := []frame{{n: root}}
	for len(frames) > 0 {
		f := &frames[len(frames)-1]
		if f.next < len(f.n.uses) {
			nm := f.n.uses[f.next]
			f.next++
			if nm == nil || nm.settled.Known || nm.def == nil {
				continue
			}
			switch d := nm.def; {
			case t.isNew(d):
				t.enter(d)
				frames = append(frames, frame{n: d})
			case d.mark == t.mark && d.onStack:
				f.n.low = min(f.n.low, d.num)
			}
			continue
		}
		n := f.n
		frames = frames[:len(frames)-1]
		if len(frames) > 0 {
			up := frames[len(frames)-1].n
			up.low = min(up.low, n.low)
		}
		if n.low == n.num {
			t.pop(n)
		}
	}
}

func (t *tarjan) enter(n *node) {
	t.num++
	n.mark, n.num, n.low, n.onStack = t.mark, t.num, t.num, true
	t.stack = append(t.stack, n)
}

func (t *tarjan) pop(n *node) {
	i := len(t.stack) - 1
	for t.stack[i] != n {
		i--
	}
	members := slices.Clone(t.stack[i:])
	t.stack = t.stack[:i]
	for _, m := range members {
		m.onStack = false
	}
	if len(members) > 1 {
		t.found = append(t.found, members)
	}
}
