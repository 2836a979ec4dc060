package plan

// Refuse settles an operation that will not be sent, for a reason that the
// planner does not know: what refers to it, earlier or later, is dropped as
// Needed. It reports whether the operation was the first of its name; of one
// that was not, nothing remains.
func (p *Planner) Refuse(it Item) bool {
	if it.Name == "" {
		return true
	}
	nm, ok := p.define(it.Name)
	if !ok {
		return false
	}
	n := &node{Item: Item{Index: it.Index, Name: it.Name}, name: nm}
	nm.def = n
	p.fresh++
	p.unpark(nm.append(nil))
	p.finish(n, Settled{Known: true, Index: it.Index})
	return true
}
