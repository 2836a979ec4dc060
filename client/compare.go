package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/plan"
	"github.com/webexscim/bulk/internal/scimdiff"
)

// Comparison is a create beside the resource of its name that is there already.
// Like a Result, it prints and logs without data.
type Comparison struct {
	// Index is the create's place in the input, from 0, and Operation the create as
	// it was given.
	Index     int
	Operation Operation
	// Exists tells that its resource is there, at Location.
	Exists   bool
	Location Location
	// Differences are what ExistingUpdate would change; none: it is unchanged.
	// References to creates whose resource is not there stand as they were given.
	Differences []Difference
	// Err is why the create would fail: ErrInvalid, ErrAmbiguous or ErrTaken.
	Err error
}

// Difference is an attribute that a create gives and a resource has otherwise.
type Difference struct {
	// Path is that of a PATCH, such as emails[type eq "work"].value.
	Path string
	// Old is what is there, nil if there is nothing or if New is added to a list.
	// New is what is given. Both are JSON, and hold personal data.
	Old, New json.RawMessage
}

// String returns the operation, and what is known of its resource.
func (c Comparison) String() string {
	text := fmt.Sprintf("operation %d: %v", c.Index, c.Operation)
	switch {
	case c.Err != nil:
		return text + ": " + c.Err.Error()
	case !c.Exists:
		return text + ": not there"
	}
	return fmt.Sprintf("%s: there, id %s, %d differences", text, printable(c.Location.ID), len(c.Differences))
}

// Format implements fmt.Formatter: every verb prints String.
func (c Comparison) Format(s fmt.State, verb rune) { printString(s, verb, c.String()) }

// LogValue implements slog.LogValuer with what String prints.
func (c Comparison) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Compare tells, for each create of a user or group in the job's Source, in input
// order, what is there already and what would be changed. It changes nothing, and
// reads neither the job's Journal nor its other settings. Since a create may refer
// to a later one, nothing is yielded before the Source has ended: memory grows with
// the input.
//
// An error is the last that is yielded: that of the source, or of a lookup, which
// wraps ErrUnauthorized, ErrUnavailable or a *ResponseError where one of these is
// the reason.
func (c *Client) Compare(ctx context.Context, job *Job) iter.Seq2[Comparison, error] {
	return func(yield func(Comparison, error) bool) {
		if job == nil {
			yield(Comparison{}, errNilJob)
			return
		}
		x := comparing{c: c, ctx: ctx, ids: map[string]string{}, named: map[string]bool{}, taken: map[string]int{}}
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

// comparing is one Compare.
type comparing struct {
	c       *Client
	ctx     context.Context
	creates []*compared
	waiting []*compared       // of these, those that were not looked up
	ids     map[string]string // of what creates stand for, by bulkId
	named   map[string]bool   // bulkIds of creates
	taken   map[string]int    // the operations that address or have an id, plus 1
}

// compared is a create with the resource that is there.
type compared struct {
	Comparison
	sought
	raw json.RawMessage // until it is compared
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
		x.add(newPending(&m, index, op, false))
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
	if id := p.facts.ResourceID; id != "" {
		x.taken[id] = p.index + 1
	}
	if p.op.Method != MethodPost {
		return
	}
	s := &compared{Comparison: Comparison{Index: p.index, Operation: p.op, Err: p.facts.Invalid}}
	s.pending, s.data = p, p.data
	if s.Err == nil {
		if s.kind, s.name, s.externalID = p.natural(); s.name == "" {
			return
		}
	}
	x.creates = append(x.creates, s)
	if p.facts.BulkID != "" {
		x.named[p.facts.BulkID] = true
	}
	if s.Err == nil {
		x.waiting = append(x.waiting, s)
	}
}

// lookUp searches for the creates that wait.
func (x *comparing) lookUp() error {
	for _, kind := range []string{users, groups} {
		if err := x.search(kind); err != nil {
			return err
		}
	}
	for _, s := range x.waiting {
		if known, all := x.known(s); all {
			x.compare(s, known)
		}
	}
	x.waiting = nil
	return nil
}

// search looks for what creates of a type stand for.
func (x *comparing) search(kind string) error {
	var names []string
	for _, s := range x.waiting {
		if s.kind == kind {
			names = append(names, s.name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	found, err := x.c.search(x.ctx, kind, names)
	if err != nil {
		return lookupError(err)
	}
	there := byName(found)
	for _, s := range x.waiting {
		if s.kind != kind {
			continue
		}
		if err := x.choose(s, there[fold.Fold(s.name)]); err != nil {
			return err
		}
	}
	return nil
}

// choose decides which resource a create stands for.
func (x *comparing) choose(s *compared, found []bulkapi.Resource) error {
	var candidates []engine.Candidate
	for _, res := range found {
		candidates = append(candidates, candidate(s.sought, res))
	}
	chosen, number := engine.Pick(candidates, s.kind == users)
	switch {
	case number == 0:
		return nil
	case number > 1:
		s.Err = ErrAmbiguous
		return nil
	}
	s.Exists = true
	if s.Location, _ = ParseLocation(chosen.Location); s.Location.ID != chosen.ID {
		s.Location = Location{ResourceType: s.kind, ID: chosen.ID, OrgID: x.c.cfg.OrgID}
	}
	if name := s.pending.facts.BulkID; name != "" && x.ids[name] == "" {
		x.ids[name] = chosen.ID
	}
	for _, res := range found {
		if res.ID == chosen.ID {
			var err error
			if s.raw, err = withMembers(x.ctx, x.c.api, s.kind, s.data, res); err != nil {
				return lookupError(err)
			}
			break
		}
	}
	return nil
}

// known are the references of a create whose ids are known, all of them or not.
func (x *comparing) known(s *compared) (known []plan.Known, all bool) {
	for _, r := range s.pending.facts.Refs {
		if id := x.ids[r.Name]; id != "" {
			known = append(known, plan.Known{Name: r.Name, ID: id})
		}
	}
	return known, len(known) == len(s.pending.facts.Refs)
}

func (x *comparing) compare(s *compared, known []plan.Known) {
	if !s.Exists || s.raw == nil {
		return
	}
	changes, err := scimdiff.Compare(s.pending.encode(known, "").Data, s.raw, scimdiff.Options{})
	if err != nil {
		s.Err = err
	}
	for _, c := range changes {
		s.Differences = append(s.Differences, Difference{Path: c.Path, Old: c.Old, New: c.New})
	}
	s.raw, s.data, s.pending.data = nil, nil, nil
}

// finish compares what referred to later creates, and finds out who has a resource
// already.
func (x *comparing) finish(s *compared) Comparison {
	known, _ := x.known(s)
	x.compare(s, known)
	if id := s.Location.ID; id != "" && s.Err == nil {
		if of := x.taken[id]; of > 0 && of != s.Index+1 {
			s.Err = fmt.Errorf("%w: operation %d", ErrTaken, of-1)
		}
		x.taken[id] = s.Index + 1
	}
	return s.Comparison
}
