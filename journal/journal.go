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
	names    *names

	mu    sync.Mutex
	err   error // for which nothing goes on
	begun bool
	// started is when the first run began.
	started time.Time
	// claims are the operations between Claim and Settle.
	claims map[client.Ticket]*claim
	next   int64 // the next new operation's Ticket
	left   int   // rows of earlier runs that no Claim has taken yet
}

var _ client.Journal = (*Journal)(nil)

// Open opens the journal at path, or creates one that only its owner can read.
// It checks all that is in it, which takes some seconds for a million
// operations. Errors wrap ErrLocked, ErrDamaged, ErrNewer or ErrWrite and
// name the file; after any of them nothing has been written.
func Open(path string) (*Journal, error) { return open(path, 0) }

func open(path string, maxPages int) (*Journal, error) {
	if path == "" {
		return nil, errors.New("journal: no path given")
	}
	s, err := openStore(path, maxPages)
	if err != nil {
		return nil, err
	}
	n, err := openNames()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: temporary file: %w", ErrWrite, err), s.close(false))
	}
	j := &Journal{
		names: n, next: s.next,
		requests: make(chan *request), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	go j.write(s)
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
		j.closeErr = errors.Join(j.closeErr, j.names.close())
	})
	<-j.stopped
	return j.closeErr
}

// Begin starts a run. The first one binds the journal to target; a *TargetError
// tells of a later one for another target.
func (j *Journal) Begin(ctx context.Context, target client.Target) error {
	var refused error
	err := j.do(ctx, false, func(s *store) error {
		if s.header.runs > 0 && !same(s.header.target, target) {
			refused = &TargetError{Journal: s.header.target, Job: target}
			return nil
		}
		left, err := s.start(target)
		if err != nil {
			return err
		}
		j.mu.Lock()
		j.begun, j.claims, j.left = true, make(map[client.Ticket]*claim), left
		j.started = s.header.started
		j.mu.Unlock()
		return j.names.forget()
	})
	return cmp.Or(err, refused)
}

// same compares as the targets do: letters in either case are the same in a
// UUID and in a host.
func same(a, b client.Target) bool {
	return strings.EqualFold(a.OrgID, b.OrgID) &&
		strings.EqualFold(strings.TrimRight(a.BaseURL, "/"), strings.TrimRight(b.BaseURL, "/"))
}

// Claim says what is known of each operation. Of equal ones that earlier runs
// left, those that are done come first, then those that were sent, so that no
// done one is sent again when an equal one has gone from the input. It writes
// nothing that lasts.
func (j *Journal) Claim(ctx context.Context, entries []client.Entry) ([]client.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	records := make([]client.Record, len(entries))
	done, err := j.claimNew(entries, records)
	if done || err != nil {
		return records, err
	}
	err = j.do(ctx, true, func(s *store) error {
		for i, e := range entries {
			r, ok, err := s.lookup(e.Key)
			if err != nil {
				return err
			}
			j.mu.Lock()
			if ok {
				j.left--
			}
			records[i] = j.add(e, r, ok)
			j.mu.Unlock()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// claimNew claims without the file, as long as that has nothing to tell.
func (j *Journal) claimNew(entries []client.Entry, records []client.Record) (done bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.err != nil:
		return false, j.err
	case !j.begun:
		return false, fmt.Errorf("%w: Claim before Begin", ErrMisuse)
	case j.left > 0:
		return false, nil
	}
	for i, e := range entries {
		records[i] = j.add(e, row{}, false)
	}
	return true, nil
}

// add notes a claim of the stored row r, or of a new one.
func (j *Journal) add(e client.Entry, r row, stored bool) client.Record {
	c := &claim{row: r, stored: stored}
	if stored {
		c.earlier = r.state.known()
	} else {
		c.row = row{id: j.next, key: e.Key}
		j.next++
	}
	if e.Name != "" {
		c.name, c.named = hashName(e.Name), true
	}
	record := client.Record{Ticket: client.Ticket(c.row.id), Known: c.earlier}
	switch c.earlier {
	case client.KnownDone:
		record.Settlement = c.row.settlement()
	case client.KnownSent:
		record.Begun = j.started
	}
	j.claims[record.Ticket] = c
	return record
}

// Sent records that these operations are about to leave. One that is known to
// be done is refused, and nothing is recorded then.
func (j *Journal) Sent(ctx context.Context, tickets []client.Ticket) error {
	var refused error
	err := j.do(ctx, false, func(s *store) error {
		var claims []*claim
		if claims, refused = j.outstanding(tickets); refused != nil {
			return nil
		}
		for _, c := range claims {
			c.sent = true
			if next, changed := c.send(); changed {
				if err := s.put(c, next); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return cmp.Or(err, refused)
}

// outstanding are the claims of tickets that may leave.
func (j *Journal) outstanding(tickets []client.Ticket) ([]*claim, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	claims := make([]*claim, len(tickets))
	for i, t := range tickets {
		c := j.claims[t]
		switch {
		case c == nil:
			return nil, fmt.Errorf("%w: ticket %d was not claimed, or is settled", ErrMisuse, t)
		case c.stored && c.row.state == stateSucceeded:
			return nil, fmt.Errorf("%w: the operation of ticket %d is done", ErrMisuse, t)
		}
		claims[i] = c
	}
	return claims, nil
}

// Settle records what became of operations and ends their tickets. It does
// so even if ctx has ended: an outcome is not to be lost to a cancellation.
//
// What is known to be done stays so, whatever the settlement says. What an
// earlier run sent without an answer stays KnownSent for the next one if it is
// now skipped, or fails without having been sent again and without a status.
func (j *Journal) Settle(ctx context.Context, settlements []client.Settlement) error {
	var named []created
	var refused error
	err := j.do(context.WithoutCancel(ctx), false, func(s *store) error {
		var claims []*claim
		if claims, refused = j.release(settlements); refused != nil {
			return nil
		}
		for i, c := range claims {
			settlement := settlements[i]
			if next, changed := c.settle(settlement); changed {
				if err := s.put(c, next); err != nil {
					return err
				}
			}
			if c.named && c.row.state == stateSucceeded {
				settlement = c.row.settlement()
			}
			if c.named {
				named = append(named, created{name: c.name, settlement: settlement})
			}
		}
		return nil
	})
	if err := cmp.Or(err, refused); err != nil {
		return err
	}
	// Outside of the writer, which may sync the next group meanwhile.
	if err := j.names.put(named); err != nil {
		return j.fail(fmt.Errorf("%w: temporary file: %w", ErrWrite, err))
	}
	return nil
}

// release takes the claims of settlements out, all or none.
func (j *Journal) release(settlements []client.Settlement) ([]*claim, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	claims := make([]*claim, len(settlements))
	for i, s := range settlements {
		c := j.claims[s.Ticket]
		var err error
		switch {
		case c == nil:
			err = fmt.Errorf("%w: ticket %d was not claimed, or is settled", ErrMisuse, s.Ticket)
		case s.Outcome < client.Succeeded || s.Outcome > client.Unknown:
			err = fmt.Errorf("%w: ticket %d is settled without an outcome", ErrMisuse, s.Ticket)
		}
		if err != nil {
			for k, c := range claims[:i] {
				j.claims[settlements[k].Ticket] = c
			}
			return nil, err
		}
		claims[i] = c
		delete(j.claims, s.Ticket)
	}
	return claims, nil
}
