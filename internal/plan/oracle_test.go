package plan

import (
	"fmt"
	"slices"
)

// The oracle says what must become of each operation of a job, from the whole
// job at once: no streaming, no requests, no order of answers. It knows nothing
// of the planner.

// operation is an operation of a random job.
type operation struct {
	name     string // what it defines
	resource string // what it changes
	ends     bool   // it deletes the resource, which it refers to
	needs    []need
	size     int
	ending   ending
	held     bool // it is held for a while
	again    int  // how often it has to be repeated before that
}

// need is a reference to a name, which fills width bytes in so many places.
type need struct {
	name          string
	optional      bool
	places, width int
}

// ending is what comes of an operation if it is sent.
type ending int

const (
	succeeds  ending = iota
	fails            // at the service
	anonymous        // succeeds, and the service does not say under which id
	refused          // by the caller, while it is held
	resolved         // it succeeded in an earlier run, as is found while it is held
)

// limits bound a request.
type limits struct{ operations, bytes int }

// oracle computes what each operation may come to. There is one but
// where it depends on who travels with whom:
//   - which of several causes is named,
//   - whether an operation joins one that turns out to have no id, or waits for
//     it in vain,
//   - whether one that fails anyhow is sent beside its failing cause,
//   - whether something too large is sent before a limit falls (from first to
//     last), or fits only as long as a reference stands for an id of another
//     length.
func oracle(ops []operation, first, last limits, ordered bool, idLen int) [][]string {
	o := newJudge(ops, ordered, idLen)
	all := make([][]string, len(ops))
	must := o.spread(func(i int) bool {
		return ops[i].ending == fails || len(o.reasons(i, first, false)) > 0
	}, func(i int, n need, d int, lost []bool) bool {
		return lost[d] && !(ordered && n.optional && d > i)
	})
	may := o.spread(func(i int) bool {
		return ops[i].ending == fails || len(o.reasons(i, last, true)) > 0
	}, func(_ int, _ need, d int, lost []bool) bool {
		return lost[d] || ops[d].ending == anonymous && !must[d]
	})
	for i, op := range ops {
		outcomes := o.reasons(i, last, true)
		for _, d := range o.needed(i) {
			if may[d] {
				outcomes = append(outcomes, fmt.Sprint("needed ", d))
			}
			if ops[d].ending == anonymous && !must[d] {
				outcomes = append(outcomes, fmt.Sprint("no id ", d))
			}
		}
		for e := range i {
			if o.precedes(e, i) && may[e] {
				outcomes = append(outcomes, fmt.Sprint("needed ", e))
			}
		}
		switch {
		case o.isDuplicate(i):
			outcomes = []string{"duplicate"}
		case op.ending == refused:
			outcomes = []string{"refused"}
		case op.ending == resolved:
			outcomes = []string{"resolved"}
		case op.ending == fails:
			outcomes = append(outcomes, "failed")
		case !must[i]:
			outcomes = append(outcomes, "done")
		}
		all[i] = outcomes
	}
	return all
}

type judge struct {
	ops     []operation
	ordered bool
	idLen   int
	definer map[string]int
	leads   [][]bool // from one operation to another, by references
}

func newJudge(ops []operation, ordered bool, idLen int) *judge {
	o := &judge{ops: ops, ordered: ordered, idLen: idLen, definer: map[string]int{}}
	for i, op := range ops {
		if _, taken := o.definer[op.name]; op.name != "" && !taken {
			o.definer[op.name] = i
		}
	}
	for i := range ops {
		o.leads = append(o.leads, make([]bool, len(ops)))
		for _, d := range o.needed(i) {
			o.leads[i][d] = true
		}
	}
	for via := range ops {
		for a := range ops {
			for b := range ops {
				if o.leads[a][via] && o.leads[via][b] {
					o.leads[a][b] = true
				}
			}
		}
	}
	return o
}

// isDuplicate: an earlier operation has its name.
func (o *judge) isDuplicate(i int) bool {
	name := o.ops[i].name
	return name != "" && o.definer[name] != i
}

// takesPart: it may be sent, as far as it alone is concerned.
func (o *judge) takesPart(i int) bool {
	return o.ops[i].ending != refused && o.ops[i].ending != resolved && !o.isDuplicate(i)
}

// precedes: one operation comes before another on the same resource.
func (o *judge) precedes(e, i int) bool {
	return e < i && o.ops[i].resource != "" && o.ops[e].resource == o.ops[i].resource
}

// needed lists the operations, itself apart, to which one refers.
func (o *judge) needed(i int) (out []int) {
	if !o.takesPart(i) {
		return nil
	}
	for _, n := range o.ops[i].needs {
		if d, ok := o.definer[n.name]; ok && d != i {
			out = append(out, d)
		}
	}
	return out
}

// spread finds what is lost: what is so by itself, and again and again what
// depends on something lost, until nothing is added.
func (o *judge) spread(itself func(i int) bool, passes func(i int, n need, d int, lost []bool) bool) []bool {
	lost := make([]bool, len(o.ops))
	for changed := true; changed; {
		changed = false
		for i, op := range o.ops {
			is := lost[i] || op.ending == refused || o.takesPart(i) && itself(i)
			for e := range i {
				is = is || o.precedes(e, i) && lost[e] && o.takesPart(i)
			}
			for _, n := range op.needs {
				if d, ok := o.definer[n.name]; ok && d != i && o.takesPart(i) && passes(i, n, d, lost) {
					is = true
				}
			}
			changed = changed || is != lost[i]
			lost[i] = is
		}
	}
	return lost
}

// reasons tells why an operation can't be sent: at the least, when references
// and ids are as short as they may be, or at the most.
func (o *judge) reasons(i int, l limits, most bool) (why []string) {
	for _, n := range o.ops[i].needs {
		if _, ok := o.definer[n.name]; !ok && !n.optional {
			why = append(why, "unknown "+n.name)
		}
	}
	if o.size(i, most) > l.bytes {
		why = append(why, "too large")
	}
	members, bytes := o.cycle(i)
	if !o.ordered && len(members) > 1 && (len(members) > l.operations || bytes(most) > l.bytes) {
		why = append(why, "cycle")
	}
	if o.ordered && most && !o.closes(i, l) {
		why = append(why, "forward")
	}
	return why
}

// size is the most or the least that an operation takes in a request.
func (o *judge) size(i int, most bool) int {
	size := o.ops[i].size
	for _, n := range o.ops[i].needs {
		if grows := n.places*o.idLen - n.width; grows > 0 == most {
			size += grows
		}
	}
	return size
}

// cycle lists the operations that lead to one and back, and itself.
func (o *judge) cycle(i int) (members []int, bytes func(most bool) int) {
	for k := range o.ops {
		if k == i || o.leads[i][k] && o.leads[k][i] {
			members = append(members, k)
		}
	}
	return members, func(most bool) (sum int) {
		for _, k := range members {
			sum += o.size(k, most)
		}
		return sum
	}
}

// closes tells whether an operation of an ordered job fits into a request with
// all that stands between it and what it refers to, directly or not.
func (o *judge) closes(i int, l limits) bool {
	sum, to := 0, i
	for k := i; k <= to; k++ {
		for _, n := range o.ops[k].needs {
			if d, ok := o.definer[n.name]; ok && o.takesPart(k) {
				to = max(to, d)
			} else if !ok && !n.optional {
				return false
			}
		}
		for e := i; e < k; e++ {
			if o.precedes(e, k) || o.precedesDelete(e, k) {
				return false
			}
		}
		sum += o.size(k, true)
	}
	return to-i < l.operations && sum <= l.bytes
}

// precedesDelete: an operation, not the create, refers to what a later one
// deletes by reference.
func (o *judge) precedesDelete(e, i int) bool {
	return e < i && o.ops[i].ends && o.ops[e].name != o.ops[i].needs[0].name && slices.ContainsFunc(o.ops[e].needs, func(n need) bool { return n.name == o.ops[i].needs[0].name })
}
