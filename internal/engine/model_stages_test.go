package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Jobs in stages: the input, and what a stage passes on to the next.

// randomStagesJob is a random job in two or three stages, some of which take
// what is there.
func randomStagesJob(seed uint64) (*job, *randomChooser) {
	j, c := randomJob(seed)
	rng := rand.New(rand.NewPCG(seed, 0x57a6e5))
	j.easy = false
	last := 1 + rng.IntN(2)
	for i := range j.rows {
		j.rows[i].stage = rng.IntN(last + 1)
	}
	slices.SortStableFunc(j.rows, func(a, b row) int { return a.stage - b.stage })
	if rng.IntN(3) == 0 {
		for i, r := range j.rows {
			if r.method == Post && j.journal { // else an earlier stage takes what a later one has made
				j.rows[i].name += fmt.Sprint(" of ", r.stage)
			}
		}
		j.takeExisting(rng)
	}
	return j, c
}

// rowsOf are the rows of a stage as the caller gives them: those that concern
// what an earlier stage was to create hold its id, or are left out if there is
// none.
func (w *model) rowsOf(rows []row, stage int) (out []row) {
	stages := map[int]int{}
	for _, r := range rows {
		stages[r.label] = r.stage
	}
	for _, r := range rows {
		if r.stage != stage {
			continue
		}
		complete := true
		idOf := func(label int) string {
			for _, m := range w.input {
				if m.label == label && m.method == Post && w.told[m.index].ID != "" {
					return w.told[m.index].ID
				}
			}
			complete = false
			return ""
		}
		if s, ok := stages[r.on]; ok && s < stage {
			r.target = idOf(r.on)
		}
		var refs []int
		for _, label := range r.refs {
			switch s, ok := stages[label]; {
			case ok && s < stage:
				r.ids = append(slices.Clone(r.ids), idOf(label))
			case !ok || s == stage:
				refs = append(refs, label)
			}
		}
		r.refs = refs
		if complete {
			out = append(out, r)
		}
	}
	return out
}

// claimAgain claims for the stages before what they have claimed.
func (w *model) claimAgain() {
	for _, key := range w.claimed {
		if e := w.unclaimed(key); e != nil {
			e.claimed = w.stages
		}
	}
}
