package transport_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/redact"
	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/internal/transporttest"
)

// posted is a body with personal data, and created an answer that tells what
// was done.
var (
	posted  = people(`{"userName":"` + transporttest.Secret + `","displayName":"Secret Service"},{"userName":"user%d@example.com"}`)
	created = people(`{"bulkId":"u%d","location":"https://h/v2/Users/7","status":"201"}`)
)

// people is a body of a hundred operations.
func people(each string) string {
	var list []string
	for i := range 100 {
		list = append(list, strings.Replace(each, "%d", fmt.Sprint(i), 1))
	}
	return `{"operations":[` + strings.Join(list, ",") + `]}`
}

// post posts a body. An answer is accepted if it has operations.
func post(ctx, flight context.Context, b *transporttest.Bench) transport.Answer {
	return postText(ctx, flight, b, posted)
}

func postText(ctx, flight context.Context, b *transporttest.Bench, text string) transport.Answer {
	r := b.Call(ctx, flight, transport.Request{
		Send: func(ctx context.Context, api *gen.Client) (*http.Response, error) {
			return api.ExecuteBulkWithBody(ctx, b.OrgID(), "application/json", strings.NewReader(text))
		},
		Hidden: redact.Redactor{Data: func(yield func(json.RawMessage) bool) { yield(json.RawMessage(posted)) }},
	})
	var list struct{ Operations []json.RawMessage }
	body, err := r.Body()
	if err == nil && json.Unmarshal(body, &list) != nil {
		err = transport.ErrBreaksOff
	}
	a := r.Accepted()
	if r.Kind != transport.Answered || err != nil || list.Operations == nil {
		a = r.Refused(fmt.Errorf("no operations: %w", err))
	}
	b.Log(ctx, "test", r, a)
	return a
}
