package client

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/facts"
	"github.com/webexscim/bulk/internal/plan"
)

// The resource types that can be looked up.
const (
	users  = facts.Users
	groups = facts.Groups
)

// pending is an operation that has no outcome yet.
type pending struct {
	*facts.Facts
	op     Operation // as it was given
	sent   bool
	stored map[string]json.RawMessage // by id, existing resources that the create may stand for
	update *bulkapi.Operation         // sent instead of the create, to change the existing resource
}

// newPending reads an operation.
func newPending(m *marshaler, index int, op Operation) *pending {
	p := &pending{op: op}
	data, err := m.data(op)
	switch {
	case op.Refused != nil:
		err = op.Refused
	case err != nil:
		err = marshalError(err)
	}
	p.Facts = m.facts.Read(index, facts.Given{Method: op.Method, Path: op.Path, BulkID: op.BulkID, Data: data, Refused: err})
	switch op.Data.(type) { // the source's buffer is not kept beside its copy
	case json.RawMessage:
		p.op.Data = data
	case []byte:
		p.op.Data = []byte(data)
	}
	return p
}

// Validate checks the operation by itself, as every job does before it sends
// it: its method, path and bulkId, that a POST or PATCH has Data and a DELETE
// has none, that Data is one JSON object in UTF-8, and that a PATCH has changes
// (see [Change] for those that are refused). The service checks the content of
// the object. The error wraps ErrInvalid and says what was expected; it holds
// no data. If Refused is set, that error is returned.
func (o Operation) Validate() error { return newPending(&marshaler{}, 0, o).Invalid }

// marshalError is the error of a Change that cannot be sent. Other errors of
// encoding/json can quote data, and are replaced.
func marshalError(err error) error {
	if m, ok := errors.AsType[*json.MarshalerError](err); ok && errors.Is(m.Err, ErrInvalid) {
		return m.Err
	}
	return fmt.Errorf("%w: data cannot be written as JSON", ErrInvalid)
}

// encode is the operation as it is sent, with ids in the place of known
// references.
func (p *pending) encode(known []plan.Known, bulkID string) bulkapi.Operation {
	if p.update != nil {
		out := *p.update
		out.BulkID = bulkID
		return out
	}
	return p.Encode(known, bulkID)
}
