package bulkapi

import (
	"strings"

	"github.com/webexscim/bulk/internal/location"
)

// readItems says of each operation what the results say of it. red is made only if an error is to be cleaned: services
// quote the data of other operations too.
func (x *Client) readItems(ops []Operation, results []result, failOnErrors int, token forms, trackingID string, red func() *redactor) []Item {
	m := match(ops, results)
	items := make([]Item, len(ops))
	genuine := 0
	for i, j := range m.of {
		if j == nobody || results[j].Status == 0 {
			continue
		}
		r := results[j]
		items[i] = Item{
			Found: true, Status: int(r.Status), Location: token.location(r.Location), Version: token.without(r.Version),
		}
		kind, _, _ := strings.Cut(strings.Trim(ops[i].Path, "/"), "/")
		if l, err := location.Parse(items[i].Location); err == nil && l.IsOf(kind, x.cfg.OrgID) {
			items[i].ID = l.ID
		}
		if r.Status.OK() {
			continue
		}
		e := itemError(r)
		e.clean(red())
		e.TrackingID = firstOf(e.TrackingID, trackingID)
		items[i].Err = e
		if !e.afterStop(true) {
			genuine++
		}
	}
	if failOnErrors > 0 {
		markUnattempted(m, items, genuine, failOnErrors)
	}
	return items
}

// markUnattempted finds the operations that the service did not come to, because failOnErrors stopped it before. RFC 7644
// section 3.7 leaves them out of the answer; the Java SCIM-SDK answers 412 for them and Apache SCIMple 409 with a text.
func markUnattempted(m *matcher, items []Item, genuine, failOnErrors int) {
	failures := 0
	for i, it := range items {
		if it.Err == nil {
			continue
		}
		if it.Err.afterStop(max(failures, genuine) >= failOnErrors) {
			items[i] = Item{Unattempted: true}
			continue
		}
		failures++
	}
	if failures < failOnErrors {
		return // what is missing is not explained
	}
	for j, i := range m.owner {
		if i == nobody && !itemError(m.results[j]).afterStop(true) {
			return // the result of something done is there, and nobody knows what was done
		}
	}
	for i, j := range m.of {
		if j == nobody {
			items[i] = Item{Unattempted: true}
		}
	}
}

// itemError is what a result says is wrong.
func itemError(r result) *Error {
	e := readError(r.Response, 0)
	e.Status = int(r.Status)
	return e
}

// afterStop reports whether an operation's error only says that its turn did not come. stopped tells that the service had
// reason to stop. Without one a 412 is what it always is, and so is a 409 that says nothing.
func (e *Error) afterStop(stopped bool) bool {
	if e.ScimType != "" || e.Status != 412 && e.Status != 409 {
		return false
	}
	for _, text := range e.Details {
		if strings.Contains(strings.ToLower(text), "failonerrors") {
			return true
		}
	}
	return stopped && (e.Status == 412 || e.ErrorCode == "" && len(e.Details) == 0)
}
