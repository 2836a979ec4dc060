package journal

import (
	"context"
	"time"

	"github.com/webexscim/bulk/client"
)

// Summary is what a journal holds, over all its runs.
type Summary struct {
	// Target is whom the journal belongs to; zero before the first run.
	Target client.Target
	// Started is when the first run began; zero before it.
	Started time.Time
	// Runs is how many runs have begun.
	Runs int
	// Done, Sent and Other count the operations that succeeded, that were sent
	// without their outcome being known, and that failed or were skipped.
	Done, Sent, Other int
}

// Summary returns what the journal holds at this moment.
func (j *Journal) Summary(ctx context.Context) (sum Summary, err error) {
	err = j.do(ctx, true, func(s *store) error {
		n := s.counts
		for state, covered := range s.covered {
			n[state] += covered
		}
		sum = Summary{
			Target:  s.header.target,
			Started: s.header.started,
			Runs:    s.header.runs,
			Done:    n[stateSucceeded],
			Sent:    n[stateSent] + n[stateUnknown],
			Other:   n[stateFailed] + n[stateSkipped],
		}
		return nil
	})
	return sum, err
}
