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

// Journal is a client.Journal in a file. Its methods are safe for concurrent
// use; calls at the same time share one sync. Use Open to get one; the zero
// value is invalid.
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
// It checks the whole content, which takes some seconds for a million
// operations. Errors wrap ErrLocked, ErrDamaged, ErrNewer, ErrOlder or ErrWrite
// and name the file; after any of them nothing was written.
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

// Close waits for the transaction in progress and closes the file. Later calls
// fail with ErrClosed. Calls in progress may fail with it too, although their
// updates may be on disk.
func (j *Journal) Close() error {
	j.closing.Do(func() {
		close(j.quit)
		<-j.stopped
		_ = j.fail(ErrClosed)
	})
	return j.closeErr
}

// Begin starts a run. The first run binds the journal to target; a later run
// for another target gets a *TargetError. A second Begin before End gets
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

// refuse returns the reason why a run for target cannot begin, or nil.
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

// same compares without regard to case, which does not matter in a UUID or a
// host.
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

// Claim returns the record of earlier runs for each operation. It writes
// nothing durable, and does not use the file after all operations of earlier
// runs were claimed.
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

// claimKnown claims what earlier runs may know. Rivals are looked for when all
// of the entries have taken theirs.
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

// Write makes updates durable before it returns: all or none, in this order.
// The end of ctx does not stop a transaction that has begun. After a wrong
// update or a disk error, the journal cannot be used anymore.
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

// Summary describes the content of a journal, over all its runs.
type Summary struct {
	// Target is the organization and service of the journal; zero before the
	// first run.
	Target client.Target
	// Started is the start of the first run; zero before it.
	Started time.Time
	// Runs is the number of runs that have begun.
	Runs int
	// Done counts the operations that have succeeded, Sent those that were sent
	// and have no recorded answer.
	Done, Sent int
}

// Summary returns the current content of the journal.
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
