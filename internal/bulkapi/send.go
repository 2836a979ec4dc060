package bulkapi

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"sync"

	"github.com/webexscim/bulk/gen"
)

// Send carries out one request. failOnErrors, 1 to 100, makes the service stop after so many failures; 0 leaves it out.
// Send waits at the throttle and then for the answer, at most Config.Timeout. When ctx ends meanwhile, the request may have
// reached the service: its kind is Unknown.
func (x *Client) Send(ctx context.Context, ops []Operation, failOnErrors int) Answer {
	return x.SendWithin(ctx, ctx, ops, failOnErrors)
}

// SendWithin is Send with a context of its own for what is under way: once ctx ends the request no longer leaves, but one
// that has left may still be answered until flight ends.
func (x *Client) SendWithin(ctx, flight context.Context, ops []Operation, failOnErrors int) Answer {
	if len(ops) == 0 {
		return Answer{}
	}
	body := encode(ops, failOnErrors)
	r := x.call(ctx, flight, func(ctx context.Context, edit gen.RequestEditorFn) (*http.Response, error) {
		return x.gen.ExecuteBulkWithBody(ctx, x.cfg.OrgID, "application/json", bytes.NewReader(body), edit)
	})
	a := x.readAnswer(r, ops, failOnErrors)
	x.log(ctx, r, a, ops, len(body))
	return a
}

// readAnswer tells what a response means for the operations.
func (x *Client) readAnswer(r response, ops []Operation, failOnErrors int) Answer {
	a := Answer{Kind: r.kind, Status: r.status, Date: r.date(), TrackingID: r.headerID()}
	red := sync.OnceValue(func() *redactor { return newRedactor(r.token, ops...) })
	switch {
	case r.err != nil && r.kind == Unknown:
		a.Err = cleaned(r.err, red())
		return a
	case r.err != nil: // nothing that could be quoted was sent
		a.Err = cleaned(r.err, newRedactor(r.token))
		return a
	}
	results, note := readResults(r.body, r.broken)
	isResults := areResults(results)
	if r.kind == Answered && note == "" || isResults { // whatever the status of the whole says
		a.Kind, a.Alive = Answered, true
		a.Items = x.readItems(ops, results, failOnErrors, r.token, a.TrackingID, red)
		return a
	}
	var e *Error
	e, a.Kind, a.Alive = r.refusal(note, isResults, red())
	a.Err, a.TrackingID = e, firstOf(a.TrackingID, e.TrackingID)
	if r.status == http.StatusRequestEntityTooLarge {
		a.PayloadLimit, a.OperationLimit = e.limits()
	}
	return a
}

// log writes one record for the request and, for those who look closely, one for each operation.
func (x *Client) log(ctx context.Context, r response, a Answer, ops []Operation, size int) {
	level := slog.LevelInfo
	if a.Kind == Answered {
		level = slog.LevelDebug
	}
	attrs := append(make([]slog.Attr, 0, 8), slog.Int("operations", len(ops)), slog.Int("bytes", size),
		slog.String("kind", a.Kind.String()), slog.Int("status", a.Status), slog.Duration("duration", r.took),
		slog.String("trackingId", firstOf(a.TrackingID, r.trackingID)))
	if a.Err != nil {
		attrs = append(attrs, slog.String("error", a.Err.Error()))
	}
	x.cfg.Logger.LogAttrs(ctx, level, "bulk request", attrs...)
	if !x.cfg.Logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	for i, op := range ops {
		attrs := append(make([]slog.Attr, 0, 4), slog.String("method", op.Method), slog.String("path", op.Path),
			slog.String("bulkId", op.BulkID))
		if i < len(a.Items) {
			attrs = append(attrs, slog.Int("status", a.Items[i].Status))
		}
		x.cfg.Logger.LogAttrs(ctx, slog.LevelDebug, "operation", attrs...)
	}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
