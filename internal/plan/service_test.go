package plan

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// The service of a random job: what becomes of a request.

// answer takes one step with a request: it is refused whole, or is over, or one
// of its operations is.
func (d *driver) answer(k int) {
	f := d.out[k]
	if f.says == nil {
		if rapid.IntRange(0, 7).Draw(d.t, "refused") == 7 && d.halve(f) {
			d.out = slices.Delete(d.out, k, k+1)
			return
		}
		f.says = d.serve(f.req)
	}
	steps := rapid.IntRange(1, len(f.left)+1).Draw(d.t, "steps")
	for range steps {
		switch {
		case !f.over && (len(f.left) == 0 || rapid.IntRange(0, 3).Draw(d.t, "later") < 3):
			f.over = true
			for _, s := range f.req.Items {
				if d.flying[s.Index] && slices.ContainsFunc(f.left, func(k int) bool { return f.req.Items[k].Index == s.Index }) {
					d.half[s.Index] = 0
				}
			}
			d.p.Over(f.req)
		case len(f.left) > 0:
			at := rapid.IntRange(0, len(f.left)-1).Draw(d.t, "operation")
			item := f.left[at]
			f.left = slices.Delete(f.left, at, at+1)
			d.tell(f.req.Items[item].Index, f.says[item])
		}
	}
	if f.over && len(f.left) == 0 {
		d.out = slices.Delete(d.out, k, k+1)
	}
}

// halve refuses a request whole. It can't be divided when it is one operation
// or one cycle.
func (d *driver) halve(f *flight) bool {
	if !d.p.Halve(f.req) {
		if !d.isUnit(f.req) {
			d.t.Fatal("a request of several parts is not divided")
		}
		return false
	}
	d.parts = append(d.parts, len(f.req.Items))
	for _, s := range f.req.Items {
		d.flying[s.Index] = false
		d.half[s.Index] = len(d.parts)
	}
	return true
}

// serve decides on the operations of a request: "again", "failed", "done", or
// "needed" and the one that it failed with. One that refers to another fares no
// better than that.
func (d *driver) serve(req *Request) []string {
	says := make([]string, len(req.Items))
	at := map[string]int{}
	for k, s := range req.Items {
		op := &d.ops[s.Index]
		at[op.name] = k
		switch {
		case op.again > 0:
			op.again--
			says[k] = "again"
		case op.ending == fails:
			says[k] = "failed"
		default:
			says[k] = "done"
		}
	}
	for changed := true; changed; {
		changed = false
		for k, s := range req.Items {
			for _, name := range s.Inside {
				on := at[name]
				if says[k] == "done" && says[on] != "done" {
					changed = true
					says[k] = "again"
					if says[on] != "again" && rapid.Bool().Draw(d.t, "failed with what it needs") {
						says[k] = fmt.Sprint("needed ", req.Items[on].Index)
					}
				}
			}
		}
	}
	return says
}

// tell tells the planner what the service said, and keeps it.
func (d *driver) tell(i int, says string) {
	d.flying[i], d.half[i] = false, 0
	if says == "again" {
		d.p.Again(i)
		return
	}
	d.fix(i, says)
	s := Outcome{Done: says == "done"}
	if s.Done && d.ops[i].ending != anonymous {
		s.ID = d.id(i)
	}
	d.p.Finish(i, s)
}
