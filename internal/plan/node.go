package plan

import (
	"cmp"
	"container/heap"
	"iter"
	"slices"
)

type state uint8

const (
	waiting state = iota
	ready
	taken // in the request being composed
	flying
	over
)

// node is an operation that is not over.
type node struct {
	Item
	state state
	name  *name     // what it defines
	uses  []*name   // what Refs stand for; nil for itself
	res   *resource // what it changes
	prev  *node     // the open operations before and after it on the resource
	next  *node
	then  []*node // deletes that wait until it is over
	cycle *cycle
	batch *batch
	cause *Drop // why it is dropped when it is released

	blocked  int    // for how many things it waits
	parkedOn int    // those of them that are unread or parked
	toEnd    bool   // held, and only the end of the input can release it
	queue    *queue // where it stands; elsewhere it may have been left behind
	tried    int    // the draft that it could not join
	mark     int    // the search that has seen it
	place    int    // in its request, once it is sent

	urgency
	low, num int32 // for the search for cycles
	onStack  bool
}

// name is what a bulkId stands for. It is kept as long as the operation that
// defines it or one that refers to it is open.
type name struct {
	text    string
	def     *node // nil: not read yet, or over
	settled Settled
	missing bool   // nothing defines it: it is plain text
	users   []user // in input order; some may be over
	open    int    // those that are not
	ended   int    // the index of the last delete by reference; 0 for none
}

// user is a node that refers to a name, in its Refs[i].
type user struct {
	n *node
	i int
}

// resource is what operations change one after the other. It is kept as long as
// one of them is open.
type resource struct {
	last   *node
	nodes  int
	failed bool // an operation on it ended otherwise than done
	of     int  // the first such
}

// batch is a part of a refused request: it travels alone.
type batch struct {
	ready queue
	left  int // nodes that have not been sent
}

// join puts a node into a batch, or into none.
func (n *node) join(b *batch) {
	if n.batch != nil {
		n.batch.left--
	}
	if n.batch = b; b != nil {
		b.left++
	}
}

// sortByIndex brings nodes into input order. What comes out of a map goes
// through it: the same input gives the same requests.
func sortByIndex(nodes []*node) {
	slices.SortFunc(nodes, func(a, b *node) int { return cmp.Compare(a.Index, b.Index) })
}

func (n *node) parked() bool { return n.parkedOn > 0 }

// awaits tells whether a node waits for a name: it is not created yet, and not
// in the cycle of the node.
func (n *node) awaits(nm *name) bool {
	if nm == nil || nm.settled.Known || nm.missing {
		return false
	}
	return n.cycle == nil || nm.def == nil || nm.def.cycle != n.cycle
}

// awaited is the number of names that a node waits for.
func (n *node) awaited() (count int) {
	for _, nm := range n.uses {
		if n.awaits(nm) {
			count++
		}
	}
	return count
}

// waiters are the nodes that wait for one, and whether they may travel with it:
// these come last, and wait for the name that it defines.
func (n *node) waiters() iter.Seq2[*node, bool] {
	return func(yield func(*node, bool) bool) {
		if n.next != nil && !yield(n.next, false) {
			return
		}
		for _, w := range n.then {
			if w.state != over && !yield(w, false) {
				return
			}
		}
		if n.name == nil {
			return
		}
		for _, u := range n.name.users {
			if u.n.state != over && !yield(u.n, true) {
				return
			}
		}
	}
}

// unblock tells a node that one of the things it waits for is there.
func (p *Planner) unblock(n *node) {
	n.blocked--
	left := n.blocked
	if n.cycle != nil {
		n.cycle.blocked--
		left = n.cycle.blocked
	}
	if left == 0 && n.state == waiting {
		p.enqueue(n)
	}
}

// park tells nodes that one thing each waits for has come to wait for something
// unread, and passes it on.
func (p *Planner) park(nodes ...*node) {
	for len(nodes) > 0 {
		n := nodes[len(nodes)-1]
		nodes = nodes[:len(nodes)-1]
		p.steps++
		if n.state == flying {
			continue // in an ordered job, it took the name for text
		}
		if n.parkedOn++; n.parkedOn > 1 {
			continue
		}
		p.parked++
		if n.cycle != nil {
			n.cycle.dissolve()
		}
		for w := range n.waiters() {
			nodes = append(nodes, w)
		}
	}
}

// unpark tells nodes that one thing each waits for no longer waits for something
// unread, and passes it on.
func (p *Planner) unpark(nodes ...*node) {
	for len(nodes) > 0 {
		n := nodes[len(nodes)-1]
		nodes = nodes[:len(nodes)-1]
		p.steps++
		if n.state == over || n.parkedOn == 0 {
			continue
		}
		if n.parkedOn--; n.parkedOn > 0 {
			p.news++ // it may have been the last that its cycle waited for
			continue
		}
		p.parked--
		for w := range n.waiters() {
			nodes = append(nodes, w)
		}
	}
}

// unparkUsers tells the nodes that refer to a name that it has been read.
func (p *Planner) unparkUsers(nm *name) {
	for _, u := range nm.users {
		p.unpark(u.n)
	}
}

// queue holds nodes, the one that comes first on top.
type queue []*node

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].precedes(q[j]) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*node)) }
func (q *queue) Pop() any {
	old := *q
	n := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return n
}

// first is the first node that is still ready, or nil.
func (q *queue) first() *node {
	for q.Len() > 0 {
		if n := (*q)[0]; n.queue == q && n.state == ready {
			return n
		} else if heap.Pop(q); n.queue == q {
			n.queue = nil
		}
	}
	return nil
}

// next removes it.
func (q *queue) next() *node {
	n := q.first()
	if n != nil {
		heap.Pop(q)
		n.queue = nil
	}
	return n
}

// enqueue puts a ready node, or the head of a ready cycle, into its queue.
func (p *Planner) enqueue(n *node) {
	if n.cycle != nil {
		for _, m := range n.cycle.members {
			m.state = ready
		}
		n = n.cycle.members[0]
	}
	n.state = ready
	q := &p.ready
	if n.batch != nil {
		q = &n.batch.ready
	}
	if n.queue == q || p.cfg.Ordered {
		return
	}
	n.queue = q
	heap.Push(q, n)
}
