package plan

// In an ordered job, operations are sent in input order, one request at a time.
// An operation that refers to a later one shares a request with all up to that
// one: they are a span.

// lookForward ends the waiting for names that were not read before the
// operation at index, by operations that cannot share a request with it.
func (p *Planner) lookForward(index int) {
	for p.cfg.Ordered && p.judged <= index-p.cfg.Operations {
		n := p.find(p.judged)
		if p.judged++; n != nil {
			p.giveUp(n)
		}
	}
}

// fillInOrder composes a request of the first operations that are open.
func (p *Planner) fillInOrder() *draft {
	d := &draft{}
	for at := p.first; p.flying == 0 && len(d.items) < p.open; at++ {
		n := p.find(at)
		if n == nil || n.state == taken {
			continue
		}
		if len(d.items) == 0 {
			p.first, d.part = at, n.part
		}
		k := len(d.items)
		switch last, ok := p.takeSpan(d, n); {
		case ok:
			d.cuts = append(d.cuts, k)
		case k > 0 || !d.short:
			return d
		case last == n:
			p.drop(Drop{Index: at, Why: TooLarge, Of: -1})
		default:
			p.drop(Drop{Index: at, Why: Forward, Name: last.text, Of: -1})
		}
	}
	return d
}

// takeSpan takes the span of a node into the request, and returns the last that
// the node itself refers to. It does nothing if part of the span is not at hand
// or does not fit: of a span, no two operations may be such that one has to be
// over before the other.
func (p *Planner) takeSpan(d *draft, first *node) (last *node, ok bool) {
	k, reach := len(d.items), first
	for at := first.index; at <= reach.index; at++ {
		n := p.find(int(at))
		if n == nil {
			continue
		}
		n.cycle = first.number // a span is a unit, as a cycle is
		atHand, fits := !n.held && n.part == d.part, p.fits(d, n)
		for e, to := range p.needed(n) {
			switch {
			case to.isOver():
			case to.state == unread:
				atHand = false
			case e.kind != refers, to.index < first.index && p.cfg.Separate:
				fits = false
			case to.index > reach.index:
				reach = to
			}
		}
		if n == first {
			last = reach
		}
		if d.short = atHand; !atHand || !fits {
			d.undo(k)
			return last, false
		}
		d.add(n)
	}
	return last, true
}
