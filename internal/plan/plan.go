package plan

import (
	"hash/maphash"
	"math"

	"github.com/webexscim/bulk/internal/sparse"
)

// Config bounds requests and chooses how they are composed.
type Config struct {
	// Operations is the most that a request may hold; 100 when 0.
	Operations int
	// Bytes is the most that the sizes in a request may add up to; no bound
	// when 0.
	Bytes int
	// Ordered keeps the input order, with one request at a time.
	Ordered bool
	// Separate keeps a reference out of the request of its definition, except
	// in cycles.
	Separate bool
	// Memory tells what became of operations that are no longer open. It is
	// required.
	Memory Memory
}

// Memory holds the outcomes of operations, which the planner forgets once they
// are over. The caller keeps it: an outcome must be in it before Finish is
// called, and for a dropped operation before the first call after the Drops
// that returned it.
type Memory interface {
	// Name returns the outcome of the create of that name, the zero Outcome if
	// nothing is known. It is called when a name is first read and no open
	// operation has it or refers to it.
	Name(name string) Outcome
	// Resource reports whether an operation on that resource was not done, and
	// the index of the first that was not.
	Resource(resource string) (index int, failed bool)
}

// Item is an operation as the planner sees it.
type Item struct {
	// Index identifies the operation; it grows in input order, and is less than
	// 1<<31.
	Index int
	// Name is the bulkId of a create, "" for none. One with a name has no
	// Resource.
	Name string
	// Resource is the resource that the operation changes: it depends on the
	// operation before it on the same non-empty Resource.
	Resource string
	// Ends is the name of the create that the operation deletes by reference;
	// it is one of Refs. The operation goes after all earlier ones that refer
	// to it, however they end. Operations that end one name have one Resource.
	Ends string
	// Refs are the names that it refers to, each once.
	Refs []Ref
	// Size is its size in bytes, with references as they are written.
	Size int
	// Held keeps the operation from being composed, and from being dropped
	// except as a Duplicate, until it is released: it may turn out to be done
	// already.
	Held bool
}

// Ref is a name that an operation refers to, in one or several places.
type Ref struct {
	// Name is the name.
	Name string
	// Count is the number of places, and Width the bytes that they fill: each
	// is as long as the id, once that is known.
	Count, Width int
	// Required tells that the name must exist; otherwise an unknown one is
	// plain text.
	Required bool
}

// Outcome is how an operation ended.
type Outcome struct {
	// Known is false for a name that nothing is known of. Finish sets it.
	Known bool
	// Done tells that the operation succeeded.
	Done bool
	// ID is the id of the resource that a create has created; empty if the
	// service did not say which.
	ID string
	// Index is the operation's. Finish sets it.
	Index int
}

// failure is the reason to drop operations that refer to the create; 0 if there
// is none.
func (s Outcome) failure() Why {
	switch {
	case !s.Done:
		return Needed
	case s.ID == "":
		return NoID
	}
	return 0
}

// Why says why an operation is not sent.
type Why int

// The reasons.
const (
	// Unknown: it refers to a name that no operation has.
	Unknown Why = iota + 1
	// Duplicate: an earlier operation has its name.
	Duplicate
	// TooLarge: it does not fit into a request of its own.
	TooLarge
	// Cycle: its cycle of references does not fit into one request.
	Cycle
	// Forward: in an ordered job, it refers to a later operation that no
	// request from here on can hold as well.
	Forward
	// Needed: an operation that it depends on was not done.
	Needed
	// NoID: an operation that it refers to was done, under an id that is not
	// known.
	NoID
)

// Drop is an operation that will not be sent.
type Drop struct {
	// Index is the operation's.
	Index int
	// Why is the reason.
	Why Why
	// Name is the name that is unknown, taken, or was not created; "" if Why is
	// Needed because of the operation before it on the same resource.
	Name string
	// Of is the index of the other operation where Why is Needed or NoID, of
	// the operation itself where it is Cycle; else it is not known, and -1.
	Of int
	// Cycle names members of the cycle, at most ten.
	Cycle []string
}

// Planner is the state of one job. It is not for concurrent use. Methods that
// take the index of an operation that is not open, or not in the state that
// they ask for, do nothing.
type Planner struct {
	cfg  Config
	soft int // bytes that a request of several units holds at the most

	nodes     slab[node]
	edges     slab[edge]
	names     nameTable
	indexes   sparse.Table[int32] // of nodes, by index
	resources map[string]int32    // the last node that changes each
	outcomes  map[int32]Outcome   // by number of a node that is over, except for done changes

	ready queue             // nodes that wait for nothing
	out   map[*Request]bool // sent, and not over
	drops []Drop            // not yet taken

	open   int  // operations that are read and not over
	flying int  // those in flight, also of requests that are over
	parked int  // those that wait for a name that was not read, or for the end of the input
	ended  bool // the input

	news int // changes since the last search that may have made or freed a cycle

	first  int // in an ordered job: no open operation has a smaller index
	judged int // operations before this index that refer too far forward were dropped

	number int   // the last request's
	stamp  int32 // marks the nodes of one search
	steps  int   // nodes that were looked at: a measure of the work, for tests
}

// New returns a planner for a new job.
func New(cfg Config) *Planner {
	if cfg.Operations <= 0 {
		cfg.Operations = 100
	}
	if cfg.Bytes <= 0 {
		cfg.Bytes = math.MaxInt
	}
	return &Planner{
		cfg: cfg, soft: cfg.Bytes,
		names: nameTable{seed: maphash.MakeSeed(), heads: make([]int32, 64)}, indexes: sparse.Table[int32]{},
		resources: map[string]int32{}, outcomes: map[int32]Outcome{}, out: map[*Request]bool{},
	}
}

// Limit lowers the number of operations in a request for the rest of the job; 0
// leaves it as it is.
func (p *Planner) Limit(operations int) {
	if operations > 0 {
		p.cfg.Operations = min(p.cfg.Operations, operations)
	}
}

// Prefer lowers the bytes of requests that hold several units, for the rest of
// the job, where the true bound is not known: nothing is refused for it.
func (p *Planner) Prefer(bytes int) { p.soft = min(p.soft, bytes) }

// Backlog is the number of operations at hand: read, not in flight, and not
// waiting for one that has yet to be read or for the end of the input.
func (p *Planner) Backlog() int {
	if p.cfg.Ordered {
		if n := p.find(p.first); n != nil && n.toEnd {
			return 0 // all others wait for this one
		}
		return p.Waiting()
	}
	return p.Waiting() - p.parked
}

// Ready reports whether an operation is ready that no request holds, or may be
// found to be when the input pauses.
func (p *Planner) Ready() bool {
	if p.cfg.Ordered {
		return p.flying == 0 && p.open > 0
	}
	return len(p.ready) > 0 || p.news > 0
}

// Open is the number of operations that are not over.
func (p *Planner) Open() int { return p.open }

// Create returns the operation that has a name, if it is open or its Drop was
// not taken.
func (p *Planner) Create(name string) (index int, ok bool) {
	n := p.byName(name)
	if n == nil || n.state == unread || n.state == over {
		return 0, false
	}
	return int(n.index), true
}

// Waiting is the number of operations that are not in flight.
func (p *Planner) Waiting() int { return p.open - p.flying }

// Drops returns the operations that were found unsendable since the last call.
// The caller has to record them in the memory before it calls the planner
// again.
func (p *Planner) Drops() []Drop {
	drops := p.drops
	p.drops = nil
	for _, d := range drops {
		if n := p.byIndex(d.Index); n != nil {
			p.forget(n)
		}
	}
	return drops
}

// Stop returns the operations that are open or whose Drop was not taken, in no
// particular order, and forgets all: the job has stopped.
func (p *Planner) Stop() (open []int) {
	for n := range p.all() {
		if n.isOpen() {
			open = append(open, int(n.index))
		}
	}
	for _, d := range p.drops {
		open = append(open, d.Index)
	}
	*p = *New(p.cfg)
	return open
}
