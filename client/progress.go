package client

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/throttle"
)

// Progress holds counts of a job's operations and requests.
type Progress struct {
	// Read is the number of operations that the source has given.
	Read int
	// Succeeded, Failed, Skipped and Unknown count the operations by outcome.
	Succeeded, Failed, Skipped, Unknown int
	// Recovered and Replayed count the successes that a lookup has shown, and
	// those that the journal knew.
	Recovered, Replayed int
	// Requests is the number of Bulk requests sent, repetitions included.
	Requests int
	// Refused is how often the service asked the Client to wait.
	Refused int
	// InFlight is the number of requests that are under way, Waiting the number of
	// operations read and not sent.
	InFlight, Waiting int
	// LookingUp is the number of operations that may have been done, and whose
	// effect is looked up. LookingFor is how long that may still take: the service
	// may work on an attempt without an answer for Config.MaxServiceTime.
	LookingUp  int
	LookingFor time.Duration
	// ClosedFor is how long nothing is sent, because the service asked to wait or
	// does not answer; 0 if requests may be sent.
	ClosedFor time.Duration
	// Unanswered is how many requests in a row have had no answer at all.
	Unanswered int
}

// Done is the number of operations that have their outcome.
func (p Progress) Done() int { return p.Succeeded + p.Failed + p.Skipped + p.Unknown }

// String returns one line with the counts that are not 0.
func (p Progress) String() string {
	type count struct {
		n    int
		what string
	}
	list := func(counts ...count) string {
		var texts []string
		for _, c := range counts {
			if c.n > 0 {
				texts = append(texts, fmt.Sprintf("%d %s", c.n, c.what))
			}
		}
		return cmp.Or(strings.Join(texts, ", "), "none")
	}
	text := "operations: " + list(
		count{p.Read, "read"}, count{p.Succeeded, "succeeded"}, count{p.Recovered, "of them recovered"},
		count{p.Replayed, "of them replayed"}, count{p.Failed, "failed"}, count{p.Skipped, "skipped"},
		count{p.Unknown, "unknown"}, count{p.Waiting, "waiting"}, count{p.LookingUp, "looked up"},
	) + "; requests: " + list(
		count{p.Requests, "sent"}, count{p.InFlight, "in flight"}, count{p.Refused, "told to wait"},
		count{p.Unanswered, "unanswered in a row"},
	)
	if p.ClosedFor > 0 {
		text += fmt.Sprintf("; nothing is sent for %v", p.ClosedFor.Round(time.Second))
	}
	return text
}

// jobState is the progress of a job and of its stages, under a lock.
type jobState struct {
	mu       sync.Mutex
	progress Progress
	throttle *throttle.Throttle // nil until the job begins
	phase    phase
	stage    stage
}

// stage is the state of a job in which its next stage begins.
type stage struct {
	first   int            // the index of its first operation
	stopped error          // why the job ended before its time
	began   time.Time      // the first stage
	carried engine.Carried // from the stage before
}

// phase tells whether a job can run.
type phase int

const (
	ready phase = iota
	running
	over
)

// begin begins a stage; ok is false if the job cannot run.
func (s *jobState) begin(t *throttle.Throttle) (first stage, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != ready {
		return stage{}, false
	}
	s.throttle, s.phase = t, running
	return s.stage, true
}

// setReady makes a job that is in a phase ready to run.
func (s *jobState) setReady(from phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == from {
		s.phase = ready
	}
}

// end ends a stage of a job that began at a time.
func (s *jobState) end(e *engine.Engine, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stage = stage{first: s.progress.Read, stopped: e.Stopped(), began: began, carried: e.Carried()}
	s.phase = over
}

// change changes the progress.
func (s *jobState) change(f func(*Progress)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.progress)
}

// Progress returns the progress of the job. It may be called from any goroutine
// at any time.
func (j *Job) Progress() Progress {
	j.state.mu.Lock()
	defer j.state.mu.Unlock()
	p := j.state.progress
	if j.state.throttle != nil {
		state := j.state.throttle.State()
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
