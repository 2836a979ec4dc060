package bulkapi

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/redact"
	"github.com/webexscim/bulk/internal/transport"
)

// Send carries out one request. failOnErrors, 1 to 100, makes the service stop
// after so many failures; 0 leaves it out. ctx and flight are those of
// transport.Client.Call. A request without operations is not sent.
func Send(ctx, flight context.Context, c *transport.Client, ops []Operation, failOnErrors int) (a Answer) {
	if len(ops) == 0 {
		return a
	}
	body := encode(ops, failOnErrors)
	r := c.Call(ctx, flight, transport.Request{
		Send: func(ctx context.Context, api *gen.Client) (*http.Response, error) {
			return api.ExecuteBulkWithBody(ctx, c.OrgID(), "application/json", bytes.NewReader(body))
		},
		Hidden: redact.Redactor{Data: func(yield func(json.RawMessage) bool) {
			for _, op := range ops {
				if !yield(op.Data) {
					return
				}
			}
		}},
	})
	results, err := readResults(r)
	if r.Kind == transport.Answered && err == nil || areResults(results) { // results count under any status
		a.Answer = r.Accepted()
		a.Items = readItems(r, c.OrgID(), ops, results, failOnErrors)
	} else {
		a.Answer = r.Refused(err)
	}
	c.Log(ctx, "bulk request", r, a.Answer, slog.Int("operations", len(ops)), slog.Int("bytes", len(body)))
	logOperations(ctx, c.Logger(), ops, a.Items)
	return a
}

// logOperations writes one record for each operation, at the level Debug.
func logOperations(ctx context.Context, log *slog.Logger, ops []Operation, items []Item) {
	for i, op := range ops {
		attrs := append(make([]slog.Attr, 0, 4), slog.String("method", op.Method), slog.String("path", op.Path),
			slog.String("bulkId", op.BulkID))
		if i < len(items) {
			attrs = append(attrs, slog.Int("status", items[i].Status))
		}
		log.LogAttrs(ctx, slog.LevelDebug, "operation", attrs...)
	}
}
