package plan

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func refs(names ...string) (out []Ref) {
	for _, n := range names {
		out = append(out, Ref{Name: n, Count: 1, Width: len(n) + 9, Required: true})
	}
	return out
}

// waves sends everything that may leave, answers it all, and goes on until
// nothing is left: each wave is one round trip with unlimited concurrency.
func waves(t rapid.TB, p *Planner) (out [][][]int) {
	t.Helper()
	for range 10000 {
		var wave []*Request
		var shown [][]int
		for r := p.Next(Waits); r != nil; r = p.Next(Waits) {
			wave = append(wave, r)
			var is []int
			for _, s := range r.Items {
				is = append(is, s.Index)
			}
			shown = append(shown, is)
		}
		if len(wave) == 0 {
			if p.Open() > 0 {
				t.Fatalf("%d operations are stuck", p.Open())
			}
			return out
		}
		out = append(out, shown)
		for _, r := range wave {
			succeed(p, r)
		}
	}
	t.Fatal("no end")
	return nil
}

func count(waves [][][]int) (requests, operations int) {
	for _, w := range waves {
		requests += len(w)
		for _, r := range w {
			operations += len(r)
		}
	}
	return requests, operations
}

func newUser(i int, on ...string) Item {
	return Item{Index: i, Name: fmt.Sprintf("u%d", i), Size: 100, Refs: refs(on...)}
}

func TestShapes(t *testing.T) {
	chain := func(n int) (items []Item) {
		items = append(items, newUser(0))
		for i := 1; i < n; i++ {
			items = append(items, newUser(i, fmt.Sprintf("u%d", i-1)))
		}
		return items
	}
	backwards := func(n int) (items []Item) {
		for i := range n - 1 {
			items = append(items, newUser(i, fmt.Sprintf("u%d", i+1)))
		}
		return append(items, newUser(n-1))
	}
	cycle := func(n int) (items []Item) {
		for i := range n {
			items = append(items, newUser(i, fmt.Sprintf("u%d", (i+1)%n)))
		}
		return items
	}
	plain := func(n int) (items []Item) {
		for i := range n {
			items = append(items, newUser(i))
		}
		return items
	}
	group := func(n int) []Item {
		items := plain(n)
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("u%d", i))
		}
		return append(items, Item{Index: n, Name: "g", Refs: refs(all...), Size: 9})
	}
	pairs := func(n int) []Item {
		items := plain(n)
		for i := range n {
			items = append(items, newUser(n+i, fmt.Sprintf("u%d", i)))
		}
		return items
	}
	for _, c := range []struct {
		name            string
		items           []Item
		requests, waves int
		drops           int
	}{
		{"nothing", nil, 0, 0, 0},
		{"one", plain(1), 1, 1, 0},
		{"hundred", plain(100), 1, 1, 0},
		{"hundred and one", plain(101), 2, 1, 0},
		{"250", plain(250), 3, 1, 0},
		{"chain", chain(250), 3, 3, 0},
		{"chain read backwards", backwards(250), 3, 3, 0},
		{"group of 150", group(150), 2, 2, 0},
		{"group of 99", group(99), 1, 1, 0},
		{"pairs", pairs(100), 2, 1, 0},
		{"self", []Item{newUser(0, "u0")}, 1, 1, 0},
		{"cycle of 2", cycle(2), 1, 1, 0},
		{"cycle of 100", cycle(100), 1, 1, 0},
		{"cycle of 101", cycle(101), 0, 0, 101},
		{"unknown", []Item{newUser(0, "nobody"), newUser(1)}, 1, 1, 1},
		{"duplicate", []Item{newUser(0), {Index: 1, Name: "u0"}}, 1, 1, 1},
		{"group of first and last", append(plain(150), Item{Index: 150, Refs: refs("u0", "u149")}), 2, 1, 0},
		{"same resource", slices.Collect(func(yield func(Item) bool) {
			for i := range 250 {
				if !yield(Item{Index: i, Resource: "/Groups/1", Size: 1}) {
					return
				}
			}
		}), 250, 250, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := planner(Config{})
			for _, it := range c.items {
				p.Add(it)
			}
			p.End()
			ws := waves(t, p)
			requests, operations := count(ws)
			drops := len(takeDrops(p))
			if requests != c.requests || len(ws) != c.waves || drops != c.drops || operations+drops != len(c.items) {
				t.Errorf("%d requests, %d waves, %d drops, %d operations", requests, len(ws), drops, operations)
			}
		})
	}
}
