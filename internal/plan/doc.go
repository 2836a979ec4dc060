// Package plan decides which operations share a request, and which of them must
// wait for others. It is told of operations as they are read, and of their
// outcomes.
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
// before it on the same resource. It is composed into a request when all of
// these are done. But an operation and the create that it refers to may share a
// request, the create first or both in a cycle. An operation is dropped when
// one that it depends on is over and was not done. A delete by reference also
// waits until the earlier operations that refer to the same create are over,
// done or not.
//
// These rules apply to a held operation too, but it is neither composed nor
// dropped until it is released.
//
// # How it works
//
// Every operation that is not over is a node of a graph. Edges lead from it to
// the nodes that it waits for. It counts these, and its release if it is held;
// at 0 it is ready. A create has a node as well while operations refer to it,
// before it is read and after it is over.
//
// A request is filled from the ready nodes: in input order while the input goes
// on, then the most urgent first: those with the longest chain of requests
// behind them. Each node that is taken offers a place to the nodes that refer
// to it. One of these joins if all nodes that it waits for are in the request
// or can join too. So references are left inside of a request if they fit, and
// wait for real ids otherwise. A node is passed over if the nodes that should
// share its request do not fit, unless that costs an additional request.
//
// A request that was refused whole is halved, and each part is sent alone,
// until the operation at fault is alone.
//
// A node is parked if it waits, directly or not, for a name that was not read
// or for the end of the input. It is not part of the backlog, since only
// reading on can free it. The members of a cycle are parked, since one of them
// refers to a name that is read later. The waiting nodes are searched for
// cycles from time to time, and when nothing else is ready. Then the members no
// longer wait for each other, but each is composed only together with all of
// them.
//
// The requests of an ordered job are filled in input order instead. An
// operation that refers to a later one shares a request with all operations up
// to that one.
//
// # Where it is
//
//	plan.go     the types of the caller; counts of open operations
//	add.go      operations are read, held and released
//	finish.go   operations end, are sent again, or are dropped
//	compose.go  operations are composed into a request
//	ordered.go  the same in an ordered job
//	request.go  a request as the caller gets it
//	cycle.go    cycles, and the search for them
//	queue.go    ready operations and their urgency
//	graph.go    nodes and edges
//	store.go    the memory of nodes and edges, and nodes by name and index
package plan
