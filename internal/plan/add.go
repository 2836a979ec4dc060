package plan

import "slices"

// Add tells the planner of the next operation of the input.
func (p *Planner) Add(it Item) {
	p.fresh++
	n := &node{Item: it}
	if it.Name != "" {
		nm, ok := p.define(it.Name)
		if !ok {
			p.drops = append(p.drops, Drop{Index: it.Index, Why: Duplicate, Name: it.Name, Of: -1})
			return
		}
		nm.def, n.name = n, nm
	}
	p.open[it.Index] = n
	bad := p.refer(n)
	p.queueUp(n)
	if n.parked() {
		p.parked++
		p.news++
	} else if n.name != nil {
		p.unpark(n.name.append(nil))
	}
	if p.cfg.Ordered {
		p.order = append(p.order, n)
	}
	if bad != nil {
		p.drop(n, *bad)
		return
	}
	if n.blocked == 0 {
		p.enqueue(n)
	}
	if p.parked >= p.circles && !p.cfg.Ordered {
		p.searchParked()
	}
}

// define returns the entry of a name that is about to be defined, or false
// when it is taken.
func (p *Planner) define(text string) (*name, bool) {
	if nm := p.names[text]; nm != nil {
		return nm, nm.def == nil
	}
	if p.settled(text).Known {
		return nil, false
	}
	nm := &name{text: text}
	p.names[text] = nm
	return nm, true
}

// settled is what is known of a name that is no longer in p.names.
func (p *Planner) settled(text string) Settled {
	if p.cfg.Settled == nil {
		return p.done.get(text)
	}
	s, err := p.cfg.Settled(text)
	if err != nil && p.err == nil {
		p.err = err
	}
	return s
}

// refer links a node to what it refers to. It returns why the node cannot be
// sent, if it refers to something that did not succeed.
func (p *Planner) refer(n *node) (bad *Drop) {
	for i, r := range n.Refs {
		if r.Name == n.Name {
			continue // the service alone can resolve a reference to itself
		}
		nm := p.names[r.Name]
		if nm == nil {
			if s := p.settled(r.Name); s.Known {
				bad = orElse(bad, p.meet(n, i, s))
				continue
			}
			nm = &name{text: r.Name}
			p.names[r.Name] = nm
		}
		nm.users = append(nm.users, user{n, int32(len(n.uses))})
		n.uses = append(n.uses, use{name: nm, ref: int32(i)})
		n.blocked++
		if nm.def == nil || nm.def.parked() {
			n.parkedOn++
		}
	}
	return bad
}

// meet adds a use of a name that is settled already.
func (p *Planner) meet(n *node, ref int, s Settled) *Drop {
	r := n.Refs[ref]
	switch {
	case !s.Done:
		return &Drop{Why: Needed, Name: r.Name, Of: s.Index}
	case s.ID == "":
		return &Drop{Why: NoID, Name: r.Name, Of: s.Index}
	}
	n.uses = append(n.uses, use{name: &name{text: r.Name}, ref: int32(ref), state: known, id: s.ID})
	n.Size += r.Count*len(s.ID) - r.Width
	return nil
}

func orElse(a, b *Drop) *Drop {
	if a != nil {
		return a
	}
	return b
}

// queueUp puts a node behind those that must be over before it goes.
func (p *Planner) queueUp(n *node) {
	if n.Resource != "" {
		if tail := p.tails[n.Resource]; tail != nil {
			p.precede(tail, n)
		}
		p.tails[n.Resource] = n
	}
	if p.referrers != nil {
		p.referrers.add(n)
	}
	if n.Ends == "" {
		return
	}
	if p.referrers == nil {
		p.referrers = referrers{}
		for _, open := range p.open {
			p.referrers.add(open)
		}
	}
	var first []*node
	for _, other := range p.referrers[n.Ends] {
		if other.Resource != n.Resource { // else it precedes already
			first = append(first, other)
		}
	}
	sortByIndex(first)
	for _, other := range first {
		p.precede(other, n)
	}
}

// referrers are the open nodes that refer to each name, by index. They are kept
// from the first operation on that ends a resource.
type referrers map[string]map[int]*node

func (r referrers) add(n *node) {
	for _, ref := range n.Refs {
		if r[ref.Name] == nil {
			r[ref.Name] = map[int]*node{}
		}
		r[ref.Name][n.Index] = n
	}
}

func (r referrers) remove(n *node) {
	for _, ref := range n.Refs {
		if delete(r[ref.Name], n.Index); len(r[ref.Name]) == 0 {
			delete(r, ref.Name)
		}
	}
}

// precede has a node wait for another to be over.
func (p *Planner) precede(first, then *node) {
	if len(first.succs) < len(then.preds) && slices.Contains(first.succs, then) ||
		len(first.succs) >= len(then.preds) && slices.Contains(then.preds, first) {
		return
	}
	first.succs = append(first.succs, then)
	then.preds = append(then.preds, first)
	then.blocked++
	if first.parked() {
		then.parkedOn++
	}
}

// End tells the planner that the input is complete: names that have not been
// read will not come.
func (p *Planner) End() {
	p.ended = true
	p.fresh = p.cfg.Operations
	var missing []string
	for text, nm := range p.names {
		if nm.def == nil {
			missing = append(missing, text)
		}
	}
	slices.Sort(missing)
	for _, text := range missing {
		p.giveUp(p.names[text])
		delete(p.names, text)
	}
}

// giveUp settles a name that nothing defines: an error where it is required,
// plain text elsewhere.
func (p *Planner) giveUp(nm *name) {
	for _, user := range nm.users {
		n, u := user.n, user.use()
		if n.state == settled {
			continue
		}
		if n.Refs[u.ref].Required {
			p.drop(n, Drop{Why: Unknown, Name: nm.text, Of: -1})
			continue
		}
		u.state = text
		p.unpark([]*node{n})
		p.unblock(n)
	}
}
