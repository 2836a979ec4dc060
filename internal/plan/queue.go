package plan

import "container/heap"

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
	(*q)[k] = nil
	*q = (*q)[:k]
	return n
}

// enqueue has a node that waits for nothing composed.
func (p *Planner) enqueue(n *node) {
	if !p.cfg.Ordered && !p.isQueued(n) {
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
