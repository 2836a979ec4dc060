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
//	p.Finish(0, plan.Settled{Done: true, ID: "…"})
//	p.Finish(1, plan.Settled{Done: true})
//
// # Rules
//
// An operation depends on the creates that it refers to, and on the operation
// before it on the same resource. It is composed when all of these are done; but
// a reference may travel in the same request as its create, after it or in a
// cycle with it. An operation is dropped when one that it depends on ends
// otherwise. A delete by reference also waits until the operations before it
// that refer to the same create are over, however they end.
//
// A held operation has its place in all this, but is neither composed nor
// dropped until it is released.
//
// # How it works
//
// Every operation that is not over is a node of a graph; edges lead to what it
// waits for. It counts these edges, and its release. A node that waits for nothing
// is ready. The create of a name that was referred to and not yet read has a node,
// too, and so has one that is over as long as operations refer to it.
//
// A request is filled from the ready nodes: in input order as long as the input
// goes on, then the most urgent first, behind which most rounds of answers are
// still to come. Each node taken offers a place to those that refer to it: one of
// them is invited when all that it still waits for is in the request or can be
// put there too, whole. So references are kept inside a request where they fit,
// and wait for real ids where they do not. A node that would be parted from those
// that are to travel with it is passed over, as long as that costs no request.
//
// A request that was refused whole is halved; its parts travel by themselves, so
// that the culprit is found.
//
// A node that waits, however indirectly, for a name that has not been read, or
// for the end of the input, is parked: it does not count as work at hand, since
// only reading on can free it. Cycles are always parked when they form. From time
// to time, and when there is nothing else to do, the parked nodes are searched for
// cycles (strongly connected components, after Tarjan), and each becomes one unit
// that travels whole.
//
// In an ordered job each operation waits for the one before it as well, and may
// travel with it. A reference to a later operation makes a cycle of these two and
// all between, so it needs no rule of its own.
package plan
