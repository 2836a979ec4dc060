package plan

import (
	"cmp"
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// The service of a random job: what becomes of a request.

// answer gives verdicts on some of a request's operations, or refuses it whole.
func (d *driver) answer(k int) {
	f := d.out[k]
	if f.says == nil {
		if rapid.IntRange(0, 7).Draw(d.t, "refused") == 7 && d.halve(f) {
			d.out = slices.Delete(d.out, k, k+1)
			return
		}
		f.says = d.serve(f.req)
	}
	if len(f.left) > 1 && rapid.Bool().Draw(d.t, "reordered") {
		f.left = rapid.Permutation(f.left).Draw(d.t, "verdicts first")
	}
	// What is sent again comes last, at once.
	slices.SortStableFunc(f.left, func(a, b int) int { return cmp.Compare(f.repeats(a), f.repeats(b)) })
	n := len(f.left)
	if final := slices.IndexFunc(f.left, func(k int) bool { return f.repeats(k) > 0 }); final != 0 && rapid.IntRange(0, 3).Draw(d.t, "in part") == 3 {
		if n = rapid.IntRange(1, n).Draw(d.t, "verdicts"); final > 0 && n > final {
			n = len(f.left)
		}
	}
	var verdicts []Verdict
	for _, item := range f.left[:n] {
		verdicts = append(verdicts, d.verdict(f.req.Items[item].Index, f.says[item]))
	}
	if f.left = f.left[n:]; len(f.left) == 0 {
		d.out = slices.Delete(d.out, k, k+1)
	}
	d.p.Settle(f.req, verdicts)
}

func (f *flight) repeats(k int) int {
	if f.says[k] == "again" {
		return 1
	}
	return 0
}

// halve refuses a request whole. It can't be divided when it is one operation
// or one circle.
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

// verdict hands the planner what the service said, and keeps it as a fate.
func (d *driver) verdict(i int, says string) Verdict {
	d.flying[i], d.half[i] = false, 0
	switch says {
	case "again":
		return Verdict{Index: i, Fate: Again}
	case "done":
		d.fix(i, says)
		if d.ops[i].ending == anonymous {
			return Verdict{Index: i, Fate: Done}
		}
		return Verdict{Index: i, Fate: Done, ID: d.id(i)}
	}
	d.fix(i, says)
	return Verdict{Index: i, Fate: Failed}
}
