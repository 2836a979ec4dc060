package bulk

import (
	"net/http"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/scim"
)

// resolve puts real ids in the place of references in the data of op. cycle
// holds the ids that resources about to be created together will have.
//
// A name that no POST of the request has is an error where only an id can
// stand, under "value" and "$ref"; elsewhere such a string is just text.
func (b *batch) resolve(op *contract.Operation, cycle map[string]string) *scim.Error {
	if len(op.Refs) == 0 {
		return nil
	}
	var failed *scim.Error
	left := len(op.Refs)
	contract.MapStrings(op.Doc, "", func(member, s string) string {
		name, ok := strings.CutPrefix(s, contract.RefPrefix)
		if !ok {
			return s
		}
		if left--; left > 0 && b.Settings.LastReferenceOnly {
			return s
		}
		if _, known := b.Request.Posts[name]; !known && !contract.NeedsID(member) {
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

// find returns the id of the resource that a POST of this request created.
func (b *batch) find(name string, cycle map[string]string) (string, *scim.Error) {
	if id, ok := cycle[name]; ok {
		return id, nil
	}
	if id, ok := b.created[name]; ok {
		return id, nil
	}
	index, known := b.Request.Posts[name]
	if !known {
		return "", scim.Refuse(http.StatusBadRequest, "invalidValue", "no POST has the bulkId %q", name)
	}
	// Try again later is true of what depends on a busy operation, too.
	switch status := b.outcomes[index].Status; status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusLocked, http.StatusTooEarly:
		return "", scim.Refuse(status, "", "the operation with bulkId %q was put off", name)
	}
	return "", scim.Refuse(http.StatusBadRequest, "invalidValue", "the operation with bulkId %q did not succeed", name)
}
