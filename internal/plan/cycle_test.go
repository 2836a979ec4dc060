package plan

import "testing"

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
	p = numbered(Config{}, Item{Name: "a", Refs: refs("b", "c")}, Item{Name: "b", Refs: refs("a", "c")}, Item{Name: "c", Refs: refs("a", "b")})
	expect(t, p, "[[0 1 2]]")
	if p.Backlog() != 0 {
		t.Errorf("backlog %d, expected 0", p.Backlog())
	}
}
