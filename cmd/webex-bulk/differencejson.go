package main

import (
	"encoding/json"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/reconcile"
)

// writtenDifference is a Difference as it is printed for machines.
type writtenDifference struct {
	Rows      int             `json:"rows"`
	Unchanged int             `json:"unchanged"`
	InScope   int             `json:"inScope"`
	Actions   []writtenAction `json:"actions"`
	Later     int             `json:"later,omitempty"` // actions that --first left out
	// Leavers are not removed; Held says why, where they should be.
	Leavers     []writtenResource `json:"leavers,omitempty"`
	Held        []string          `json:"held,omitempty"`
	Deactivated []writtenResource `json:"deactivated,omitempty"` // users of the sheet who stay so
	Left        []writtenLeft     `json:"left,omitempty"`
}

type writtenResource struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type writtenAction struct {
	Action  string              `json:"action"` // create, change, deactivate, delete
	Line    int                 `json:"line,omitempty"`
	ID      string              `json:"id,omitempty"`
	Name    string              `json:"name"` // before the action
	Changes []plannedDifference `json:"changes,omitempty"`
	Added   []string            `json:"added,omitempty"` // members, by name where it is known
	Removed []string            `json:"removed,omitempty"`
}

type writtenLeft struct {
	Line   int    `json:"line,omitempty"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
	Doubt  bool   `json:"doubt,omitempty"` // it is unclear whom the row means
}

// writeDifference prints a Difference as one line of JSON.
func writeDifference(w *terminal.Writer, d *reconcile.Difference, rows int) error {
	v := &differenceView{}
	v.know(d)
	out := writtenDifference{
		Rows: rows, Unchanged: d.Unchanged, InScope: d.InScope, Actions: []writtenAction{}, Later: d.Later, Held: d.Held,
		Leavers: writtenResources(d.Leavers), Deactivated: writtenResources(d.Deactivated),
	}
	for _, a := range d.Actions {
		action := writtenAction{Action: string(a.Kind), Line: a.Line, ID: a.Stored.ID, Name: a.Name, Added: v.membersOf(a.Added), Removed: v.membersOf(a.Removed)}
		if a.Stored.Name != "" {
			action.Name = a.Stored.Name
		}
		for _, c := range a.Changes {
			action.Changes = append(action.Changes, plannedDifference{c.Path, c.Old, c.New})
		}
		out.Actions = append(out.Actions, action)
	}
	for _, l := range d.Left {
		out.Left = append(out.Left, writtenLeft{l.Line, l.Name, l.Reason, l.Doubt})
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

func writtenResources(list []client.Resource) (all []writtenResource) {
	for _, r := range list {
		all = append(all, writtenResource{r.ID, r.Name})
	}
	return all
}

func (v *differenceView) membersOf(list []client.Member) (names []string) {
	for _, m := range list {
		names = append(names, v.member(m.ID))
	}
	return names
}
