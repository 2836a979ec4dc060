package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/scimfilter"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/reconcile"
)

// planSheet writes actions, or what undoes them, as a sheet of operations.
type planSheet struct {
	view    *differenceView
	rows    []sheet.Action
	deleted []string // who cannot be brought back
	stays   []string // attributes that stay as sync made them
}

func newPlanSheet(d *reconcile.Difference) *planSheet {
	view := &differenceView{}
	view.know(d)
	return &planSheet{view: view}
}

// create writes a new sheet to a file of its owner's. An older file is kept with its journal: it is the way back from what an
// earlier run did, as after a run that was cut short. It returns its new name.
func (p *planSheet) create(path, kind string) (kept string, err error) {
	err = replaceFileAfter(path, p.write(kind), func(string) (err error) {
		if kept, err = setAside(path); err != nil {
			return err
		}
		return moveJournal(path, kept)
	})
	return kept, err
}

func (p *planSheet) write(kind string) func(*bufio.Writer) error {
	return func(w *bufio.Writer) error {
		_, _ = w.WriteString("\ufeff") // as export does
		return sheet.WriteActions(w, kind, p.rows, func(id string) (string, bool) {
			name := p.view.member(id)
			return name, name != id
		})
	}
}

// moveJournal makes the journal of a sheet that of its new name: to a new sheet of the old name it would tell of rows that are
// not yet done. Without a new name it is removed.
func moveJournal(sheet, kept string) error {
	from := journalFiles(journalOf(sheet))
	if kept == "" {
		return removeJournal(journalOf(sheet))
	}
	for i, to := range journalFiles(journalOf(kept)) {
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
	a.say("%s written to %s; nothing was sent\nlook at it, then: webex-bulk apply %s", plural(len(p.rows), "row"), a.actions, word(a.actions))
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
	for _, c := range a.Changes {
		row.Values = append(row.Values, sheet.Value{Path: c.Path, Value: c.New})
		if row.Version == "" && a.Kind != reconcile.Create {
			row.Expected = append(row.Expected, sheet.Value{Path: c.Path, Value: c.Old})
		}
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
	name := "userName"
	if a.Stored.Type == reconcile.Groups {
		name = "displayName"
	}
	return a.Kind == reconcile.Change && strings.EqualFold(path, name)
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
		parts = append(parts, fmt.Sprintf("%s: %s → %s", shortPath(c.Path), p.view.value(from), p.view.value(to)))
	}
	if n := len(a.Added) + len(a.Removed); n > 0 {
		parts = append(parts, plural(n, "member"))
	}
	return strings.Join(parts, "; ")
}

// attempt is what became of an action.
type attempt struct {
	id, version string // of what was created; "" if it is not known
	open        int    // operations without a result
	effect      bool   // an operation was done, or may have been
}

// mayBeDone reports whether some of the action was done, or may have been.
func (t *attempt) mayBeDone() bool { return t.effect || t.open > 0 }

// attempted returns what is known of actions before their first result.
func attempted(actions []*reconcile.Action) map[*reconcile.Action]*attempt {
	all := make(map[*reconcile.Action]*attempt, len(actions))
	for _, a := range actions {
		all[a] = &attempt{open: len(a.Operations)}
	}
	return all
}

// note enters a result.
func (t *attempt) note(res client.Result) {
	t.open--
	t.effect = t.effect || res.Outcome == client.Succeeded || res.Outcome == client.Unknown
	if res.Outcome == client.Succeeded && res.Operation.Method == client.MethodPost {
		t.id = res.Location.ID
	}
	t.version = res.Version
}

// writeUndo writes what is about to be changed, as a sheet that puts it back.
func (a *reconciliation) writeUndo(d *reconcile.Difference) error {
	if a.before == "" {
		return nil
	}
	a.attempts = attempted(d.Actions)
	p := undoSheet(d, a.attempts)
	kept, err := p.create(a.before, kindOf(d))
	if err != nil {
		return fmt.Errorf("--before: nothing was sent: %w", err)
	}
	a.sayKept(a.before, kept)
	when := ""
	if a.actions != "" {
		when = ", once that is applied,"
	}
	a.say("the way back%s is in %s: webex-bulk apply %s", when, a.before, word(a.before))
	for _, list := range []struct {
		what  string
		names []string
	}{{"deletes cannot be undone", p.deleted}, {"attributes will stay as they become", p.stays}} {
		if len(list.names) > 0 {
			a.tell("%d %s: %s", len(list.names), list.what, strings.Join(list.names[:min(len(list.names), maxListed)], ", "))
		}
	}
	return nil
}

// finishUndo leaves out of the way back what was not done, and names who was created by id.
func (a *reconciliation) finishUndo(d *reconcile.Difference) {
	if a.before == "" {
		return
	}
	p := undoSheet(d, a.attempts)
	if err := replaceFile(a.before, p.write(kindOf(d))); err != nil {
		a.tell("%s is still as it was before the run, and names by address who is created: %s", a.before, report.Plain(err))
	}
}

// undoSheet has a row for each action that was done, or may be.
func undoSheet(d *reconcile.Difference, attempts map[*reconcile.Action]*attempt) *planSheet {
	p := newPlanSheet(d)
	ids := map[string]string{} // by reference
	for action, made := range attempts {
		if action.Kind == reconcile.Create && made.id != "" {
			ids[client.Ref(action.Operations[0].BulkID)] = made.id
		}
	}
	for _, action := range slices.Backward(d.Actions) { // a name must be free before it is given back
		if made := attempts[action]; made.mayBeDone() {
			p.undo(action, made, ids)
		}
	}
	return p
}

// undo adds the rows that undo an action. A user who was created is deactivated: a delete would be for good. The values that sync
// has written are expected: what was changed since is left as it is.
func (p *planSheet) undo(a *reconcile.Action, made *attempt, ids map[string]string) {
	row := sheet.Action{Operation: "update", ID: a.Stored.ID, Present: a.Name, About: "undo: " + p.changes(a, true)}
	switch a.Kind {
	case reconcile.Create:
		p.undoCreate(a, made)
		return
	case reconcile.Delete:
		p.deleted = append(p.deleted, a.Name)
		return
	}
	for _, c := range a.Changes {
		if now, ok := resolved(c.New, ids); ok {
			row.Expected = append(row.Expected, sheet.Value{Path: c.Path, Value: now})
		}
		if c.Old == nil && !p.isAlone(a, c) {
			p.stays = append(p.stays, a.Name+" "+shortPath(c.Path))
			continue
		}
		if c.Old == nil {
			for _, path := range p.pathsOf(c) {
				row.Values = append(row.Values, sheet.Value{Path: path})
			}
			continue
		}
		row.Values = append(row.Values, sheet.Value{Path: c.Path, Value: c.Old})
		if renames(c.Path, a) {
			row.Name = a.Stored.Name
		}
	}
	p.add(row, a.Removed, a.Added)
}

// undoCreate adds the row that undoes a create. Without the id, what was created is known by its name and all that was written of it.
func (p *planSheet) undoCreate(a *reconcile.Action, made *attempt) {
	row := sheet.Action{Operation: "update", ID: made.id, Present: a.Name, About: "undo: created by sync"}
	isGroup := strings.HasPrefix(a.Operations[0].Path, "/"+reconcile.Groups)
	for _, c := range a.Changes {
		now, ok := resolved(c.New, nil)
		if name := strings.ToLower(c.Path); ok && (made.id == "" || name == "username" || name == "displayname" && isGroup || name == "externalid") {
			row.Expected = append(row.Expected, sheet.Value{Path: c.Path, Value: now})
		}
	}
	if made.id == "" {
		row.Name, row.Present = a.Name, ""
	}
	if isGroup {
		row.Operation, row.Version = "delete", made.version
	} else {
		row.Values = []sheet.Value{{Path: "active", Value: json.RawMessage("false")}}
	}
	p.add(row, nil, nil)
}

// resolved replaces the reference that a value is by the id of what was created; ok is false for one that is not known.
func resolved(value json.RawMessage, ids map[string]string) (known json.RawMessage, ok bool) {
	var ref string
	var object struct{ Value string }
	if json.Unmarshal(value, &ref) != nil && json.Unmarshal(value, &object) == nil {
		ref = object.Value
	}
	if !strings.HasPrefix(ref, client.Ref("")) {
		return value, true
	}
	id, ok := ids[ref]
	known, _ = json.Marshal(id)
	return known, ok
}

// isAlone reports whether nothing of the kind was there before, so that clearing takes away no more than was added.
func (p *planSheet) isAlone(a *reconcile.Action, c reconcile.Value) bool {
	for _, path := range p.pathsOf(c) {
		filter, err := scimfilter.Parse(withoutSub(path) + suffixOf(path))
		if err == nil && filter.Match(a.Stored.Data) {
			return false
		}
	}
	return true
}

// withoutSub is a path without the part behind a filter, which a filter cannot have.
func withoutSub(path string) string {
	if i := strings.LastIndex(path, "]."); i >= 0 {
		return path[:i+1]
	}
	return path
}

func suffixOf(path string) string {
	if strings.HasSuffix(withoutSub(path), "]") {
		return ""
	}
	return " pr"
}

// pathsOf are the attributes that an added value consists of.
func (p *planSheet) pathsOf(c reconcile.Value) []string { return sheet.PathsOf(c.Path, c.New) }
