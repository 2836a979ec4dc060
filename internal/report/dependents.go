package report

import (
	"cmp"
	"maps"
	"slices"
)

// maxCauses bounds the memory for dependencies. Operations beyond it are shown
// under their own reason, not under that of their cause.
const maxCauses = 10_000

// dependencies count operations that depend on another one under the reason of
// that one.
type dependencies struct {
	reasons map[int]*Reason // of operations that failed, by index
	causes  map[int]int     // of operations that depend on another, by index
	groups  map[group]*dependents

	shown map[*Reason]int // by their own reason, how many are shown under their cause
}

// group identifies operations with the same cause and the same reason.
type group struct {
	cause  int
	reason *Reason
}

type dependents struct {
	count    int
	examples []Example
}

// add adds an operation that did not succeed.
func (d *dependencies) add(r *Reason, e Example) {
	if d.reasons == nil {
		d.reasons, d.causes, d.groups = map[int]*Reason{}, map[int]int{}, map[group]*dependents{}
	}
	if e.cause < 0 {
		if len(d.reasons) < maxCauses {
			d.reasons[e.Index] = r
		}
		return
	}
	if len(d.causes) < maxCauses {
		d.causes[e.Index] = e.cause
	}
	g := group{e.cause, r}
	if d.groups[g] == nil {
		if len(d.groups) == maxCauses {
			return
		}
		d.groups[g] = &dependents{}
	}
	all := d.groups[g]
	if all.count++; len(all.examples) < maxExamples {
		all.examples = append(all.examples, e)
	}
}

// reasonOf returns the reason of an operation, or of the operation at the end
// of its chain of causes; nil if it is not known.
func (d *dependencies) reasonOf(index int) *Reason {
	for range maxCauses { // operations may depend on each other
		if r := d.reasons[index]; r != nil {
			return r
		}
		cause, ok := d.causes[index]
		if !ok {
			return nil
		}
		index = cause
	}
	return nil
}

// countUnderCauses counts dependents under the reasons of their causes. Those
// of one cause stand in input order, whatever the order of their results.
func (d *dependencies) countUnderCauses() {
	d.shown = map[*Reason]int{}
	for _, r := range d.reasons {
		r.Dependents, r.dependents = 0, nil
	}
	byIndex := func(a, b group) int {
		return cmp.Or(cmp.Compare(a.cause, b.cause), cmp.Compare(a.reason.place, b.reason.place))
	}
	for _, g := range slices.SortedFunc(maps.Keys(d.groups), byIndex) {
		r := d.reasonOf(g.cause)
		if r == nil {
			continue
		}
		all := d.groups[g]
		slices.SortFunc(all.examples, func(a, b Example) int { return cmp.Compare(a.Index, b.Index) })
		r.Dependents += all.count
		r.dependents = append(r.dependents, all.examples[:min(len(all.examples), maxExamples-len(r.dependents))]...)
		d.shown[g.reason] += all.count
	}
}
