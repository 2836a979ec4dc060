package plan

import (
	"cmp"
	"slices"
)

// Add tells the planner of the next operation of the input, or of one that takes
// the place of one that is over and has its index, without a name or references.
func (p *Planner) Add(it Item) {
	p.fresh++
	n := &node{Item: it}
	if it.Name != "" {
		nm := p.name(it.Name)
		if nm.def != nil || nm.settled.Known {
			p.tidy(nm)
			p.drops = append(p.drops, Drop{Index: it.Index, Why: Duplicate, Name: it.Name, Of: -1})
			return
		}
		nm.def, n.name = n, nm
	}
	p.open[it.Index] = n
	bad := p.link(n)
	if n.parked() {
		p.parked++
		p.news++
	} else if n.name != nil {
		p.unparkUsers(n.name)
	}
	if p.cfg.Ordered {
		p.order = append(p.order, n)
		if last := len(p.order) - 1; last > 0 && p.order[last-1].Index > n.Index {
			sortByIndex(p.order)
		}
	}
	p.drop(bad...)
	if n.state == waiting && n.blocked == 0 {
		p.enqueue(n)
	}
	if p.parked >= p.cycles && !p.cfg.Ordered {
		p.searchParked()
	}
}

// link finds what a node waits for. It returns why the node cannot be sent, if
// that is known already.
func (p *Planner) link(n *node) (bad []Drop) {
	if n.Held {
		p.held++
		n.blocked++
	}
	n.uses = make([]*name, len(n.Refs))
	for i, r := range n.Refs {
		if r.Name == n.Name {
			continue // the service alone can resolve a reference to itself
		}
		nm := p.name(r.Name)
		n.uses[i] = nm
		switch why := nm.settled.failure(); {
		case why != 0:
			bad = append(bad, Drop{Index: n.Index, Why: why, Name: r.Name, Of: nm.settled.Index})
		case nm.settled.Known:
			n.resize(i)
		default:
			n.blocked++
			if nm.def == nil || nm.def.parked() {
				n.parkedOn++
			}
		}
		if r.Name == n.Ends {
			p.waitForUsers(n, nm)
		}
		nm.users = append(nm.users, user{n, i})
		nm.open++
	}
	if n.Resource == "" {
		return bad
	}
	n.res = p.resource(n.Resource)
	n.res.nodes++
	if n.res.failed {
		bad = append(bad, Drop{Index: n.Index, Why: Needed, Of: n.res.of})
	}
	if last := n.res.last; last != nil {
		last.next, n.prev = n, last
		n.waitFor(last)
	}
	n.res.last = n
	return bad
}

// name is the entry of a name, a new one if need be.
func (p *Planner) name(text string) *name {
	nm := p.names[text]
	if nm == nil {
		nm = &name{text: text, settled: p.cfg.Memory.Name(text)}
		p.names[text] = nm
	}
	return nm
}

// tidy removes the entry of a name that nothing open has or refers to.
func (p *Planner) tidy(nm *name) {
	if nm.def == nil && nm.open == 0 {
		delete(p.names, nm.text)
	}
}

// resource is the entry of a resource, a new one if need be.
func (p *Planner) resource(text string) *resource {
	res := p.resources[text]
	if res == nil {
		of, failed := p.cfg.Memory.Resource(text)
		res = &resource{failed: failed, of: of}
		p.resources[text] = res
	}
	return res
}

// resize counts the id of Refs[i] in place of the reference.
func (n *node) resize(i int) {
	r := n.Refs[i]
	n.Size += r.Count*len(n.uses[i].settled.ID) - r.Width
}

func (n *node) waitFor(other *node) {
	n.blocked++
	if other.parked() {
		n.parkedOn++
	}
}

// waitForUsers has a delete wait for the earlier operations that refer to what
// it deletes. If there was a delete before, that waits for those before that;
// but a held one may be over earlier.
func (p *Planner) waitForUsers(n *node, nm *name) {
	for _, u := range slices.Backward(nm.users) {
		p.steps++
		if u.n.Index < nm.ended {
			break
		}
		if u.n.state != over {
			u.n.then = append(u.n.then, n)
			n.waitFor(u.n)
		}
	}
	if !n.Held {
		nm.ended = n.Index
	}
}

// Release frees a held operation: it is composed, or dropped, when its time
// comes.
func (p *Planner) Release(index int) {
	n := p.open[index]
	if n == nil || !n.Held {
		return
	}
	p.fresh++
	p.unhold(n)
	if n.cause != nil {
		p.drop(*n.cause)
		return
	}
	if n.parked() {
		p.news++
	}
	p.unblock(n)
}

// unhold takes back what held a node, but for its place among what it waits for.
func (p *Planner) unhold(n *node) {
	n.Held = false
	if !n.toEnd {
		p.held--
		return
	}
	n.toEnd = false
	p.unpark(n)
}

// Park tells that only the end of the input can release a held operation: until
// then it is not work at hand, and so is what waits for it.
func (p *Planner) Park(index int) {
	n := p.open[index]
	if n == nil || !n.Held || n.toEnd {
		return
	}
	p.held--
	n.toEnd = true
	p.park(n)
}

// End tells the planner that the input is complete: names that have not been
// read will not come.
func (p *Planner) End() {
	p.ended = true
	p.fresh = p.cfg.Operations
	var missing []*name
	for _, nm := range p.names {
		if nm.def == nil && !nm.settled.Known {
			missing = append(missing, nm)
		}
	}
	slices.SortFunc(missing, func(a, b *name) int { return cmp.Compare(a.text, b.text) })
	for _, nm := range missing {
		p.giveUp(nm)
	}
}

// giveUp notes that nothing defines a name: an error where it is required,
// plain text elsewhere.
func (p *Planner) giveUp(nm *name) {
	nm.missing = true
	for _, u := range slices.Clone(nm.users) {
		switch {
		case u.n.state == over:
		case u.n.Refs[u.i].Required:
			p.drop(Drop{Index: u.n.Index, Why: Unknown, Name: nm.text, Of: -1})
		default:
			p.unpark(u.n)
			p.unblock(u.n)
		}
	}
}
