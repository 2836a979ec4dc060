package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/difference"
	"github.com/webexscim/bulk/internal/outfile"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/reconcile"
)

// planSheet writes actions, or what undoes them, as a sheet of operations.
type planSheet struct {
	nameOf  func(id string) (string, bool)
	rows    []sheet.Action
	deleted []string // who cannot be brought back
	stays   []string // attributes that stay as sync made them
}

func newPlanSheet(d *reconcile.Difference) *planSheet {
	return &planSheet{nameOf: d.NameOf}
}

// create writes a new sheet to a file of its owner's. An older file is kept with its journal: it is the way back from what an
// earlier run did, as after a run that was cut short. It returns its new name.
func (p *planSheet) create(path, kind string) (kept string, err error) {
	err = outfile.ReplaceAfter(path, p.write(kind), func(string) (err error) {
		if kept, err = outfile.SetAside(path); err != nil {
			return err
		}
		return moveJournal(path, kept)
	})
	return kept, err
}

func (p *planSheet) write(kind string) func(*bufio.Writer) error {
	return func(w *bufio.Writer) error {
		_, _ = w.WriteString("\ufeff") // as export does
		return sheet.WriteActions(w, kind, p.rows, p.nameOf)
	}
}

// moveJournal makes the journal of a sheet that of its new name: to a new sheet of the old name it would tell of rows that are
// not yet done. Without a new name it is removed.
func moveJournal(sheet, kept string) error {
	from := journalFiles(sheet + journalEnding)
	if kept == "" {
		return removeJournal(sheet + journalEnding)
	}
	for i, to := range journalFiles(kept + journalEnding) {
		if err := os.Rename(from[i], to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// kindOf is the kind of sheet of a Difference.
func kindOf(d *reconcile.Difference) string {
	for _, a := range d.Actions {
		if strings.HasPrefix(a.Operations[0].Path, "/"+reconcile.Groups) {
			return sheet.Templates[1]
		}
	}
	return sheet.Templates[0]
}

// writeActions writes the plan, and sends nothing.
func (a *reconciliation) writeActions(d *reconcile.Difference) error {
	p := newPlanSheet(d)
	for _, action := range d.Actions {
		p.plan(action)
	}
	kept, err := p.create(a.actions, kindOf(d))
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	a.sayKept(a.actions, kept)
	a.say("%s written to %s; nothing was sent\nlook at it, then: webex-bulk apply %s", plural(len(p.rows), "row"), a.actions, shellWord(a.actions))
	if err := a.writeUndo(d); err != nil {
		return err
	}
	return a.unfinished(d)
}

// sayKept tells where an older file is, if there was one.
func (a *reconciliation) sayKept(path, kept string) {
	if kept != "" {
		a.tell("the older %s is kept as %s", path, kept)
	}
}

// plan adds the rows of an action.
func (p *planSheet) plan(a *reconcile.Action) {
	row := sheet.Action{Operation: "update", ID: a.Stored.ID, Present: a.Stored.Name, Version: sheet.VersionOf(a.Stored), About: p.about(a)}
	if row.Version == "" && a.Kind != reconcile.Create {
		row.Expected = oldValues(a)
	}
	for _, c := range a.Changes {
		row.Values = append(row.Values, sheet.Value{Path: c.Path, Value: c.New})
		if renames(c.Path, a) {
			row.Name = a.Name
		}
	}
	switch a.Kind {
	case reconcile.Create:
		row.Operation, row.Name, row.Version = "create", a.Name, ""
	case reconcile.Delete:
		row.Operation = "delete"
	}
	p.add(row, a.Added, a.Removed)
}

// oldValues are what is expected of a resource of which the service tells no version: its name, and the values that change.
func oldValues(a *reconcile.Action) []sheet.Value {
	name, _ := json.Marshal(a.Stored.Name)
	values := []sheet.Value{{Path: nameAttribute(a), Value: name}}
	for _, c := range a.Changes {
		if !renames(c.Path, a) {
			values = append(values, sheet.Value{Path: c.Path, Value: c.Old})
		}
	}
	return values
}

// add adds a row, and the members of a group that is changed as rows of their own: there can be many.
func (p *planSheet) add(row sheet.Action, added, removed []client.Member) {
	if row.Operation == "create" {
		row.Added = ids(added)
	}
	if row.Operation != "update" || len(row.Values) > 0 {
		p.rows = append(p.rows, row)
	}
	if row.Operation != "create" && len(added)+len(removed) > 0 {
		row.Values, row.Name, row.Added, row.Removed = nil, "", ids(added), ids(removed)
		p.rows = append(p.rows, row)
	}
}

func ids(members []client.Member) (all []string) {
	for _, m := range members {
		all = append(all, m.ID)
	}
	return all
}

func renames(path string, a *reconcile.Action) bool {
	return a.Kind == reconcile.Change && strings.EqualFold(path, nameAttribute(a))
}

func nameAttribute(a *reconcile.Action) string {
	if a.Stored.Type == reconcile.Groups {
		return "displayName"
	}
	return "userName"
}

// about tells what an action does, and why.
func (p *planSheet) about(a *reconcile.Action) string {
	switch a.Kind {
	case reconcile.Create:
		return fmt.Sprintf("new: line %d", a.Line)
	case reconcile.Change:
		return fmt.Sprintf("line %d: %s", a.Line, p.changes(a, false))
	}
	return "not in the sheet"
}

// changes tells which attributes and how many members change.
func (p *planSheet) changes(a *reconcile.Action, back bool) string {
	var parts []string
	for _, c := range a.Changes {
		from, to := c.Old, c.New
		if back {
			from, to = to, from
		}
		parts = append(parts, fmt.Sprintf("%s: %s → %s", difference.ShortPath(c.Path), difference.Value(from, p.nameOf), difference.Value(to, p.nameOf)))
	}
	if n := len(a.Added) + len(a.Removed); n > 0 {
		parts = append(parts, plural(n, "member"))
	}
	return strings.Join(parts, "; ")
}
