package plan

import (
	"fmt"
	"slices"
	"testing"
)

// requests composes all that can leave.
func requests(p *Planner) (out []*Request, shown string) {
	var all [][]int
	for r := p.Next(Pauses); r != nil; r = p.Next(Pauses) {
		out, all = append(out, r), append(all, indexes(r))
	}
	return out, fmt.Sprint(all)
}

func expect(t *testing.T, p *Planner, expected string) []*Request {
	t.Helper()
	out, shown := requests(p)
	if shown != expected {
		t.Fatalf("%s are sent, expected %s", shown, expected)
	}
	return out
}

// show shows drops: the operation, the reason, the name, and the other one.
func show(drops []Drop) string {
	var all []string
	for _, d := range drops {
		all = append(all, fmt.Sprint(d.Index, d.Why, d.Name, d.Of))
	}
	return fmt.Sprint(all)
}

func expectDrops(t *testing.T, p *Planner, expected ...Drop) {
	t.Helper()
	if got := show(takeDrops(p)); got != show(expected) {
		t.Fatalf("dropped: %s, expected %s", got, show(expected))
	}
}

func TestOperationsOnOneResourceGoOneByOne(t *testing.T) {
	p := numbered(Config{}, Item{Resource: "/r"}, Item{Resource: "/r"}, Item{Resource: "/s"}, Item{Resource: "/r"})
	r := expect(t, p, "[[0 2]]")
	p.Over(r[0])
	expect(t, p, "[]") // until it is known what became of it
	finish(p, 0, Outcome{Done: true})
	r = expect(t, p, "[[1]]")
	p.Over(r[0])
	p.Again(1)
	expect(t, p, "[[1]]")
	finish(p, 1, Outcome{})
	expectDrops(t, p, Drop{Index: 3, Why: Needed, Of: 1})
	p.Add(Item{Index: 4, Resource: "/r", Size: 1})
	expectDrops(t, p, Drop{Index: 4, Why: Needed, Of: 1})
}

func TestTooLargeIsDroppedWhenReleased(t *testing.T) {
	p := numbered(Config{Bytes: 10}, Item{Size: 1 << 32})
	expect(t, p, "[]")
	expectDrops(t, p, Drop{Index: 0, Why: TooLarge, Of: -1})
	for ordered, others := range map[bool]string{false: "[[1]]", true: "[]"} {
		p := numbered(Config{Bytes: 10, Ordered: ordered}, Item{Size: 11, Held: true}, Item{})
		expect(t, p, others)
		expectDrops(t, p)
		p.Release(0)
		requests(p)
		expectDrops(t, p, Drop{Index: 0, Why: TooLarge, Of: -1})
	}
}

func TestDropsAreInInputOrder(t *testing.T) {
	p := numbered(Config{Separate: true}, Item{Name: "a"}, Item{Refs: refs("a")}, Item{Refs: refs("a")})
	expect(t, p, "[[0]]")
	finish(p, 0, Outcome{})
	expectDrops(t, p, Drop{Index: 1, Why: Needed, Name: "a", Of: 0}, Drop{Index: 2, Why: Needed, Name: "a", Of: 0})
}

// What is added after a drop is dropped as well, also before the drop is taken.
func TestDropsAreRememberedUntilTheyAreTaken(t *testing.T) {
	p := numbered(Config{Bytes: 10}, Item{Name: "a", Size: 11}, Item{Resource: "/r", Size: 11})
	expect(t, p, "[]")
	p.Add(Item{Index: 2, Refs: refs("a"), Size: 1})
	p.Add(Item{Index: 3, Resource: "/r", Size: 1})
	p.Add(Item{Index: 4, Name: "a", Size: 1})
	if index, ok := p.Create("a"); index != 0 || !ok {
		t.Errorf("operation %d, %v, is the create", index, ok)
	}
	expectDrops(t, p, Drop{Index: 0, Why: TooLarge, Of: -1}, Drop{Index: 1, Why: TooLarge, Of: -1},
		Drop{Index: 2, Why: Needed, Name: "a", Of: 0}, Drop{Index: 3, Why: Needed, Of: 1}, Drop{Index: 4, Why: Duplicate, Name: "a", Of: -1})
}

// An earlier run has done a change, but not the one before it: what comes after
// both waits for that one.
func TestHeldOperationIsOverBeforeTheOneBeforeIt(t *testing.T) {
	for _, done := range []bool{true, false} {
		p := numbered(Config{}, Item{Resource: "/r"}, Item{Resource: "/r", Held: true}, Item{Resource: "/r"})
		r := expect(t, p, "[[0]]")
		finish(p, 1, Outcome{Done: true})
		p.Add(Item{Index: 3, Resource: "/r", Size: 1})
		expect(t, p, "[]")
		p.Over(r[0])
		finish(p, 0, Outcome{Done: done})
		if !done {
			expectDrops(t, p, Drop{Index: 2, Why: Needed, Of: 0}, Drop{Index: 3, Why: Needed, Of: 2})
			continue
		}
		succeed(p, expect(t, p, "[[2]]")[0])
		expect(t, p, "[[3]]")
	}
}

// So does what is read only then, and what comes after a failure is dropped.
func TestHeldOperationIsOverAsTheLastOrAfterAFailure(t *testing.T) {
	p := numbered(Config{}, Item{Resource: "/r"}, Item{Resource: "/r", Held: true})
	finish(p, 1, Outcome{Done: true})
	p.Add(Item{Index: 2, Resource: "/r", Size: 1})
	succeed(p, expect(t, p, "[[0]]")[0])
	expect(t, p, "[[2]]")

	p = numbered(Config{}, Item{Resource: "/r"}, Item{Resource: "/r", Held: true}, Item{Resource: "/r"})
	p.Next(Pauses)
	finish(p, 0, Outcome{})
	finish(p, 1, Outcome{Done: true})
	expectDrops(t, p, Drop{Index: 2, Why: Needed, Of: 0})
}

// What comes after it is work at hand when the one before it is.
func TestHeldOperationIsOverBeforeAParkedOne(t *testing.T) {
	for backlog, items := range [][]Item{
		{{Resource: "/r", Refs: refs("unread")}, {Resource: "/r", Held: true}, {Resource: "/r"}},
		{{Resource: "/r", Held: true}, {Resource: "/r", Refs: refs("unread"), Held: true}, {Resource: "/r"}},
	} {
		p := numbered(Config{}, items...)
		finish(p, 1, Outcome{Done: true})
		if p.Backlog() != 2*backlog {
			t.Errorf("backlog %d, expected %d", p.Backlog(), 2*backlog)
		}
	}
}

func TestDeleteWaitsForAllThatReferToItsCreate(t *testing.T) {
	del := Item{Resource: "bulkId:x", Ends: "x", Refs: refs("x")}
	expect(t, numbered(Config{}, Item{Name: "x"}, del), "[[0 1]]")

	p := numbered(Config{}, Item{Name: "x"}, Item{Name: "y", Refs: refs("x", "z")}, Item{Refs: refs("x")}, del)
	succeed(p, expect(t, p, "[[0 2]]")[0])
	if p.Backlog() != 0 {
		t.Error("what waits for an unread name, and the delete behind it, are no work at hand")
	}
	p.End()
	expectDrops(t, p, Drop{Index: 1, Why: Unknown, Name: "z", Of: -1})
	expect(t, p, "[[3]]") // however they end
}

// It waits for no delete of something else.
func TestDeleteWaitsForNoOtherDelete(t *testing.T) {
	p := numbered(Config{}, Item{Name: "x"}, Item{Name: "y", Refs: refs("x")}, Item{Resource: "bulkId:x", Ends: "x", Refs: refs("x"), Held: true},
		Item{Resource: "bulkId:y", Ends: "y", Refs: refs("y")})
	succeed(p, expect(t, p, "[[0 1 3]]")[0])
}

// An earlier run has done the first of two deletes.
func TestSecondDeleteWaitsForAllThatReferToItsCreate(t *testing.T) {
	del := Item{Resource: "bulkId:x", Ends: "x", Refs: refs("x"), Held: true}
	p := numbered(Config{}, Item{Name: "x"}, Item{Refs: refs("x")}, del, del)
	expect(t, p, "[[0 1]]")
	finish(p, 2, Outcome{Done: true})
	p.Release(3)
	finish(p, 0, Outcome{Done: true, ID: "x"})
	expect(t, p, "[]")
	finish(p, 1, Outcome{})
	expect(t, p, "[[3]]")
}

func TestDeleteIsNotDroppedForOneThatIs(t *testing.T) {
	p := numbered(Config{Separate: true}, Item{Name: "x"}, Item{Name: "y"}, Item{Refs: refs("x", "y")})
	expect(t, p, "[[0 1]]")
	finish(p, 1, Outcome{})
	p.Add(Item{Index: 3, Resource: "bulkId:x", Ends: "x", Refs: refs("x"), Size: 1})
	finish(p, 0, Outcome{Done: true, ID: "x"})
	expect(t, p, "[[3]]")
	expectDrops(t, p, Drop{Index: 2, Why: Needed, Name: "y", Of: 1})
}

func TestNameIsNotTakenForAResource(t *testing.T) {
	p := numbered(Config{}, Item{Resource: "x"})
	expect(t, p, "[[0]]")
	finish(p, 0, Outcome{})
	p.Add(Item{Index: 1, Name: "x", Size: 1})
	expect(t, p, "[[1]]")
}

// A name that may be plain text is no reason to drop what refers to it.
func TestUnknownNameIsText(t *testing.T) {
	text := refs("nobody")
	text[0].Required = false
	p := numbered(Config{}, Item{Name: "a", Refs: refs("nobody")}, Item{Refs: append(text, refs("a")...)}, Item{Refs: text})
	p.End()
	expectDrops(t, p, Drop{Index: 0, Why: Unknown, Name: "nobody", Of: -1}, Drop{Index: 1, Why: Needed, Name: "a", Of: 0})
	expect(t, p, "[[2]]")
}

func TestHeldOperationsKeepTheirPlace(t *testing.T) {
	p := numbered(Config{}, Item{Name: "a", Held: true}, Item{Refs: refs("a")}, Item{})
	if expect(t, p, "[[2]]"); p.Backlog() != 2 {
		t.Errorf("backlog %d, expected 2", p.Backlog())
	}
	p.Release(0)
	expect(t, p, "[[0 1]]")
}

func TestHeldOperationIsFinished(t *testing.T) {
	p := numbered(Config{}, Item{Name: "a", Held: true}, Item{Refs: refs("a")})
	finish(p, 0, Outcome{Done: true, ID: "id"})
	if r := expect(t, p, "[[1]]"); !slices.Equal(r[0].Items[0].Known, []Known{{"a", "id"}}) {
		t.Errorf("%+v", r[0].Items)
	}
}

func TestParkedOperationIsNoWorkAtHand(t *testing.T) {
	p := numbered(Config{}, Item{Name: "a", Held: true}, Item{Name: "b", Refs: refs("a")}, Item{Refs: refs("b")}, Item{})
	p.Park(0)
	if p.Backlog() != 1 {
		t.Errorf("backlog %d, expected 1", p.Backlog())
	}
	expect(t, p, "[[3]]")
	p.Add(Item{Index: 4, Refs: refs("a"), Size: 1})
	p.End()
	p.Release(0)
	expect(t, p, "[[0 1 2 4]]")
}

// An ordered job waits with all for the first operation.
func TestParkedOperationIsNoWorkAtHandInAnOrderedJob(t *testing.T) {
	p := numbered(Config{Ordered: true}, Item{Held: true}, Item{Held: true})
	backlogs := []int{p.Backlog()}
	p.Park(1)
	backlogs = append(backlogs, p.Backlog())
	p.Park(0)
	backlogs = append(backlogs, p.Backlog())
	p.Release(0)
	backlogs = append(backlogs, p.Backlog())
	if expected := []int{2, 2, 0, 2}; !slices.Equal(backlogs, expected) {
		t.Errorf("backlog %d, expected %d", backlogs, expected)
	}
}

// Nor does a dropped one count that waits for a parked one, before its drop is
// taken.
func TestDroppedOperationIsNotParked(t *testing.T) {
	p := numbered(Config{}, Item{Name: "a", Held: true}, Item{Name: "b"}, Item{Refs: refs("a", "b")})
	p.Next(Pauses)
	finish(p, 1, Outcome{})
	if p.Park(0); p.Backlog() != 0 {
		t.Errorf("backlog %d, expected 0", p.Backlog())
	}
}

// A held operation may be done already: it is dropped when it is released.
func TestHeldOperationIsDroppedWhenReleased(t *testing.T) {
	p := numbered(Config{}, Item{Name: "a", Held: true}, Item{Name: "b", Refs: refs("a"), Held: true}, Item{Refs: refs("b")})
	finish(p, 0, Outcome{})
	expectDrops(t, p)
	p.Release(1)
	expectDrops(t, p, Drop{Index: 1, Why: Needed, Name: "a", Of: 0}, Drop{Index: 2, Why: Needed, Name: "b", Of: 1})

	p = numbered(Config{}, Item{Name: "a", Refs: refs("nobody"), Held: true}, Item{Refs: refs("a")})
	p.End()
	finish(p, 0, Outcome{Done: true, ID: "id"})
	expectDrops(t, p)
	expect(t, p, "[[1]]")
}

func TestDuplicateIsDroppedThoughHeld(t *testing.T) {
	p := numbered(Config{}, Item{Name: "a", Held: true}, Item{Name: "a", Held: true})
	expectDrops(t, p, Drop{Index: 1, Why: Duplicate, Name: "a", Of: -1})
}

// A cycle behind a held operation is united before that is parked.
func TestCycleBehindAParkedOperation(t *testing.T) {
	p := numbered(Config{}, Item{Name: "x", Held: true}, Item{Name: "a", Refs: refs("b", "x")}, Item{Name: "b", Refs: refs("a")}, Item{Refs: refs("b")})
	expect(t, p, "[]")
	if p.Park(0); p.Backlog() != 0 {
		t.Errorf("backlog %d, expected 0", p.Backlog())
	}
	p.End()
	p.Release(0)
	if r := expect(t, p, "[[0 1 2 3]]"); cyclesOf(r[0]) != "[0 1 1 0]" {
		t.Errorf("%+v", r[0].Items)
	}
	if p.Backlog() != 0 {
		t.Errorf("backlog %d, expected 0", p.Backlog())
	}
}

// A cycle that is not found yet does not travel with what its members refer to.
func TestCycleIsFoundBeforeItIsSent(t *testing.T) {
	p := numbered(Config{}, make([]Item, 20)...)
	p.Next(Pauses)
	p.Add(Item{Index: 20, Name: "x", Size: 1})
	for _, it := range pair(21) {
		it.Refs = append(it.Refs, refs("x")...)
		p.Add(it)
	}
	if r := p.Next(Pauses); !slices.Equal(indexes(r), []int{20}) || p.Backlog() != 0 {
		t.Errorf("%v, backlog %d", indexes(r), p.Backlog())
	}
	expect(t, p, "[]")

	p = numbered(Config{}, append(make([]Item, 20), pair(0)...)...)
	if p.End(); len(p.Next(Waits).Items) != 22 {
		t.Error("a cycle does not travel with what is ready when the input ends")
	}
}

// A cycle waits for a member that is held.
func TestCycleWithAHeldMember(t *testing.T) {
	for _, done := range []bool{true, false} {
		p := numbered(Config{}, Item{Name: "a", Refs: refs("b"), Held: true}, Item{Name: "b", Refs: refs("a")})
		expect(t, p, "[]")
		if done {
			finish(p, 0, Outcome{Done: true, ID: "a"})
			expect(t, p, "[[1]]")
		} else {
			p.Release(0)
			expect(t, p, "[[0 1]]")
		}
	}
}

func TestCycleIsDroppedThatALowerLimitDivides(t *testing.T) {
	p := numbered(Config{}, pair(0)...)
	p.End()
	p.Limit(1)
	expect(t, p, "[]")
	expectDrops(t, p, Drop{Index: 0, Why: Cycle, Name: "a", Of: 0}, Drop{Index: 1, Why: Cycle, Name: "b", Of: 1})
}

// What is left of a cycle is sent once all of it is known, one after the other.
func TestCycleIsSentAgainBitByBit(t *testing.T) {
	ring := func() (*Planner, *Request) {
		p := numbered(Config{}, Item{Name: "a", Refs: refs("b")}, Item{Name: "b", Refs: refs("a", "c")}, Item{Name: "c", Refs: refs("a")})
		r := expect(t, p, "[[0 1 2]]")[0]
		p.Over(r)
		p.Again(0)
		expect(t, p, "[]")
		p.Again(1) // both lead to each other, but not without the third
		expect(t, p, "[]")
		return p, r
	}
	p, _ := ring()
	p.Again(2)
	expect(t, p, "[[0 1 2]]")

	p, _ = ring()
	finish(p, 2, Outcome{Done: true, ID: "c"})
	if r := expect(t, p, "[[0 1]]")[0]; cyclesOf(r) != "[1 1]" {
		t.Errorf("%+v", r.Items)
	}

	p, _ = ring()
	finish(p, 2, Outcome{})
	expectDrops(t, p, Drop{Index: 1, Why: Needed, Name: "c", Of: 2}, Drop{Index: 0, Why: Needed, Name: "b", Of: 1})
}

// In an ordered job what refers to a later operation travels with all up to
// that, or is dropped where no request can hold so many.
func TestOrderedJobRefersForward(t *testing.T) {
	cfg := Config{Operations: 3, Ordered: true}
	p := numbered(cfg, Item{}, Item{Name: "a", Refs: refs("c")}, Item{Name: "b"}, Item{Name: "c"}, Item{})
	p.End()
	for _, expected := range []string{"[[0]]", "[[1 2 3]]", "[[4]]"} {
		succeed(p, expect(t, p, expected)[0])
	}

	p = numbered(cfg, Item{Name: "a", Refs: refs("b")}, Item{Refs: refs("d")}, Item{Name: "b"}, Item{}, Item{Name: "d"})
	succeed(p, expect(t, p, "[[0 2 3]]")[0])
	expectDrops(t, p, Drop{Index: 1, Why: Forward, Name: "d", Of: -1})
	expect(t, p, "[[4]]")

	// Two changes of a resource do not travel together.
	p = numbered(Config{Ordered: true}, Item{Name: "a", Refs: refs("b")}, Item{Resource: "/r"}, Item{Resource: "/r"}, Item{Name: "b"})
	expect(t, p, "[[1]]")
	expectDrops(t, p, Drop{Index: 0, Why: Forward, Name: "b", Of: -1})
}

func TestOrderedJobKeepsReferencesApart(t *testing.T) {
	p := numbered(Config{Ordered: true, Separate: true}, Item{Name: "a", Refs: refs("b")}, Item{Name: "b"}, Item{Refs: refs("a")})
	succeed(p, expect(t, p, "[[0 1]]")[0])
	expect(t, p, "[[2]]")
}

// It does not wait for what comes too late: that is an error, or text.
func TestOrderedJobDoesNotWaitInVain(t *testing.T) {
	text := refs("nobody")
	text[0].Required = false
	cfg := Config{Operations: 2, Ordered: true}
	p := numbered(cfg, Item{Refs: text}, Item{Refs: refs("nobody")}, Item{}, Item{})
	expectDrops(t, p, Drop{Index: 1, Why: Forward, Name: "nobody", Of: -1})
	expect(t, p, "[[0 2]]")
}

// What takes the place of an operation keeps it.
func TestOrderedJobKeepsThePlaceOfAChange(t *testing.T) {
	p := numbered(Config{Operations: 2, Ordered: true}, Item{Name: "a", Held: true}, Item{}, Item{}, Item{})
	finish(p, 0, Outcome{Done: true, ID: "id"})
	succeed(p, expect(t, p, "[[1 2]]")[0])
	p.Add(Item{Index: 0, Resource: "/Users/id", Size: 1, Held: true})
	expect(t, p, "[]")
	p.Release(0)
	expect(t, p, "[[0 3]]")
}

// Who refers to what was not done is not dropped as long as it is in flight.
func TestInFlightIsNotDropped(t *testing.T) {
	p := numbered(Config{}, Item{Name: "a"}, Item{Refs: refs("a")}, Item{Refs: refs("a")})
	p.Over(expect(t, p, "[[0 1 2]]")[0])
	finish(p, 0, Outcome{})
	expectDrops(t, p)
	p.Again(1)
	expectDrops(t, p, Drop{Index: 1, Why: Needed, Name: "a", Of: 0})
	finish(p, 2, Outcome{Done: true})
	expectDrops(t, p)

	p = numbered(Config{Operations: 2, Ordered: true}, Item{Name: "a"}, Item{Refs: refs("a")})
	expect(t, p, "[[0 1]]")
	finish(p, 0, Outcome{})
	p.Add(Item{Index: 2, Size: 1})
	p.Add(Item{Index: 3, Size: 1}) // from here on, no request could hold both 1 and what it refers to
	expectDrops(t, p)
	p.Again(1)
	expectDrops(t, p, Drop{Index: 1, Why: Needed, Name: "a", Of: 0})
}

// A request waits for answers that may fill it, not for what is looked up.
func TestLookupsHoldNothingBack(t *testing.T) {
	p := numbered(Config{Operations: 1}, Item{Name: "a"})
	first := p.Next(Flows)
	p.Add(Item{Index: 1, Refs: refs("a"), Size: 1})
	p.cfg.Operations = 2
	p.Add(Item{Index: 2, Size: 1})
	p.End()
	if r := p.Next(Waits); r != nil {
		t.Fatalf("%v does not wait", indexes(r))
	}
	p.Over(first)
	if r := p.Next(Waits); r == nil {
		t.Error("held back")
	}
}

// Calls for an operation that is not in the state for them do nothing.
func TestCallsInAnotherState(t *testing.T) {
	call := func(p *Planner, index int) {
		if p.Release(index) {
			t.Errorf("operation %d was not held", index)
		}
		p.Park(index)
		p.Again(index)
		p.Finish(index, Outcome{Done: true})
	}
	p := numbered(Config{}, Item{}, Item{Name: "a", Held: true})
	call(p, 0)
	call(p, 7)
	p.Park(1)
	p.Park(1)
	p.Again(1)
	if p.Backlog() != 1 || p.Open() != 2 {
		t.Errorf("backlog %d, open %d, expected 1 and 2", p.Backlog(), p.Open())
	}
	expect(t, p, "[[0]]")
	p.Release(1)
	expect(t, p, "[[1]]")
}

// The urgent is chosen first, but a request is in input order.
func TestRequestsAreNumberedAndInInputOrder(t *testing.T) {
	p := numbered(Config{}, Item{}, Item{Name: "a"}, Item{Refs: refs("a")})
	p.End()
	first := expect(t, p, "[[0 1 2]]")[0]
	p.Again(0)
	if second := expect(t, p, "[[0]]")[0]; first.Number != 1 || second.Number != 2 {
		t.Errorf("requests %d and %d", first.Number, second.Number)
	}
}

// Create finds the creates that are open, among those that are referred to.
func TestCreate(t *testing.T) {
	p := numbered(Config{}, Item{Name: "a"}, Item{Name: "b"}, Item{Refs: refs("a", "b", "unread")})
	succeed(p, expect(t, p, "[[0 1]]")[0])
	p.Add(Item{Index: 3, Name: "c", Size: 1})
	for name, open := range map[string]bool{"a": false, "c": true, "unread": false, "unknown": false} {
		if index, ok := p.Create(name); ok != open || ok && index != 3 {
			t.Errorf("%s is operation %d, %v", name, index, ok)
		}
	}
}

func TestReady(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		p := planner(Config{Ordered: ordered})
		ready := []bool{p.Ready()}
		p.Add(Item{Index: 0, Size: 1})
		ready = append(ready, p.Ready())
		p.Next(Pauses)
		p.Add(Item{Index: 1, Size: 1, Held: true})
		ready = append(ready, p.Ready())
		if !slices.Equal(ready, []bool{false, true, false}) {
			t.Errorf("ordered %v: %v", ordered, ready)
		}
	}
	p := numbered(Config{}, pair(0)...)
	if !p.Ready() {
		t.Error("not ready with a cycle that is not found yet")
	}

	p = numbered(Config{Operations: 3}, Item{Name: "a"}, Item{Name: "b"}, Item{Refs: refs("a", "b")})
	if p.Next(Pauses); p.Ready() {
		t.Error("what is in flight is ready")
	}
	finish(p, 0, Outcome{Done: true, ID: "a"})
	if finish(p, 1, Outcome{Done: true, ID: "b"}); p.Ready() {
		t.Error("what is in flight is ready when what it refers to is over")
	}

	p = numbered(Config{Separate: true}, Item{Name: "x"}, Item{Name: "a", Refs: refs("b")}, Item{Name: "b", Refs: refs("a", "x")})
	if expect(t, p, "[[0]]"); p.Ready() {
		t.Error("a cycle is ready of which one member is not")
	}
}

// The place of an operation that is over is as new for another.
func TestPlaceOfWhatIsOverIsZero(t *testing.T) {
	p := numbered(Config{}, Item{}, Item{})
	succeed(p, expect(t, p, "[[0 1]]")[0])
	if p.End(); *p.nodes.at(1) != (node{}) {
		t.Errorf("%+v", *p.nodes.at(1))
	}
}

func TestStoppedJobIsForgotten(t *testing.T) {
	p := numbered(Config{}, Item{Name: "a"}, Item{Refs: refs("a")}, Item{Resource: "/r"})
	r := p.Next(Pauses)
	p.Add(Item{Index: 3, Held: true})
	p.Add(Item{Index: 4, Name: "b", Refs: refs("nobody")})
	open := p.Stop()
	if slices.Sort(open); !slices.Equal(open, []int{0, 1, 2, 3, 4}) {
		t.Errorf("%v were open", open)
	}
	if p.Backlog() != 0 || p.Waiting() != 0 || p.Open() != 0 || p.Ready() {
		t.Errorf("backlog %d, waiting %d, open %d", p.Backlog(), p.Waiting(), p.Open())
	}
	p.Over(r)
	p.Finish(0, Outcome{})
	p.Again(1)
	expect(t, p, "[]")
	expectDrops(t, p)
}

// A job may stop before it has taken the drops of its last results.
func TestStopReturnsDropped(t *testing.T) {
	p := numbered(Config{}, Item{Name: "a"}, Item{Refs: refs("a"), Held: true})
	p.Next(Pauses)
	p.Finish(0, Outcome{Known: true})
	p.Release(1)
	open := p.Stop()
	if !slices.Equal(open, []int{1}) {
		t.Errorf("%v were open", open)
	}
	expectDrops(t, p)
}

func cyclesOf(r *Request) string {
	var out []int
	for _, s := range r.Items {
		out = append(out, s.Cycle)
	}
	return fmt.Sprint(out)
}
