package client

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/throttle"
)

// send carries out one request.
func (r *run) send(req engine.Request, ops []bulkapi.Operation) func() {
	a := r.c.api.Send(r.sending, r.answering, ops, req.FailOnErrors)
	response := toResponse(a)
	for _, op := range ops {
		response.Bytes += bulkapi.Size(op)
	}
	return func() {
		if a.Kind != bulkapi.NotSent {
			r.job.state.change(func(p *Progress) { p.Requests++ })
		}
		r.engine.Response(r.now(), req.Number, response)
	}
}

// toResponse turns an answer into one for the engine.
func toResponse(a bulkapi.Answer) engine.Response {
	kinds := [...]engine.Kind{
		bulkapi.Answered: engine.Answered, bulkapi.NotSent: engine.NotSent, bulkapi.Waiting: engine.Waiting,
		bulkapi.Rejected: engine.Rejected, bulkapi.Denied: engine.Denied, bulkapi.NoResponse: engine.NoResponse,
	}
	out := engine.Response{
		Kind: kinds[a.Kind], Status: a.Status, Err: ownError(a.Err), Alive: a.Alive, Date: a.Date,
		GaveUp: errors.Is(a.Err, throttle.ErrTooLong),
	}
	switch a.Kind {
	case bulkapi.Denied:
		out.Err = deniedError(a.Status, a.Err)
	case bulkapi.Rejected:
		out.Uniform = uniformText(a)
		if a.Status == http.StatusRequestEntityTooLarge {
			out.TooLarge, out.MaxOperations = true, a.OperationLimit
			out.MaxBytes = max(0, a.PayloadLimit-envelope)
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
	e, ok := errors.AsType[*bulkapi.Error](a.Err)
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
