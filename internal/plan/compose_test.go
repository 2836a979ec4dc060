package plan

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	_ "github.com/webexscim/bulk/internal/raced" // fewer random checks under the race detector
)

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
