package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/webexscim/bulk/internal/actions"
	"github.com/webexscim/bulk/internal/outfile"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/reconcile"
)

// writePlan writes the sheet of --out.
func (a *syncCommand) writePlan(d *reconcile.Difference) error {
	plan := actions.Plan(d)
	if err := a.writeSheet("--out", a.planFile, plan); err != nil {
		return err
	}
	a.say("%s written to %s; nothing was sent\nlook at it, then: webex-bulk apply %s",
		terminal.Plural(plan.Len(), "row"), a.planFile, shellWord(a.planFile))
	return nil
}

// writeUndo writes the sheet of --before, as if all were done, and says what it
// cannot undo. It returns nil without that flag.
func (a *syncCommand) writeUndo(d *reconcile.Difference) (*actions.Undo, error) {
	if a.undoFile == "" {
		return nil, nil
	}
	undo := actions.NewUndo(d)
	if err := a.writeSheet("--before", a.undoFile, undo.Sheet()); err != nil {
		return nil, err
	}
	when := ""
	if a.planFile != "" {
		when = " once they are applied"
	}
	a.say("to undo the changes%s: webex-bulk apply %s", when, shellWord(a.undoFile))
	a.tellSome("deletes cannot be undone", undo.Deleted)
	a.tellSome("attributes will stay as they become", undo.Stay)
	return undo, nil
}

// tellSome counts names and lists the first of them.
func (a *syncCommand) tellSome(what string, names []string) {
	if len(names) == 0 {
		return
	}
	shown, more := names, ""
	if n := len(names) - maxListed; n > 0 && !a.all {
		shown, more = names[:maxListed], fmt.Sprintf(" and %d more (--all lists everybody)", n)
	}
	a.sayAlways("%d %s: %s%s", len(names), what, strings.Join(shown, ", "), more)
}

// finishUndo writes the sheet of --before anew, for what was done, with the ids
// of what was created.
func (a *syncCommand) finishUndo(undo *actions.Undo) {
	if undo == nil {
		return
	}
	if err := outfile.Replace(a.undoFile, writerOf(undo.Sheet())); err != nil {
		a.sayAlways("%s is still as it was before the run, and names by address who is created: %s",
			a.undoFile, report.Plain(err))
	}
}

func writerOf(s *actions.Sheet) func(*bufio.Writer) error {
	return func(w *bufio.Writer) error { return s.Write(w) }
}

// writeSheet writes a new sheet. An older file is kept, with its journal: it
// may undo an earlier run.
func (a *syncCommand) writeSheet(flag, path string, s *actions.Sheet) error {
	kept := ""
	err := outfile.ReplaceAfter(path, writerOf(s), func(string) (err error) {
		if kept, err = outfile.SetAside(path); err != nil {
			return err
		}
		return moveJournal(path, kept)
	})
	if err != nil {
		return fmt.Errorf("%s: nothing was sent: %w", flag, err)
	}
	if kept != "" {
		a.sayAlways("the older %s is kept as %s", path, kept)
	}
	return nil
}

// moveJournal renames the journal of a sheet together with the sheet: it would
// take rows of a new sheet of this name for done. Without an older sheet, it is
// removed.
func moveJournal(sheet, kept string) error {
	move := func(i int, from string) error { return os.Remove(from) }
	if kept != "" {
		to := journalFiles(kept + journalEnding)
		move = func(i int, from string) error { return os.Rename(from, to[i]) }
	}
	var errs []error
	for i, from := range journalFiles(sheet + journalEnding) {
		if err := move(i, from); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
