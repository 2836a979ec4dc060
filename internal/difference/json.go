package difference

import (
	"io"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/rawjson"
	"github.com/webexscim/bulk/reconcile"
)

// document is a Difference as JSON.
type document struct {
	Rows      int      `json:"rows"`
	Unchanged int      `json:"unchanged"`
	InScope   int      `json:"inScope"`
	Actions   []action `json:"actions"`
	Later     int      `json:"later,omitempty"` // actions that --first left out
	// Leavers are not removed; Held says why, where they should be.
	Leavers     []resource `json:"leavers,omitempty"`
	Held        []string   `json:"held,omitempty"`
	Deactivated []resource `json:"deactivated,omitempty"` // users of the sheet who stay so
	Left        []left     `json:"left,omitempty"`
}

type resource struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type action struct {
	Action      string                       `json:"action"` // create, change, deactivate, delete
	Line        int                          `json:"line,omitempty"`
	ID          string                       `json:"id,omitempty"`
	Name        string                       `json:"name"` // before the action
	Differences []client.AttributeDifference `json:"changes,omitempty"`
	Added       []string                     `json:"added,omitempty"` // members, by name where it is known
	Removed     []string                     `json:"removed,omitempty"`
}

type left struct {
	Line   int    `json:"line,omitempty"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
	Doubt  bool   `json:"doubt,omitempty"` // it is unclear whom the row means
}

// WriteJSON writes a Difference of so many rows as one line of JSON.
func WriteJSON(w io.Writer, d *reconcile.Difference, rows int) error {
	out := document{
		Rows: rows, Unchanged: d.Unchanged, InScope: d.InScope, Actions: []action{}, Later: d.Later, Held: d.Held,
		Leavers: resources(d.Leavers), Deactivated: resources(d.Deactivated),
	}
	for _, a := range d.Actions {
		one := action{
			Action: string(a.Kind), Line: a.Line, ID: a.Stored.ID, Name: a.Name, Differences: a.Differences,
			Added: names(a.Added, d.NameOf), Removed: names(a.Removed, d.NameOf),
		}
		if a.Stored.Name != "" {
			one.Name = a.Stored.Name
		}
		out.Actions = append(out.Actions, one)
	}
	for _, l := range d.Left {
		out.Left = append(out.Left, left(l))
	}
	return rawjson.NewEncoder(w).Encode(out)
}

func resources(list []client.Resource) (all []resource) {
	for _, r := range list {
		all = append(all, resource{r.ID, r.Name})
	}
	return all
}

func names(members []client.Member, nameOf func(id string) (string, bool)) (all []string) {
	for _, m := range members {
		all = append(all, nameOr(m.ID, nameOf))
	}
	return all
}
