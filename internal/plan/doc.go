// Package plan decides which operations travel together and which must wait
// for which, as operations arrive and as outcomes come back.
//
// It knows neither JSON nor HTTP nor time: an operation is an Item, a few
// numbers and names.
//
//	p := plan.New(plan.Config{Operations: 100, Bytes: 1 << 20, Memory: memory})
//	p.Add(plan.Item{Index: 0, Name: "u1", Size: 300})
//	p.Add(plan.Item{Index: 1, Refs: []plan.Ref{{Name: "u1"}}, Size: 200})
//	p.End()
//	r := p.Next(plan.Waits) // both: the create first, the reference after it
//	p.Over(r)
//	p.Finish(0, plan.Outcome{Done: true, ID: "…"})
//	p.Finish(1, plan.Outcome{Done: true})
//
// # Rules
//
// An operation depends on the creates that it refers to, and on the operation
// before it on the same resource. It is composed when all of these are done;
// but a reference may travel in the same request as its create, after it or in
// a cycle with it. An operation is dropped when one that it depends on ends
// otherwise. A delete by reference also waits until the operations before it
// that refer to the same create are over, however they end.
//
// A held operation has its place in all this, but is neither composed nor
// dropped until it is released.
//
// # How it works
//
// Every operation that is not over is a node of a graph; edges lead to what it
// waits for, and are counted, as its release is. A node that waits for nothing
// is ready. The create of a name that was referred to and not yet read has a
// node, too, and so has one that is over as long as operations refer to it.
//
// A request is filled from the ready nodes: in input order as long as the input
// goes on, then the most urgent first, behind which most rounds of answers are
// still to come. Each node taken offers a place to those that refer to it: one
// of them joins when all that it still waits for is in the request or can be
// put there too. So references are kept inside a request where they fit, and
// wait for real ids where they do not. A node that would be parted from those
// that are to travel with it is passed over, as long as that costs no request.
//
// A request that was refused whole is halved; its parts travel by themselves,
// so that the culprit is found.
//
// A node that waits, however indirectly, for a name that has not been read, or
// for the end of the input, is parked: it does not count as work at hand, since
// only reading on can free it. Cycles are parked when they form, as one of
// their members refers to a name that is read later. From time to time, and
// when there is nothing else to do, the nodes that wait are searched for
// cycles. The members of a cycle do not wait for each other, but each is put
// into a request only with all of them.
//
// An ordered job is filled in input order instead. An operation that refers to
// a later one travels with all up to that.
//
// # Where it is
//
//	plan.go     what a caller gives and gets; counts of what is open
//	add.go      what is read, held and released
//	finish.go   what ends, is sent again, or is dropped
//	compose.go  which operations make a request
//	ordered.go  which do in an ordered job
//	request.go  what the caller gets of them
//	cycle.go    cycles, and the search for them
//	queue.go    what is ready, and how urgent it is
//	graph.go    nodes and edges
//	store.go    where they are kept, and found by name and index
package plan
