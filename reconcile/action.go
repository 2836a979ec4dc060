package reconcile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/scimdiff"
)

// maxMembers is how many members one operation changes.
const maxMembers = 500

// decide finds the action of a row, if it needs one.
func (c *comparison) decide(w *want) error {
	switch {
	case w.doubt != "", w.left != "":
		c.leave(w, cmp.Or(w.doubt, w.left))
		return nil
	case w.stored == nil:
		w.action = &Action{Kind: Create, Line: w.line, Name: w.name, Operations: c.creates(w)}
		w.action.Differences = given(resolve(w.data, c.idOf))
		c.newNames[w.ops[0].BulkID] = w.name
		for _, m := range w.members {
			w.action.Added = append(w.action.Added, client.Member{ID: c.memberID(m), Type: m.Type})
		}
		return nil
	}
	if c.org.Type == Users && !isActive(w.stored.Data) && !w.givesActive {
		c.Deactivated = append(c.Deactivated, w.stored.Resource)
	}
	a := &Action{Kind: Change, Line: w.line, Name: w.name, Stored: w.stored.Resource}
	var err error
	if a.Differences, err = differences(resolve(w.data, c.idOf), w.name, w.stored.Resource); err != nil {
		return fmt.Errorf("line %d: %w", w.line, err)
	}
	c.compareMembers(w, a)
	if len(a.Differences)+len(a.Added)+len(a.Removed) == 0 && isPerson(w.stored.Resource) {
		c.Unchanged++
		return nil
	}
	reason := c.opt.protection(w.stored.Resource, c.org.Me)
	if reason == "" && a.Deactivates() && c.org.meUnknown() {
		reason = "it would be deactivated, and may be the account of the token, which could not be determined"
	}
	if reason == "" && len(a.Removed) > 0 && c.doubts > 0 {
		c.leave(w, "its members are not removed while it is unclear which groups other rows mean")
		if a.Removed = nil; len(a.Differences)+len(a.Added) == 0 {
			return nil
		}
	}
	if reason != "" {
		c.leave(w, reason)
		return nil
	}
	a.Operations = patches(a)
	w.action = a
	return nil
}

// leave notes why nothing is done for a row, or less than it says.
func (c *comparison) leave(w *want, reason string) {
	c.Left = append(c.Left, Left{Line: w.line, Name: w.name, Reason: reason, Doubt: w.doubt != ""})
}

// idOf returns the id of the resource that a row means, if it exists.
func (c *comparison) idOf(bulkID string) (string, bool) {
	if w := c.byBulkID[bulkID]; w != nil && w.stored != nil {
		return w.stored.ID, true
	}
	return "", false
}

// memberID returns the id of a member, or the reference to a row that is to be
// created.
func (c *comparison) memberID(m member) string {
	if name, isRef := strings.CutPrefix(m.Value, client.Ref("")); isRef {
		if id, ok := c.idOf(name); ok {
			return id
		}
	}
	return m.Value
}

// creates returns the operations that create the resource of a row.
func (c *comparison) creates(w *want) []client.Operation {
	ops := slices.Clone(w.ops)
	for i := range ops {
		if data, err := dataOf(ops[i]); err == nil {
			ops[i].Data = withoutNulls(resolve(data, c.idOf))
		}
	}
	return ops
}

// compareMembers finds the members to add to a group and to remove from it.
// Members that are not users are never removed.
func (c *comparison) compareMembers(w *want, a *Action) {
	if !w.exact {
		return
	}
	wanted, have := map[string]bool{}, map[string]bool{}
	for _, m := range c.org.Members[w.stored.ID] {
		have[strings.ToLower(m.ID)] = true
	}
	for _, m := range w.members {
		m.Value = c.memberID(m)
		id := strings.ToLower(m.Value)
		if !have[id] && !wanted[id] {
			a.Added = append(a.Added, client.Member{ID: m.Value, Type: cmp.Or(m.Type, "user")})
		}
		wanted[id] = true
	}
	if c.opt.AddOnly {
		return
	}
	for _, m := range c.org.Members[w.stored.ID] {
		if !wanted[strings.ToLower(m.ID)] && (m.Type == "" || strings.EqualFold(m.Type, "user")) {
			a.Removed = append(a.Removed, m)
		}
	}
}

// patches returns the operations of a change: one for the attributes, and one
// more for each 500 members.
func patches(a *Action) (ops []client.Operation) {
	add := func(list []scimdiff.AttributeDifference) {
		path := "/" + a.Stored.Type + "/" + a.Stored.ID
		ops = append(ops, client.Operation{Method: client.MethodPatch, Path: path, Data: scimdiff.Patch(list)})
	}
	if len(a.Differences) > 0 {
		var list []scimdiff.AttributeDifference
		for _, d := range a.Differences {
			list = append(list, scimdiff.AttributeDifference(d))
		}
		add(list)
	}
	for some := range slices.Chunk(a.Added, maxMembers) {
		var list []member
		for _, m := range some {
			list = append(list, member{m.ID, m.Type})
		}
		value, _ := json.Marshal(list) // texts only
		add([]scimdiff.AttributeDifference{{Path: "members", New: value}})
	}
	for some := range slices.Chunk(a.Removed, maxMembers) {
		var list []scimdiff.AttributeDifference
		for _, m := range some {
			id, _ := json.Marshal(m.ID)
			list = append(list, scimdiff.AttributeDifference{Path: "members[value eq " + string(id) + "]"})
		}
		add(list)
	}
	return ops
}
