package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
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

// write writes the sheet to a file of its owner's. An older file is kept: it is the way back from what an earlier run did, as after a
// run that was cut short. It returns its new name.
func (p *planSheet) write(path, kind string) (kept string, err error) {
	err = replaceFileAfter(path, func(w *bufio.Writer) error {
		_, _ = w.WriteString("\ufeff") // as export does
		return sheet.WriteActions(w, kind, p.rows, func(id string) (string, bool) {
			name := p.view.member(id)
			return name, name != id
		})
	}, func(string) (err error) {
		kept, err = setAside(path)
		return err
	})
	return kept, err
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
	kept, err := p.write(a.actions, kindOf(d))
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	a.sayKept(a.actions, kept)
	a.say("%s written to %s; nothing was sent\nlook at it, then: webex-bulk apply %s", plural(len(p.rows), "operation"), a.actions, word(a.actions))
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
	row := sheet.Action{ID: a.Stored.ID, Version: sheet.VersionOf(a.Stored), About: p.about(a)}
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
	default:
		row.Operation = "update"
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

// about tells whom a row is about and what it does.
func (p *planSheet) about(a *reconcile.Action) string {
	name := a.Name
	if a.Stored.Name != "" {
		name = a.Stored.Name
	}
	var parts []string
	if a.Kind == reconcile.Change {
		for _, c := range a.Changes {
			parts = append(parts, fmt.Sprintf("%s: %s -> %s", shortPath(c.Path), p.view.value(c.Old), p.view.value(c.New)))
		}
	}
	if len(parts) == 0 {
		return name
	}
	return name + ": " + strings.Join(parts, "; ")
}

// writeUndo writes what is about to be changed, as a sheet that puts it back.
func (a *reconciliation) writeUndo(d *reconcile.Difference) error {
	if a.before == "" {
		return nil
	}
	p := newPlanSheet(d)
	for _, action := range slices.Backward(d.Actions) { // a name must be free before it is given back
		p.undo(action)
	}
	kept, err := p.write(a.before, kindOf(d))
	if err != nil {
		return fmt.Errorf("--before: nothing was sent: %w", err)
	}
	a.sayKept(a.before, kept)
	a.say("the way back is in %s: webex-bulk apply %s", a.before, word(a.before))
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

// undo adds the rows that undo an action. Who is created is deactivated: a delete would be for good.
func (p *planSheet) undo(a *reconcile.Action) {
	row := sheet.Action{Operation: "update", ID: a.Stored.ID, About: "as it was before: " + p.about(a)}
	switch a.Kind {
	case reconcile.Create:
		if strings.HasPrefix(a.Operations[0].Path, "/"+reconcile.Groups) {
			row.Operation, row.Name, row.About = "delete", a.Name, "created by sync"
			p.rows = append(p.rows, row)
			return
		}
		row.Name, row.About = a.Name, "created by sync"
		row.Values = []sheet.Value{{Path: "active", Value: json.RawMessage("false")}}
		p.add(row, nil, nil)
		return
	case reconcile.Delete:
		p.deleted = append(p.deleted, a.Name)
		return
	}
	for _, c := range a.Changes {
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
