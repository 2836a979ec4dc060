package reconcile

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/scimfilter"
)

// The reasons why an operation of an Action was not sent.
var (
	// ErrChanged: a resource to be removed has changed since the organization
	// was read.
	ErrChanged = errors.New("changed since the organization was read")
	// ErrHeld: a resource is not removed while the outcome of an earlier
	// operation is unknown.
	ErrHeld = errors.New("not removed: the outcome of an earlier operation is unknown")
	// ErrAfter: another Action did not succeed, which had to free the name or
	// to create the resource to which this one refers.
	ErrAfter = errors.New("not sent: the change that frees its name, or creates what it refers to, did not succeed")
)

// Result is the result of one operation of an Action.
type Result struct {
	client.Result
	Action *Action
}

// Run carries the difference out as a job in stages, and yields the results as
// they come; the error is that of client.Client.Run. It sets the job's Source.
// A Difference can be run once.
//
// Creates and changes come first, removals last. Each leaver is read again by
// id, and removed only if Compare would still remove it; a leaver who was to be
// deleted and is gone already counts as deleted (Result.Recovered). Nobody is
// removed if the outcome of an earlier operation is unknown. The job's Journal
// records creates only, and recognizes them by the names of their resources.
func (d *Difference) Run(ctx context.Context, c *client.Client, job *client.Job) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		r := &run{Difference: d, client: c, failed: map[*Action]bool{}, ids: map[string]string{}}
		journal := job.Journal
		defer func() { job.Journal = journal }()
		for rest := d.Actions; len(rest) > 0; {
			stage := rest
			if i := slices.IndexFunc(rest, func(a *Action) bool { return a.stage > rest[0].stage }); i > 0 {
				stage = rest[:i]
			}
			rest = rest[len(stage):]
			if job.Journal = nil; journal != nil && hasCreate(stage) {
				job.Journal = &createsOnly{Journal: journal, read: r.org.began}
			}
			if !r.run(ctx, job, stage, yield) {
				break
			}
		}
		if r.stop != nil && !r.loopLeft {
			yield(Result{}, r.stop)
		}
	}
}

func hasCreate(actions []*Action) bool {
	return slices.ContainsFunc(actions, func(a *Action) bool { return a.Kind == Create })
}

// Operations counts the operations of Run.
func (d *Difference) Operations() (n int) {
	for _, a := range d.Actions {
		n += len(a.Operations)
	}
	return n
}

// run is the state of one Run.
type run struct {
	*Difference
	client   *client.Client
	unknown  bool              // the outcome of an operation is unknown
	failed   map[*Action]bool  // actions with an operation that did not succeed
	ids      map[string]string // ids of created resources, by bulkId
	stop     error             // why the job ended before its time
	loopLeft bool              // the caller has left the loop over the results
}

// step is an operation of a stage.
type step struct {
	client.Operation
	action *Action
}

// run carries out one stage, and reports whether the next one follows: also
// after a stop, if all operations are to have results.
func (r *run) run(ctx context.Context, job *client.Job, stage []*Action, yield func(Result, error) bool) bool {
	var steps []step
	for _, a := range stage {
		steps = append(steps, r.steps(a)...)
	}
	first := job.Progress().Read
	job.Next(r.source(ctx, steps))
	for res, err := range r.client.Run(ctx, job) {
		if err != nil {
			if r.stop == nil {
				r.stop = err
			}
			began := job.Progress().Read > first // else the job is not stopped
			return job.ReadOn && began
		}
		a := steps[res.Index-first].action
		if !yield(Result{r.note(a, res), a}, nil) {
			r.loopLeft = true
			return false
		}
	}
	return true
}

// steps are the operations of an action whose stage begins. Its operations
// refer to what earlier stages have created by id.
func (r *run) steps(a *Action) (steps []step) {
	refused := r.refuse(a)
	for _, op := range a.Operations {
		if op.Refused = refused; a.stage > 0 && len(a.needs) > 0 {
			if data, err := dataOf(op); err == nil {
				op.Data = resolve(data, func(name string) (string, bool) { id, ok := r.ids[name]; return id, ok })
			}
		}
		steps = append(steps, step{op, a})
	}
	return steps
}

// refuse returns why an action must not be done, as far as earlier stages tell;
// nil if it may.
func (r *run) refuse(a *Action) error {
	switch {
	case r.stop != nil: // the job sends nothing, and skips what no earlier run has done
		return nil
	case slices.ContainsFunc(a.needs, func(b *Action) bool { return b.stage < a.stage && r.failed[b] }):
		return ErrAfter
	case a.isRemoval() && r.unknown:
		return ErrHeld
	}
	return nil
}

// source gives the operations of a stage. Each leaver is read when its turn
// comes.
func (r *run) source(ctx context.Context, steps []step) iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		stopped := r.stop != nil
		for _, s := range steps {
			if s.Refused == nil && s.action.isRemoval() && !stopped && ctx.Err() == nil { // else the job sends nothing
				s.Refused = r.check(ctx, s.action)
			}
			if !yield(s.Operation, nil) {
				return
			}
		}
	}
}

// note keeps what later stages need of a result, and returns the result for the
// caller.
func (r *run) note(a *Action, res client.Result) client.Result {
	if a.Kind == Delete && res.Attempts == 0 && errors.Is(res.Err, client.ErrAbsent) { // check has found it gone
		res.Outcome, res.Recovered, res.Err = client.Succeeded, true, nil
	}
	switch {
	case res.Outcome != client.Succeeded:
		r.failed[a] = true
		r.unknown = r.unknown || res.Outcome == client.Unknown
	case res.Operation.Method == client.MethodPost:
		r.ids[res.Operation.BulkID] = res.Location.ID
		if res.Replayed {
			r.replayed = append(r.replayed, res.Location)
		}
	}
	return res
}

// check reads a leaver again.
func (r *run) check(ctx context.Context, a *Action) error {
	now, err := get(ctx, r.client, a.Stored.Type, a.Stored.ID)
	if err != nil {
		return fmt.Errorf("not removed: %w", err)
	}
	scope, err := scimfilter.Parse(r.opt.Scope)
	if err != nil {
		return err
	}
	switch {
	case key(now.Name) != key(a.Stored.Name), now.ExternalID != a.Stored.ExternalID:
		return fmt.Errorf("%w: another name or externalId", ErrChanged)
	case !scope.Match(now.Data):
		return fmt.Errorf("%w: not in scope any more", ErrChanged)
	case isActive(now.Data) && !isActive(a.Stored.Data):
		return fmt.Errorf("%w: activated", ErrChanged)
	}
	if reason := r.opt.protection(now, r.org.Me); reason != "" {
		return fmt.Errorf("%w: %s", ErrChanged, strings.SplitN(reason, ":", 2)[0])
	}
	return nil
}

// get reads a user or group.
func get(ctx context.Context, c *client.Client, kind, id string) (client.Resource, error) {
	if kind == Groups {
		return c.GetGroup(ctx, id)
	}
	return c.GetUser(ctx, id)
}

// Absent counts the users and groups that Run did not create, because the
// Journal has them, and that the service does not show. It asks again for as
// long as patience. What is absent then was deleted since, or the service takes
// longer to show it: a run some minutes later creates the missing ones.
func (d *Difference) Absent(ctx context.Context, c *client.Client, patience time.Duration) int {
	until := time.Now().Add(patience)
	for absent := d.replayed; ; {
		absent = d.stillAbsent(ctx, c, absent)
		if len(absent) == 0 || ctx.Err() != nil || time.Now().After(until) {
			return len(absent)
		}
		select {
		case <-time.After(min(time.Second, patience)):
		case <-ctx.Done():
		}
	}
}

// stillAbsent returns the resources that the service does not have.
func (d *Difference) stillAbsent(ctx context.Context, c *client.Client, list []client.Location) []client.Location {
	var absent []client.Location
	missing := make([]bool, len(list))
	inParallel(len(list), func(i int) {
		_, err := get(ctx, c, list[i].ResourceType, list[i].ID)
		missing[i] = errors.Is(err, client.ErrAbsent)
	})
	for i, at := range list {
		if missing[i] {
			absent = append(absent, at)
		}
	}
	return absent
}
