package plan

import (
	"cmp"
	"slices"
)

// An ordered job sends the front of its queue, one request at a time. What
// refers forward must travel with what it refers to: together they are like a
// circle, since order wants one first and the reference the other.

func (p *Planner) nextOrdered(final bool) *Request {
	if p.flying > 0 {
		return nil
	}
	for {
		p.trimOrder()
		if len(p.order) == 0 {
			return nil
		}
		n, bytes, full, cuts, enough := p.front()
		if n > 0 {
			if !full && !final {
				return nil
			}
			d := &draft{items: slices.Clone(p.order[:n]), bytes: bytes, cuts: cuts}
			p.order = slices.Delete(p.order, 0, n)
			return p.commit(d)
		}
		if !enough && !final {
			return nil
		}
		p.refuseFront()
	}
}

func (p *Planner) trimOrder() {
	p.order = slices.DeleteFunc(p.order, func(n *node) bool { return n.state == settled })
}

func (p *Planner) sortOrder() {
	slices.SortFunc(p.order, func(a, b *node) int { return cmp.Compare(a.Index, b.Index) })
}

// front finds the longest front of the queue that can travel: it ends where
// nothing before refers to anything after. n is 0 when there is none; enough
// tells that reading on cannot change that.
func (p *Planner) front() (n, bytes int, full bool, cuts []int, enough bool) {
	sum, reach := 0, -1
	for i, node := range p.order {
		sum += node.Size
		if i == p.cfg.Operations || sum > p.cfg.Bytes || node.batch != p.order[0].batch || p.cfg.Separate && p.usesOneOf(node, p.order[:i]) {
			return n, bytes, n > 0, cuts, true
		}
		for j := range node.uses {
			u := &node.uses[j]
			if u.state != pending {
				continue
			}
			if u.name.def == nil {
				if node.Refs[u.ref].Required || len(p.order) < i+p.cfg.Operations {
					reach = int(^uint(0) >> 1)
				}
				continue
			}
			reach = max(reach, u.name.def.Index)
		}
		if reach <= node.Index {
			n, bytes = i+1, sum
			cuts = append(cuts, n)
		}
	}
	return n, bytes, n == p.cfg.Operations, cuts, len(p.order) >= p.cfg.Operations
}

func (p *Planner) usesOneOf(n *node, before []*node) bool {
	for i := range n.uses {
		if u := &n.uses[i]; u.state == pending && slices.Contains(before, u.name.def) {
			return true
		}
	}
	return false
}

// refuseFront drops the first operation: alone, or with what it refers to, it
// fits into no request.
func (p *Planner) refuseFront() {
	n := p.order[0]
	for i := range n.uses {
		if u := &n.uses[i]; u.state == pending {
			p.drop(n, Drop{Why: Forward, Name: u.name.text, Of: -1})
			return
		}
	}
	p.drop(n, Drop{Why: TooLarge, Of: -1})
}
