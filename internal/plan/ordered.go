package plan

import (
	"cmp"
	"slices"
)

// An ordered job sends the front of its queue, one request at a time. What
// refers forward must travel with what it refers to: together they are like a
// cycle, since order wants one first and the reference the other.

func (p *Planner) nextOrdered(final bool) *Request {
	if p.flying > 0 {
		return nil
	}
	for {
		p.trimOrder()
		if len(p.order) == 0 {
			return nil
		}
		f := p.front(false)
		if f.n == 0 && f.stuck {
			f = p.front(true)
		}
		switch {
		case f.n > 0 && !f.full && !final:
			return nil
		case f.n > 0:
			return p.sendFront(f)
		case f.held || !f.stuck && !p.ended:
			return nil // it waits for a release, or for what has yet to be read
		}
		p.refuseFront(f)
	}
}

func (p *Planner) trimOrder() {
	p.order = slices.DeleteFunc(p.order, func(n *node) bool { return n.state == over })
}

// front is the longest front of the queue that can travel.
type front struct {
	n, bytes int
	cuts     []int // where it may be divided, last of all n
	seen     int   // how many were looked at: they fit into a request
	full     bool  // reading on adds nothing
	stuck    bool  // if n is 0, neither reading on nor a release helps
	held     bool  // it ends before an operation that is held
}

// front ends where nothing before refers to anything after. If need be, names
// that have not been read and need not exist are text: then the front is as
// short as may be.
func (p *Planner) front(needBe bool) (f front) {
	p.stamp++
	sum, reach := 0, 0
	for i, n := range p.order {
		if n.Held {
			f.held = true
			return f
		}
		sum += n.Size
		apart := n.mark == p.stamp || n.batch != p.order[0].batch || p.cfg.Separate && n.usesOneOf(p.order[:f.n])
		if i == p.cfg.Operations || sum > p.cfg.Bytes || f.n > 0 && sum > p.soft || apart {
			f.full, f.stuck = true, true
			return f
		}
		p.markApart(n)
		f.seen = i + 1
		far, _ := p.reach(i, needBe)
		reach = max(reach, far)
		if reach <= i {
			f.n, f.bytes = i+1, sum
			f.cuts = append(f.cuts, f.n)
			if needBe {
				f.full = true
				return f
			}
		}
	}
	f.full = f.n == p.cfg.Operations
	f.stuck = len(p.order) >= p.cfg.Operations
	return f
}

// markApart marks those that must not travel with a node although they come
// after it.
func (p *Planner) markApart(n *node) {
	for w, joins := range n.waiters() {
		if joins {
			return
		}
		w.mark = p.stamp
	}
}

// reach is the furthest place in the queue to which the operation at a place
// refers, and by which name. A name that has not been read is behind the end;
// if it need not exist, it is taken for text once no request can reach it.
func (p *Planner) reach(i int, text bool) (far int, by string) {
	n := p.order[i]
	for k, nm := range n.uses {
		if !n.awaits(nm) {
			continue
		}
		at := len(p.order)
		if nm.def != nil {
			at = p.position(nm.def)
		} else if !n.Refs[k].Required && (text || !p.together(i, at)) {
			continue
		}
		if at > far {
			far, by = at, nm.text
		}
	}
	return far, by
}

func (p *Planner) position(n *node) int {
	i, _ := slices.BinarySearchFunc(p.order, n.Index, func(m *node, index int) int { return cmp.Compare(m.Index, index) })
	return i
}

func (n *node) usesOneOf(nodes []*node) bool {
	return slices.ContainsFunc(n.uses, func(nm *name) bool { return n.awaits(nm) && nm.def != nil && slices.Contains(nodes, nm.def) })
}

func (p *Planner) sendFront(f front) *Request {
	d := &draft{items: slices.Clone(p.order[:f.n]), bytes: f.bytes, cuts: f.cuts}
	p.order = slices.Delete(p.order, 0, f.n)
	for _, n := range d.items {
		if n.parked() { // on a name taken for text: it waits no more
			n.parkedOn = 1
			p.unpark(n)
		}
	}
	return p.commit(d)
}

// refuseFront drops an operation that keeps the front from traveling: the
// first that could not travel even if it were in front, or else the first of
// all.
func (p *Planner) refuseFront(f front) {
	if p.order[0].Size > p.cfg.Bytes {
		p.drop(Drop{Index: p.order[0].Index, Why: TooLarge, Of: -1})
		return
	}
	_, name := p.reach(0, true)
	culprit := p.order[0]
	for i := range f.seen {
		if far, by := p.reach(i, true); far > i && !p.together(i, far) {
			culprit, name = p.order[i], by
			break
		}
	}
	p.drop(Drop{Index: culprit.Index, Why: Forward, Name: name, Of: -1})
}

// together tells whether a request can hold what stands from one place to
// another.
func (p *Planner) together(from, to int) bool {
	nodes := p.order[from:min(to+1, len(p.order))]
	apart := func(n *node) bool {
		for w, joins := range n.waiters() {
			if !joins && slices.Contains(nodes, w) {
				return true
			}
		}
		return false
	}
	return to-from < p.cfg.Operations && size(nodes) <= p.cfg.Bytes && !slices.ContainsFunc(nodes, apart)
}
