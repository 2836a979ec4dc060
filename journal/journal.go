package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/webexscim/bulk/client"
)

// Journal is a client.Journal in a file. Its methods may be called from any
// number of goroutines; those that wait for the disk at the same time share
// the wait. Open makes one; the zero value is of no use.
type Journal struct {
	requests chan *request
	quit     chan struct{} // closed by Close
	stopped  chan struct{} // closed by the writer, last
	closing  sync.Once
	closeErr error // the writer's, once it has stopped

	mu      sync.Mutex
	err     error // for which nothing goes on
	running bool  // between Begin and End
	next    int64 // the next new operation's Ticket
	left    int   // operations of earlier runs that no Claim has taken yet
}

var _ client.Journal = (*Journal)(nil)

// Open opens the journal at path, or creates one that only its owner can read.
// It checks all that is in it, which takes some seconds for a million
// operations. Errors wrap ErrLocked, ErrDamaged, ErrNewer, ErrOlder or ErrWrite
// and name the file; after any of them nothing has been written.
func Open(path string) (*Journal, error) { return open(path, 0) }

func open(path string, maxPages int) (*Journal, error) {
	if path == "" {
		return nil, errors.New("journal: no path given")
	}
	s, err := openStore(path, maxPages)
	if err != nil {
		return nil, err
	}
	j := &Journal{
		requests: make(chan *request), quit: make(chan struct{}), stopped: make(chan struct{}),
		next: s.next,
	}
	go j.serve(s)
	return j, nil
}

// Close lets the transaction in progress end and closes the file. Calls after
// it fail with ErrClosed; so may those in progress, though what they record may
// be on disk then.
func (j *Journal) Close() error {
	j.closing.Do(func() {
		close(j.quit)
		<-j.stopped
		_ = j.fail(ErrClosed)
	})
	return j.closeErr
}

// Begin starts a run. The first one binds the journal to target; a *TargetError
// tells of a later one for another target. A second one before End gets
// ErrLocked.
func (j *Journal) Begin(ctx context.Context, target client.Target) (history client.History, err error) {
	var refused error
	err = j.do(ctx, false, func(s *store) (err error) {
		if refused = j.refuse(s.job, target); refused != nil {
			return nil
		}
		if history, err = s.start(target); err != nil {
			return err
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		j.running, j.left = true, s.job.operations
		return nil
	})
	return history, cmp.Or(err, refused)
}

// refuse returns why a run against target cannot begin.
func (j *Journal) refuse(job job, target client.Target) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.running:
		return fmt.Errorf("%w: by another job of this process", ErrLocked)
	case job.runs > 0 && !same(job.target, target):
		return &TargetError{Journal: job.target, Job: target}
	}
	return nil
}

// same compares as the targets do: letters in either case are the same in a
// UUID and in a host.
func same(a, b client.Target) bool {
	return strings.EqualFold(a.OrgID, b.OrgID) &&
		strings.EqualFold(strings.TrimRight(a.BaseURL, "/"), strings.TrimRight(b.BaseURL, "/"))
}

// End ends the run. It writes nothing, so it does not depend on ctx.
func (j *Journal) End(context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.unusable(); err != nil {
		return err
	}
	j.running = false
	return nil
}

// unusable returns why nothing but Begin and Summary may be called. The caller
// holds mu.
func (j *Journal) unusable() error {
	if j.err == nil && !j.running {
		return fmt.Errorf("%w: no run has begun", ErrMisuse)
	}
	return j.err
}

// Claim returns what earlier runs know of each operation. It writes nothing that
// lasts, and does not need the file once all that they have left is claimed.
func (j *Journal) Claim(ctx context.Context, entries []client.Entry) ([]client.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	records := make([]client.Record, len(entries))
	left, err := j.claimNew(records)
	if left == 0 || err != nil {
		return records, err
	}
	if err := j.do(ctx, true, func(s *store) error { return j.claimKnown(s, entries, records) }); err != nil {
		return nil, err
	}
	return records, nil
}

// claimNew gives tickets to all records that have none, unless there is
// something left to be claimed that the file may know them by.
func (j *Journal) claimNew(records []client.Record) (left int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.unusable(); err != nil || j.left > 0 {
		return j.left, err
	}
	j.number(records)
	return 0, nil
}

// number gives tickets to all records that have none. The caller holds mu.
func (j *Journal) number(records []client.Record) {
	for i := range records {
		if records[i].Ticket == 0 {
			records[i].Ticket = client.Ticket(j.next)
			j.next++
		}
	}
}

// claimKnown claims what earlier runs may know. Rivals are looked for when all of
// the entries have taken theirs.
func (j *Journal) claimKnown(s *store, entries []client.Entry, records []client.Record) (err error) {
	taken := 0
	for i, e := range entries {
		if records[i], err = s.claim(e.Key); err != nil {
			return err
		}
		if records[i].Ticket != 0 {
			taken++
		}
	}
	for i, e := range entries {
		if records[i].Ticket != 0 || e.Name == (client.Key{}) {
			continue
		}
		if err = s.findRivalsOf(e.Name, &records[i]); err != nil {
			return err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.left -= taken
	j.number(records)
	return nil
}

// Write makes updates durable before it returns: all or none, in this order. What
// it has begun does not end with ctx. A wrong update is the end of the journal's
// use, as is an error of the disk.
func (j *Journal) Write(ctx context.Context, updates []client.Update) error {
	return j.inRun(ctx, false, func(s *store) error { return s.write(updates) })
}

// Owned reports which of the resource ids earlier runs have recorded. The first
// call of a run reads all locations, which takes some seconds for a million.
func (j *Journal) Owned(ctx context.Context, ids []string) (owned []bool, err error) {
	err = j.inRun(ctx, true, func(s *store) error {
		owned, err = s.ownedOf(ids)
		return err
	})
	return owned, err
}

// inRun is do, between Begin and End only.
func (j *Journal) inRun(ctx context.Context, early bool, work func(*store) error) error {
	j.mu.Lock()
	err := j.unusable()
	j.mu.Unlock()
	if err != nil {
		return err
	}
	return j.do(ctx, early, work)
}

// Summary is what a journal holds, over all its runs.
type Summary struct {
	// Target is whom the journal belongs to; zero before the first run.
	Target client.Target
	// Started is when the first run began; zero before it.
	Started time.Time
	// Runs is how many runs have begun.
	Runs int
	// Done and Sent count the operations that have succeeded, and those that were
	// sent without an answer on record.
	Done, Sent int
}

// Summary returns what the journal holds at this moment.
func (j *Journal) Summary(ctx context.Context) (sum Summary, err error) {
	err = j.do(ctx, true, func(s *store) error {
		sum = Summary{
			Target: s.job.target, Started: s.job.started, Runs: s.job.runs,
			Done: s.job.done, Sent: s.job.operations - s.job.done,
		}
		return nil
	})
	return sum, err
}
