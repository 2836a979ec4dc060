package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/journal"
)

// openJournal opens the journal, says what it knows, and returns the ids that
// were looked up in earlier runs.
func (a *application) openJournal(ctx context.Context) (*journal.Journal, *foundIDs, error) {
	if a.noJournal || a.journalFile == "" {
		return nil, newFoundIDs(a.cfg.OrgID), nil
	}
	j, err := a.openJournalFile()
	if err != nil {
		return nil, nil, err
	}
	known, err := a.resume(ctx, j)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("nothing was sent: %w", err), j.Close())
	}
	return j, known, nil
}

func (a *application) openJournalFile() (*journal.Journal, error) {
	j, err := journal.Open(a.journalFile)
	if errors.Is(err, journal.ErrWrite) {
		err = terminal.Errorf("%w\na journal can also be kept elsewhere: --journal FILE; temporary files: TMPDIR", err)
	}
	if err != nil {
		return nil, fmt.Errorf("nothing was sent: %w", err)
	}
	return j, nil
}

// resume says what a journal knows. One that is for something else is refused
// before names are looked up: their ids would be those of another organization.
func (a *application) resume(ctx context.Context, j *journal.Journal) (*foundIDs, error) {
	sum, err := j.Summary(ctx)
	if err != nil || sum.Runs == 0 {
		return newFoundIDs(a.cfg.OrgID), err
	}
	if sum.Target.OrgID != a.cfg.OrgID || !strings.EqualFold(sum.Target.BaseURL, a.cfg.BaseURL) {
		job := client.Target{OrgID: a.cfg.OrgID, BaseURL: a.cfg.BaseURL}
		err := &journal.TargetError{Journal: sum.Target, Job: job}
		return nil, terminal.Errorf("%s: %w\n%s", a.journalFile, err, remedy(err))
	}
	a.begun = sum.Started.Format("2006-01-02 15:04")
	a.say("resuming from %s, begun %s: %d done, %d sent without an answer",
		a.journalFile, a.begun, sum.Done, sum.Sent)
	return loadFoundIDs(foundIDsFile(a.journalFile), a.cfg.OrgID)
}
