package engine

import (
	"fmt"
	"time"
)

// Whether the service is there: answers of intermediaries are no sign of it.

// deadAfter is how long nothing but silence and intermediaries may answer, in
// at least so many attempts: two timeouts of one operation, which take as long,
// are followed by a lookup.
const (
	deadAfter    = time.Minute
	deadAttempts = 3
)

// life is what the answers tell of the service itself.
type life struct {
	answers  int           // requests and lookups that were answered so far
	silent   int           // attempts without a sign of life since the last one
	silentAt time.Duration // when the first of them ended
	date     time.Time     // of the service's last answer, which came at dateAt
	dateAt   time.Duration
}

// noteLife notes whether the service itself has answered.
func (e *Engine) noteLife(alive bool, date time.Time) {
	if alive && !date.IsZero() {
		e.date, e.dateAt = date, e.now.Elapsed
	}
	switch {
	case alive:
		e.silent = 0
	case e.silent == 0:
		e.silent, e.silentAt = 1, e.now.Elapsed
		e.lookSoon()
	default:
		e.silent++
	}
}

// checkLife ends a job whose service has not answered for a minute.
func (e *Engine) checkLife() {
	if e.silent >= deadAttempts && e.now.Elapsed-e.silentAt >= deadAfter {
		e.stop(fmt.Errorf("%w: no answer of the service itself for %v, in %d attempts", ErrUnavailable, deadAfter, e.silent))
	}
}

// isLongSilent reports whether a lookup is to show that the service is there
// before anything is sent again.
func (e *Engine) isLongSilent() bool {
	return e.silent >= deadAttempts-1 && e.now.Elapsed-e.silentAt >= deadAfter/2
}

// holdsBack reports whether nothing new may be risked: the service is silent,
// and lookups will tell whether it is there.
func (e *Engine) holdsBack() bool { return e.silent > 0 && len(e.sought) > 0 }
