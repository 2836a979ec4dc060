package reconcile

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/scimfilter"
)

// The reasons why an operation of an Action was not sent.
var (
	// ErrChanged: a resource to be removed has changed since the organization was read.
	ErrChanged = errors.New("changed since the organization was read")
	// ErrHeld: a resource is not removed while the outcome of an earlier
	// operation is unknown.
	ErrHeld = errors.New("not removed: the outcome of an earlier operation is unknown")
	// ErrAfter: the change that was to free the userName did not succeed.
	ErrAfter = errors.New("its userName was not freed")
)

// Result is the result of one operation of an Action.
type Result struct {
	client.Result
	Action *Action
}

// Run carries the difference out as a job and yields the results as they come;
// the error is that of client.Client.Run. It sets the job's Source, and asks
// the job's Journal about creates only. Creates and changes come first. After
// their results, each leaver is read again by id, and removed only if Compare
// would still remove it; nobody is removed if the outcome of an earlier
// operation is unknown. A Difference can be run once.
func (d *Difference) Run(ctx context.Context, c *client.Client, job *client.Job) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		r := &run{Difference: d, ctx: ctx, client: c, failed: map[*Action]bool{}, wake: make(chan struct{}, 1)}
		if job.Source = r.operations; job.Journal != nil {
			job.Journal = newCreatesOnly(job.Journal)
		}
		for res, err := range c.Run(ctx, job) {
			if err != nil {
				yield(Result{}, err)
				return
			}
			if !yield(Result{res, r.enter(res)}, nil) {
				cancel() // the source may be waiting for a result
				return
			}
		}
	}
}

// Operations counts the operations of Run.
func (d *Difference) Operations() (n int) {
	for _, a := range d.Actions {
		n += len(a.Operations)
	}
	return n
}

// run is one Run. Its source and its results are in different goroutines.
type run struct {
	*Difference
	ctx    context.Context
	client *client.Client
	wake   chan struct{}

	mu      sync.Mutex
	given   []*Action // of each operation
	results int
	unknown bool
	failed  map[*Action]bool
}

// operations is the source of the job.
func (r *run) operations(yield func(client.Operation, error) bool) {
	stage := 0
	for _, a := range r.Actions {
		if a.stage > stage {
			r.wait()
			stage = a.stage
		}
		refused := r.refuse(a)
		for _, op := range a.Operations {
			op.Refused = refused
			r.mu.Lock()
			r.given = append(r.given, a)
			r.mu.Unlock()
			if !yield(op, nil) {
				return
			}
		}
	}
}

// enter notes a result and returns it with its Action.
func (r *run) enter(res client.Result) *Action {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.given[res.Index]
	r.results++
	r.unknown = r.unknown || res.Outcome == client.Unknown
	r.failed[a] = r.failed[a] || res.Outcome != client.Succeeded
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return a
}

// longestWait is how long the next stage waits while there is no result. It is longer than any lost answer takes to be
// settled by default. A create that an earlier run has sent in another form is told only when the source has ended, so the
// wait must end: what is left counts as unknown, and nobody is removed.
const longestWait = 4 * time.Minute

// wait returns when there is a result for each operation so far, when there was none for too long, or when the job ends.
func (r *run) wait() {
	for {
		r.mu.Lock()
		over := r.results == len(r.given)
		r.mu.Unlock()
		if over {
			return
		}
		select {
		case <-r.wake:
		case <-time.After(longestWait):
			r.mu.Lock()
			r.unknown = true
			r.mu.Unlock()
			return
		case <-r.ctx.Done():
			return
		}
	}
}

// refuse returns why an action must not be done, nil if it may.
func (r *run) refuse(a *Action) error {
	r.mu.Lock()
	notFreed, unknown := a.after != nil && r.failed[a.after], r.unknown
	r.mu.Unlock()
	switch {
	case notFreed:
		return ErrAfter
	case a.Kind != Deactivate && a.Kind != Delete:
		return nil
	case unknown:
		return ErrHeld
	case r.ctx.Err() != nil:
		return nil // the job ends, and sends nothing
	}
	return r.check(a)
}

// check reads a leaver again.
func (r *run) check(a *Action) error {
	get := r.client.GetUser
	if a.Stored.Type == Groups {
		get = r.client.GetGroup
	}
	now, err := get(r.ctx, a.Stored.ID)
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
