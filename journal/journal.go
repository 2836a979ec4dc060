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
	names    names

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
// operations. Errors wrap ErrLocked, ErrDamaged, ErrNewer, ErrOlder or ErrWrite
// and name the file, or the folder of temporary files if none can be made there;
// after any of them nothing has been written.
func Open(path string) (*Journal, error) { return open(path, 0) }

func open(path string, maxPages int) (*Journal, error) {
	if path == "" {
		return nil, errors.New("journal: no path given")
	}
	j := &Journal{requests: make(chan *request), quit: make(chan struct{}), stopped: make(chan struct{})}
	if err := j.names.create(); err != nil {
		return nil, err
	}
	s, err := openStore(path, maxPages)
	if err != nil {
		_ = j.names.close()
		return nil, err
	}
	j.next = s.next
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
// done one is sent again when an equal one has gone from the input; of these,
// what was sent in the earliest run comes first. It writes nothing that lasts.
func (j *Journal) Claim(ctx context.Context, entries []client.Entry) ([]client.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	records := make([]client.Record, len(entries))
	done, err := j.claimNew(entries, records)
	if done || err != nil {
		return records, err
	}
	err = j.do(ctx, true, func(s *store) (err error) {
		for i, e := range entries {
			if records[i], err = j.claimOld(s, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

// Sent records that these operations are about to leave. One that is known to
// be done, and not overtaken, is refused, and nothing is recorded then.
func (j *Journal) Sent(ctx context.Context, tickets []client.Ticket) error {
	var refused error
	err := j.do(ctx, false, func(s *store) error {
		var claims []*claim
		if claims, refused = j.outstanding(tickets); refused != nil {
			return nil
		}
		return s.send(claims)
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
		case c.earlier == client.KnownDone && !c.overtaken:
			return nil, fmt.Errorf("%w: the operation of ticket %d is done", ErrMisuse, t)
		}
		claims[i] = c
	}
	return claims, nil
}

// Settle records what became of operations and ends their tickets. It does
// so even if ctx has ended: an outcome is not to be lost to a cancellation.
//
// What is known to be done stays so, whatever the settlement says, unless it was
// overtaken and has been sent again; if it is skipped then, it stays so, too.
// What an earlier run sent without an answer stays KnownSent for the next one if
// it is now skipped, or fails without having been sent again and without a
// status.
func (j *Journal) Settle(ctx context.Context, settlements []client.Settlement) error {
	var named []created
	var refused error
	err := j.do(context.WithoutCancel(ctx), false, func(s *store) error {
		var claims []*claim
		if claims, refused = j.release(settlements); refused != nil {
			return nil
		}
		if err := s.settle(claims, settlements); err != nil {
			return err
		}
		named = namedOf(claims, settlements)
		return nil
	})
	if err := cmp.Or(err, refused); err != nil {
		return err
	}
	// Outside of the writer, which may sync the next group meanwhile.
	if err := j.names.put(named); err != nil {
		return j.fail(fmt.Errorf("%w: %w", ErrWrite, err))
	}
	return nil
}

// namedOf are the settled operations that have names, as Created is to see them.
func namedOf(claims []*claim, settlements []client.Settlement) []created {
	named := make([]created, 0, len(claims))
	for i, c := range claims {
		settlement := settlements[i]
		if c.row.state == stateSucceeded {
			settlement = c.row.settlement()
		}
		if c.named {
			named = append(named, created{name: c.name, settlement: settlement})
		}
	}
	return named
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
