package webextest

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// draft makes the first state of a resource, without storing it. cycle holds
// the ids of what is created with it, and beside those before it.
func (b *batch) draft(op *operation, cycle map[string]string, beside []*resource) (*resource, *refusal) {
	if op.refused != nil {
		return nil, op.refused
	}
	if refused := b.resolve(op, cycle); refused != nil {
		return nil, refused
	}
	doc := op.data
	if refused := canonical(doc); refused != nil {
		return nil, refused
	}
	for _, readOnly := range [...]string{"id", "meta", "groups"} {
		delete(doc, readOnly) // ignored, not refused: so the service's document
	}
	r := &resource{
		org: b.org, id: cycle[op.BulkID], kind: op.kind,
		revision: 1, created: b.stamp, modified: b.stamp, born: b.now, request: b.number,
	}
	if refused := b.validate(r, doc, cycle); refused != nil {
		return nil, refused
	}
	for _, other := range beside {
		if other != nil && other.kind == users && r.kind == users && fold(other.name) == fold(r.name) {
			return nil, taken(r)
		}
	}
	return r, nil
}

// patch applies all of a PatchOp to r, or nothing (RFC 7644, section 3.5.2).
func (b *batch) patch(i int, r *resource) *refusal {
	op := b.req.ops[i]
	if op.refused != nil {
		return op.refused
	}
	if refused := b.resolve(op, nil); refused != nil {
		return refused
	}
	steps, _ := op.data["Operations"].([]any)
	doc := decodeStored(r.doc)
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
			return refuse(http.StatusBadRequest, "mutability", "%s is read-only", readOnly)
		}
	}
	if refused := checkDocument(r.kind, doc); refused != nil {
		return refused
	}
	next := *r
	if refused := b.validate(&next, doc, nil); refused != nil {
		return refused
	}
	if bytes.Equal(next.doc, r.doc) {
		b.succeed(i, http.StatusOK, Patched, r)
		return nil
	}
	next.revision++
	next.modified = b.stamp
	b.dir.put(&next, b.now)
	b.succeed(i, http.StatusOK, Patched, &next)
	return nil
}

// applyStep applies an operation of a PatchOp that is in the right form.
func (b *batch) applyStep(doc map[string]any, step any) *refusal {
	object, _ := step.(map[string]any)
	op, _ := object["op"].(string)
	path, _ := object["path"].(string)
	apply := scim.Apply
	if b.sim.cfg.AppendDoubles {
		apply = scim.ApplyDoubling
	}
	if _, err := apply(doc, op, path, object["value"]); err != nil {
		return asRefusal(err, "invalidPath")
	}
	return nil
}

// delete removes r, and its mentions as a member and manager.
func (b *batch) delete(i int, r *resource) {
	for id, k := range b.dir.linked[r.id] {
		if holder := b.dir.now[k].byID[id]; holder != nil && holder != r {
			b.dir.put(holder.without(r.id, b), b.now)
		}
	}
	b.dir.remove(r, b.now)
	b.succeed(i, http.StatusNoContent, Deleted, r)
}

// without returns a state of r that does not refer to id.
func (r *resource) without(id string, b *batch) *resource {
	doc := decodeStored(r.doc)
	if members, ok := doc["members"].([]any); ok {
		doc["members"] = slices.DeleteFunc(members, func(element any) bool {
			member, _ := element.(map[string]any)
			return member["value"] == id
		})
	}
	if enterprise, ok := doc[schemaEnterprise].(map[string]any); ok && r.kind == users {
		delete(enterprise, "manager")
	}
	next := *r
	next.doc = encode(nil, doc)
	next.links = slices.DeleteFunc(slices.Clone(r.links), func(link string) bool { return link == id })
	next.revision++
	next.modified = b.stamp
	return &next
}
