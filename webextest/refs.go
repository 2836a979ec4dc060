package webextest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// refPrefix begins a string that stands for a resource of the same request
// (RFC 7644, section 3.7.2).
const refPrefix = "bulkId:"

// references appends the names that v refers to: every string anywhere that is
// bulkId:NAME as a whole.
func references(v any, names []string) []string {
	switch v := v.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, refPrefix); ok {
			names = append(names, name)
		}
	case map[string]any:
		for _, member := range v {
			names = references(member, names)
		}
	case []any:
		for _, element := range v {
			names = references(element, names)
		}
	}
	return names
}

// mapStrings replaces strings anywhere in v by what f makes of them. f also
// gets the name of the member that a string is, or is an element of.
func mapStrings(v any, member string, f func(member, s string) string) any {
	switch v := v.(type) {
	case string:
		return f(member, v)
	case map[string]any:
		for name, inner := range v {
			v[name] = mapStrings(inner, name, f)
		}
	case []any:
		for i, inner := range v {
			v[i] = mapStrings(inner, member, f)
		}
	}
	return v
}

// resolve puts real ids in the place of references in the data of op. cycle
// holds the ids that resources about to be created together will have.
//
// A name that no POST of the request has is an error where only an id can
// stand, under "value" and "$ref"; elsewhere such a string is just text.
func (b *batch) resolve(op *operation, cycle map[string]string) *refusal {
	if len(op.refs) == 0 {
		return nil
	}
	var failed *refusal
	left := len(op.refs)
	mapStrings(op.data, "", func(member, s string) string {
		name, ok := strings.CutPrefix(s, refPrefix)
		if !ok {
			return s
		}
		if left--; left > 0 && b.sim.cfg.LastReferenceOnly {
			return s
		}
		if _, known := b.req.posts[name]; !known && !needsID(member) {
			return s
		}
		id, refused := b.find(name, cycle)
		if refused != nil {
			failed = refused
			return s
		}
		return id
	})
	return failed
}

// needsID reports whether a member can only hold an id, so that a reference there
// must refer to something.
func needsID(member string) bool { return member == "value" || member == "$ref" }

// unknownReferences says which operations refer to what no POST creates.
func (r *bulkRequest) unknownReferences() (violations []string) {
	for i, op := range r.ops {
		unknown := ""
		check := func(member, s string) string {
			name, ok := strings.CutPrefix(s, refPrefix)
			if _, known := r.posts[name]; ok && !known && needsID(member) {
				unknown = least(unknown, s)
			}
			return s
		}
		if len(op.refs) > 0 {
			mapStrings(op.data, "", check)
		}
		if op.ref != "" {
			check("value", refPrefix+op.ref)
		}
		if unknown != "" {
			violations = append(violations, fmt.Sprintf("operation %d: no POST of the request has the bulkId of the reference %s", i, unknown))
		}
	}
	return violations
}

// find returns the id of the resource that a POST of this request created.
func (b *batch) find(name string, cycle map[string]string) (string, *refusal) {
	if id, ok := cycle[name]; ok {
		return id, nil
	}
	if id, ok := b.created[name]; ok {
		return id, nil
	}
	index, known := b.req.posts[name]
	if !known {
		return "", refuse(http.StatusBadRequest, "invalidValue", "no POST has the bulkId %q", name)
	}
	// Try again later is true of what depends on a busy operation, too.
	switch status := b.outcomes[index].status; status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusLocked, http.StatusTooEarly:
		return "", refuse(status, "", "the operation with bulkId %q was put off", name)
	}
	return "", refuse(http.StatusBadRequest, "invalidValue", "the operation with bulkId %q did not succeed", name)
}

// schedule returns the operations in the order in which to do them, as groups
// that are done at once. A group of more than one is a cycle of creations.
//
// The order of the request is kept, except that an operation waits for what it
// refers to, and operations on one resource wait for each other: so the
// client's intent survives (RFC 7644, section 3.7).
func (r *bulkRequest) schedule() [][]int {
	needs := make([][]int, len(r.ops))
	last := make(map[string]int) // the operation before on a resource
	plain := true
	for i, op := range r.ops {
		for _, name := range op.names() {
			if post, ok := r.posts[name]; ok {
				needs[i] = append(needs[i], post)
				plain = plain && post < i
			}
		}
		if op.Method == http.MethodPost {
			continue
		}
		if before, ok := last[op.target()]; ok {
			needs[i] = append(needs[i], before)
		}
		last[op.target()] = i
	}
	if plain {
		return asTheyCome(len(r.ops))
	}
	return inOrder(needs, cycles(needs))
}

// names returns every name that the operation refers to.
func (op *operation) names() []string {
	if op.ref == "" {
		return op.refs
	}
	return append(slices.Clip(op.refs), op.ref)
}

func asTheyCome(n int) [][]int {
	order := make([][]int, n)
	for i := range order {
		order[i] = []int{i}
	}
	return order
}

// target names the resource that a PATCH or DELETE is about.
func (op *operation) target() string { return op.kind.segment() + "/" + op.id + op.ref }

// cycles returns the strongly connected components of the graph (Tarjan).
func cycles(needs [][]int) [][]int {
	const unseen = 0
	number := make([]int, len(needs)) // order of discovery, from 1
	low := make([]int, len(needs))
	open := make([]bool, len(needs))
	var stack []int
	var found [][]int
	count := unseen
	var visit func(i int)
	visit = func(i int) {
		count++
		number[i], low[i], open[i] = count, count, true
		stack = append(stack, i)
		for _, j := range needs[i] {
			if number[j] == unseen {
				visit(j)
				low[i] = min(low[i], low[j])
			} else if open[j] {
				low[i] = min(low[i], number[j])
			}
		}
		if low[i] == number[i] {
			at := slices.Index(stack, i)
			cycle := slices.Sorted(slices.Values(stack[at:]))
			stack = stack[:at]
			for _, j := range cycle {
				open[j] = false
			}
			found = append(found, cycle)
		}
	}
	for i := range needs {
		if number[i] == unseen {
			visit(i)
		}
	}
	return found
}

// inOrder sorts groups so that what one needs is before it; among those that
// may go, the one that was asked first (by its last member) goes.
func inOrder(needs, found [][]int) [][]int {
	slices.SortFunc(found, func(a, b []int) int { return a[len(a)-1] - b[len(b)-1] })
	done := make([]bool, len(needs))
	ready := func(group []int) bool {
		for _, i := range group {
			for _, j := range needs[i] {
				if !done[j] && !slices.Contains(group, j) {
					return false
				}
			}
		}
		return true
	}
	var order [][]int
	for len(found) > 0 {
		at := slices.IndexFunc(found, ready) // there is one: cycles are groups
		for _, i := range found[at] {
			done[i] = true
		}
		order = append(order, found[at])
		found = slices.Delete(found, at, at+1)
	}
	return order
}
