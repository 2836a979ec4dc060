package plan

import (
	"container/heap"
	"iter"
	"slices"
)

// part is what a half of a refused request has held: it travels by itself.
type part struct {
	number int32
	nodes  []*node
}

// left are the nodes that have not been sent since.
func (p *part) left() []*node {
	p.nodes = slices.DeleteFunc(p.nodes, func(n *node) bool { return n.part != p.number })
	return p.nodes
}

// has tells whether a node is of a part; nil is of what is in none.
func (p *part) has(n *node) bool { return p == nil && n.part == 0 || p != nil && n.part == p.number }

// candidates are the ready nodes of a part, or of what is in none.
func (p *Planner) candidates(part *part) iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for part == nil && len(p.ready) > 0 && yield(p.ready[0]) {
		}
		for i := 0; part != nil && i < len(part.nodes); i++ {
			if n := part.nodes[i]; n.state == ready && !yield(n) {
				return
			}
		}
	}
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
	n.place = 0
	(*q)[k] = nil
	*q = (*q)[:k]
	return n
}

// enqueue makes a node ready.
func (p *Planner) enqueue(n *node) {
	n.state = ready
	if n.part == 0 {
		heap.Push(&p.ready, n)
	}
}

// dequeue takes it out of the queue, if it is there.
func (p *Planner) dequeue(n *node) {
	if n.state == ready && n.part == 0 && n.place != 0 {
		heap.Remove(&p.ready, int(n.place-1))
	}
}
