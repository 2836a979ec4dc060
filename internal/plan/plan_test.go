package plan

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	_ "github.com/webexscim/bulk/internal/raced" // fewer random checks under the race detector
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

// numbered makes a planner of operations that were read, in that order.
func numbered(cfg Config, items ...Item) *Planner {
	p := planner(cfg)
	for i, it := range items {
		it.Index, it.Size = i, max(it.Size, 1)
		p.Add(it)
	}
	return p
}

// The same input gives the same requests.
func TestRandomJobsAreComposedOneWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := jobs.Draw(t, "job")
		compose := func() [][][]int {
			p := planner(j.config())
			for i, op := range j.ops {
				it := op.item(i)
				it.Held = false
				p.Add(it)
			}
			p.End()
			return waves(t, p)
		}
		if a, b := compose(), compose(); fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%v and %v", a, b)
		}
	})
}

// What has no room for the next operation does not wait for a smaller one.
func TestRequestLeavesWhenTheNextDoesNotFit(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		p := numbered(Config{Operations: 2, Bytes: 100, Ordered: ordered}, Item{Size: 60}, Item{Size: 60})
		if r := p.Next(Flows); r == nil || len(r.Items) != 1 {
			t.Errorf("%v, expected the first alone", r)
		}
	}
}

// What waits for the urgent does not wait longer for what is not: many changes
// of one resource go beside few plain operations, not after them.
func TestUrgentGoesFirst(t *testing.T) {
	var items []Item
	for range 20 {
		items = append(items, Item{})
	}
	for range 10 {
		items = append(items, Item{Resource: "/r"})
	}
	p := numbered(Config{Operations: 3}, items...)
	p.End()
	if all := waves(t, p); len(all) != 10 {
		t.Errorf("%d rounds, expected 10", len(all))
	}
}

// It does so although all that needs it has no room since the limit fell.
func TestUrgentGoesFirstUnderALowerLimit(t *testing.T) {
	p := numbered(Config{Operations: 4}, Item{}, Item{}, Item{Name: "a"}, Item{Refs: refs("a")}, Item{Refs: refs("a")}, Item{Refs: refs("a")})
	p.End()
	p.Limit(2)
	p.Limit(3) // does not raise it
	if r := p.Next(Waits); !slices.Equal(indexes(r), []int{2, 3}) {
		t.Errorf("%v", indexes(r))
	}
}

func TestPreferredBytesAreNotRaised(t *testing.T) {
	p := numbered(Config{}, Item{Size: 50}, Item{Size: 50})
	p.Prefer(60)
	p.Prefer(100)
	expect(t, p, "[[0] [1]]")
}

// While what is held is about to be released, a request waits for it.
func TestRequestWaitsForWhatIsReleased(t *testing.T) {
	p := numbered(Config{Operations: 2}, Item{}, Item{Held: true})
	if r := p.Next(Flows); r != nil {
		t.Fatalf("%v, expected none", indexes(r))
	}
	p.Release(1)
	if r := p.Next(Flows); r == nil || len(r.Items) != 2 {
		t.Errorf("%v, expected both", r)
	}
}

// The parts of a refused request travel alone, even those of a part whose
// operations were brought together by one that needs them.
func TestPartsOfAPartStayApart(t *testing.T) {
	p := numbered(Config{}, Item{Name: "x"}, Item{Name: "y"}, Item{Refs: refs("x", "y")}, Item{}, Item{}, Item{}, Item{}, Item{})
	whole := p.Next(Waits)
	if !p.Halve(whole) {
		t.Fatal("not divided")
	}
	p.Limit(3)
	first := p.Next(Waits) // x, y and what needs them; one more is left of this part
	if got := indexes(first); !slices.Equal(got, []int{0, 1, 2}) || !p.Halve(first) {
		t.Fatal(got)
	}
	var all [][]int
	for r := p.Next(Waits); r != nil; r = p.Next(Waits) {
		all = append(all, indexes(r))
		succeed(p, r)
	}
	if got := fmt.Sprint(all); got != "[[0] [1 2] [3] [4 5 6] [7]]" {
		t.Error(got)
	}
}

// A part of a refused request travels whole, whatever waits for it.
func TestPartTravelsWhole(t *testing.T) {
	p := numbered(Config{Operations: 4}, Item{Name: "a"}, Item{Name: "b"}, Item{}, Item{})
	if !p.Halve(p.Next(Waits)) {
		t.Fatal("not divided")
	}
	for i, on := range [][]string{{"a"}, {"a"}, {"a", "b"}, {"b"}, {"b"}} {
		p.Add(Item{Index: 4 + i, Refs: refs(on...)})
	}
	p.End()
	if got := fmt.Sprint(indexes(p.Next(Waits)), indexes(p.Next(Waits))); got != "[0 1] [2 3]" {
		t.Error(got)
	}
}

// While a part of a refused request waits for the other, other operations go.
func TestPartsHoldNothingBack(t *testing.T) {
	items := []Item{{Name: "a"}}
	for range 3 {
		items = append(items, Item{Refs: refs("a")})
	}
	p := numbered(Config{Operations: 4}, append(items, make([]Item, 8)...)...)
	if !p.Halve(p.Next(Flows)) {
		t.Fatal("not divided")
	}
	for _, expected := range []int{2, 4, 4} {
		if r := p.Next(Flows); r == nil || len(r.Items) != expected {
			t.Fatalf("%v, expected %d operations", r, expected)
		}
	}
	if r := p.Next(Flows); r != nil {
		t.Errorf("%v, though its operations need one in flight", indexes(r))
	}
}

// pair is a cycle of two.
func pair(first int) []Item {
	return []Item{{Index: first, Name: "a", Refs: refs("b"), Size: 1}, {Index: first + 1, Name: "b", Refs: refs("a"), Size: 1}}
}

// A cycle goes when the source pauses, whatever else waits for what has not
// been read, and whatever is under way.
func TestCycleGoesWhenTheSourcePauses(t *testing.T) {
	for _, parked := range []int{0, 100} {
		for _, flying := range []bool{false, true} {
			p := planner(Config{})
			for i := range parked {
				p.Add(Item{Index: i, Name: newUser(i).Name, Refs: refs("nobody"), Size: 1})
			}
			if r := p.Next(Pauses); r != nil {
				t.Fatal(indexes(r))
			}
			if flying && parked == 0 {
				p.Add(Item{Index: 1000, Size: 1})
				p.Next(Pauses)
			}
			for _, it := range pair(2000) {
				p.Add(it)
			}
			if r := p.Next(Pauses); r == nil || len(r.Items) != 2 {
				t.Errorf("%d parked, one in flight %v: %v", parked, flying, r)
			}
		}
	}
}

// A cycle that was complete but for one name is found when that is read.
func TestCycleIsFoundWhenItsLastNameIsRead(t *testing.T) {
	p := planner(Config{})
	cycle := pair(0)
	cycle[0].Refs = refs("b", "x")
	for _, it := range cycle {
		p.Add(it)
	}
	if r := p.Next(Pauses); r != nil {
		t.Fatal(indexes(r))
	}
	p.Add(Item{Index: 2, Name: "x", Size: 1})
	expect(t, p, "[[2 0 1]]")

	// It is so where all members wait for all others, too.
	p = numbered(Config{}, Item{Name: "a", Refs: refs("b", "c", "d")}, Item{Name: "b", Refs: refs("a", "c", "d")},
		Item{Name: "c", Refs: refs("a", "b", "d")}, Item{Name: "d", Refs: refs("a", "b", "c")})
	expect(t, p, "[[0 1 2 3]]")
	if p.Backlog() != 0 {
		t.Errorf("backlog %d, expected 0", p.Backlog())
	}
}
