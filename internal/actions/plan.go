package actions

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/difference"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/reconcile"
)

// Sheet is a sheet of operations.
type Sheet struct {
	resourceType string
	rows         []sheet.Action
	nameOf       func(id string) (name string, ok bool)
}

func newSheet(d *reconcile.Difference) *Sheet {
	return &Sheet{resourceType: d.Type(), nameOf: d.NameOf}
}

// Len returns the number of rows.
func (s *Sheet) Len() int { return len(s.rows) }

// Write writes the sheet, with the mark by which Excel knows UTF-8.
func (s *Sheet) Write(w io.Writer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	return sheet.WriteActions(w, strings.ToLower(s.resourceType), s.rows, s.nameOf)
}

// Plan returns the sheet that carries out a Difference.
func Plan(d *reconcile.Difference) *Sheet {
	s := newSheet(d)
	for _, a := range d.Actions {
		s.plan(a)
	}
	return s
}

// plan adds the rows of an action. A row other than a create expects the
// version that the resource has or, if the service tells none, the present
// values.
func (s *Sheet) plan(a *reconcile.Action) {
	row := sheet.Action{
		Operation: "update", ID: a.Stored.ID, Present: a.Stored.Name, Version: sheet.VersionOf(a.Stored), About: s.about(a),
	}
	if row.Version == "" && a.Kind != reconcile.Create {
		row.Expected = oldValues(a)
	}
	for _, d := range a.Differences {
		row.Values = append(row.Values, sheet.Value{Path: d.Path, Value: d.New})
		if renames(d.Path, a) {
			row.Name = a.Name
		}
	}
	switch a.Kind {
	case reconcile.Create:
		row.Operation, row.Name, row.Version = "create", a.Name, ""
	case reconcile.Delete:
		row.Operation = "delete"
	}
	s.add(row, a.Added, a.Removed)
}

// oldValues returns the name of a resource and the values that change.
func oldValues(a *reconcile.Action) []sheet.Value {
	name, _ := json.Marshal(a.Stored.Name)
	values := []sheet.Value{{Path: nameAttribute(a), Value: name}}
	for _, d := range a.Differences {
		if !renames(d.Path, a) {
			values = append(values, sheet.Value{Path: d.Path, Value: d.Old})
		}
	}
	return values
}

// add adds a row, and the members of a group that is changed as rows of their
// own: there can be many.
func (s *Sheet) add(row sheet.Action, added, removed []client.Member) {
	if row.Operation == "create" {
		row.Added = ids(added)
	}
	if row.Operation != "update" || len(row.Values) > 0 {
		s.rows = append(s.rows, row)
	}
	if row.Operation != "create" && len(added)+len(removed) > 0 {
		row.Values, row.Name, row.Added, row.Removed = nil, "", ids(added), ids(removed)
		s.rows = append(s.rows, row)
	}
}

func ids(members []client.Member) (all []string) {
	for _, m := range members {
		all = append(all, m.ID)
	}
	return all
}

// renames reports whether a path is that of the name, which a change replaces.
func renames(path string, a *reconcile.Action) bool {
	return a.Kind == reconcile.Change && strings.EqualFold(path, nameAttribute(a))
}

func nameAttribute(a *reconcile.Action) string {
	if a.Stored.Type == reconcile.Groups {
		return "displayName"
	}
	return "userName"
}

// about says what an action does, and why.
func (s *Sheet) about(a *reconcile.Action) string {
	switch a.Kind {
	case reconcile.Create:
		return fmt.Sprintf("new: line %d", a.Line)
	case reconcile.Change:
		return fmt.Sprintf("line %d: %s", a.Line, s.changes(a, false))
	}
	return "not in the sheet"
}

// changes says which attributes an action, or its undoing, changes and how many
// members.
func (s *Sheet) changes(a *reconcile.Action, undone bool) string {
	var parts []string
	for _, d := range a.Differences {
		if undone {
			d.Old, d.New = d.New, d.Old
		}
		parts = append(parts, difference.Describe(d, s.nameOf))
	}
	switch n := len(a.Added) + len(a.Removed); n {
	case 0:
	case 1:
		parts = append(parts, "1 member")
	default:
		parts = append(parts, fmt.Sprintf("%d members", n))
	}
	return strings.Join(parts, "; ")
}
