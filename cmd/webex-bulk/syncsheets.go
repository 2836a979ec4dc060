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
	"github.com/webexscim/bulk/internal/plain"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/reconcile"
)

// writePlan writes the sheet of --out.
func (s *syncCommand) writePlan(d *reconcile.Difference) error {
	plan := actions.Plan(d)
	if err := s.writeSheet("--out", s.planFile, plan); err != nil {
		return err
	}
	s.say("%s written to %s; nothing was sent\nlook at it, then: webex-bulk apply %s",
		terminal.Plural(plan.Len(), "row"), s.planFile, shellWord(s.planFile))
	return nil
}

// writeUndo writes the sheet of --before for all changes, and lists those that it
// cannot undo. Without that flag it returns nil.
func (s *syncCommand) writeUndo(d *reconcile.Difference) (*actions.Undo, error) {
	if s.undoFile == "" {
		return nil, nil
	}
	undo := actions.NewUndo(d)
	if err := s.writeSheet("--before", s.undoFile, undo.Sheet()); err != nil {
		return nil, err
	}
	when := ""
	if s.planFile != "" {
		when = " once they are applied"
	}
	s.say("to undo the changes%s: webex-bulk apply %s", when, shellWord(s.undoFile))
	s.tellSome("delete", "cannot be undone", undo.Deleted)
	s.tellSome("attribute", "cannot be restored", undo.Stay)
	return undo, nil
}

// tellSome counts names and lists the first of them.
func (s *syncCommand) tellSome(one, what string, names []string) {
	if len(names) == 0 {
		return
	}
	shown, more := names, ""
	if n := len(names) - maxListed; n > 0 && !s.all {
		shown, more = names[:maxListed], fmt.Sprintf(" and %d more (--all lists everybody)", n)
	}
	s.sayAlways("%s %s: %s%s", terminal.Plural(len(names), one), what, strings.Join(shown, ", "), more)
}

// finishUndo writes the sheet of --before anew, for the changes that were done,
// with the ids of the created resources.
func (s *syncCommand) finishUndo(undo *actions.Undo) {
	if undo == nil {
		return
	}
	if err := outfile.Replace(s.undoFile, writerOf(undo.Sheet())); err != nil {
		s.sayAlways("%s is still as it was before the run, and names by address who is created: %s",
			s.undoFile, plain.Text(err))
	}
}

func writerOf(sheet *actions.Sheet) func(*bufio.Writer) error {
	return func(w *bufio.Writer) error { return sheet.Write(w) }
}

// writeSheet writes a new sheet. An older file is kept, with its journal: it
// may undo an earlier run.
func (s *syncCommand) writeSheet(flag, path string, sheet *actions.Sheet) error {
	kept := ""
	err := outfile.ReplaceAfter(path, writerOf(sheet), func(string) (err error) {
		if kept, err = outfile.SetAside(path); err != nil {
			return err
		}
		return moveJournal(path, kept)
	})
	if err != nil {
		return fmt.Errorf("%s: nothing was sent: %w", flag, err)
	}
	if kept != "" {
		s.sayAlways("the older %s is kept as %s", path, kept)
	}
	return nil
}

// moveJournal renames the journal of an older sheet together with that sheet, or
// removes it if there is no older sheet. Otherwise apply would take rows of the
// new sheet, which has the same name, for done.
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
