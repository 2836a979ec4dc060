package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/difference"
	"github.com/webexscim/bulk/internal/outfile"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/scimfilter"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/reconcile"
)

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
		when = " once they are applied"
	}
	a.say("to undo the changes%s: webex-bulk apply %s", when, shellWord(a.before))
	for _, list := range []struct {
		what  string
		names []string
	}{{"deletes cannot be undone", p.deleted}, {"attributes will stay as they become", p.stays}} {
		shown := list.names
		if !a.all && len(shown) > maxListed {
			shown = shown[:maxListed]
		}
		if len(shown) > 0 {
			a.tell("%d %s: %s%s", len(list.names), list.what, strings.Join(shown, ", "), andMore(len(list.names)-len(shown)))
		}
	}
	return nil
}

// andMore counts the names that are not listed.
func andMore(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more (--all lists everybody)", n)
}

// finishUndo leaves out of the way back what was not done, and names who was created by id.
func (a *reconciliation) finishUndo(d *reconcile.Difference) {
	if a.before == "" {
		return
	}
	p := undoSheet(d, a.attempts)
	if err := outfile.Replace(a.before, p.write(kindOf(d))); err != nil {
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
			p.stays = append(p.stays, a.Name+" "+difference.ShortPath(c.Path))
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

// isAlone reports whether nothing of the kind was there before, so that clearing takes away no more than was added. Only values that
// are added to a list can have others beside them.
func (p *planSheet) isAlone(a *reconcile.Action, c reconcile.Value) bool {
	if !strings.HasPrefix(string(c.New), "[") {
		return true
	}
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
