package plan

import "slices"

// circle is a set of operations that all refer to each other in the end: it
// travels whole, since none can go before another.
type circle struct {
	members []*node // in input order
	blocked int     // what its members wait for outside of it
}

// minCircles is how many parked nodes there are at least before they are
// searched while reading goes on. Then it is twice what the last search left:
// so a job is searched a number of times that grows with its logarithm.
const minCircles = 1000

// searchParked unites the circles among the parked nodes.
func (p *Planner) searchParked() {
	nodes := make([]*node, 0, p.parked)
	for _, n := range p.open {
		if n.parked() {
			nodes = append(nodes, n)
		}
	}
	p.findCircles(nodes)
	p.news, p.circles = 0, max(minCircles, 2*p.parked)
}

// findCircles unites the circles among these nodes, which lead to no others.
func (p *Planner) findCircles(nodes []*node) {
	sortByIndex(nodes)
	for _, n := range nodes {
		n.num, n.low, n.onStack = 0, 0, false
	}
	t := tarjan{}
	for _, n := range nodes {
		if n.num == 0 && n.mayCircle() {
			t.search(n)
		}
	}
	for _, c := range t.found {
		p.unite(c)
	}
}

func (n *node) mayCircle() bool {
	return n.state == waiting && n.circle == nil && n.name != nil && len(n.uses) > 0
}

// unite makes a circle one unit, or refuses it. A circle that still waits for
// something unread is left for a later search, since it may yet grow.
func (p *Planner) unite(members []*node) {
	sortByIndex(members)
	if len(members) > p.cfg.Operations {
		p.refuseCircle(members)
		return
	}
	c := &circle{members: members}
	for _, m := range members {
		if m.state == settled {
			return
		}
		m.circle = c
	}
	for _, m := range members {
		for i := range m.uses {
			if u := &m.uses[i]; u.state == pending && (u.name.def == nil || u.name.def.circle != c && u.name.def.parked()) {
				for _, m := range members {
					m.circle = nil
				}
				return
			}
		}
	}
	for _, m := range members {
		for i := range m.uses {
			if u := &m.uses[i]; u.state == pending && u.name.def.circle == c {
				u.state = inner
				m.blocked--
			}
		}
		c.blocked += m.blocked
	}
	p.unparkCircle(c)
	if c.blocked == 0 {
		p.enqueue(members[0])
	}
}

// unparkCircle frees the members, which parked each other, and tells the rest.
func (p *Planner) unparkCircle(c *circle) {
	var outside []*node
	for _, m := range c.members {
		if m.parked() {
			p.parked--
			m.parkedOn = 0
			outside = append(outside, m.succs...)
			for _, u := range m.name.users {
				if u.n.circle != c {
					outside = append(outside, u.n)
				}
			}
		}
	}
	p.unpark(outside)
}

// refuseCircle drops the members of a circle, each for the circle's sake.
func (p *Planner) refuseCircle(members []*node) {
	var names []string
	for _, m := range members {
		if len(names) == 10 {
			break
		}
		names = append(names, m.Name)
	}
	users := make([][]user, len(members))
	for i, m := range members {
		users[i], m.name.users = m.name.users, nil
	}
	for _, m := range members {
		if m.state != settled {
			p.drop(m, Drop{Why: Circle, Name: m.Name, Of: m.Index, Circle: names})
		}
	}
	for i, m := range members {
		for _, u := range users[i] {
			u.use().fail(Needed, m.Index)
			if u.n.state == waiting || u.n.state == ready {
				p.drop(u.n, Drop{Why: Needed, Name: m.Name, Of: m.Index})
			}
		}
	}
}

// tarjan finds strongly connected components of more than one node, those that
// others wait for first. It keeps its own stack: chains can be a million long.
type tarjan struct {
	num   int32
	stack []*node
	found [][]*node
}

type frame struct {
	n    *node
	next int
}

func (t *tarjan) search(root *node) {
	t.enter(root)
	frames := []frame{{n: root}}
	for len(frames) > 0 {
		f := &frames[len(frames)-1]
		if f.next < len(f.n.uses) {
			u := &f.n.uses[f.next]
			f.next++
			if u.state != pending || u.name.def == nil || !u.name.def.mayCircle() {
				continue
			}
			switch d := u.name.def; {
			case d.num == 0:
				t.enter(d)
				frames = append(frames, frame{n: d})
			case d.onStack:
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
	n.num, n.low, n.onStack = t.num, t.num, true
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
