package bulkapi

import (
	"strings"

	"github.com/webexscim/bulk/internal/location"
)

// Owners of a result that are no operation.
const (
	nobody  = -1 // not known yet
	foreign = -2 // it names a bulkId that the request has not
)

// matcher finds for each operation its result: by bulkId, else by method and
// location, else by position. Webex's own document shows results of PATCH and
// DELETE without a bulkId, and RFC 7644 section 3.7 fixes no order. What is
// ambiguous stays unmatched: an unknown outcome can be looked up, a wrong one
// cannot be taken back.
type matcher struct {
	ops     []Operation
	results []result
	of      []int // for each operation the index of its result, or nobody
	owner   []int // for each result the index of its operation, or nobody, or foreign
}

// match runs the three ways, the surest first.
func match(ops []Operation, results []result) *matcher {
	m := &matcher{ops, results, make([]int, len(ops)), make([]int, len(results))}
	for i := range m.of {
		m.of[i] = nobody
	}
	m.byBulkID()
	if m.orphans() {
		m.byLocation()
	}
	if m.orphans() {
		m.byPosition()
	}
	return m
}

// give makes result j one of operation i. Of several the first with a readable
// status counts.
func (m *matcher) give(i, j int) {
	m.owner[j] = i
	if k := m.of[i]; k == nobody || m.results[k].Status == 0 && m.results[j].Status != 0 {
		m.of[i] = j
	}
}

// orphans reports whether there are results that belong to some operation of
// the request, but nobody knows to which.
func (m *matcher) orphans() bool {
	for _, i := range m.owner {
		if i == nobody {
			return true
		}
	}
	return false
}

func (m *matcher) byBulkID() {
	index := make(map[string]int, len(m.ops))
	for i, op := range m.ops {
		index[op.BulkID] = i
	}
	for j, r := range m.results {
		m.owner[j] = nobody
		if r.BulkID == "" {
			continue
		}
		if i, ok := index[r.BulkID]; ok {
			m.give(i, j)
		} else {
			m.owner[j] = foreign
		}
	}
}

// byLocation gives results to the PATCH and DELETE operations of the resource
// that their location names. Of several operations on one resource, none is
// told from the others.
func (m *matcher) byLocation() {
	index := make(map[string]int)
	for i, op := range m.ops {
		resource := resourceOf(op)
		if _, several := index[resource]; several {
			i = nobody
		}
		index[resource] = i
	}
	for j, r := range m.results {
		i, ok := index[resourceKey(r.Location)]
		if m.owner[j] != nobody || !ok || i == nobody || resourceOf(m.ops[i]) == "" {
			continue
		}
		if method := knownMethod(r.Method); method == "" || strings.EqualFold(method, m.ops[i].Method) {
			m.give(i, j)
		}
	}
}

// byPosition takes the order of the results for that of the operations, if
// their counts agree and nothing known of any result speaks against it: one
// that was identified and stands elsewhere shows that the order is another.
func (m *matcher) byPosition() {
	if len(m.results) != len(m.ops) {
		return
	}
	types := make(map[string]bool)
	for _, op := range m.ops {
		types[typeOf(op)] = true
	}
	for j, i := range m.owner {
		if i == foreign || i >= 0 && i != j || i == nobody && contradicts(m.results[j], m.ops[j], types) {
			return
		}
	}
	for j, i := range m.owner {
		if i == nobody {
			m.give(j, j)
		}
	}
}

// contradicts reports whether r says of itself that it is of another operation
// than op. types are those of the request.
func contradicts(r result, op Operation, types map[string]bool) bool {
	if method := knownMethod(r.Method); method != "" && !strings.EqualFold(method, op.Method) {
		return true
	}
	resource := resourceKey(r.Location)
	if resource == "" {
		return false
	}
	if t, _, _ := strings.Cut(resource, "/"); t != typeOf(op) {
		return types[t]
	}
	own := resourceOf(op)
	return own != "" && own != resource && !strings.Contains(own, "/bulkid:")
}

// knownMethod is method in upper case, "" if it is none that SCIM knows.
func knownMethod(method string) string {
	switch method = strings.ToUpper(method); method {
	case "POST", "PUT", "PATCH", "DELETE", "GET":
		return method
	}
	return ""
}

// resourceOf is the resource that op changes, as in "users/2819c223", or "" for
// a POST.
func resourceOf(op Operation) string {
	if strings.EqualFold(op.Method, "POST") {
		return ""
	}
	return resourceKey(op.Path)
}

// typeOf is the endpoint that op names, as in "users".
func typeOf(op Operation) string {
	if t, _, ok := strings.Cut(resourceKey(op.Path), "/"); ok {
		return t
	}
	return strings.ToLower(strings.Trim(op.Path, "/"))
}

// resourceKey is the end of a path or url that names a resource, as in
// "users/2819c223", in lower case; "" if there is none. It is for comparing
// only.
func resourceKey(url string) string {
	_, kind, id := location.Split(strings.ToLower(url))
	if kind == "" {
		return ""
	}
	return kind + "/" + id
}
