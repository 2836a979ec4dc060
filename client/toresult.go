package client

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/plan"
)

// toResult turns a result of the engine into one of this package.
func (r *run) toResult(in engine.Result) Result {
	p := r.ops.get(in.Index)
	defer r.ops.remove(p)
	outcomes := [...]Outcome{
		engine.Succeeded: Succeeded, engine.Failed: Failed, engine.Skipped: Skipped, engine.Unknown: Unknown,
	}
	res := Result{
		Index: in.Index, Operation: p.op, Outcome: outcomes[in.Outcome], Status: in.Status, Version: in.Version,
		Attempts: in.Attempts, Recovered: in.Recovered, Replayed: in.Replayed,
		Existing: in.Existing, Unchanged: in.Unchanged, Err: r.resultError(p, in),
	}
	if in.ID != "" || p.op.Method != MethodPost { // else the location cannot be used
		res.Location = r.c.location(in.Location, p.Type(), in.ID)
	}
	r.causes.add(p, res)
	return res
}

// location reads the location of a resource. If it does not have the id, a
// location is made of type and id. An unknown id is "".
func (c *Client) location(url, kind, id string) Location {
	l, _ := ParseLocation(url)
	if id != "" && l.ID != id {
		l = Location{ResourceType: kind, ID: id, OrgID: c.cfg.OrgID}
	}
	return l
}

// resultError is the error of a result.
func (r *run) resultError(p *pending, in engine.Result) error {
	err := in.Err
	switch {
	case in.Outcome == engine.Succeeded:
		return nil
	case in.Drop != nil:
		return r.dropError(p, *in.Drop)
	case in.Outcome == engine.Skipped:
		return &SkippedError{Index: -1, Refused: in.Refused, Cause: err}
	case in.Outcome == engine.Unknown:
		return fmt.Errorf("%w: %w", ErrUnknown, cmp.Or(err, errNoName))
	case in.ExistingID == "":
		return err
	}
	if e, ok := errors.AsType[*ResponseError](err); ok {
		known := *e
		known.ExistingID = in.ExistingID
		return &known
	}
	return fmt.Errorf("%w (existing id %s)", err, printable(in.ExistingID))
}

var errNoName = errors.New("it has no name to be looked up by")

func (r *run) dropError(p *pending, d plan.Drop) error {
	switch d.Why {
	case plan.Unknown:
		return fmt.Errorf("%w %q", ErrReference, d.Name)
	case plan.Duplicate:
		return fmt.Errorf("%w: bulkId %q is that of an earlier operation", ErrInvalid, d.Name)
	case plan.Cycle:
		return fmt.Errorf("%w: members: %q", ErrCycle, d.Cycle)
	case plan.Forward:
		return fmt.Errorf("%w: bulkId %q", ErrForward, d.Name)
	case plan.TooLarge:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, p.Size, r.c.cfg.Limits.Bytes-bulkapi.Envelope)
	case plan.NoID:
		return &SkippedError{Index: d.Of, BulkID: d.Name, Cause: ErrNoID}
	}
	return &SkippedError{Index: d.Of, BulkID: d.Name, Cause: r.causes.byIndex[d.Of]}
}

// causes holds the errors of the last operations that did not succeed, and on
// which others may depend.
type causes struct {
	byIndex map[int]error
	indexes []int // the oldest first
}

// mostCauses is how many errors are kept, so that a job in which all operations
// fail stays small.
const mostCauses = 10_000

func (c *causes) add(p *pending, res Result) {
	if res.Err == nil || p.BulkID == "" && p.Resource == "" {
		return
	}
	if c.byIndex == nil {
		c.byIndex = map[int]error{}
	}
	c.byIndex[p.Index] = res.Err
	if c.indexes = append(c.indexes, p.Index); len(c.indexes) > mostCauses {
		delete(c.byIndex, c.indexes[0])
		c.indexes = c.indexes[1:]
	}
}
