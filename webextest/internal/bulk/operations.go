package bulk

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/store"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// draft returns the resource that op creates, without storing it. cycle has the
// ids of the resources that are created together, by bulkId, and others the
// previous drafts of the cycle; nil for one that failed.
func (b *batch) draft(
	op *contract.Operation, cycle map[string]string, others []*store.Resource,
) (*store.Resource, *scim.Error) {
	if op.Refused != nil {
		return nil, op.Refused
	}
	if refused := b.resolve(op, cycle); refused != nil {
		return nil, refused
	}
	doc := op.Doc
	if refused := canonical(doc); refused != nil {
		return nil, refused
	}
	for _, readOnly := range contract.ReadOnly {
		delete(doc, readOnly) // the document of the service says that it ignores them
	}
	r := &store.Resource{
		Org: b.Org, ID: cycle[op.BulkID], Kind: op.Kind,
		Revision: 1, Created: b.Stamp, Modified: b.Stamp, Born: b.Now, Request: b.Number,
	}
	if refused := b.validate(r, doc, cycle); refused != nil {
		return nil, refused
	}
	for _, other := range others {
		if other != nil && other.Kind == scim.Users && r.Kind == scim.Users && store.Fold(other.Name) == store.Fold(r.Name) {
			return nil, taken(r)
		}
	}
	return r, nil
}

// patch applies all of a PatchOp to r, or nothing (RFC 7644, section 3.5.2).
func (b *batch) patch(i int, r *store.Resource) *scim.Error {
	op := b.Request.Operations[i]
	if op.Refused != nil {
		return op.Refused
	}
	if refused := b.resolve(op, nil); refused != nil {
		return refused
	}
	steps, _ := op.Doc["Operations"].([]any)
	doc := strictjson.DecodeTrusted(r.Doc)
	for _, step := range steps {
		if refused := b.applyStep(doc, step); refused != nil {
			return refused
		}
	}
	if refused := canonical(doc); refused != nil {
		return refused
	}
	for _, readOnly := range [...]string{"id", "meta"} {
		if _, set := doc[readOnly]; set {
			return scim.Refuse(http.StatusBadRequest, "mutability", "%s is read-only", readOnly)
		}
	}
	if refused := contract.CheckDocument(r.Kind, doc); refused != nil {
		return refused
	}
	next := *r
	if refused := b.validate(&next, doc, nil); refused != nil {
		return refused
	}
	if bytes.Equal(next.Doc, r.Doc) {
		b.succeed(i, http.StatusOK, Patched, r)
		return nil
	}
	next.Revision++
	next.Modified = b.Stamp
	b.dir.Put(&next, b.Now)
	b.succeed(i, http.StatusOK, Patched, &next)
	return nil
}

// applyStep applies an operation of a valid PatchOp.
func (b *batch) applyStep(doc map[string]any, step any) *scim.Error {
	object, _ := step.(map[string]any)
	op, _ := object["op"].(string)
	path, _ := object["path"].(string)
	apply := scim.Apply
	if b.Settings.AppendDoubles {
		apply = scim.ApplyDoubling
	}
	if _, err := apply(doc, op, path, object["value"]); err != nil {
		return scim.AsError(err, "invalidPath")
	}
	return nil
}

// delete removes r, and the references to it as a member or manager.
func (b *batch) delete(i int, r *store.Resource) {
	for _, other := range b.dir.Referrers(r.ID) {
		if other != r {
			b.dir.Put(b.without(other, r.ID), b.Now)
		}
	}
	b.dir.Remove(r, b.Now)
	b.succeed(i, http.StatusNoContent, Deleted, r)
}

// without returns r without its references to id.
func (b *batch) without(r *store.Resource, id string) *store.Resource {
	doc := strictjson.DecodeTrusted(r.Doc)
	if members, ok := doc["members"].([]any); ok {
		doc["members"] = slices.DeleteFunc(members, func(element any) bool {
			member, _ := element.(map[string]any)
			return member["value"] == id
		})
	}
	if enterprise, ok := doc[scim.EnterpriseUser].(map[string]any); ok && r.Kind == scim.Users {
		delete(enterprise, "manager")
	}
	next := *r
	next.Doc = strictjson.Append(nil, doc)
	next.Links = slices.DeleteFunc(slices.Clone(r.Links), func(link string) bool { return link == id })
	next.Revision++
	next.Modified = b.Stamp
	return &next
}
