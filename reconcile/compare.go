package reconcile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/scimdiff"
	"github.com/webexscim/bulk/internal/scimfilter"
)

// maxMembers is how many members one operation changes.
const maxMembers = 500

// RemovalsError says that more would be removed than Options.MaxRemovals allows.
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

// Compare finds the difference between the rows and the organization. It sends
// nothing. Rows and resources belong together by externalId, or else by name
// without regard to case. Attributes that a row does not give are left alone,
// and so are values that differ only in form.
//
// The error describes mistakes in the rows, a line each, or in Options. With a
// *RemovalsError, the Difference is returned too.
func Compare(rows []Row, org *Organization, o Options) (*Difference, error) {
	scope, err := scimfilter.Parse(o.Scope)
	if err != nil {
		return nil, err
	}
	o.Leavers = cmp.Or(o.Leavers, Report)
	if o.Leavers == DeactivateLeavers && org.Type == Groups {
		return nil, errors.New("a group cannot be deactivated: expected leavers to be reported or deleted")
	}
	wants, byBulkID, err := understand(rows, org.Type)
	if err != nil {
		return nil, err
	}
	c := &comparison{Difference: Difference{org: org, opt: o}, scope: scope, wants: wants, byBulkID: byBulkID}
	if err := c.survey(); err != nil {
		return nil, err
	}
	c.match()
	c.stand()
	c.depend()
	for _, w := range wants {
		if err := c.decide(w); err != nil {
			return nil, err
		}
	}
	c.leave()
	over := c.guard()
	c.order()
	return &c.Difference, over
}

// comparison builds a Difference.
type comparison struct {
	Difference
	scope    scimfilter.Filter
	wants    []*want
	byBulkID map[string]*want
	things   []*thing

	byExternalID, byName map[string][]*thing
	removals             []*Action
}

// survey indexes the organization and finds the resources in scope. An
// attribute in the scope that no resource has is probably misspelled: with "ne"
// or "not" it would put everybody in scope.
func (c *comparison) survey() error {
	c.byExternalID, c.byName = map[string][]*thing{}, map[string][]*thing{}
	had := map[string]bool{}
	for _, res := range c.org.Resources {
		t := &thing{Resource: res, inScope: c.scope.Match(res.Data)}
		c.things = append(c.things, t)
		if res.ExternalID != "" {
			c.byExternalID[res.ExternalID] = append(c.byExternalID[res.ExternalID], t)
		}
		c.byName[key(res.Name)] = append(c.byName[key(res.Name)], t)
		if t.inScope {
			c.InScope++
		}
		for _, path := range c.scope.Paths() {
			had[path] = had[path] || scimfilter.Has(res.Data, path)
		}
	}
	for _, path := range c.scope.Paths() {
		if !had[path] && len(c.things) > 0 {
			return fmt.Errorf("scope: none of the %d %s has the attribute %s", len(c.things), strings.ToLower(c.org.Type), path)
		}
	}
	return nil
}

// match finds the resource that each row means.
func (c *comparison) match() {
	for _, w := range c.wants {
		if w.externalID != "" {
			c.link(w, c.byExternalID[w.externalID], "have this externalId")
		}
	}
	for _, w := range c.wants {
		if w.have != nil || w.doubt != "" {
			continue
		}
		var free []*thing
		for _, t := range c.byName[key(w.name)] {
			if t.by == nil {
				free = append(free, t)
			}
		}
		if len(free) == 1 && w.externalID != "" && free[0].ExternalID != "" {
			free[0].claimed = true
			w.doubt = "the one who has this name has another externalId, which is in no row: another person, or leading zeros lost?"
			continue
		}
		c.link(w, free, "have this name")
	}
}

// link sets the resource that a row means, if there is one candidate only. With
// several it is unclear.
func (c *comparison) link(w *want, candidates []*thing, what string) {
	if len(candidates) == 1 {
		w.have, candidates[0].by = candidates[0], w
	}
	if len(candidates) > 1 {
		w.doubt = fmt.Sprintf("%d %s of the organization %s", len(candidates), strings.ToLower(c.org.Type), what)
		for _, t := range candidates {
			t.claimed = true
		}
	}
}

// stand finds the rows for which nothing may be sent, whatever their content.
func (c *comparison) stand() {
	for _, w := range c.wants {
		switch {
		case w.doubt != "":
		case w.have == nil && !c.scope.Match(w.data), w.have != nil && !w.have.inScope:
			w.left = "outside of the scope"
		default:
			c.takeName(w)
		}
	}
}

// takeName finds whose change must free the name that a row wants. userNames are
// unique; groups share a name only if rows say so.
func (c *comparison) takeName(w *want) {
	if w.have != nil && key(w.have.Name) == key(w.name) {
		return
	}
	for _, t := range c.byName[key(w.name)] {
		switch {
		case t == w.have, t.by != nil && key(t.by.name) == key(w.name):
		case t.by == nil:
			t.claimed = true
			w.doubt = "its name belongs to another one, who is in no row"
		default:
			w.after = t.by
		}
	}
}

// depend orders the changes that free names. A row that needs another row with
// a doubt gets the doubt too.
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

// isEndless reports whether a row waits for itself.
func (c *comparison) isEndless(longest int) bool {
	return slices.ContainsFunc(c.wants, func(w *want) bool { return w.after != nil && w.stage > longest })
}

// dependOnce reports whether anything changed.
func (c *comparison) dependOnce() (changed bool) {
	for _, w := range c.wants {
		if w.doubt != "" || w.left != "" {
			continue
		}
		if w.after != nil && !c.mayChange(w.after) {
			w.doubt, changed = "the one that has its name now is left alone", true
			continue
		}
		stage := 0
		if w.after != nil {
			stage = w.after.stage + 1
		}
		for _, name := range w.refs {
			other := c.byBulkID[name]
			if other == nil || other.have != nil {
				continue
			}
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

// mayChange reports whether the resource of a row will get its new name.
func (c *comparison) mayChange(w *want) bool {
	return w.doubt == "" && w.left == "" && w.have != nil && c.opt.protection(w.have.Resource, c.org.Me) == ""
}

// decide finds the action of a row, if it needs one.
func (c *comparison) decide(w *want) error {
	switch {
	case w.doubt != "":
		c.Left = append(c.Left, Left{Line: w.line, Name: w.name, Reason: w.doubt, Doubt: true})
		return nil
	case w.left != "":
		c.Left = append(c.Left, Left{Line: w.line, Name: w.name, Reason: w.left})
		return nil
	case w.have == nil:
		w.action = &Action{Kind: Create, Line: w.line, Name: w.name, Operations: c.creates(w)}
		w.action.Changes = given(resolve(w.data, c.idOf))
		for _, m := range w.members {
			w.action.Added = append(w.action.Added, client.Member{ID: c.memberID(m), Type: m.Type})
		}
		return nil
	}
	if c.org.Type == Users && !isActive(w.have.Data) && !w.givesActive {
		c.Deactivated = append(c.Deactivated, w.have.Resource)
	}
	changes, err := differences(resolve(w.data, c.idOf), w.name, w.have.Resource)
	if err != nil {
		return fmt.Errorf("line %d: %w", w.line, err)
	}
	a := &Action{Kind: Change, Line: w.line, Name: w.name, Stored: w.have.Resource}
	for _, change := range changes {
		a.Changes = append(a.Changes, Value{change.Path, change.Old, change.New})
	}
	c.compareMembers(w, a)
	if len(a.Changes)+len(a.Added)+len(a.Removed) == 0 && isPerson(w.have.Resource) {
		c.Unchanged++
		return nil
	}
	reason := c.opt.protection(w.have.Resource, c.org.Me)
	if reason == "" && a.Deactivates() && c.org.meUnknown() {
		reason = "it would be deactivated, and may be the account of the token, which could not be found out"
	}
	if reason != "" {
		c.Left = append(c.Left, Left{Line: w.line, Name: w.name, Reason: reason})
		return nil
	}
	a.Operations = patches(a, changes)
	w.action = a
	return nil
}

// idOf returns the id of the resource that a row means, if it exists.
func (c *comparison) idOf(bulkID string) (string, bool) {
	if w := c.byBulkID[bulkID]; w != nil && w.have != nil {
		return w.have.ID, true
	}
	return "", false
}

// memberID is the id of a member, or the reference to a row that is to be created.
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

// withoutNulls returns data without members that are null, and without values of
// multi-valued attributes that are nothing but their type: a new resource has none
// of what is to be cleared.
func withoutNulls(data json.RawMessage) json.RawMessage {
	if !bytes.Contains(data, []byte("null")) {
		return data
	}
	var all any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if dec.Decode(&all) != nil {
		return data
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(pruned(all)) // it was JSON before
	return bytes.TrimSpace(out.Bytes())
}

func pruned(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if v[name] = pruned(inner); v[name] == nil {
				delete(v, name)
			}
		}
		return v
	case []any:
		kept := slices.DeleteFunc(v, func(e any) bool {
			object, ok := pruned(e).(map[string]any)
			return ok && len(object) == 1 && object["type"] != nil
		})
		if len(kept) == 0 && len(v) > 0 {
			return nil
		}
		return kept
	}
	return value
}

// given returns the attributes of a create as changes.
func given(data json.RawMessage) (all []Value) {
	changes, _ := scimdiff.Compare(data, []byte("{}"), scimdiff.Options{})
	for _, change := range changes {
		all = append(all, Value{Path: change.Path, New: change.New})
	}
	return all
}

// compareMembers finds the members to add to a group and to remove from it.
// Members that are not users are never removed.
func (c *comparison) compareMembers(w *want, a *Action) {
	if !w.exact {
		return
	}
	wanted, have := map[string]bool{}, map[string]bool{}
	for _, m := range c.org.Members[w.have.ID] {
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
	for _, m := range c.org.Members[w.have.ID] {
		if !wanted[strings.ToLower(m.ID)] && (m.Type == "" || strings.EqualFold(m.Type, "user")) {
			a.Removed = append(a.Removed, m)
		}
	}
}

// patches returns the operations of a change: one for the attributes, and one
// more for each 500 members.
func patches(a *Action, changes []scimdiff.Change) (ops []client.Operation) {
	add := func(list []scimdiff.Change) {
		op := client.Operation{Method: client.MethodPatch, Path: "/" + a.Stored.Type + "/" + a.Stored.ID, Data: scimdiff.Patch(list)}
		ops = append(ops, op)
	}
	if len(changes) > 0 {
		add(changes)
	}
	for some := range slices.Chunk(a.Added, maxMembers) {
		var list []member
		for _, m := range some {
			list = append(list, member{m.ID, m.Type})
		}
		value, _ := json.Marshal(list) // texts only
		add([]scimdiff.Change{{Op: "add", Path: "members", New: value}})
	}
	for some := range slices.Chunk(a.Removed, maxMembers) {
		var list []scimdiff.Change
		for _, m := range some {
			id, _ := json.Marshal(m.ID)
			list = append(list, scimdiff.Change{Op: "remove", Path: "members[value eq " + string(id) + "]"})
		}
		add(list)
	}
	return ops
}

// leave finds the leavers and decides what to do with each.
func (c *comparison) leave() {
	c.hold()
	lines, managers := map[string]int{}, map[string]int{} // by name, by id
	for _, w := range c.wants {
		lines[key(w.name)] = w.line
		if id := managerOf(w.data); id != "" && c.opt.Leavers != Report {
			managers[strings.ToLower(id)] = w.line
		}
	}
	for _, t := range c.things {
		if t.by != nil || t.claimed || !t.inScope {
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

// hold finds the reasons why nobody may be removed.
func (c *comparison) hold() {
	if c.opt.Leavers == Report {
		return
	}
	if n := c.Doubts(); n > 0 {
		c.Held = append(c.Held, fmt.Sprintf("it is in doubt whom %d of the rows mean", n))
	}
	if len(c.wants) == 0 {
		c.Held = append(c.Held, "there are no rows")
	}
	if c.org.Type == Users && c.org.meUnknown() {
		c.Held = append(c.Held, "the account of the token could not be found out")
	}
}

// removal returns the action that removes a leaver, or nil if there is nothing
// to do or it is not allowed.
func (c *comparison) removal(t *thing) *Action {
	path := "/" + t.Type + "/" + t.ID
	a := &Action{Line: 0, Name: t.Name, Stored: t.Resource}
	switch {
	case len(c.Held) > 0:
		return nil
	case c.opt.Leavers == DeleteLeavers:
		a.Kind, a.Operations = Delete, []client.Operation{{Method: client.MethodDelete, Path: path}}
	case c.opt.Leavers == DeactivateLeavers && isActive(t.Data):
		a.Kind = Deactivate
		a.Changes = []Value{{Path: "active", Old: json.RawMessage("true"), New: json.RawMessage("false")}}
		change := scimdiff.Change{Op: "replace", Path: "active", New: json.RawMessage("false")}
		a.Operations = []client.Operation{{Method: client.MethodPatch, Path: path, Data: scimdiff.Patch([]scimdiff.Change{change})}}
	default:
		return nil
	}
	return a
}

// guard refuses to remove more than the limit allows. A row that deactivates its
// user counts like a leaver: a column that slipped would deactivate everybody.
func (c *comparison) guard() error {
	check := func(what string, removals, all int) error {
		if most := c.opt.MaxRemovals.of(all); removals > most {
			return &RemovalsError{What: what, Removals: removals, All: all, Most: most, Limit: c.opt.MaxRemovals}
		}
		return nil
	}
	members, removed, deactivated := 0, 0, 0
	for _, t := range c.things {
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
	return errors.Join(check(strings.ToLower(c.org.Type), len(c.removals)+deactivated, c.InScope), check("members of groups", removed, members))
}

// order puts the actions in an order in which they can be carried out, and
// keeps the first of them.
func (c *comparison) order() {
	placed := map[*want]bool{}
	var place func(w *want)
	place = func(w *want) {
		if placed[w] || w.action == nil {
			return
		}
		placed[w] = true
		for _, name := range w.refs {
			if other := c.byBulkID[name]; other != nil && other != w && other.action != nil && other.have == nil {
				place(other)
				w.action.needs = append(w.action.needs, other.action)
			}
		}
		if w.after != nil && w.after.action != nil {
			place(w.after)
			w.action.needs = append(w.action.needs, w.after.action)
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

// first keeps those of the first n actions that need no other action. If there
// are none, it tries the next larger n.
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
