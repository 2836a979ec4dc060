package actions

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/difference"
	"github.com/webexscim/bulk/internal/scimfilter"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/reconcile"
)

// Undo undoes the actions of a Difference that were done. Until Note is called,
// all of them may have been done.
type Undo struct {
	// Deleted lists who cannot be restored, and Stay the attributes that cannot
	// be restored: a value was added to a list where others of the kind were.
	Deleted, Stay []string

	difference *reconcile.Difference
	attempts   map[*reconcile.Action]*attempt
}

// attempt is the part of an action that is known to be done.
type attempt struct {
	id, version string // of the created resource; "" if it is not known
	open        int    // operations without a result
	effect      bool   // an operation was done, or may have been
}

// NewUndo returns the Undo of a Difference before it is carried out.
func NewUndo(d *reconcile.Difference) *Undo {
	u := &Undo{difference: d, attempts: make(map[*reconcile.Action]*attempt, len(d.Actions))}
	for _, a := range d.Actions {
		u.attempts[a] = &attempt{open: len(a.Operations)}
		if a.Kind == reconcile.Delete {
			u.Deleted = append(u.Deleted, a.Name)
		}
		if a.Kind == reconcile.Create {
			continue
		}
		for _, d := range a.Differences {
			if stays(a, d) {
				u.Stay = append(u.Stay, a.Name+" "+difference.ShortPath(d.Path))
			}
		}
	}
	return u
}

// Note enters a result of the Difference. Nil, which undoes nothing, ignores
// it.
func (u *Undo) Note(res reconcile.Result) {
	if u == nil {
		return
	}
	t := u.attempts[res.Action]
	t.open--
	t.effect = t.effect || res.Outcome == client.Succeeded || res.Outcome == client.Unknown
	if res.Outcome == client.Succeeded && res.Operation.Method == client.MethodPost {
		t.id = res.Location.ID
	}
	t.version = res.Version
}

// Sheet returns the sheet that undoes the actions that were or may have been
// done. The last
// action is undone first: a name must be free before it is given back.
func (u *Undo) Sheet() *Sheet {
	s := newSheet(u.difference)
	ids := map[string]string{} // by reference
	for a, t := range u.attempts {
		if a.Kind == reconcile.Create && t.id != "" {
			ids[client.Ref(a.Operations[0].BulkID)] = t.id
		}
	}
	for _, a := range slices.Backward(u.difference.Actions) {
		t := u.attempts[a]
		switch {
		case t.open == 0 && !t.effect, a.Kind == reconcile.Delete:
		case a.Kind == reconcile.Create:
			s.undoCreate(a, t)
		default:
			s.undoChange(a, ids)
		}
	}
	return s
}

// undoChange adds the rows that restore the present values. They expect the
// values that the change has written: later changes stay.
func (s *Sheet) undoChange(a *reconcile.Action, ids map[string]string) {
	row := sheet.Action{Operation: "update", ID: a.Stored.ID, Present: a.Name, About: "undo: " + s.changes(a, true)}
	for _, d := range a.Differences {
		if written, ok := resolved(d.New, ids); ok {
			row.Expected = append(row.Expected, sheet.Value{Path: d.Path, Value: written})
		}
		switch {
		case stays(a, d):
		case d.Old == nil:
			for _, path := range sheet.PathsOf(d.Path, d.New) {
				row.Values = append(row.Values, sheet.Value{Path: path})
			}
		default:
			row.Values = append(row.Values, sheet.Value{Path: d.Path, Value: d.Old})
			if renames(d.Path, a) {
				row.Name = a.Stored.Name
			}
		}
	}
	s.add(row, a.Removed, a.Added)
}

// undoCreate adds the row that undoes a create. A group is deleted; a user is
// deactivated, since a delete would be for good. The row expects the name and
// the externalId or, if the id is not known, all that was written.
func (s *Sheet) undoCreate(a *reconcile.Action, t *attempt) {
	row := sheet.Action{Operation: "update", ID: t.id, Present: a.Name, About: "undo: created by sync"}
	isGroup := s.resourceType == reconcile.Groups
	for _, d := range a.Differences {
		written, ok := resolved(d.New, nil)
		name := strings.ToLower(d.Path)
		identifies := name == "username" || name == "displayname" && isGroup || name == "externalid"
		if ok && (t.id == "" || identifies) {
			row.Expected = append(row.Expected, sheet.Value{Path: d.Path, Value: written})
		}
	}
	if t.id == "" {
		row.Name, row.Present = a.Name, ""
	}
	if isGroup {
		row.Operation, row.Version = "delete", t.version
	} else {
		row.Values = []sheet.Value{{Path: "active", Value: json.RawMessage("false")}}
	}
	s.add(row, nil, nil)
}

// resolved returns a value, and for a reference the id of the resource that was
// created; ok is false if that is not known.
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

// stays reports whether a value cannot be taken away again: it was added to a
// list in which others of the kind were, and clearing would remove them too.
func stays(a *reconcile.Action, d client.AttributeDifference) bool {
	if d.Old != nil || !strings.HasPrefix(string(d.New), "[") {
		return false
	}
	return slices.ContainsFunc(sheet.PathsOf(d.Path, d.New), func(path string) bool {
		filter, err := scimfilter.Parse(asFilter(path))
		return err == nil && filter.Match(a.Stored.Data)
	})
}

// asFilter returns the filter that matches a resource with a value at a path. A
// filter cannot have a sub-attribute behind a selection.
func asFilter(path string) string {
	if i := strings.LastIndex(path, "]."); i >= 0 {
		path = path[:i+1]
	}
	if strings.HasSuffix(path, "]") {
		return path
	}
	return path + " pr"
}
