package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/webexscim/bulk/journal"
)

// openJournal opens the journal, says what it knows, and returns the ids that
// were looked up in earlier runs.
func (a *application) openJournal(ctx context.Context) (*journal.Journal, foundIDs, error) {
	if a.noJournal || a.journalFile == "" {
		return nil, nil, nil
	}
	j, err := journal.Open(a.journalFile)
	if err != nil {
		return nil, nil, fmt.Errorf("nothing was sent: %w", err)
	}
	sum, err := j.Summary(ctx)
	var known foundIDs
	if err == nil && sum.Runs > 0 {
		known, err = loadFoundIDs(foundIDsFile(a.journalFile))
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("nothing was sent: %w", err), j.Close())
	}
	if sum.Runs > 0 {
		a.say("resuming from %s, begun %s: %d done, %d sent without an answer, %d not done",
			a.journalFile, sum.Started.Format("2006-01-02 15:04"), sum.Done, sum.Sent, sum.Other)
	}
	return j, known, nil
}
