package bulkapi

import (
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/location"
)

// Indexes that name no operation or result.
const (
	unmatched = -1 // none was found
	foreign   = -2 // of a result with a bulkId that the request does not have
)

// matcher finds the result of each operation: by bulkId, else by method and
// location, else by position. Webex documents results of PATCH and DELETE
// without a bulkId, and RFC 7644 section 3.7 fixes no order. An ambiguous
// result stays unmatched: an unknown outcome can be looked up, a wrong one
// cannot be taken back.
type matcher struct {
	ops     []Operation
	results []result
	of      []int // for each operation the index of its result, or unmatched
	owner   []int // for each result the index of its operation, or unmatched, or foreign
}

// match runs the three ways, the surest first.
func match(ops []Operation, results []result) *matcher {
	m := &matcher{ops, results, slices.Repeat([]int{unmatched}, len(ops)), slices.Repeat([]int{unmatched}, len(results))}
	for _, way := range []func(){m.byBulkID, m.byLocation, m.byPosition} {
		if slices.Contains(m.owner, unmatched) {
			way()
		}
	}
	return m
}

// give makes result j one of operation i. Of several the first with a readable
// status counts.
func (m *matcher) give(i, j int) {
	m.owner[j] = i
	if k := m.of[i]; k == unmatched || m.results[k].Status == 0 {
		m.of[i] = j
	}
}

func (m *matcher) byBulkID() {
	index := make(map[string]int, len(m.ops))
	for i, op := range m.ops {
		index[op.BulkID] = i
	}
	for j, r := range m.results {
		i, ok := index[r.BulkID]
		switch {
		case r.BulkID == "":
		case ok:
			m.give(i, j)
		default:
			m.owner[j] = foreign
		}
	}
}

// byLocation gives results to the PATCH and DELETE operations of the resource
// that their location names. Several operations on one resource cannot be told
// apart.
func (m *matcher) byLocation() {
	index := make(map[string]int)
	for i, op := range m.ops {
		resource := resourceKey(op.Path)
		if _, several := index[resource]; several || resource == "" {
			i = unmatched
		}
		index[resource] = i
	}
	for j, r := range m.results {
		i, ok := index[resourceKey(r.Location)]
		if ok && i != unmatched && m.owner[j] == unmatched && !hasOtherMethod(r, m.ops[i]) {
			m.give(i, j)
		}
	}
}

// byPosition matches the rest in order, if there are as many results as
// operations and no result shows that their order is another: one that was
// matched elsewhere, or that cannot be of the operation in its place.
func (m *matcher) byPosition() {
	if len(m.results) != len(m.ops) {
		return
	}
	types := make(map[string]bool)
	for _, op := range m.ops {
		types[typeOf(op)] = true
	}
	for j, i := range m.owner {
		if i == foreign || i >= 0 && i != j || contradicts(m.results[j], m.ops[j], types) {
			return
		}
	}
	for j, i := range m.owner {
		if i == unmatched {
			m.give(j, j)
		}
	}
}

// contradicts reports whether r cannot be the result of op. types are the
// resource types of the request: another type may be an alias.
func contradicts(r result, op Operation, types map[string]bool) bool {
	if hasOtherMethod(r, op) {
		return true
	}
	resource, own := resourceKey(r.Location), resourceKey(op.Path)
	if t, _, _ := strings.Cut(resource, "/"); t != typeOf(op) {
		return types[t]
	}
	return own != "" && own != resource && !strings.Contains(own, "/bulkid:")
}

// hasOtherMethod reports whether r names another method than that of op. A
// method that SCIM does not have says nothing.
func hasOtherMethod(r result, op Operation) bool {
	switch method := strings.ToUpper(r.Method); method {
	case "POST", "PUT", "PATCH", "DELETE", "GET":
		return !strings.EqualFold(method, op.Method)
	}
	return false
}

// typeOf is the endpoint that op names, as in "users".
func typeOf(op Operation) string {
	if t, _, ok := strings.Cut(resourceKey(op.Path), "/"); ok {
		return t
	}
	return strings.ToLower(strings.Trim(op.Path, "/"))
}

// resourceKey is the end of a path or url that names a resource, as in
// "users/2819c223", in lower case; "" if there is none, as for a POST. It is
// for comparing only.
func resourceKey(url string) string {
	_, kind, id := location.Split(strings.ToLower(url))
	if kind == "" {
		return ""
	}
	return kind + "/" + id
}
