package client

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/facts"
	"github.com/webexscim/bulk/internal/throttle"
	"github.com/webexscim/bulk/internal/transport"
)

// send carries out one request.
func (r *run) send(req engine.Request, ops []bulkapi.Operation) func() {
	a := bulkapi.Send(r.sending, r.answering, r.c.transport, ops, req.FailOnErrors)
	response := toResponse(a)
	for _, op := range ops {
		response.Bytes += bulkapi.Size(op)
	}
	return func() {
		if a.Kind != transport.NotSent {
			r.job.state.change(func(p *Progress) { p.Requests++ })
		}
		r.engine.Response(r.now(), req.Number, response)
	}
}

// encode writes the operations of a request with ids in the place of
// references, and with bulkIds that no other operation of the request has or
// refers to by chance.
func (r *run) encode(req engine.Request) []bulkapi.Operation {
	var used map[string]bool
	ops := make([]bulkapi.Operation, len(req.Items))
	for i, s := range req.Items {
		p := r.ops.get(s.Index)
		p.sent = true
		id := p.BulkID
		if id == "" {
			if used == nil {
				used = r.usedBulkIDs(req)
			}
			id = p.unusedBulkID(used)
			used[id] = true
		}
		ops[i] = p.encode(s.Known, id)
	}
	return ops
}

// usedBulkIDs are the bulkIds of the creates of a request, and the bulkIds that
// its operations refer to.
func (r *run) usedBulkIDs(req engine.Request) map[string]bool {
	used := map[string]bool{}
	for _, s := range req.Items {
		p := r.ops.get(s.Index)
		used[p.BulkID] = true
		for _, ref := range p.Refs {
			used[ref.Name] = true
		}
	}
	return used
}

// unusedBulkID is a bulkId for an operation to which no other refers.
func (p *pending) unusedBulkID(used map[string]bool) string {
	id := p.op.BulkID
	for n := 0; id == "" || used[id]; n++ {
		if id = facts.BulkID(p.Index); n > 0 {
			id = fmt.Sprintf("%s-%d", id, n)
		}
	}
	return id
}

// toResponse turns an answer into one for the engine.
func toResponse(a bulkapi.Answer) engine.Response {
	kinds := [...]engine.Kind{
		transport.Answered: engine.Answered, transport.NotSent: engine.NotSent, transport.Waiting: engine.Waiting,
		transport.Rejected: engine.Rejected, transport.Denied: engine.Denied, transport.NoResponse: engine.NoResponse,
	}
	out := engine.Response{
		Kind: kinds[a.Kind], Status: a.Status, Err: ownError(a.Err), Alive: a.Alive, Date: a.Date,
		GaveUp: errors.Is(a.Err, throttle.ErrTooLong),
	}
	switch a.Kind {
	case transport.Denied:
		out.Err = deniedError(a.Status, a.Err)
	case transport.Rejected:
		out.Uniform = uniformText(a)
		if a.Status == http.StatusRequestEntityTooLarge {
			bytes, operations := a.Limits()
			out.TooLarge, out.MaxOperations, out.MaxBytes = true, operations, max(0, bytes-bulkapi.Envelope)
		}
	}
	out.Items = make([]engine.Item, len(a.Items))
	for i, it := range a.Items {
		out.Items[i] = toItem(it)
	}
	return out
}

func toItem(it bulkapi.Item) engine.Item {
	out := engine.Item{
		Found: it.Found, LeftOut: it.LeftOut, Status: it.Status, ID: it.ID, Location: it.Location, Version: it.Version,
	}
	if it.Err != nil {
		out.Err = newResponseError(it.Err)
	}
	return out
}

// uniformText recognizes refusals that say the same, whatever their tracking
// ids.
func uniformText(a bulkapi.Answer) string {
	e, ok := errors.AsType[*transport.Error](a.Err)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d %s %s %q", e.Status, e.ErrorCode, e.ScimType, e.Details)
}

// deniedError is the error of a request that was refused because of its token
// or its url.
func deniedError(status int, err error) error {
	why := ErrEndpoint
	if status == 0 || status == http.StatusUnauthorized || status == http.StatusForbidden {
		why = ErrUnauthorized
	}
	return fmt.Errorf("%w: %w", why, ownError(err))
}
