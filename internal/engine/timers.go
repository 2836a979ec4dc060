package engine

import (
	"slices"
	"time"
)

// timer is something to be done at a time.
type timer struct {
	at   time.Duration
	fire func()
}

// timers have the earliest first, and those of one time in the order in which
// they were set. Most are set for later than all others, so that little has to
// move.
type timers []timer

func (t *timers) set(at time.Duration, fire func()) {
	i, _ := slices.BinarySearchFunc(*t, at, func(other timer, at time.Duration) int {
		if other.at <= at {
			return -1
		}
		return 1
	})
	*t = slices.Insert(*t, i, timer{at, fire})
}

func (t timers) first() (at time.Duration, ok bool) {
	if len(t) == 0 {
		return 0, false
	}
	return t[0].at, true
}

func (e *Engine) runTimers() {
	for len(e.timers) > 0 && e.timers[0].at <= e.now.Elapsed {
		fire := e.timers[0].fire
		e.timers[0] = timer{}
		e.timers = e.timers[1:]
		fire()
	}
}
