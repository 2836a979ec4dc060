package plan

import "slices"

// Fate is what an exchange told of an operation.
type Fate int

// The fates. An operation that is sent Again keeps its place before later
// operations of its resource, and those that refer to it go on waiting.
const (
	// Done: it succeeded.
	Done Fate = iota + 1
	// Failed: it did not, for good; so whatever refers to it is dropped.
	Failed
	// Again: it has to be sent once more.
	Again
)

// Verdict is the fate of one operation of a request.
type Verdict struct {
	Index int
	Fate  Fate
	// ID is the id of what a Done create has created.
	ID string
}

// Settle takes the outcome of a request: one verdict for each of its
// operations, in any order, at once or in several calls. Those that are sent
// Again come in the last call, all of them: what is left of a circle has to be
// known whole.
func (p *Planner) Settle(r *Request, verdicts []Verdict) {
	p.land(r)
	for _, v := range verdicts {
		n := p.open[v.Index]
		if n == nil || v.Fate == Again {
			continue
		}
		p.finish(n, Settled{Known: true, Done: v.Fate == Done, ID: v.ID, Index: v.Index})
	}
	for _, v := range verdicts {
		if n := p.open[v.Index]; n != nil && v.Fate == Again {
			p.again(n, nil)
		}
	}
	sortByIndex(p.order)
}

// Resolve settles an operation that was never sent, because it is known to
// have succeeded in an earlier run: with its id, so that references find it.
func (p *Planner) Resolve(it Item, id string) {
	p.fresh++
	if it.Name == "" {
		return
	}
	n := &node{Item: Item{Index: it.Index, Name: it.Name}}
	nm, ok := p.define(it.Name)
	if !ok {
		p.drops = append(p.drops, Drop{Index: it.Index, Why: Duplicate, Name: it.Name, Of: -1})
		return
	}
	nm.def, n.name = n, nm
	p.unpark(nm.append(nil))
	p.finish(n, Settled{Known: true, Done: true, ID: id, Index: it.Index})
}

// Halve divides a request that was refused whole, so that each part is sent
// alone. It returns false when the request is a single unit that cannot be
// divided; the request must then be settled.
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
	p.land(r)
	first, second := &batch{}, &batch{}
	for i, s := range r.Items {
		b := second
		if i < cut {
			b = first
		}
		p.again(s.node, b)
	}
	p.parts = append(p.parts, first, second)
	sortByIndex(p.order)
	return true
}

func abs(n int) int { return max(n, -n) }

// land notes that a request is over. Its operations still count as in flight,
// each until its own verdict.
func (p *Planner) land(r *Request) {
	p.fresh = p.cfg.Operations
	delete(p.out, r)
	for _, s := range r.Items {
		if s.node.batch != nil {
			s.node.batch.left--
			s.node.batch = nil
		}
	}
}

// again makes an operation wait for another request.
func (p *Planner) again(n *node, b *batch) {
	if n.state == flying {
		p.flying--
	}
	n.state, n.circle, n.batch = waiting, nil, b
	if b != nil {
		b.left++
	}
	n.preds = live(n.preds)
	n.blocked = len(n.preds)
	for i := range n.uses {
		switch u := &n.uses[i]; u.state {
		case inner:
			u.state = pending
			n.blocked++
		case pending:
			n.blocked++
		}
	}
	for i := range n.uses {
		u := &n.uses[i]
		if why, ok := u.why(); ok {
			p.drop(n, Drop{Why: why, Name: u.name.text, Of: u.of})
			return
		}
	}
	switch {
	case p.cfg.Ordered:
		p.order = append(p.order, n)
	case n.blocked == 0:
		p.enqueue(n)
	default:
		p.suspects = append(p.suspects, n)
	}
}

// finish gives an operation its fate and tells those that wait for it.
func (p *Planner) finish(n *node, s Settled) {
	p.leave(n)
	nm := n.name
	if nm == nil {
		return
	}
	delete(p.names, nm.text)
	if p.cfg.Settled == nil {
		p.done.put(nm.text, s)
	}
	for _, u := range nm.users {
		if u.n.state != settled {
			p.tell(u, nm, s)
		}
	}
	nm.users, nm.def = nil, nil
}

// tell hands a user the outcome of a name.
func (p *Planner) tell(to user, nm *name, s Settled) {
	n, u := to.n, to.use()
	wasInner := u.state == inner
	if s.Done && s.ID != "" {
		r := n.Refs[u.ref]
		u.state, u.id = known, s.ID
		n.Size += r.Count*len(s.ID) - r.Width
		if n.state != flying && !wasInner {
			p.unblock(n)
		}
		return
	}
	why := Needed
	if s.Done {
		why = NoID
	}
	u.fail(why, s.Index)
	if n.state == flying {
		return // its own verdict is on the way
	}
	p.drop(n, Drop{Why: why, Name: nm.text, Of: s.Index})
}

// leave takes a node out of the graph: those behind it inherit whom it was
// itself still behind.
func (p *Planner) leave(n *node) {
	wasParked := n.parked()
	if wasParked {
		p.parked--
	}
	if n.batch != nil {
		n.batch.left--
		n.batch = nil
	}
	if n.state == flying {
		p.flying--
	}
	n.state = settled
	delete(p.open, n.Index)
	p.referrers.remove(n)
	preds := live(n.preds)
	if n.Resource != "" && p.tails[n.Resource] == n {
		delete(p.tails, n.Resource)
		for _, pred := range preds {
			if tail := p.tails[n.Resource]; pred.Resource == n.Resource && (tail == nil || tail.Index < pred.Index) {
				p.tails[n.Resource] = pred
			}
		}
	}
	for _, s := range n.succs {
		if s.state == settled {
			continue
		}
		for _, pred := range preds {
			p.precede(pred, s)
		}
		if wasParked {
			p.unpark([]*node{s})
		}
		p.unblock(s)
	}
	n.preds, n.succs = nil, nil
}

// live keeps the nodes that are not settled.
func live(nodes []*node) []*node {
	return slices.DeleteFunc(nodes, func(n *node) bool { return n.state == settled })
}

// drop gives up an operation, and with it all that needs it.
func (p *Planner) drop(n *node, d Drop) {
	type fall struct {
		n *node
		d Drop
	}
	falls := []fall{{n, d}}
	for len(falls) > 0 {
		f := falls[0]
		falls = falls[1:]
		if f.n.state == settled {
			continue
		}
		f.d.Index = f.n.Index
		p.drops = append(p.drops, f.d)
		p.leave(f.n)
		nm := f.n.name
		if nm == nil {
			continue
		}
		delete(p.names, nm.text)
		if p.cfg.Settled == nil {
			p.done.put(nm.text, Settled{Index: f.n.Index})
		}
		for _, u := range nm.users {
			u.use().fail(Needed, f.n.Index)
			if u.n.state == waiting || u.n.state == ready {
				falls = append(falls, fall{u.n, Drop{Why: Needed, Name: nm.text, Of: f.n.Index}})
			}
		}
		nm.users, nm.def = nil, nil
	}
}
