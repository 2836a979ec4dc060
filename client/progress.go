package client

import (
	"sync"
	"time"

	"github.com/webexscim/bulk/internal/throttle"
)

// Progress is how far a job is.
type Progress struct {
	// Read is the number of operations that the source has given.
	Read int
	// Succeeded, Failed, Skipped and Unknown count the operations by fate.
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
	// LookingUp is the number of operations that were sent without an answer, and
	// whose effect is being looked for.
	LookingUp int
	// ClosedFor is how long nothing is sent: the service wants to be left alone,
	// or does not answer; 0 when requests may leave.
	ClosedFor time.Duration
	// Unanswered is how many requests in a row have had no answer at all.
	Unanswered int
}

// Done is the number of operations that have their fate.
func (p Progress) Done() int { return p.Succeeded + p.Failed + p.Skipped + p.Unknown }

// tally is a Progress under a lock.
type tally struct {
	mu   sync.Mutex
	now  Progress
	gate *throttle.Throttle // nil until the job begins
}

// begin reports whether the job is new.
func (t *tally) begin(g *throttle.Throttle) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gate != nil {
		return false
	}
	t.gate = g
	return true
}

func (t *tally) change(f func(*Progress)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.now)
}

// Progress tells how far the job is, from any goroutine and at any time.
func (j *Job) Progress() Progress {
	j.tally.mu.Lock()
	defer j.tally.mu.Unlock()
	p := j.tally.now
	if j.tally.gate != nil {
		state := j.tally.gate.State()
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
