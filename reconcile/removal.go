package reconcile

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/client"
)

// findLeavers finds the leavers and decides what to do with each.
func (c *comparison) findLeavers() {
	lines, managers := map[string]int{}, map[string]int{} // by name, by id
	for _, w := range c.wants {
		lines[key(w.name)] = w.line
		if id := managerOf(w.data); id != "" && c.opt.Leavers != ReportLeavers {
			managers[strings.ToLower(id)] = w.line
		}
	}
	for _, t := range c.resources {
		if t.row != nil || t.claimed || !t.inScope {
			continue
		}
		reason := c.opt.protection(t.Resource, c.org.Me)
		if line, ok := lines[key(t.Name)]; ok && reason == "" { // a sheet may be unable to hold both
			reason = fmt.Sprintf("it has the name of line %d, which means another one", line)
		}
		if line, ok := managers[strings.ToLower(t.ID)]; ok && reason == "" {
			reason = fmt.Sprintf("it is in no row, but line %d has it as manager", line)
		}
		if reason != "" {
			c.Left = append(c.Left, Left{Name: t.Name, Reason: reason})
			continue
		}
		if a := c.removal(t); a != nil {
			c.removals = append(c.removals, a)
		} else {
			c.Leavers = append(c.Leavers, t.Resource)
		}
	}
	slices.SortFunc(c.removals, func(a, b *Action) int { return cmp.Compare(key(a.Name), key(b.Name)) })
	slices.SortFunc(c.Leavers, func(a, b client.Resource) int { return cmp.Compare(key(a.Name), key(b.Name)) })
	slices.SortStableFunc(c.Left, func(a, b Left) int {
		if a.Line == 0 && b.Line == 0 {
			return cmp.Compare(key(a.Name), key(b.Name))
		}
		return 0
	})
}

// findHeld finds the reasons why nobody may be removed.
func (c *comparison) findHeld() {
	for _, w := range c.wants {
		if w.doubt != "" {
			c.doubts++
		}
	}
	if c.opt.Leavers == ReportLeavers {
		return
	}
	if c.doubts > 0 {
		c.Held = append(c.Held, fmt.Sprintf("it is in doubt whom %d of the rows mean", c.doubts))
	}
	if len(c.wants) == 0 {
		c.Held = append(c.Held, "there are no rows")
	}
	if c.org.Type == Users && c.org.meUnknown() {
		c.Held = append(c.Held, "the account of the token could not be determined")
	}
}

// removal returns the action that removes a leaver, or nil if there is nothing
// to do or it is not allowed.
func (c *comparison) removal(t *resource) *Action {
	a := &Action{Name: t.Name, Stored: t.Resource}
	switch {
	case len(c.Held) > 0:
		return nil
	case c.opt.Leavers == DeleteLeavers:
		a.Kind, a.Operations = Delete, []client.Operation{{Method: client.MethodDelete, Path: "/" + t.Type + "/" + t.ID}}
	case c.opt.Leavers == DeactivateLeavers && isActive(t.Data):
		a.Kind = Deactivate
		a.Differences = []client.AttributeDifference{
			{Path: "active", Old: json.RawMessage("true"), New: json.RawMessage("false")},
		}
		a.Operations = patches(a)
	default:
		return nil
	}
	return a
}

// checkRemovals returns a *RemovalsError if more would be removed than the
// limit allows. A row that deactivates its user counts like a leaver: a column
// that slipped would deactivate everybody.
func (c *comparison) checkRemovals() error {
	check := func(what string, removals, all int) error {
		if most := c.opt.MaxRemovals.of(all); removals > most {
			return &RemovalsError{What: what, Removals: removals, All: all, Most: most, Limit: c.opt.MaxRemovals}
		}
		return nil
	}
	members, removed, deactivated := 0, 0, 0
	for _, t := range c.resources {
		if t.inScope {
			members += len(c.org.Members[t.ID])
		}
	}
	for _, w := range c.wants {
		if w.action == nil {
			continue
		}
		removed += len(w.action.Removed)
		if w.action.Deactivates() {
			deactivated++
		}
	}
	return errors.Join(
		check(strings.ToLower(c.org.Type), len(c.removals)+deactivated, c.InScope),
		check("members of groups", removed, members))
}

// RemovalsError says that more would be removed than Options.MaxRemovals
// allows.
type RemovalsError struct {
	// What would be removed: "users", "groups" or "members of groups".
	What string
	// Removals counts the removals, All the resources or members that there are;
	// Most is the number allowed.
	Removals, All, Most int
	// Limit is Options.MaxRemovals.
	Limit Limit
}

// Error states the numbers and the limit.
func (e *RemovalsError) Error() string {
	text := fmt.Sprintf("%d of %d %s would be removed, and %d may be", e.Removals, e.All, e.What, e.Most)
	if limit := e.Limit.String(); limit != strconv.Itoa(e.Most) {
		text += " (" + limit + ")"
	}
	return text
}

// Limit is the most resources or members that may be removed. Its zero value is
// 10, or 5 percent if that is less.
type Limit struct {
	// Number is a limit as a number; nil is no such limit.
	Number *int
	// Percent is a limit as a part of all that there are, rounded down; nil is no
	// such limit.
	Percent *float64
}

// ParseLimit reads a number, such as 25, or a percentage, such as 10%.
func ParseLimit(text string) (Limit, error) {
	number, isPercent := strings.CutSuffix(strings.TrimSpace(text), "%")
	if isPercent {
		p, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(p >= 0 && p <= 100) {
			return Limit{}, fmt.Errorf("%q: expected a percentage from 0%% to 100%%", text)
		}
		return Limit{Percent: &p}, nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 {
		return Limit{}, fmt.Errorf("%q: expected a number such as 25, or a percentage such as 10%%", text)
	}
	return Limit{Number: &n}, nil
}

// String returns the limit in the form that ParseLimit reads, where it has one.
func (l Limit) String() string {
	switch {
	case l.Number != nil:
		return strconv.Itoa(*l.Number)
	case l.Percent != nil:
		return strconv.FormatFloat(*l.Percent, 'f', -1, 64) + "%"
	}
	return "10 or 5%, whichever is less"
}

// of returns how many of all may be removed.
func (l Limit) of(all int) int {
	if l.Number == nil && l.Percent == nil {
		return min(10, percentOf(5, all))
	}
	most := all
	if l.Number != nil {
		most = min(most, *l.Number)
	}
	if l.Percent != nil {
		most = min(most, percentOf(*l.Percent, all))
	}
	return most
}

// percentOf rounds down: more than the percentage is too much, also of a few.
func percentOf(percent float64, all int) int { return int(percent*float64(all)/100 + 1e-9) }
