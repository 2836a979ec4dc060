package bulk

import (
	"net/http"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/scim"
)

// resolve replaces the references in the data of op by ids. cycle has the ids
// of the resources that are created together.
//
// An unknown name is an error under "value" and "$ref", where only an id is
// valid. Elsewhere such a string is plain text.
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
	// A temporary status also applies to the operations that depend on it.
	switch status := b.outcomes[index].Status; status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusLocked, http.StatusTooEarly:
		return "", scim.Refuse(status, "", "the operation with bulkId %q was refused for now", name)
	}
	return "", scim.Refuse(http.StatusBadRequest, "invalidValue", "the operation with bulkId %q did not succeed", name)
}
