package plan

import (
	"cmp"
	"container/heap"
	"slices"
)

type state uint8

const (
	waiting state = iota
	ready
	taken // in the request being composed
	flying
	settled
)

// node is an operation that has no fate yet.
type node struct {
	Item
	state  state
	name   *name   // what it defines
	uses   []use   // what it refers to, itself apart
	preds  []*node // what must be over before it goes; some of it may be settled
	succs  []*node // likewise
	circle *circle
	batch  *batch

	blocked  int    // uses and preds not yet met
	parkedOn int    // those of them that are unread or parked
	queue    *queue // where it stands; elsewhere it may have been left behind
	tried    int    // the draft that it could not join
	mark     int    // the search that has seen it

	urgency
	low, num int32 // for the search for circles
	onStack  bool
}

// sortByIndex brings nodes into input order. What comes out of a map goes
// through it: the same input gives the same requests.
func sortByIndex(nodes []*node) {
	slices.SortFunc(nodes, func(a, b *node) int { return cmp.Compare(a.Index, b.Index) })
}

func (n *node) parked() bool { return n.parkedOn > 0 }

type useState uint8

const (
	pending useState = iota
	inner            // of its own circle
	known
	failed
	nameless // done, and under which id is not known
	text
)

// use is one reference of a node.
type use struct {
	name  *name
	ref   int32 // in Item.Refs
	state useState
	id    string // of a known one
	of    int    // the operation behind one that failed or has no id
}

func (u *use) fail(why Why, of int) {
	u.state, u.of = failed, of
	if why == NoID {
		u.state = nameless
	}
}

// why is the reason to drop the node of a use that has failed.
func (u *use) why() (why Why, ok bool) {
	if u.state == nameless {
		return NoID, true
	}
	return Needed, u.state == failed
}

// name is what a bulkId stands for, until it is settled.
type name struct {
	text  string
	def   *node // nil: not read yet
	users []user
}

// user is a node that refers to a name, and which of its uses does.
type user struct {
	n *node
	i int32
}

func (u user) use() *use { return &u.n.uses[u.i] }

// append adds the nodes that refer to a name.
func (nm *name) append(nodes []*node) []*node {
	if nm != nil {
		for _, u := range nm.users {
			nodes = append(nodes, u.n)
		}
	}
	return nodes
}

// batch is a part of a refused request: it travels alone.
type batch struct {
	ready queue
	left  int
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

// enqueue puts a ready node, or the head of a ready circle, into its queue.
func (p *Planner) enqueue(n *node) {
	if n.circle != nil {
		for _, m := range n.circle.members {
			m.state = ready
		}
		n = n.circle.members[0]
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

// unblock tells a node that one of the things it waits for is there.
func (p *Planner) unblock(n *node) {
	n.blocked--
	if n.circle != nil {
		n.circle.blocked--
		if n.circle.blocked > 0 {
			return
		}
	} else if n.blocked > 0 {
		return
	}
	if n.state == waiting {
		p.enqueue(n)
	}
}

// unpark tells nodes that one thing each waited for is no longer out of reach,
// and passes it on.
func (p *Planner) unpark(nodes []*node) {
	for len(nodes) > 0 {
		n := nodes[len(nodes)-1]
		nodes = nodes[:len(nodes)-1]
		if n.state == settled || n.parkedOn == 0 {
			continue
		}
		if n.parkedOn--; n.parkedOn == 0 {
			p.parked--
			nodes = append(nodes, n.succs...)
			nodes = n.name.append(nodes)
		} else {
			p.news++ // it may have been the last that its circle waited for
		}
	}
}
