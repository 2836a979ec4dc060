package difference

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/reconcile"
)

// mostListed is how many of a kind a Text lists without All.
const mostListed = 20

// Text is the form for a person: who is new, who changes and how, who is
// removed, who is not and why, and how many rows need no change. The zero value
// lists the first of each kind.
type Text struct {
	// All lists everybody; Quiet nobody, only the numbers.
	All, Quiet bool
	// Leavers is reconcile.Options.Leavers of the comparison.
	Leavers reconcile.Leavers
}

// Write writes a Difference of so many rows.
func (t Text) Write(w *terminal.Writer, d *reconcile.Difference, rows int) error {
	v := &view{Text: t, Writer: w, nameOf: d.NameOf, sameNames: sameNames(d)}
	kinds := map[reconcile.Kind][]*reconcile.Action{}
	for _, a := range d.Actions {
		kinds[a.Kind] = append(kinds[a.Kind], a)
	}
	for _, list := range kinds {
		slices.SortStableFunc(list, func(a, b *reconcile.Action) int { return cmp.Compare(a.Line, b.Line) })
	}
	left := map[string][]reconcile.Left{}
	for _, l := range d.Left {
		title := titleOf(l)
		left[title] = append(left[title], l)
	}

	changes := kinds[reconcile.Change]
	section(v, "new", "", kinds[reconcile.Create], v.created)
	section(v, "changed", renamed(changes)+deactivated(changes), changes, v.changed)
	section(v, "to be deactivated", deletedLater, kinds[reconcile.Deactivate], removed)
	section(v, "to be deleted", ", for good", kinds[reconcile.Delete], removed)
	section(v, "not in the sheet", v.whyTheyStay(d), d.Leavers, v.leaver)
	section(v, notRemoved, "", left[notRemoved], reason)
	section(v, "in the sheet, but deactivated", ": a column active with TRUE activates them", d.Deactivated, inactive)
	section(v, inDoubt, "", left[inDoubt], reason)
	section(v, notChanged, "", left[notChanged], reason)
	if d.Later > 0 {
		_ = v.Printf("left for later: %d (--first)\n", d.Later)
	}
	return v.Printf("unchanged: %d of %s\n", d.Unchanged, terminal.Plural(rows, "row"))
}

// view is a Text that is written.
type view struct {
	Text
	*terminal.Writer
	nameOf    func(id string) (string, bool)
	sameNames map[*reconcile.Action]string
}

// section writes how many there are of a kind, and the first of them.
func section[T any](v *view, title, more string, list []T, line func(T) terminal.Text) {
	if len(list) == 0 {
		return
	}
	_ = v.Printf("%s: %d%s\n", title, len(list), more)
	if v.Quiet {
		return
	}
	shown := list
	if !v.All && len(list) > mostListed+1 {
		shown = list[:mostListed]
	}
	for _, item := range shown {
		_ = v.Print(line(item))
	}
	if n := len(list) - len(shown); n > 0 {
		_ = v.Printf("  and %d more (--all lists everybody)\n", n)
	}
}

// The titles of rows and leavers for which nothing is done.
const (
	inDoubt    = "in doubt"
	notChanged = "not changed"
	notRemoved = "not in the sheet, and not removed"
)

func titleOf(l reconcile.Left) string {
	switch {
	case l.Doubt:
		return inDoubt
	case l.Line == 0:
		return notRemoved
	}
	return notChanged
}

func (v *view) created(a *reconcile.Action) terminal.Text {
	members := ""
	if n := len(a.Added); n > 0 {
		members = " (" + terminal.Plural(n, "member") + ")"
	}
	text := terminal.Sprintf("  + line %d: %s%s\n", a.Line, a.Name, members)
	if leaver := v.sameNames[a]; leaver != "" {
		text += terminal.Sprintf("      has the name of %s, who is not in the sheet: a new address? "+
			"(an externalId would rename)\n", leaver)
	}
	return text
}

func (v *view) changed(a *reconcile.Action) terminal.Text {
	text := terminal.Sprintf("  ~ line %d: %s\n", a.Line, a.Stored.Name)
	for _, d := range a.Differences {
		text += terminal.Sprintf("      %s\n", Describe(d, v.nameOf))
	}
	return text + v.members("+", a.Added) + v.members("-", a.Removed)
}

func (v *view) members(mark string, list []client.Member) (text terminal.Text) {
	shown := list
	if !v.All && len(shown) > mostListed {
		shown = shown[:mostListed]
	}
	for _, m := range shown {
		text += terminal.Sprintf("      %s member %s\n", mark, nameOr(m.ID, v.nameOf))
	}
	if n := len(list) - len(shown); n > 0 {
		text += terminal.Sprintf("      %s %d more\n", mark, n)
	}
	return text
}

func removed(a *reconcile.Action) terminal.Text { return terminal.Sprintf("  - %s\n", a.Name) }

// leaver is one who is not removed.
func (v *view) leaver(r client.Resource) terminal.Text {
	if v.Leavers == reconcile.ReportLeavers && !reconcile.IsActive(r) {
		return terminal.Sprintf("  - %s (deactivated)\n", r.Name)
	}
	return terminal.Sprintf("  - %s\n", r.Name)
}

func inactive(r client.Resource) terminal.Text { return terminal.Sprintf("  . %s\n", r.Name) }

func reason(l reconcile.Left) terminal.Text {
	if l.Line > 0 {
		return terminal.Sprintf("  . line %d: %s: %s\n", l.Line, l.Name, l.Reason)
	}
	return terminal.Sprintf("  . %s: %s\n", l.Name, l.Reason)
}

// whyTheyStay says why leavers are not removed.
func (v *view) whyTheyStay(d *reconcile.Difference) string {
	switch {
	case len(d.Held) > 0:
		return ", but nobody is removed: " + strings.Join(d.Held, "; ")
	case v.Leavers == reconcile.DeactivateLeavers:
		return ", deactivated already"
	}
	return ", left as they are (see --leavers)"
}

// deletedLater is the consequence of a deactivation.
const deletedLater = ": Webex deletes a deactivated user after 30 days"

// renamed says how many changes are of a name: a column of wrong addresses
// renames everybody.
func renamed(changes []*reconcile.Action) string {
	if n := count(changes, (*reconcile.Action).Renames); n > 0 {
		return fmt.Sprintf(", %d of them renamed", n)
	}
	return ""
}

// deactivated says how many rows deactivate their users.
func deactivated(changes []*reconcile.Action) string {
	if n := count(changes, (*reconcile.Action).Deactivates); n > 0 {
		return fmt.Sprintf(", %d of them deactivated by their rows", n) + deletedLater
	}
	return ""
}

func count(actions []*reconcile.Action, is func(*reconcile.Action) bool) (n int) {
	for _, a := range actions {
		if is(a) {
			n++
		}
	}
	return n
}
