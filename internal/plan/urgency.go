package plan

import (
	"cmp"
	"container/heap"
	"iter"
)

// urgency orders what is ready once the input is complete, so that the rest of
// the job takes few rounds: answers to be awaited one after the other. Before
// that all are as urgent as their place in the input tells, and the value is
// zero.
type urgency struct {
	rounds int32 // that the operation and all that waits for it take, about
	weight int32 // operations that have to travel with it for that, and itself
}

// precedes tells whether a node is chosen before another.
func (n *node) precedes(m *node) bool {
	return cmp.Or(cmp.Compare(m.rounds, n.rounds), cmp.Compare(m.weight, n.weight), cmp.Compare(n.index, m.index)) < 0
}

// assess finds out how urgent the nodes are, once for the rest of the job: what
// waits for a node does not change any more, but for what fails.
func (p *Planner) assess() {
	p.assessed = true
	p.stamp++
	var stack []*node
	for n := range p.all() {
		if !n.isOpen() {
			continue
		}
		for stack = append(stack, p.unit(n)[0]); len(stack) > 0; {
			n := stack[len(stack)-1]
			p.steps++
			if n.mark == p.stamp {
				stack = stack[:len(stack)-1]
				if n.rounds == 0 {
					p.rate(p.unit(n))
				}
				continue
			}
			n.mark = p.stamp
			for _, w := range p.behind(p.unit(n)) {
				if w.mark != p.stamp {
					stack = append(stack, w)
				}
			}
		}
	}
	heap.Init(&p.ready)
}

// rate gives a unit its urgency, when all behind it have theirs: it takes as
// many rounds as they do, if those that take so many fit into its request, and
// one more if they cannot travel with it. What waits for several nodes is
// counted with each of them.
func (p *Planner) rate(unit []*node) {
	alone := int32(len(unit))
	u := urgency{rounds: 1, weight: alone}
	for e, w := range p.behind(unit) {
		rounds, weight := w.rounds, w.weight
		if !p.mayJoin(e) {
			rounds, weight = rounds+1, 0
		}
		if rounds > u.rounds {
			u = urgency{rounds: rounds, weight: alone}
		}
		if rounds == u.rounds {
			u.weight += weight
		}
	}
	if int(u.weight) > p.cfg.Operations {
		u = urgency{rounds: u.rounds + 1, weight: alone}
	}
	for _, n := range unit {
		n.urgency = u
	}
}

// behind are the edges from the units that wait for one, with the first node of
// each.
func (p *Planner) behind(unit []*node) iter.Seq2[*edge, *node] {
	return func(yield func(*edge, *node) bool) {
		for _, n := range unit {
			for e, w := range p.waiters(n) {
				if p.isAwaited(e) && !yield(e, p.unit(w)[0]) {
					return
				}
			}
		}
	}
}
