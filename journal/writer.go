package journal

import (
	"context"
	"errors"
)

// The most calls that share a transaction: enough for all workers of a job,
// and a bound on how long the first of them waits.
const groupSize = 64

// request is a call that needs the file.
type request struct {
	// work runs within a transaction. Its error is the end of the journal.
	work func(*store) error
	// early: work only reads, so its caller need not wait for the commit.
	early bool
	done  chan error
}

// do makes the writer run work and waits until the result is on disk. The end
// of ctx ends only the wait for the writer. Work that has begun is finished, so
// that the caller knows the result.
func (j *Journal) do(ctx context.Context, early bool, work func(*store) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := j.failure(); err != nil {
		return err
	}
	r := &request{work: work, early: early, done: make(chan error, 1)}
	select {
	case j.requests <- r:
		return <-r.done
	case <-ctx.Done():
		return ctx.Err()
	case <-j.quit:
		return ErrClosed
	}
}

// serve is the goroutine that the file belongs to. The requests that wait
// while it is busy go into its next transaction together: one fsync for all.
func (j *Journal) serve(s *store) {
	defer close(j.stopped)
	group := make([]*request, 0, groupSize)
	for {
		select {
		case r := <-j.requests:
			group = j.gather(append(group[:0], r))
			j.commit(s, group)
			clear(group)
		case <-j.quit:
			j.closeErr = s.close(j.failure() != nil)
			return
		}
	}
}

// gather adds the requests that wait already.
func (j *Journal) gather(group []*request) []*request {
	for len(group) < groupSize {
		select {
		case r := <-j.requests:
			group = append(group, r)
		default:
			return group
		}
	}
	return group
}

// commit runs a group in one transaction. After an error nothing is read or
// written anymore, because the content of the disk is unknown and may differ
// from memory.
func (j *Journal) commit(s *store, group []*request) {
	err := j.failure()
	if err == nil {
		err = s.transaction(func() error {
			for _, r := range group {
				if err := r.work(s); err != nil {
					return err
				}
				if r.early {
					r.done <- nil
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrMisuse) {
			err = writeError(s.path, err)
		}
		if err != nil {
			err = j.fail(err)
		}
	}
	for _, r := range group {
		select {
		case r.done <- err:
		default: // answered early
		}
	}
}

// fail makes all later calls fail with the given error, or with an earlier one.
func (j *Journal) fail(err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		j.err = err
	}
	return j.err
}

func (j *Journal) failure() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}
