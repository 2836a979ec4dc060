package plan

import "slices"

// Over tells that a request is no longer in flight. Each of its operations
// counts as in flight until its own Finish or Again, which may come before or
// any time after.
func (p *Planner) Over(r *Request) {
	p.fresh = p.cfg.Operations
	delete(p.out, r)
}

// Finish tells what became of an operation that is in flight or held. If it was
// not done, what depends on it is dropped.
func (p *Planner) Finish(index int, s Settled) {
	n := p.open[index]
	if n == nil {
		return
	}
	s.Known, s.Index = true, index
	needed := p.end(n, s)
	p.forget(n)
	p.drop(needed...)
}

// Again tells that operations in flight must be sent once more. If one that they
// refer to was not done, they are dropped.
func (p *Planner) Again(indexes ...int) {
	for _, i := range indexes {
		if n := p.open[i]; n != nil && n.state == flying {
			p.again(n, nil)
		}
	}
	sortByIndex(p.order)
}

// again makes an operation wait for another request.
func (p *Planner) again(n *node, b *batch) {
	p.flying--
	n.state, n.cycle = waiting, nil
	n.join(b)
	for _, nm := range n.uses {
		if nm == nil {
			continue
		}
		if why := nm.settled.failure(); why != 0 {
			p.drop(Drop{Index: n.Index, Why: why, Name: nm.text, Of: nm.settled.Index})
			return
		}
	}
	n.blocked = n.awaited()
	switch {
	case p.cfg.Ordered:
		p.order = append(p.order, n)
	case n.blocked == 0:
		p.enqueue(n)
	default:
		p.suspects = append(p.suspects, n)
	}
}

// Unsend takes back a request that has not left: it is as if it had not been
// composed.
func (p *Planner) Unsend(r *Request) {
	p.fresh = p.cfg.Operations
	delete(p.out, r)
	if p.number == r.Number {
		p.number--
	}
	nodes := make([]*node, len(r.Items))
	for i, s := range r.Items {
		nodes[i] = s.node
		s.node.join(s.batch)
	}
	p.flying -= len(nodes)
	if p.cfg.Ordered {
		p.order = append(p.order, nodes...)
		sortByIndex(p.order)
	}
	p.putBack(nodes)
}

// Halve divides a request that was refused whole, so that each part is sent
// alone. It returns false when the request is a single unit that cannot be
// divided; the request is then as it was.
func (p *Planner) Halve(r *Request) bool {
	cut, half := 0, len(r.Items)/2
	for _, c := range r.cuts {
		if c < len(r.Items) && (cut == 0 || abs(c-half) < abs(cut-half)) {
			cut = c
		}
	}
	if cut == 0 {
		return false
	}
	p.Over(r)
	first, second := &batch{}, &batch{}
	for i, s := range r.Items {
		b := second
		if i < cut {
			b = first
		}
		p.again(s.node, b)
	}
	p.parts = append([]*batch{first, second}, p.parts...) // the smaller parts first, so that the culprit is soon found
	sortByIndex(p.order)
	return true
}

func abs(n int) int { return max(n, -n) }

// drop gives up operations, and with them all that depends on them.
func (p *Planner) drop(drops ...Drop) {
	for len(drops) > 0 {
		d := drops[0]
		drops = drops[1:]
		n := p.open[d.Index]
		switch {
		case n == nil:
		case !n.Held:
			p.drops = append(p.drops, d)
			p.dropped = append(p.dropped, n)
			drops = append(drops, p.end(n, Settled{Known: true, Index: n.Index})...)
		case n.cause == nil:
			n.cause = &d
		}
	}
}

// end takes an operation out of the graph and tells what waits for it. It
// returns what is to be dropped for its sake.
func (p *Planner) end(n *node, s Settled) (needed []Drop) {
	if n.Held {
		p.unhold(n)
	}
	wasParked := n.parked()
	if wasParked {
		p.parked--
	}
	if n.state == flying {
		p.flying--
	}
	n.join(nil)
	n.state = over
	delete(p.open, n.Index)
	for _, nm := range n.uses {
		p.endUse(nm)
	}
	free := func(w *node) {
		if wasParked {
			p.unpark(w)
		}
		p.unblock(w)
	}
	for _, w := range n.then {
		free(w)
	}
	if n.res != nil {
		needed = p.endOnResource(n, s, free)
	}
	if n.name != nil {
		needed = append(needed, n.name.end(n, s, free)...)
	}
	n.uses, n.then, n.prev, n.next = nil, nil, nil, nil
	return needed
}

// endUse notes that one node less refers to a name.
func (p *Planner) endUse(nm *name) {
	if nm == nil {
		return
	}
	nm.open--
	if len(nm.users) > 2*nm.open+16 {
		p.steps += len(nm.users)
		nm.users = slices.DeleteFunc(nm.users, func(u user) bool { return u.n.state == over })
	}
	p.tidy(nm)
}

// endOnResource frees the next operation on the resource, or returns it if it is
// to be dropped. An operation may be over before the one before it: when it was
// held, and an earlier run has done it.
func (p *Planner) endOnResource(n *node, s Settled, free func(*node)) []Drop {
	res, prev, next := n.res, n.prev, n.next
	if !s.Done && (!res.failed || n.Index < res.of) {
		res.failed, res.of = true, n.Index
	}
	if prev != nil {
		prev.next = next
	}
	if next == nil {
		res.last = prev
		return nil
	}
	next.prev = prev
	switch {
	case !s.Done:
		return []Drop{{Index: next.Index, Why: Needed, Of: n.Index}}
	case res.failed && res.of < next.Index:
		return []Drop{{Index: next.Index, Why: Needed, Of: res.of}}
	case prev == nil:
		free(next)
	default:
		next.waitFor(prev)
		free(next)
	}
	return nil
}

// end tells what refers to a name what became of its create.
func (nm *name) end(n *node, s Settled, free func(*node)) (needed []Drop) {
	nm.settled = s
	why := s.failure()
	for _, u := range nm.users {
		w := u.n
		switch {
		case w.state == over:
		case why == 0:
			w.resize(u.i)
			if w.state != flying && (w.cycle == nil || w.cycle != n.cycle) {
				free(w)
			}
		case w.state != flying: // else its own outcome is on the way
			needed = append(needed, Drop{Index: w.Index, Why: why, Name: nm.text, Of: n.Index})
		}
	}
	return needed
}

// forget removes what is kept of an operation until the memory has it.
func (p *Planner) forget(n *node) {
	if n.name != nil {
		n.name.def = nil
		p.tidy(n.name)
	}
	if n.res == nil {
		return
	}
	if n.res.nodes--; n.res.nodes == 0 {
		delete(p.resources, n.Resource)
	}
}
