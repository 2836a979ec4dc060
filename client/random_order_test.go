package client_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// Whatever is refused, lost and stopped in some runs: in the end each resource
// is as the last operation on it wants it, and then nothing is left to be done.
func TestRandomOrderOverRuns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		st := &repeatedJob{memory: newMemoryJournal(), refuse: map[string]int{}}
		if rapid.SampledFrom([]bool{false, false, false, false, false, true}).Draw(rt, "disk") {
			st.path = filepath.Join(t.TempDir(), "j")
		}
		of := rapid.SliceOfN(rapid.IntRange(0, 1), 2, 12).Draw(rt, "users")
		stops := rapid.SliceOfN(rapid.IntRange(50, 2000), 1, 3).Draw(rt, "stops")
		capacity := rapid.SampledFrom([]int{1, 2, 100}).Draw(rt, "capacity")
		moody := fickle{which: map[string]bool{"PATCH": true}, moody: rapid.Bool().Draw(rt, "moody"), seen: rapid.IntRange(0, 1).Draw(rt, "first")}
		chaos := webextest.Chaos{CutAfterWork: .05, CutBeforeWork: .05, RefusedItems: .05, MaxDelay: 200 * time.Millisecond}
		cfg := webextest.Config{Seed: rapid.Int64Range(0, 1<<30).Draw(rt, "seed"), Latency: 100 * time.Millisecond, Chaos: chaos, Faults: moody.fault}
		synctest.Test(t, func(t *testing.T) {
			st.t, st.s = t, webextest.New(cfg)
			users, last := []string{add(t, st.s, "a"), add(t, st.s, "b")}, map[string]string{}
			var ops []client.Operation
			for i, u := range of {
				ops = append(ops, titles("/Users/"+users[u], string(rune('A'+i)))...)
				last[users[u]] = ops[i].BulkID
			}
			change := func(c *client.Config) { c.Limits.Operations, c.MaxAttempts = capacity, 30 }
			for _, stop := range stops {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(stop)*time.Millisecond)
				st.run(ctx, change, "", ops...)
				cancel()
			}
			moody.calm()
			st.run(t.Context(), change, "", ops...)
			for id, expected := range last {
				st.title(id, expected)
			}
			st.run(t.Context(), change, strings.TrimSpace(strings.Repeat("succeeded= ", len(ops))), ops...)
			for _, m := range st.memory.misuse {
				t.Error(m)
			}
		})
		if t.Failed() {
			rt.Fatal("see above")
		}
	})
}
