package plan

import "slices"

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
	// in circles.
	Separate bool
	// Settled looks up a name of this job that was settled earlier, and takes
	// the place of the planner's own memory of such names; nil: the planner
	// remembers.
	Settled func(name string) (Settled, error)
}

// Item is an operation as the planner sees it.
type Item struct {
	// Index identifies the operation; it grows in input order.
	Index int
	// Name is what references call the resource that it creates, "" for none.
	// One with a name has no Resource.
	Name string
	// Resource serializes: operations of one non-empty Resource never overlap
	// and keep their order.
	Resource string
	// Ends names the resource that the operation deletes, when it is given by
	// reference: earlier operations that refer to it go first.
	Ends string
	// Refs are the names that it refers to, each once.
	Refs []Ref
	// Size is its size in bytes, with references as they are written.
	Size int
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

// Settled is what became of the operation behind a name.
type Settled struct {
	// Known is false for a name that nothing is known of.
	Known bool
	// Done tells that the resource was created, as ID; an empty ID means that
	// the service did not say which.
	Done bool
	ID   string
	// Index is the operation's.
	Index int
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
	// Circle: its circle of references does not fit into one request.
	Circle
	// Forward: in an ordered job, it refers to a later operation that no
	// request from here on can hold as well.
	Forward
	// Needed: an operation that it refers to did not succeed.
	Needed
	// NoID: an operation that it refers to succeeded, under an id that is not
	// known.
	NoID
)

// Drop is an operation that will not be sent.
type Drop struct {
	Index int
	Why   Why
	// Name is the name that is unknown, taken, or did not succeed.
	Name string
	// Of is the index of the operation behind Name where Why is Needed, NoID or
	// Circle; else it is not known, and -1.
	Of int
	// Circle names members of the circle, at most ten.
	Circle []string
}

// Planner is the state of one job. It is not for concurrent use.
type Planner struct {
	cfg       Config
	soft      int              // bytes that a request of several holds at the most
	open      map[int]*node    // read and not settled
	names     map[string]*name // not settled: to come, waiting, or in flight
	done      memory           // settled
	tails     map[string]*node // the last open operation of each resource
	referrers referrers
	ready     queue             // free to go
	parts     []*batch          // halves of refused requests, each to travel alone
	order     []*node           // what has not been sent, when Ordered
	out       map[*Request]bool // in flight
	drops     []Drop

	flying   int     // nodes in flight
	parked   int     // nodes that wait for something unread
	fresh    int     // operations read since a request was last sought in vain, or enough to seek one
	stamp    int     // marks the nodes of one search
	number   int     // the last request's
	suspects []*node // sent in vain, and now waiting: they may be circles
	news     int     // how often the parked have changed since they were searched for circles
	circles  int     // how many parked nodes call for a search for circles
	ended    bool
	assessed bool // the urgency of nodes is known
	err      error
}

// New returns a planner for a new job.
func New(cfg Config) *Planner {
	if cfg.Operations <= 0 {
		cfg.Operations = 100
	}
	if cfg.Bytes <= 0 {
		cfg.Bytes = int(^uint(0) >> 1)
	}
	return &Planner{
		cfg: cfg, soft: cfg.Bytes, open: map[int]*node{}, names: map[string]*name{},
		tails: map[string]*node{}, out: map[*Request]bool{}, circles: minCircles,
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

// Bytes is the bound on the sizes in a request.
func (p *Planner) Bytes() int { return p.cfg.Bytes }

// Backlog is the number of operations at hand: read, not in flight, and not
// waiting for one that has yet to be read.
func (p *Planner) Backlog() int { return len(p.open) - p.flying - p.parked }

// Ready tells whether an operation is ready that no request holds, or may be
// found to be when the input pauses.
func (p *Planner) Ready() bool {
	if p.ready.first() != nil || p.news > 0 || len(p.order) > 0 {
		return true
	}
	return slices.ContainsFunc(p.parts, func(b *batch) bool { return b.ready.first() != nil })
}

// Open is the number of operations that have no fate yet.
func (p *Planner) Open() int { return len(p.open) }

// Waiting is the number of operations that have not been sent.
func (p *Planner) Waiting() int { return len(p.open) - p.flying }

// Err is the first error of Config.Settled; the job cannot go on then.
func (p *Planner) Err() error { return p.err }

// Drops returns the operations that were found unsendable since the last call.
func (p *Planner) Drops() []Drop {
	d := p.drops
	p.drops = nil
	return d
}

// Unsent returns the operations that have not been sent, in no particular
// order, and forgets them: the job has stopped.
func (p *Planner) Unsent() []int {
	var out []int
	for i, n := range p.open {
		if n.state != flying {
			out = append(out, i)
			n.state = settled
			delete(p.open, i)
		}
	}
	p.ready, p.parts, p.order, p.parked = nil, nil, nil, 0
	return out
}
