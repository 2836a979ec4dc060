package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/plan"
	"github.com/webexscim/bulk/internal/scimdiff"
)

// Existing is the way to treat a create whose resource exists already: a user of
// that userName, or a group of that displayName with the same externalId (or
// without one, where one of the two has none). The zero value is ExistingFail.
//
// With ExistingSkip and ExistingUpdate, creates are looked up before they are
// sent, in batches, and once more when the service refuses one as a duplicate.
// References to them work in the same run. The create fails with ErrAmbiguous
// where several groups could be meant, and with ErrTaken where another
// operation of the job has made, or addresses by its id, what is there, or is
// to make a group of that name and externalId.
type Existing int

// The ways to treat an existing resource.
const (
	// ExistingFail: the create fails. The service refuses it with status 409, and
	// ResponseError.ExistingID is the id of what is there.
	ExistingFail Existing = iota
	// ExistingSkip: the create succeeds without a change. Result.Existing and
	// Result.Unchanged are true, and Location names what is there.
	ExistingSkip
	// ExistingUpdate: what is there is changed by a PATCH of the attributes that the
	// create gives and that differ. Where none differs nothing is sent, and
	// Result.Unchanged is true. What the create does not give stays: attributes,
	// further telephone numbers, members of a group; null and "" count as not given.
	// Attributes are equal by meaning: without regard to order, and to case, since
	// the schemas of Webex say that these texts have none (externalId has). A
	// password is not changed.
	ExistingUpdate
)

// The reasons for which a create fails whose resource is there already.
var (
	// ErrAmbiguous: several resources have its name, and none has its externalId.
	ErrAmbiguous = engine.ErrAmbiguous
	// ErrTaken: another operation of the job has made what is there, or addresses it
	// by its id. Such a create is not sent, or was refused.
	ErrTaken = engine.ErrTaken
	// ErrNotCreated: a DELETE by reference to a create whose resource was there
	// before. Only what the job itself has created is deleted so: address it by its
	// id.
	ErrNotCreated = engine.ErrNotCreated
)

func (e Existing) engine() engine.Existing {
	return [...]engine.Existing{engine.FailExisting, engine.SkipExisting, engine.UpdateExisting}[e]
}

func (e Existing) isValid() bool { return e >= ExistingFail && e <= ExistingUpdate }

// compare says which PATCH gives what is there the attributes of a create.
func (r *run) compare(index int, id string, known []plan.Known) (change engine.Operation, differs bool, err error) {
	p := r.ops.must(index)
	given := p.encode(known, "").Data
	changes, err := scimdiff.Compare(given, p.stored[id], scimdiff.Options{})
	if err != nil {
		return change, false, fmt.Errorf("comparing it with the resource that is there: %w", err)
	}
	r.ops.change(p, func() {
		p.stored = nil
		if len(changes) > 0 {
			path := "/" + resourceType(p.route) + "/" + url.PathEscape(id)
			p.update = &bulkapi.Operation{Method: MethodPatch, Path: path, Data: scimdiff.Patch(changes)}
		}
	})
	// All that has waited for one id is compared at once.
	if err := r.ops.setAside(); err != nil || p.update == nil {
		return change, false, err
	}
	sized := *p.update
	sized.BulkID = p.op.BulkID
	if other := assigned(index); len(other) > len(sized.BulkID) {
		sized.BulkID = other
	}
	content := "update\x00" + string(p.facts.Content[:]) + id
	for _, k := range known {
		content += "\x00" + k.ID
	}
	return engine.Operation{
		Method: engine.Patch, Resource: strings.ToLower("/" + resourceType(p.route) + "/" + id), ResourceID: id,
		Guarded: !mayAddTwice(p.update.Data), Size: bulkapi.Size(sized) + spare, Content: keyOf([]byte(content)),
	}, true, nil
}

// withMembers returns a group with all its members, of which a lookup tells none or
// not all, if a create gives members.
func withMembers(ctx context.Context, api *bulkapi.Client, kind string, given json.RawMessage, res bulkapi.Resource) (json.RawMessage, error) {
	if kind != groups || res.Raw == nil || !givesMembers(given) {
		return res.Raw, nil
	}
	type member struct {
		Value string `json:"value"`
		Type  string `json:"type,omitempty"`
	}
	list := []member{}
	for m, err := range api.Members(ctx, res.ID) {
		if err != nil {
			return nil, err
		}
		list = append(list, member{m.ID, m.Type})
	}
	var group map[string]json.RawMessage
	if err := json.Unmarshal(res.Raw, &group); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	for name := range group {
		if strings.EqualFold(name, "members") {
			delete(group, name)
		}
	}
	group["members"] = raw
	return json.Marshal(group)
}

func givesMembers(given json.RawMessage) bool {
	var attributes map[string]json.RawMessage
	_ = json.Unmarshal(given, &attributes)
	return !isNothing(member(attributes, "members"))
}
