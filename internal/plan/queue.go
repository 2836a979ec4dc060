package plan

import (
	"cmp"
	"container/heap"
)

// urgency orders the ready nodes once the input is complete, so that the rest
// of the job takes few rounds, which are requests that follow each other's
// answers. Before that it is zero, and nodes are in input order.
type urgency struct {
	rounds int32 // estimate for the operation and all that wait for it
	weight int32 // operations that must share its request for that, with itself
}

// precedes reports whether a node is chosen before another: the smallest parts
// of refused requests come first, so that the culprit is soon found.
func (n *node) precedes(m *node) bool {
	return cmp.Or(
		cmp.Compare(m.part, n.part),
		cmp.Compare(m.rounds, n.rounds),
		cmp.Compare(m.weight, n.weight),
		cmp.Compare(n.index, m.index),
	) < 0
}

// queue holds nodes, the one that comes first on top.
type queue []*node

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].precedes(q[j]) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = int32(i+1), int32(j+1)
}

func (q *queue) Push(x any) {
	n := x.(*node)
	*q = append(*q, n)
	n.place = int32(len(*q))
}

func (q *queue) Pop() any {
	k := len(*q) - 1
	n := (*q)[k]
	*q = (*q)[:k]
	return n
}

// enqueue has a node composed if it waits for nothing.
func (p *Planner) enqueue(n *node) {
	if n.blocked == 0 && n.state == waiting && !p.cfg.Ordered && !p.isQueued(n) {
		heap.Push(&p.ready, n)
	}
}

// dequeue takes it out of the queue, if it is there.
func (p *Planner) dequeue(n *node) {
	if p.isQueued(n) {
		heap.Remove(&p.ready, int(n.place-1))
	}
}

func (p *Planner) isQueued(n *node) bool {
	at := int(n.place) - 1
	return at >= 0 && at < len(p.ready) && p.ready[at] == n
}

// assess finds the urgency of the nodes, once for the rest of the job: from now
// on the nodes that wait for another change only when one fails.
func (p *Planner) assess() {
	p.components(p.all(), (*node).isOpen, p.rate)
	heap.Init(&p.ready)
}

// rate gives an operation or a cycle its urgency, when all that waits for it
// has its own: it takes as many rounds as that does, if those that take so many
// fit into its request, and one more if they cannot travel with it. What waits
// for several nodes is counted with each of them; members of the cycle count
// for nothing yet.
func (p *Planner) rate(unit []*node) {
	alone := int32(len(unit))
	u := urgency{rounds: 1, weight: alone}
	for _, n := range unit {
		for e, w := range p.waiters(n) {
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
	}
	if int(u.weight) > p.cfg.Operations {
		u = urgency{rounds: u.rounds + 1, weight: alone}
	}
	for _, n := range unit {
		n.urgency = u
	}
}
