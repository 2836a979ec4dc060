package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/reconcile"
)

// differenceView shows a Difference to a person.
type differenceView struct {
	w          *terminal.Writer
	all, quiet bool
	names      map[string]string // of rows that are created, by bulkId
	namesakes  map[*reconcile.Action]string
	nameOf     func(id string) (string, bool)
	leavers    reconcile.Leavers
}

// print shows who is new, who changes and how, who is not in the sheet, who is left alone and why, and how many are as they should be.
func (v *differenceView) print(d *reconcile.Difference, rows int) error {
	v.know(d)
	v.namesakes = namesakes(d)
	kinds := map[reconcile.Kind][]*reconcile.Action{}
	for _, a := range d.Actions {
		kinds[a.Kind] = append(kinds[a.Kind], a)
	}
	for _, list := range kinds {
		slices.SortStableFunc(list, func(a, b *reconcile.Action) int { return a.Line - b.Line })
	}
	var doubts, left []reconcile.Left
	for _, l := range d.Left {
		if l.Doubt {
			doubts = append(doubts, l)
		} else {
			left = append(left, l)
		}
	}
	section(v, "new", "", kinds[reconcile.Create], v.created)
	section(v, "changed", deactivations(kinds[reconcile.Change]), kinds[reconcile.Change], v.changed)
	section(v, "to be deactivated", deletedLater, kinds[reconcile.Deactivate], v.leaver)
	section(v, "to be deleted", ", for good", kinds[reconcile.Delete], v.leaver)
	why := ", left as they are (see --leavers)"
	switch {
	case len(d.Held) > 0:
		why = ", but nobody is removed: " + strings.Join(d.Held, "; ")
	case v.leavers == reconcile.DeactivateLeavers:
		why = ", deactivated already"
	}
	section(v, "not in the sheet", why, d.Leavers, v.remaining)
	section(v, "in the sheet, but deactivated", ": a column active with TRUE activates them", d.Deactivated, func(r client.Resource) terminal.Text { return terminal.Sprintf("  . %s\n", r.Name) })
	section(v, "in doubt", "", doubts, leftAlone)
	section(v, "left alone", "", left, leftAlone)
	if d.Later > 0 {
		_ = v.w.Printf("left for later: %d (--first)\n", d.Later)
	}
	return v.w.Printf("unchanged: %d of %s\n", d.Unchanged, plural(rows, "row"))
}

// know takes the names of those who are created, and of those who are there.
func (v *differenceView) know(d *reconcile.Difference) {
	v.names, v.nameOf = map[string]string{}, d.NameOf
	for _, a := range d.Actions {
		if a.Kind == reconcile.Create {
			v.names[a.Operations[0].BulkID] = a.Name
		}
	}
}

// deletedLater is the consequence of a deactivation.
const deletedLater = ": Webex deletes a deactivated user after 30 days"

// deactivations returns how many rows deactivate their users, "" if none does.
func deactivations(changes []*reconcile.Action) string {
	n := 0
	for _, a := range changes {
		if a.Deactivates() {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of them deactivated by their rows", n) + deletedLater
}

// section lists the first of a kind.
func section[T any](v *differenceView, title, more string, list []T, line func(T) terminal.Text) {
	if len(list) == 0 {
		return
	}
	_ = v.w.Printf("%s: %d%s\n", title, len(list), more)
	if v.quiet {
		return
	}
	shown := list
	if !v.all && len(list) > maxListed+1 {
		shown = list[:maxListed]
	}
	for _, item := range shown {
		_ = v.w.Print(line(item))
	}
	if n := len(list) - len(shown); n > 0 {
		_ = v.w.Printf("  and %d more (--all lists everybody)\n", n)
	}
}

func (v *differenceView) created(a *reconcile.Action) terminal.Text {
	text := terminal.Sprintf("  + line %d: %s%s\n", a.Line, a.Name, v.memberCount(a))
	if leaver := v.namesakes[a]; leaver != "" {
		text += terminal.Sprintf("      has the name of %s, who is not in the sheet: a new address? (an externalId would rename)\n", leaver)
	}
	return text
}

func (v *differenceView) memberCount(a *reconcile.Action) string {
	if len(a.Added) == 0 {
		return ""
	}
	return " (" + plural(len(a.Added), "member") + ")"
}

func (v *differenceView) leaver(a *reconcile.Action) terminal.Text {
	return terminal.Sprintf("  - %s\n", a.Name)
}

// remaining is a leaver who is not removed.
func (v *differenceView) remaining(r client.Resource) terminal.Text {
	if v.leavers == reconcile.ReportLeavers && !reconcile.IsActive(r) {
		return terminal.Sprintf("  - %s (deactivated)\n", r.Name)
	}
	return terminal.Sprintf("  - %s\n", r.Name)
}

func (v *differenceView) changed(a *reconcile.Action) terminal.Text {
	text := terminal.Sprintf("  ~ line %d: %s\n", a.Line, a.Stored.Name)
	for _, c := range a.Changes {
		text += terminal.Sprintf("      %s: %s → %s\n", shortPath(c.Path), v.value(c.Old), v.value(c.New))
	}
	for _, m := range []struct {
		mark string
		list []client.Member
	}{{"+", a.Added}, {"-", a.Removed}} {
		shown := m.list
		if !v.all && len(shown) > maxListed {
			shown = shown[:maxListed]
		}
		for _, member := range shown {
			text += terminal.Sprintf("      %s member %s\n", m.mark, v.member(member.ID))
		}
		if n := len(m.list) - len(shown); n > 0 {
			text += terminal.Sprintf("      %s %d more\n", m.mark, n)
		}
	}
	return text
}

func leftAlone(l reconcile.Left) terminal.Text {
	if l.Line > 0 {
		return terminal.Sprintf("  . line %d: %s: %s\n", l.Line, l.Name, l.Reason)
	}
	return terminal.Sprintf("  . %s: %s\n", l.Name, l.Reason)
}

// member is how a person calls a member.
func (v *differenceView) member(id string) string {
	if bulkID, ok := strings.CutPrefix(id, client.Ref("")); ok && v.names[bulkID] != "" {
		return v.names[bulkID]
	}
	if name, ok := v.nameOf(id); ok {
		return name
	}
	return id
}

// value is how a person reads a value: a text as it is, of a reference the name.
func (v *differenceView) value(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "(none)"
	}
	var any any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&any) != nil {
		return string(raw)
	}
	return v.plain(any)
}

func (v *differenceView) plain(value any) string {
	switch x := value.(type) {
	case string:
		return v.member(x)
	case []any:
		var parts []string
		for _, e := range x {
			parts = append(parts, v.plain(e))
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		if inner, ok := x["value"]; ok {
			return v.plain(inner)
		}
		raw, _ := json.Marshal(x)
		return string(raw)
	}
	return fmt.Sprint(value)
}
