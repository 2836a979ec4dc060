package plan

import "slices"

// The laws: what holds for every request, whatever came before.

func (d *driver) check(req *Request) {
	d.checkLimits(req)
	d.checkCycles(req)
	for k, s := range req.Items {
		if d.held[s.Index] {
			d.t.Fatalf("operation %d is sent while it is held", s.Index)
		}
		if s.Index >= d.read || d.outcome[s.Index] != "" || d.flying[s.Index] || d.place(req, s.Index) != k {
			d.t.Fatalf("operation %d (%q) is sent once more", s.Index, d.outcome[s.Index])
		}
		d.checkReferences(req, k)
		d.checkOrder(req, k)
		half := d.half[s.Index]
		if half != d.half[req.Items[0].Index] || half > 0 && len(req.Items) >= d.parts[half-1] {
			d.t.Fatalf("operation %d is of a divided request, and not sent with a part of it alone: %v", s.Index, indexes(req))
		}
	}
}

// place is where an operation stands in a request, or -1.
func (d *driver) place(req *Request, i int) int {
	return slices.IndexFunc(req.Items, func(s Sending) bool { return s.Index == i })
}

// checkLimits: a request is neither empty nor too large, with ids in place of
// the references that they replace.
func (d *driver) checkLimits(req *Request) {
	bytes := 0
	for _, s := range req.Items {
		bytes += d.ops[s.Index].size
		for _, n := range d.ops[s.Index].needs {
			for _, k := range s.Known {
				if k.Name == n.name {
					bytes += n.places*len(k.ID) - n.width
				}
			}
		}
	}
	most := d.limits.bytes
	if !d.isUnit(req) {
		most = min(most, d.soft)
	}
	if bytes > most || len(req.Items) == 0 || len(req.Items) > d.limits.operations {
		d.t.Fatalf("%d operations, %d bytes", len(req.Items), bytes)
	}
}

// isUnit: it can't be divided, and so may exceed the bytes that are preferred.
func (d *driver) isUnit(req *Request) bool {
	for k := range req.Items {
		if !(d.leads(req, 0, k) && d.leads(req, k, 0)) && !d.ordered {
			return false
		}
	}
	return !d.ordered || len(req.cuts) == 1
}

// checkReferences: each reference is replaced by the right id, or stands in the
// request of its definition and after it, a cycle apart. Plain text is only
// what may be.
func (d *driver) checkReferences(req *Request, k int) {
	s := req.Items[k]
	op := d.ops[s.Index]
	resolved := 0
	for _, n := range op.needs {
		def, defined := d.definers[n.name]
		if n.name == op.name {
			continue
		}
		known := slices.IndexFunc(s.Known, func(k Known) bool { return k.Name == n.name })
		inside := slices.Contains(s.Inside, n.name)
		switch {
		case known >= 0 && inside || (known >= 0 || inside) && !defined:
			d.t.Fatalf("operation %d: %s is known and inside, or undefined", s.Index, n.name)
		case known >= 0:
			is := d.settled[n.name]
			if k := s.Known[known]; is.ID == "" || k.ID != is.ID {
				d.t.Fatalf("operation %d: %s is %v, not %v", s.Index, n.name, is, k)
			}
		case inside:
			d.checkInside(req, k, def)
		case !n.optional || !d.isTooFar(s.Index, def, defined) && (defined || !d.ended):
			d.t.Fatalf("operation %d: reference to %s is left unresolved", s.Index, n.name)
		default:
			continue
		}
		resolved++
	}
	if resolved != len(s.Known)+len(s.Inside) {
		d.t.Fatalf("operation %d: more is resolved than it refers to: %v %v", s.Index, s.Known, s.Inside)
	}
}

// isTooFar: in an ordered job, no request can hold an operation and the create
// of a name, which comes later.
func (d *driver) isTooFar(i, def int, defined bool) bool {
	if !defined {
		def = d.read
	}
	return d.ordered && def-i >= d.limits.operations
}

// checkInside: a definition stands in the same request, and first. In a cycle
// and where the input order wants it, it may follow; only there do references
// travel with it that are to be kept apart.
func (d *driver) checkInside(req *Request, k, def int) {
	at := d.place(req, def)
	if at < 0 {
		d.t.Fatalf("operation %d: %s is not in its request", req.Items[k].Index, d.ops[def].name)
	}
	circular := d.leads(req, at, k)
	if at > k && !d.ordered && !circular {
		d.t.Fatalf("operation %d stands before %d, to which it refers", req.Items[k].Index, def)
	}
	if d.separate && !circular && !d.ordered {
		d.t.Fatalf("operation %d travels with %d, to which it refers", req.Items[k].Index, def)
	}
}

// leads tells whether references lead from one place in a request to another.
func (d *driver) leads(req *Request, from, to int) bool {
	seen := map[int]bool{}
	next := []int{from}
	for len(next) > 0 {
		at := next[0]
		if next = next[1:]; at == to {
			return true
		}
		for _, name := range req.Items[at].Inside {
			if on := d.place(req, d.definers[name]); on >= 0 && !seen[on] {
				seen[on] = true
				next = append(next, on)
			}
		}
	}
	return false
}

// checkOrder: the operation before on the resource is done, and what precedes a
// delete by reference is over. In an ordered job all that was read before is
// over, or stands before in the same request.
func (d *driver) checkOrder(req *Request, k int) {
	i := req.Items[k].Index
	o := judge{ops: d.ops}
	for e := range i {
		on := o.precedes(e, i)
		if on && d.outcome[e] != "done" && d.outcome[e] != "resolved" || o.precedesDelete(e, i) && d.outcome[e] == "" {
			d.t.Fatalf("operation %d is sent before %d is over", i, e)
		}
		if at := d.place(req, e); d.ordered && d.outcome[e] == "" && (at < 0 || at > k) {
			d.t.Fatalf("operation %d is sent before %d", i, e)
		}
	}
}

// checkCycles: two operations are in one cycle if they lead to each other.
func (d *driver) checkCycles(req *Request) {
	for a, s := range req.Items {
		in := false
		for b, other := range req.Items {
			same := s.Cycle > 0 && s.Cycle == other.Cycle
			if a != b && same != (d.leads(req, a, b) && d.leads(req, b, a)) {
				d.t.Fatalf("operations %d and %d are in one cycle, or not: %+v", s.Index, other.Index, req.Items)
			}
			in = in || a != b && same
		}
		if in != (s.Cycle > 0) || len(s.Depends) != len(s.Inside) {
			d.t.Fatalf("operation %d: cycle %d, depends on %v", s.Index, s.Cycle, s.Depends)
		}
		for k, place := range s.Depends {
			if on := req.Items[place].Index; d.definers[s.Inside[k]] != on {
				d.t.Fatalf("operation %d: %s is not operation %d", s.Index, s.Inside[k], on)
			}
		}
	}
}

func indexes(req *Request) (out []int) {
	for _, s := range req.Items {
		out = append(out, s.Index)
	}
	return out
}
