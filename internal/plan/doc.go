// Package plan decides which operations travel together and which must wait
// for which, as operations arrive and as outcomes come back.
//
// It knows neither JSON nor HTTP nor time: an operation is an Item, a few
// numbers and names.
//
//	p := plan.New(plan.Config{Operations: 100, Bytes: 1 << 20})
//	p.Add(plan.Item{Index: 0, Name: "u1", Size: 300})
//	p.Add(plan.Item{Index: 1, Refs: []plan.Ref{{Name: "u1"}}, Size: 200})
//	p.End()
//	r := p.Next(plan.Waits) // both: the create first, the reference after it
//	p.Settle(r, []plan.Verdict{{Index: 0, Fate: plan.Done, ID: "…"}, {Index: 1, Fate: plan.Done}})
//
// # How it works
//
// Every operation read and not yet settled is a node. What it must wait for is
// of two kinds: a name that it refers to, which has to be created, and an
// operation that has to come first (the one before it on the same resource),
// which only has to be over. A node that waits for nothing is ready.
//
// A request is filled from the ready nodes: in input order as long as the input
// goes on, then the most urgent first, that is those behind which most rounds of
// answers are still to come. Each node taken offers a place to those that wait
// for it: one of them is invited when all that it still waits for is in the
// request or can be put there too, whole. So references are kept inside a
// request where they fit, and wait for real ids where they do not. What would be
// parted from those that are to travel with it is passed over, as long as that
// costs no request.
//
// A request that was refused whole is halved; its parts travel by themselves, so
// that the culprit is found.
//
// A node that waits, however indirectly, for a name that has not been read is
// parked: it does not count as work at hand, since only reading on can free it.
// Circles of references are always parked when they form. From time to time,
// and when there is nothing else to do, the parked nodes are searched for circles
// (strongly connected components, after Tarjan), and each becomes one unit that
// travels whole.
package plan
