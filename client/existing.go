package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/facts"
	"github.com/webexscim/bulk/internal/lookup"
	"github.com/webexscim/bulk/internal/plan"
	"github.com/webexscim/bulk/internal/scimdiff"
)

// Existing is the way to treat a create whose resource exists already: a user
// of that userName, or a group of that displayName with the same externalId (or
// without one, where one of the two has none). The zero value is ExistingFail.
//
// With ExistingSkip and ExistingUpdate, creates are looked up before they are
// sent, in batches, and once more when the service refuses one as a duplicate.
// References to them work in the same run. The create fails with ErrAmbiguous
// where several groups could be meant. It fails with ErrTaken where another
// operation of the job has created the resource or addresses it by its id, or
// is to create a group of the same name and externalId.
type Existing int

// The ways to treat an existing resource.
const (
	// ExistingFail: the create fails. The service refuses it with status 409,
	// and ResponseError.ExistingID is the id of the existing resource.
	ExistingFail Existing = iota
	// ExistingSkip: the create succeeds without a change. Result.Existing and
	// Result.Unchanged are true, and Location names the existing resource.
	ExistingSkip
	// ExistingUpdate: a PATCH gives the existing resource the attributes of the
	// create that differ. Where none differs nothing is sent, and
	// Result.Unchanged is true. The resource keeps other attributes, further
	// telephone numbers and members of a group; null and "" count as not given.
	// Attributes are equal by meaning: without regard to order, and to case,
	// since the schemas of Webex say that these texts have none (externalId
	// has). A password is not changed.
	ExistingUpdate
)

// The reasons for which a create of an existing resource fails.
var (
	// ErrAmbiguous: several resources have the name of the create, and none has
	// its externalId.
	ErrAmbiguous = engine.ErrAmbiguous
	// ErrTaken: another operation of the job has created the resource, or
	// addresses it by its id. Such a create is not sent, or was refused.
	ErrTaken = engine.ErrTaken
	// ErrNotCreated: a DELETE refers to a create whose resource existed before.
	// A reference deletes only a resource that the job itself has created:
	// address others by their ids.
	ErrNotCreated = engine.ErrNotCreated
)

func (e Existing) isValid() bool { return e >= ExistingFail && e <= ExistingUpdate }

// compare makes the PATCH that gives an existing resource the attributes of a
// create.
func (r *run) compare(index int, id string, known []plan.Known) (change engine.Operation, differs bool, err error) {
	p := r.ops.get(index)
	differences, err := scimdiff.Compare(p.encode(known, "").Data, p.stored[id], scimdiff.Options{})
	if err != nil {
		return change, false, fmt.Errorf("comparing it with the existing resource: %w", err)
	}
	resource := "/" + p.Type() + "/"
	r.ops.change(p, func() {
		p.stored = nil
		if len(differences) > 0 {
			p.update = &bulkapi.Operation{
				Method: MethodPatch, Path: resource + url.PathEscape(id), Data: scimdiff.Patch(differences),
			}
		}
	})
	// All operations that have waited for one id are compared at once.
	if err := r.ops.setAside(); err != nil || p.update == nil {
		return change, false, err
	}
	content := slices.Concat([]byte("update\x00"), p.Content[:], []byte(id))
	for _, k := range known {
		content = append(append(content, 0), k.ID...)
	}
	return engine.Operation{
		Method: engine.Patch, Resource: strings.ToLower(resource + id), ResourceID: id,
		Guarded: !scimdiff.MayAddTwice(p.update.Data), Size: p.SizeOf(p.encode(nil, p.op.BulkID)), Content: facts.Key(content),
	}, true, nil
}

// withMembers returns the data of an existing resource. If a create gives
// members of a group, all members are read, since a lookup returns some of them
// or none.
func (p *pending) withMembers(ctx context.Context, c *Client, res lookup.Resource) (json.RawMessage, error) {
	if p.Type() != groups || res.Raw == nil {
		return res.Raw, nil
	}
	var given struct{ Members json.RawMessage }
	if _ = json.Unmarshal(p.Data, &given); scimdiff.IsNothing(given.Members) {
		return res.Raw, nil
	}
	type member struct {
		Value string `json:"value"`
		Type  string `json:"type,omitempty"`
	}
	list := []member{}
	for m, err := range lookup.Members(ctx, c.transport, res.ID) {
		if err != nil {
			return nil, err
		}
		list = append(list, member{m.ID, m.Type})
	}
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal(res.Raw, &attributes); err != nil {
		return nil, err
	}
	attributes["members"], _ = json.Marshal(list)
	return json.Marshal(attributes)
}
