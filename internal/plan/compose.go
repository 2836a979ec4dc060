package plan

// draft is a request being composed.
type draft struct {
	items  []*node
	cuts   []int
	bytes  int
	batch  *batch
	closed bool  // something ready was passed over
	offers queue // what may join, as it waits for something in the request
	stamp  int
}

// Input is what the planner is to expect of the input.
type Input int

// What the input does. Once it has ended and nothing is held, it waits.
const (
	// Flows: more is at hand, or is about to be released, so a request is to be
	// full.
	Flows Input = iota
	// Waits: no more is read for now, since there is enough. A request that is
	// not full leaves, unless it costs no time to wait for an answer that may
	// fill it.
	Waits
	// Pauses: there is no more for now. What can leave does.
	Pauses
)

// Next returns the next request to send, or nil when none should leave yet.
func (p *Planner) Next(in Input) *Request {
	if p.ended && p.held == 0 {
		in = Waits
	}
	if p.cfg.Ordered {
		return p.nextOrdered(in != Flows)
	}
	p.searchSuspects()
	if p.ended && !p.assessed {
		p.searchParked()
		p.assess()
	}
	r := p.compose(in)
	if r == nil && in != Flows && p.news > 0 && (len(p.out) == 0 || searchShare*p.news >= len(p.open)) {
		p.searchParked()
		r = p.compose(in)
	}
	return r
}

// searchShare bounds how often the parked are searched for cycles while there
// is something else to wait for: a part of what is searched has to be news.
const searchShare = 8

// compose makes a request of the parts of refused ones, each by itself, or of
// what is ready.
func (p *Planner) compose(in Input) *Request {
	for len(p.parts) > 0 && p.parts[0].left == 0 {
		p.parts = p.parts[1:]
	}
	for _, b := range p.parts {
		if d := p.fill(&b.ready, b); p.leaves(d, in) {
			return p.commit(d)
		}
	}
	if in == Flows && p.ready.Len() < p.cfg.Operations && p.fresh < p.cfg.Operations/2 {
		return nil // what is ready hardly fills a request
	}
	p.fresh = 0
	if d := p.fill(&p.ready, nil); p.leaves(d, in) {
		return p.commit(d)
	}
	return nil
}

// leaves tells whether a request is to be sent; if not, it is undone.
func (p *Planner) leaves(d *draft, in Input) bool {
	switch {
	case len(d.items) == 0:
		return false
	case p.full(d), in == Pauses, in == Waits && !p.awaited(d):
		return true
	}
	p.putBack(d.items)
	return false
}

// full tells whether nothing could be gained by waiting.
func (p *Planner) full(d *draft) bool {
	if d.batch != nil && len(d.items) == d.batch.left {
		return true
	}
	return d.closed || len(d.items) >= p.cfg.Operations
}

// awaited tells whether an answer still to come may free an operation, so that
// a request that is not full may wait for it: it takes no more rounds than that
// operation does.
func (p *Planner) awaited(d *draft) bool {
	rounds := 0
	for _, n := range d.items {
		rounds = max(rounds, n.rounds)
	}
	for r := range p.out {
		p.steps += len(r.Items)
		for _, s := range r.Items {
			if s.node.isAwaited(rounds) {
				return true
			}
		}
	}
	return false
}

func (n *node) isAwaited(rounds int) bool {
	if n.state != flying || n.rounds < rounds {
		return false // nor does what waits for it take as many
	}
	for w := range n.waiters() {
		if w.state == waiting && !w.parked() && !w.Held && w.rounds >= rounds {
			return true
		}
	}
	return false
}

// maxAside is how many ready nodes are passed over for others, and maxMisfits
// how many of these for lack of bytes.
const (
	maxAside   = 1000
	maxMisfits = 16
)

// fill composes a request from the front of a queue.
func (p *Planner) fill(q *queue, b *batch) *draft {
	p.stamp++
	d := &draft{batch: b, stamp: p.stamp}
	var aside []*node
	misfits := 0
	for len(d.items) < p.cfg.Operations && len(aside) < maxAside && misfits < maxMisfits {
		n := q.next()
		if n == nil {
			break
		}
		p.steps++
		switch fits := p.fits(d, n.unit()); {
		case !fits && len(d.items) == 0:
			p.refuse(n.unit())
		case !fits:
			misfits++
			aside = append(aside, n)
		case p.partsCompany(d, n):
			aside = append(aside, n)
		default:
			p.take(d, n.unit())
			p.invite(d)
		}
	}
	for _, n := range aside {
		switch {
		case n.state != ready: // it has joined
		case p.roomCosts(d) && p.fits(d, n.unit()):
			p.take(d, n.unit())
			p.invite(d)
		default:
			p.enqueue(n)
			d.closed = true
		}
	}
	return d
}

// partsCompany tells whether a node would be parted from what is to travel with
// it.
func (p *Planner) partsCompany(d *draft, n *node) bool {
	return p.assessed && d.batch == nil && len(d.items) > 0 && len(d.items)+n.weight > p.cfg.Operations
}

// roomCosts tells whether the room that is left in a request would cost another.
func (p *Planner) roomCosts(d *draft) bool {
	requests := func(n int) int { return (n + p.cfg.Operations - 1) / p.cfg.Operations }
	left, room := len(p.open)-p.flying-len(d.items), p.cfg.Operations-len(d.items)
	return !p.assessed || requests(left-room) < requests(left)
}

// unit is what has to travel with a node: its cycle, or itself.
func (n *node) unit() []*node {
	if n.cycle != nil {
		return n.cycle.members
	}
	return []*node{n}
}

func size(unit []*node) (bytes int) {
	for _, n := range unit {
		bytes += n.Size
	}
	return bytes
}

func (p *Planner) fits(d *draft, unit []*node) bool {
	ops, bytes := len(d.items)+len(unit), d.bytes+size(unit)
	return ops <= p.cfg.Operations && bytes <= p.cfg.Bytes && (len(d.items) == 0 || bytes <= p.soft)
}

// refuse drops a unit that does not even fit into an empty request.
func (p *Planner) refuse(unit []*node) {
	if len(unit) > 1 {
		p.refuseCycle(unit)
		return
	}
	p.drop(Drop{Index: unit[0].Index, Why: TooLarge, Of: -1})
}

// putBack gives back what a request has taken.
func (p *Planner) putBack(nodes []*node) {
	for _, n := range nodes {
		n.state = waiting
	}
	for _, n := range nodes {
		if n.state == waiting && (n.cycle == nil && n.blocked == 0 || n.cycle != nil && n.cycle.blocked == 0) {
			p.enqueue(n)
		}
	}
}
