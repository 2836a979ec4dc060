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
	rounds int // that the operation and all that waits for it take, about
	weight int // operations that have to travel with it for that, and itself
}

// precedes tells whether a node is chosen before another.
func (n *node) precedes(m *node) bool {
	return cmp.Or(cmp.Compare(m.rounds, n.rounds), cmp.Compare(m.weight, n.weight), cmp.Compare(n.Index, m.Index)) < 0
}

// assess finds out how urgent the nodes are, once for the rest of the job: what
// waits for a node does not change any more, but for what fails.
func (p *Planner) assess() {
	p.assessed = true
	p.stamp++
	var stack []*node
	for _, n := range p.open {
		for stack = append(stack, n.unit()[0]); len(stack) > 0; {
			n := stack[len(stack)-1]
			p.steps++
			if n.mark == p.stamp {
				stack = stack[:len(stack)-1]
				if n.rounds == 0 {
					p.rate(n.unit())
				}
				continue
			}
			n.mark = p.stamp
			for d := range behind(n.unit()) {
				if d.mark != p.stamp {
					stack = append(stack, d)
				}
			}
		}
	}
	heap.Init(&p.ready)
	for _, b := range p.parts {
		heap.Init(&b.ready)
	}
}

// rate gives a unit its urgency, when all behind it have theirs: it takes as
// many rounds as they do, if those that take so many fit into its request, and
// one more if they cannot travel with it. What waits for several nodes is
// counted with each of them.
func (p *Planner) rate(unit []*node) {
	u := urgency{rounds: 1, weight: len(unit)}
	for d, joins := range behind(unit) {
		rounds, weight := d.rounds, d.weight
		if !joins || p.cfg.Separate {
			rounds, weight = rounds+1, 0
		}
		if rounds > u.rounds {
			u = urgency{rounds: rounds, weight: len(unit)}
		}
		if rounds == u.rounds {
			u.weight += weight
		}
	}
	if u.weight > p.cfg.Operations {
		u = urgency{rounds: u.rounds + 1, weight: len(unit)}
	}
	for _, n := range unit {
		n.urgency = u
	}
}

// behind are the units that wait for one, each by its first node, and whether
// they may travel with it.
func behind(unit []*node) iter.Seq2[*node, bool] {
	return func(yield func(*node, bool) bool) {
		for _, n := range unit {
			for w, joins := range n.waiters() {
				if (w.cycle == nil || w.cycle != n.cycle) && !yield(w.unit()[0], joins) {
					return
				}
			}
		}
	}
}
