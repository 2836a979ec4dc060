package engine

import (
	"fmt"
	"time"
)

// This file finds out whether the service itself still answers. Answers of
// intermediaries, such as proxies, do not show that.

// A job stops when the service itself has not answered for deadAfter, in at
// least deadAttempts attempts. Two timeouts of one operation take as long, but
// a lookup follows them.
const (
	deadAfter    = time.Minute
	deadAttempts = 3
)

// life counts the answers of the service itself.
type life struct {
	answers  int           // requests and lookups that were answered so far
	silent   int           // attempts in a row that the service itself did not answer
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

// isLongSilent reports whether the service has been silent for so long that a
// lookup has to show an answer before anything is sent again.
func (e *Engine) isLongSilent() bool {
	return e.silent >= deadAttempts-1 && e.now.Elapsed-e.silentAt >= deadAfter/2
}

// holdsBack reports whether no request may leave, since the service is silent,
// and lookups are under way that will show whether it answers.
func (e *Engine) holdsBack() bool { return e.silent > 0 && len(e.sought) > 0 }
