package plan

import (
	"cmp"
	"iter"
	"slices"
)

// In the graph, operations are nodes, and edges lead from a node to those that
// it waits for or refers to. Both are linked by number instead of pointer, so
// that a million of them take little memory and little time of the garbage
// collector.

type state uint8

const (
	unread  state = iota // named by references, and not read yet
	waiting              // to be sent
	taken                // in the request being composed
	flying
	dropped // over, but not in the memory yet
	over    // over, and open operations refer to it
)

// node is an operation that is open or that open operations refer to.
type node struct {
	text     string // its name, or the resource that it changes
	index    int32
	number   int32 // its own
	size     int32
	needs    int32 // first edge to a node that it waits for
	waiters  int32 // last edge from a node that waits for it
	chain    int32 // next node in the table of names
	blocked  int32 // nodes that it waits for, without members of its cycle, plus 1 if it is held
	parkedOn int32 // nodes that it waits for and that are parked; 1 if it is unread
	cycle    int32 // number that the members of its cycle share, or 0
	part     int32 // of a refused request, or 0
	place    int32 // in the queue that it was last in, from 1
	mark     int32 // search that has seen it
	num      int32 // edge that the search follows next, or place in its request
	urgency
	state state
	named bool // text is its name, as a create
	held  bool
	toEnd bool // held, and only the end of the input can release it
}

// edge tells that one node waits for another, or refers to it.
type edge struct {
	number        int32 // its own
	from, to      int32 // to is 0 when there is nothing left to wait for
	next          int32 // edge of from
	before, after int32 // edges to the same node: made later, and earlier
	places, width int32 // of a reference
	kind          kind
	required      bool
	ends          bool // from deletes the resource of to
}

type kind uint8

const (
	refers  kind = iota // to the create of a name
	changes             // the same resource, later
	deletes             // the resource of a create to which the other refers too
)

// isParked reports whether a node waits for something unread, or is unread
// itself.
func (n *node) isParked() bool { return n.parkedOn > 0 }

func (n *node) isOver() bool { return n.state >= dropped }

func (n *node) isOpen() bool { return n.state != unread && !n.isOver() }

// inCycleWith reports whether two nodes are members of one cycle.
func (n *node) inCycleWith(m *node) bool { return n.cycle != 0 && n.cycle == m.cycle }

// all are the nodes in use.
func (p *Planner) all() iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for i := int32(1); i <= p.nodes.last; i++ {
			p.steps++
			if n := p.nodes.at(i); n.number != 0 && !yield(n) {
				return
			}
		}
	}
}

func (p *Planner) newNode() *node {
	i, n := p.nodes.take()
	n.number, n.parkedOn = i, 1
	return n
}

// needed yields the edges of a node, with the nodes to which they lead.
func (p *Planner) needed(n *node) iter.Seq2[*edge, *node] {
	return func(yield func(*edge, *node) bool) {
		for i := n.needs; i != 0; {
			p.steps++
			e := p.edges.at(i)
			if e.to != 0 && !yield(e, p.nodes.at(e.to)) {
				return
			}
			i = e.next
		}
	}
}

// waiters yields the edges that lead to a node, with the nodes from which they
// come, the last first. The current edge may be removed meanwhile.
func (p *Planner) waiters(n *node) iter.Seq2[*edge, *node] {
	return func(yield func(*edge, *node) bool) {
		for i := n.waiters; i != 0; {
			p.steps++
			e := p.edges.at(i)
			if i = e.after; !yield(e, p.nodes.at(e.from)) {
				return
			}
		}
	}
}

// connect adds an edge: a node waits for another, or refers to it.
func (p *Planner) connect(from, to *node, k kind) *edge {
	i, e := p.edges.take()
	e.number, e.from, e.kind, e.next = i, from.number, k, from.needs
	from.needs = i
	p.lead(e, to)
	if to.isOver() {
		return e
	}
	from.blocked++
	if to.isParked() {
		from.parkedOn++
	}
	return e
}

// disconnect removes all edges of a node to others.
func (p *Planner) disconnect(n *node) {
	for n.needs != 0 {
		e := p.edges.at(n.needs)
		p.lead(e, nil)
		n.needs = e.next
		p.edges.give(e.number)
	}
}

// lead makes an edge lead to another node, or to none.
func (p *Planner) lead(e *edge, to *node) {
	if e.to != 0 {
		old := p.nodes.at(e.to)
		if e.before == 0 {
			old.waiters = e.after
		} else {
			p.edges.at(e.before).after = e.after
		}
		if e.after != 0 {
			p.edges.at(e.after).before = e.before
		}
		p.tidy(old)
	}
	e.to, e.before, e.after = 0, 0, 0
	if to == nil {
		return
	}
	e.to, e.after, to.waiters = to.number, to.waiters, e.number
	if e.after != 0 {
		p.edges.at(e.after).before = e.number
	}
}

// tidy frees a node that nothing refers to and that is not open.
func (p *Planner) tidy(n *node) {
	if n.waiters != 0 || n.state != unread && n.state != over {
		return
	}
	if n.named {
		p.forgetName(n)
	}
	delete(p.outcomes, n.number)
	p.nodes.give(n.number)
}

// awaited counts the nodes that a node waits for, without members of its cycle.
func (p *Planner) awaited(n *node) (count int32) {
	for _, to := range p.needed(n) {
		if !to.isOver() && !n.inCycleWith(to) {
			count++
		}
	}
	return count
}

// before returns the operation before this one on its resource, nil if there is
// none or it is done.
func (p *Planner) before(n *node) *node {
	for e, to := range p.needed(n) {
		if e.kind == changes {
			return to
		}
	}
	return nil
}

// park tells a node that one more (by 1) or one less (by -1) of the nodes that
// it waits for is parked. If that parks or frees the node, those that wait for
// it are told too.
func (p *Planner) park(by int32, n *node) {
	for nodes := []*node{n}; len(nodes) > 0; {
		n := nodes[len(nodes)-1]
		nodes = nodes[:len(nodes)-1]
		was := n.isParked()
		if n.isOver() || by < 0 && !was {
			continue
		}
		if n.parkedOn += by; n.isParked() == was {
			p.news++ // perhaps only its own cycle parks it now
			continue
		}
		p.parked += int(by)
		for _, w := range p.waiters(n) {
			nodes = append(nodes, w)
		}
	}
}

func sortByIndex(nodes []*node) {
	slices.SortFunc(nodes, func(a, b *node) int { return cmp.Compare(a.index, b.index) })
}
