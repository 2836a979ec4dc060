package plan

import (
	"cmp"
	"iter"
	"slices"
)

// The graph: operations are nodes, and edges lead from each to what it waits for
// or refers to. Both are linked by number, so that a million of them take little
// room and the garbage collector has little to follow.

type state uint8

const (
	unread  state = iota // named by references, and not read yet
	waiting              // for other operations, or to be released
	ready                // or perhaps so, as far as a cycle is concerned
	taken                // in the request being composed
	flying
	dropped // over, which the memory does not know yet
	over    // referred to by open operations
)

// node is an operation that is open or that open operations refer to.
type node struct {
	text     string // its name, or the resource that it changes
	index    int32
	number   int32 // its own
	size     int32
	needs    int32 // first edge to what it waits for
	waiters  int32 // last edge of the ring from those that wait for it
	chain    int32 // next node in the table of names
	blocked  int32 // things that it waits for
	parkedOn int32 // those of them that are unread or parked
	cycle    int32 // first member of the cycle that it is united with
	part     int32 // of a refused request
	place    int32 // in its queue, from 1; 0 if it is in none
	mark     int32 // search that has seen it
	num      int32 // its place in that search, or in its request
	urgency
	state state
	named bool // text is its name
	held  bool
	toEnd bool // held, and only the end of the input can release it
}

// edge tells that one node waits for another, or refers to it.
type edge struct {
	from, to      int32 // to is 0 when there is nothing left to wait for
	next          int32 // edge of from
	before, after int32 // in the ring of to
	places, width int32 // of a reference
	kind          kind
	required      bool
	ends          bool // from deletes what it refers to
}

type kind uint8

const (
	refers  kind = iota // to the create of a name
	changes             // the same resource, later
	deletes             // what the other refers to, too
	follows             // in an ordered job
)

// mayJoin tells whether an operation may travel with the one that it waits for,
// not being united with it.
func (p *Planner) mayJoin(e *edge) bool {
	return e.kind == follows || e.kind == refers && !p.cfg.Separate
}

// resource is what operations change one after the other. It is kept as long as
// one of them is open, or dropped and not yet in the memory.
type resource struct {
	last   int32 // node
	nodes  int
	failed bool // an operation on it ended otherwise than done
	of     int  // the first such
}

func (n *node) isParked() bool { return n.parkedOn > 0 }

// parks tells whether what waits for a node waits for something unread.
func (n *node) parks() bool { return n.state == unread || n.isParked() }

func (n *node) isOver() bool { return n.state >= dropped }

func (n *node) isOpen() bool { return n.state != unread && !n.isOver() }

// all are the nodes in use.
func (p *Planner) all() iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for i := int32(1); i <= p.nodes.last; i++ {
			if n := p.nodes.at(i); n.number != 0 && !yield(n) {
				return
			}
		}
	}
}

// needed are a node's edges, with what they lead to.
func (p *Planner) needed(n *node) iter.Seq2[*edge, *node] {
	return func(yield func(*edge, *node) bool) {
		for i := n.needs; i != 0; {
			e := p.edges.at(i)
			if e.to != 0 && !yield(e, p.nodes.at(e.to)) {
				return
			}
			i = e.next
		}
	}
}

// waiters are the edges that lead to a node, with where they come from, in the
// order in which they were made. The current edge may be removed meanwhile.
func (p *Planner) waiters(n *node) iter.Seq2[*edge, *node] {
	return func(yield func(*edge, *node) bool) {
		if n.waiters == 0 {
			return
		}
		for i, last := p.edges.at(n.waiters).after, n.waiters; ; {
			e := p.edges.at(i)
			next := e.after
			if !yield(e, p.nodes.at(e.from)) || i == last {
				return
			}
			i = next
		}
	}
}

// connect has a node wait for another, or refer to it.
func (p *Planner) connect(from, to *node, k kind) *edge {
	i := p.edges.take()
	e := p.edges.at(i)
	e.from, e.kind, e.next = from.number, k, from.needs
	from.needs = i
	p.lead(i, to)
	if to.isOver() {
		return e
	}
	from.blocked++
	if to.parks() {
		from.parkedOn++
	}
	return e
}

// lead has an edge lead to another node, or to none.
func (p *Planner) lead(number int32, to *node) {
	e := p.edges.at(number)
	if e.to != 0 {
		old := p.nodes.at(e.to)
		p.edges.at(e.before).after, p.edges.at(e.after).before = e.after, e.before
		switch {
		case e.after == number:
			old.waiters = 0
		case old.waiters == number:
			old.waiters = e.before
		}
		p.tidy(old)
	}
	if e.to = 0; to == nil {
		return
	}
	e.to = to.number
	if to.waiters == 0 {
		e.before, e.after = number, number
	} else {
		e.before, e.after = to.waiters, p.edges.at(to.waiters).after
		p.edges.at(e.before).after, p.edges.at(e.after).before = number, number
	}
	to.waiters = number
}

// numberOf is the number of an edge that leads to a node.
func (p *Planner) numberOf(e *edge) int32 { return p.edges.at(e.after).before }

// disconnect removes all that a node waits for or refers to.
func (p *Planner) disconnect(n *node) {
	for n.needs != 0 {
		i := n.needs
		p.lead(i, nil)
		n.needs = p.edges.at(i).next
		p.edges.give(i)
	}
}

// tidy frees a node that nothing refers to and that is not open.
func (p *Planner) tidy(n *node) {
	if n.waiters != 0 || n.state != unread && n.state != over {
		return
	}
	if n.named {
		p.forgetName(n)
		delete(p.settled, n.number)
	}
	p.nodes.give(n.number)
}

// isAwaited tells whether an edge leads to what is not over, and not in the same
// cycle.
func (p *Planner) isAwaited(e *edge) bool {
	if e.to == 0 {
		return false
	}
	from, to := p.nodes.at(e.from), p.nodes.at(e.to)
	return !to.isOver() && (from.cycle == 0 || from.cycle != to.cycle)
}

// awaited counts what a node waits for.
func (p *Planner) awaited(n *node) (count int32) {
	for e := range p.needed(n) {
		if p.isAwaited(e) {
			count++
		}
	}
	return count
}

// before is the node that one comes after, on a resource or in an ordered job;
// nil if that is over.
func (p *Planner) before(n *node, k kind) *node {
	for e, to := range p.needed(n) {
		if e.kind == k && !to.isOver() {
			return to
		}
	}
	return nil
}

// unblock tells a node that one of the things it waits for is there.
func (p *Planner) unblock(n *node) {
	if n.blocked--; n.state == waiting && (n.blocked == 0 || n.cycle != 0) {
		p.enqueue(n)
	}
}

// park tells a node that something it waits for has come to wait for something
// unread, and passes it on.
func (p *Planner) park(n *node) {
	for nodes := []*node{n}; len(nodes) > 0; {
		n := nodes[len(nodes)-1]
		nodes = nodes[:len(nodes)-1]
		p.steps++
		if n.parkedOn++; n.parkedOn > 1 {
			continue
		}
		p.parked++
		p.dissolve(n)
		nodes = p.appendWaiters(nodes, n)
	}
}

// unpark tells nodes that something each waits for no longer waits for anything
// unread, and passes it on.
func (p *Planner) unpark(nodes ...*node) {
	for len(nodes) > 0 {
		n := nodes[len(nodes)-1]
		nodes = nodes[:len(nodes)-1]
		p.steps++
		if n.isOver() || n.parkedOn == 0 {
			continue
		}
		if n.parkedOn--; n.parkedOn > 0 {
			p.news++ // it may have been the last that its cycle waited for
			continue
		}
		p.parked--
		nodes = p.appendWaiters(nodes, n)
	}
}

func (p *Planner) appendWaiters(nodes []*node, n *node) []*node {
	for _, w := range p.waiters(n) {
		nodes = append(nodes, w)
	}
	return nodes
}

func sortByIndex(nodes []*node) {
	slices.SortFunc(nodes, func(a, b *node) int { return cmp.Compare(a.index, b.index) })
}
