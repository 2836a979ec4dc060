package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"

	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/plan"
	"github.com/webexscim/bulk/internal/scimdiff"
)

// Comparison is a create beside the existing resource of its name. Like a
// Result, it prints and logs without data.
type Comparison struct {
	// Index is the create's place in the input, from 0, and Operation the create
	// as it was given.
	Index     int
	Operation Operation
	// Exists tells that its resource exists, at Location.
	Exists   bool
	Location Location
	// Differences are the attributes that ExistingUpdate would change; with none,
	// the resource would stay unchanged. References to creates whose resources do
	// not exist are left as they were given.
	Differences []AttributeDifference
	// Err is why the create would fail: ErrInvalid, ErrAmbiguous or ErrTaken.
	Err error
}

// AttributeDifference is an attribute of which a create, or a wanted state, and
// an existing resource have different values.
type AttributeDifference struct {
	// Path is the path of a PATCH, such as emails[type eq "work"].value.
	Path string `json:"path"`
	// Old is the value of the resource, nil if it has none or if New is added to a
	// list. New is the value that it is to have, nil if the attribute is to be
	// removed. Both are JSON, and hold personal data.
	Old json.RawMessage `json:"old,omitempty"`
	New json.RawMessage `json:"new,omitempty"`
}

// String returns the operation and the state of its resource.
func (c Comparison) String() string {
	text := fmt.Sprintf("operation %d: %v", c.Index, c.Operation)
	switch {
	case c.Err != nil:
		return text + ": " + c.Err.Error()
	case !c.Exists:
		return text + ": does not exist"
	}
	return fmt.Sprintf("%s: exists, id %s, %d differences", text, printable(c.Location.ID), len(c.Differences))
}

// Format implements fmt.Formatter: every verb prints String.
func (c Comparison) Format(s fmt.State, verb rune) { printString(s, verb, c.String()) }

// LogValue implements slog.LogValuer with the text of String.
func (c Comparison) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Compare tells, for each create of a user or group in the job's Source, in
// input order, whether its resource exists and what ExistingUpdate would
// change. It changes nothing, and uses neither the job's Journal nor its other
// settings. Since a create may refer to a later one, nothing is yielded before
// the Source has ended: memory grows with the input.
//
// An error is yielded last: the error of the source, or of a lookup, which
// wraps ErrUnauthorized, ErrUnavailable or a *ResponseError if one of these is
// the reason.
func (c *Client) Compare(ctx context.Context, job *Job) iter.Seq2[Comparison, error] {
	return func(yield func(Comparison, error) bool) {
		if job == nil {
			yield(Comparison{}, errNilJob)
			return
		}
		x := comparing{c: c, ctx: ctx, byIndex: map[int]*compared{}, ids: map[string]string{}, takers: map[string]int{}}
		if err := x.read(job.Source); err != nil {
			yield(Comparison{}, err)
			return
		}
		for _, s := range x.creates {
			if !yield(x.finish(s), nil) {
				return
			}
		}
	}
}

// comparing is the state of one Compare.
type comparing struct {
	c       *Client
	ctx     context.Context
	creates []*compared
	waiting []lookedUp        // creates that are not looked up yet
	byIndex map[int]*compared // likewise
	ids     map[string]string // of the existing resources of creates, by bulkId
	takers  map[string]int    // by id, the index of the operation that addresses or has it
}

// compared is a create and its existing resource.
type compared struct {
	Comparison
	*pending
	raw json.RawMessage // the resource, until it is compared
}

func (x *comparing) read(source iter.Seq2[Operation, error]) error {
	index := 0
	var m marshaler
	for op, err := range source {
		if err != nil {
			return fmt.Errorf("%w: %w", ErrSource, err)
		}
		if err := x.ctx.Err(); err != nil {
			return context.Cause(x.ctx)
		}
		x.add(newPending(&m, index, op))
		index++
		if len(x.waiting) == maxOperations {
			if err := x.lookUp(); err != nil {
				return err
			}
		}
	}
	return x.lookUp()
}

func (x *comparing) add(p *pending) {
	if id := p.ResourceID; id != "" {
		x.takers[id] = p.Index
	}
	invalid := p.Invalid
	if p.op.Method != MethodPost || invalid == nil && p.SentName == "" {
		return
	}
	s := &compared{Comparison: Comparison{Index: p.Index, Operation: p.op, Err: invalid}, pending: p}
	x.creates = append(x.creates, s)
	if invalid == nil {
		x.waiting = append(x.waiting, lookedUp{pending: p, data: p.Data})
		x.byIndex[p.Index] = s
	}
}

// lookUp searches for the resources of the creates that wait, and compares
// those whose references are known by then.
func (x *comparing) lookUp() error {
	f := newFinder(x.ctx, x.c, true)
	f.searchAll(x.waiting)
	for _, found := range f.findings {
		if found.Err != nil {
			return found.Err
		}
		x.choose(x.byIndex[found.Index], found.Candidates, f.stored[found.Index])
	}
	for _, s := range x.byIndex {
		if known := x.known(s); len(known) == len(s.Refs) {
			s.compare(known)
		}
	}
	x.waiting = nil
	clear(x.byIndex)
	return nil
}

// choose decides which of the resources that have the name of a create is its
// own.
func (x *comparing) choose(s *compared, candidates []engine.Candidate, stored map[string]json.RawMessage) {
	own, number := engine.Pick(candidates, s.Type() == users)
	switch {
	case number > 1:
		s.Err = ErrAmbiguous
	case number == 1:
		s.Exists, s.raw = true, stored[own.ID]
		s.Location = x.c.location(own.Location, s.Type(), own.ID)
		if name := s.BulkID; name != "" && x.ids[name] == "" {
			x.ids[name] = own.ID
		}
	}
}

// known are the references of a create to existing resources.
func (x *comparing) known(s *compared) (known []plan.Known) {
	for _, r := range s.Refs {
		if id := x.ids[r.Name]; id != "" {
			known = append(known, plan.Known{Name: r.Name, ID: id})
		}
	}
	return known
}

func (s *compared) compare(known []plan.Known) {
	if s.raw == nil {
		return
	}
	differences, err := scimdiff.Compare(s.encode(known, "").Data, s.raw, scimdiff.Options{})
	if err != nil {
		s.Err = err
	}
	for _, d := range differences {
		s.Differences = append(s.Differences, AttributeDifference(d))
	}
	s.raw, s.Data = nil, nil
}

// finish compares a create that refers to later ones. It fails if another
// operation has its resource.
func (x *comparing) finish(s *compared) Comparison {
	s.compare(x.known(s))
	if id := s.Location.ID; id != "" && s.Err == nil {
		if taker, ok := x.takers[id]; ok && taker != s.Index {
			s.Err = fmt.Errorf("%w: operation %d", ErrTaken, taker)
		}
		x.takers[id] = s.Index
	}
	return s.Comparison
}
