package client

import (
	"sync"
	"time"

	"github.com/webexscim/bulk/internal/throttle"
)

// Progress holds counts of a job's operations and requests.
type Progress struct {
	// Read is the number of operations that the source has given.
	Read int
	// Succeeded, Failed, Skipped and Unknown count the operations by outcome.
	Succeeded, Failed, Skipped, Unknown int
	// Recovered and Replayed count those of Succeeded that a lookup decided,
	// and those that the journal knew.
	Recovered, Replayed int
	// Requests is the number of Bulk requests sent, repetitions included.
	Requests int
	// Refused is how often the service asked the Client to wait.
	Refused int
	// InFlight is the number of requests that are under way, Waiting that of
	// the operations read and not sent.
	InFlight, Waiting int
	// LookingUp is the number of operations that may have been done, and whose
	// effect is being looked for. LookingFor is how long that may still take: an
	// attempt without an answer may be at work for Config.MaxServiceTime.
	LookingUp  int
	LookingFor time.Duration
	// ClosedFor is how long nothing is sent: the service wants to be left alone,
	// or does not answer; 0 when requests may leave.
	ClosedFor time.Duration
	// Unanswered is how many requests in a row have had no answer at all.
	Unanswered int
}

// Done is the number of operations that have their outcome.
func (p Progress) Done() int { return p.Succeeded + p.Failed + p.Skipped + p.Unknown }

// tally is a Progress under a lock.
type tally struct {
	mu       sync.Mutex
	now      Progress
	throttle *throttle.Throttle // nil until the job begins
}

// begin reports whether the job is new.
func (t *tally) begin(g *throttle.Throttle) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.throttle != nil {
		return false
	}
	t.throttle = g
	return true
}

// abandon makes a job new again that could not begin.
func (t *tally) abandon() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.throttle = nil
}

func (t *tally) change(f func(*Progress)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.now)
}

// Progress returns the progress of the job. It may be called from any goroutine
// at any time.
func (j *Job) Progress() Progress {
	j.tally.mu.Lock()
	defer j.tally.mu.Unlock()
	p := j.tally.now
	if j.tally.throttle != nil {
		state := j.tally.throttle.State()
		p.ClosedFor = max(0, time.Until(state.ClosedUntil))
		p.Refused, p.Unanswered = state.Refused, state.Unanswered
	}
	return p
}

func (p *Progress) count(r Result) {
	switch r.Outcome {
	case Succeeded:
		p.Succeeded++
	case Failed:
		p.Failed++
	case Skipped:
		p.Skipped++
	case Unknown:
		p.Unknown++
	}
	if r.Recovered {
		p.Recovered++
	}
	if r.Replayed {
		p.Replayed++
	}
}
