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
// use; those that need the file wait for each other. Use Open to get one; the
// zero value is invalid.
type Journal struct {
	file  sync.Mutex // held while store is used; before mu
	store *store

	mu      sync.Mutex
	err     error // of every call from now on
	running bool  // between Begin and End
	next    int64 // the next new operation's Ticket
	left    int   // operations of earlier runs that no Claim has taken yet
}

var _ client.Journal = (*Journal)(nil)

// Open opens the journal at path, or creates one that only its owner can read.
// It checks the whole content, which takes some seconds for a million
// operations. Errors wrap ErrLocked, ErrDamaged, ErrNewer, ErrOlder or ErrWrite
// and name the file; after any of them nothing was written.
func Open(path string) (*Journal, error) {
	s, err := openStore(path)
	if err != nil {
		return nil, err
	}
	return &Journal{store: s, next: s.next}, nil
}

// Close waits for the transaction in progress and closes the file. Later calls
// fail with ErrClosed.
func (j *Journal) Close() error {
	j.file.Lock()
	defer j.file.Unlock()
	if j.store == nil {
		return nil
	}
	err := j.store.close(j.fail(nil) != nil)
	j.store = nil
	_ = j.fail(ErrClosed)
	return err
}

// do runs work in a transaction and returns when the disk has confirmed it. The
// end of ctx does not stop work that has begun, so that the caller knows its
// result. After an error nothing is read or written anymore, because the
// content of the disk is unknown and may differ from memory.
func (j *Journal) do(ctx context.Context, work func(*store) error) error {
	j.file.Lock()
	defer j.file.Unlock()
	if err := cmp.Or(ctx.Err(), j.fail(nil)); err != nil {
		return err
	}
	err := j.store.transaction(func() error { return work(j.store) })
	if err != nil && !errors.Is(err, ErrMisuse) {
		err = writeError(j.store.path, err)
	}
	return j.fail(err)
}

// fail makes this call and all later ones fail with err, or with an earlier
// error.
func (j *Journal) fail(err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err = cmp.Or(j.err, err)
	return j.err
}

// inRun is do, between Begin and End only.
func (j *Journal) inRun(ctx context.Context, work func(*store) error) error {
	j.mu.Lock()
	err := j.unusable()
	j.mu.Unlock()
	if err != nil {
		return err
	}
	return j.do(ctx, work)
}

// unusable returns why nothing but Begin and Summary may be called. The caller
// holds mu.
func (j *Journal) unusable() error {
	if j.err == nil && !j.running {
		return fmt.Errorf("%w: no run has begun", ErrMisuse)
	}
	return j.err
}

// Begin starts a run. The first run binds the journal to target; a later run
// for another target gets a *TargetError. A second Begin before End gets
// ErrLocked.
func (j *Journal) Begin(ctx context.Context, target client.Target) (history client.History, err error) {
	var refused error
	err = j.do(ctx, func(s *store) (err error) {
		j.mu.Lock()
		defer j.mu.Unlock()
		switch job := s.job; {
		case j.running:
			refused = fmt.Errorf("%w: by another job of this process", ErrLocked)
			return nil
		case job.runs > 0 && !same(job.target, target):
			refused = &TargetError{Journal: job.target, Job: target}
			return nil
		}
		history, err = s.start(target)
		j.running, j.left = err == nil, s.job.operations
		return err
	})
	return history, cmp.Or(err, refused)
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

// Claim returns the record of earlier runs for each operation. It writes
// nothing durable, and does not use the file after all operations of earlier
// runs were claimed.
func (j *Journal) Claim(ctx context.Context, entries []client.Entry) ([]client.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	records := make([]client.Record, len(entries))
	if left, err := j.claimNew(records); left == 0 {
		return records, err
	}
	return records, j.inRun(ctx, func(s *store) error { return j.claimKnown(s, entries, records) })
}

// claimNew gives tickets to records, unless earlier runs may have left records
// of their operations.
func (j *Journal) claimNew(records []client.Record) (left int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.unusable(); err != nil || j.left > 0 {
		return j.left, err
	}
	j.number(records)
	return 0, nil
}

// claimKnown claims operations that earlier runs have left.
func (j *Journal) claimKnown(s *store, entries []client.Entry, records []client.Record) error {
	taken, err := s.claim(entries, records)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.left -= taken
	j.number(records)
	return err
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

// Write makes updates durable before it returns: all or none, in this order.
// The end of ctx does not stop a transaction that has begun. After a wrong
// update or a disk error, the journal cannot be used anymore.
func (j *Journal) Write(ctx context.Context, updates []client.Update) error {
	return j.inRun(ctx, func(s *store) error { return s.write(updates) })
}

// Owned reports which of the resource ids earlier runs have recorded. The first
// call of a run reads all locations, which takes some seconds for a million.
func (j *Journal) Owned(ctx context.Context, ids []string) (owned []bool, err error) {
	err = j.inRun(ctx, func(s *store) error {
		owned, err = s.ownedOf(ids)
		return err
	})
	return owned, err
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
	err = j.do(ctx, func(s *store) error {
		sum = Summary{
			Target: s.job.target, Started: s.job.started, Runs: s.job.runs,
			Done: s.job.done, Sent: s.job.operations - s.job.done,
		}
		return nil
	})
	return sum, err
}
