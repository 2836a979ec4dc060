package reconcile

import (
	"cmp"
	"fmt"
	"slices"
)

// takeName finds the row whose change must free the name that a row wants.
// userNames are unique; groups share a name only if rows say so.
func (c *comparison) takeName(w *want) {
	if w.stored != nil && key(w.stored.Name) == key(w.name) {
		return
	}
	for _, t := range c.byName[key(w.name)] {
		switch {
		case t == w.stored, t.row != nil && key(t.row.name) == key(w.name):
		case t.row == nil:
			t.claimed = true
			w.doubt = "its name belongs to another one, who is in no row"
		default:
			w.after = t.row
		}
	}
}

// depend finds the stage of each row: a name is taken in a later stage than the
// one that frees it. A row that needs another row with a doubt gets the doubt
// too.
func (c *comparison) depend() {
	for _, w := range c.wants {
		seen := map[*want]bool{}
		for at := w; at != nil && !seen[at]; at = at.after {
			seen[at] = true
			if at.after == w {
				w.doubt = "it exchanges its name with other rows, which cannot be done at once: give one of them another name first"
			}
		}
	}
	for again := true; again; {
		longest := 0 // no chain of freed names is longer
		for _, w := range c.wants {
			if w.stage = 0; w.after != nil {
				longest++
			}
		}
		for c.dependOnce() && !c.isEndless(longest) {
		}
		again = false
		for _, w := range c.wants {
			if w.after != nil && w.doubt == "" && w.stage > longest {
				w.doubt, w.after, again = "the row that frees its name refers to it: do it in two steps", nil, true
			}
		}
	}
}

// isEndless reports whether rows wait for each other in a circle.
func (c *comparison) isEndless(longest int) bool {
	return slices.ContainsFunc(c.wants, func(w *want) bool { return w.after != nil && w.stage > longest })
}

// dependOnce gives each row the stage and the doubt of those that it needs, and
// reports whether anything changed.
func (c *comparison) dependOnce() (changed bool) {
	for _, w := range c.wants {
		if w.doubt != "" || w.left != "" {
			continue
		}
		if w.after != nil && !c.mayChange(w.after) {
			w.doubt, changed = "the one that has its name now is not changed", true
			continue
		}
		stage := 0
		if w.after != nil {
			stage = w.after.stage + 1
		}
		for _, other := range c.createdFor(w) {
			if other.doubt != "" || other.left != "" {
				w.doubt, changed = fmt.Sprintf("it refers to line %d, for which nothing is sent", other.line), true
			}
			stage = max(stage, other.stage)
		}
		if stage > w.stage {
			w.stage, changed = stage, true
		}
	}
	return changed
}

// createdFor returns the rows that create the resources to which a row refers.
func (c *comparison) createdFor(w *want) (rows []*want) {
	for _, name := range w.refs {
		if other := c.byBulkID[name]; other != nil && other != w && other.stored == nil {
			rows = append(rows, other)
		}
	}
	return rows
}

// mayChange reports whether the resource of a row will get its new name.
func (c *comparison) mayChange(w *want) bool {
	return w.doubt == "" && w.left == "" && w.stored != nil && c.opt.protection(w.stored.Resource, c.org.Me) == ""
}

// order puts the actions in an order in which they can be carried out, removals
// last, and keeps the first of them.
func (c *comparison) order() {
	placed := map[*want]bool{}
	var place func(w *want)
	place = func(w *want) {
		if placed[w] || w.action == nil {
			return
		}
		placed[w] = true
		needed := c.createdFor(w)
		if w.after != nil {
			needed = append(needed, w.after)
		}
		for _, other := range needed {
			if place(other); other.action != nil {
				w.action.needs = append(w.action.needs, other.action)
			}
		}
		w.action.stage = w.stage
		c.Actions = append(c.Actions, w.action)
	}
	for _, w := range c.wants {
		place(w)
	}
	slices.SortStableFunc(c.Actions, func(a, b *Action) int { return cmp.Compare(a.stage, b.stage) })
	last := 0
	if n := len(c.Actions); n > 0 {
		last = c.Actions[n-1].stage + 1
	}
	for _, a := range c.removals {
		a.stage = last
		c.Actions = append(c.Actions, a)
	}
	all := len(c.Actions)
	if c.opt.First > 0 {
		c.Actions = first(c.Actions, c.opt.First)
	}
	c.Later = all - len(c.Actions)
}

// first keeps those of the first n actions that need none but each other. If
// there are none, it tries the next larger n.
func first(all []*Action, n int) []*Action {
	for ; ; n++ {
		kept := map[*Action]bool{}
		for _, a := range all[:min(n, len(all))] {
			kept[a] = true
		}
		for before := -1; before != len(kept); {
			before = len(kept)
			for a := range kept {
				if slices.ContainsFunc(a.needs, func(b *Action) bool { return !kept[b] }) {
					delete(kept, a)
				}
			}
		}
		if len(kept) > 0 || n >= len(all) {
			return slices.DeleteFunc(slices.Clone(all), func(a *Action) bool { return !kept[a] })
		}
	}
}
