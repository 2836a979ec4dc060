package bulkapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/throttle"
	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/internal/transporttest"
)

const (
	testOrg   = transporttest.Org
	testToken = transporttest.Token
	secret    = transporttest.Secret
)

// send is Send with one context for waiting and for what is in flight.
func send(ctx context.Context, b *transporttest.Bench, ops []Operation, failOnErrors int) Answer {
	return Send(ctx, ctx, b.Client, ops, failOnErrors)
}

// reading is the Answer to ops that a service would cause with this status and
// body, without a network.
func reading(t testing.TB, status int, body string, ops []Operation, failOnErrors int) Answer {
	c := transport.New(transport.Config{
		Server: "https://webex.example", OrgID: testOrg, Throttle: throttle.New(throttle.Config{MaxWait: 1}),
		HTTP: &http.Client{Transport: transporttest.RoundTripper(func(*http.Request) (*http.Response, error) {
			return transporttest.Answer(status, body), nil
		})},
		Token: func(context.Context, string) (string, error) { return testToken, nil },
	})
	return Send(t.Context(), t.Context(), c, ops, failOnErrors)
}

// mixed is one operation of each kind, with personal data.
func mixed() []Operation {
	data := json.RawMessage(`{"schemas":["urn:x"],"active":true,"title":null,"userName":"` + secret + `","userType":"user"}`)
	return []Operation{
		{Method: "POST", Path: "/Users", BulkID: "u1", Data: data},
		{Method: "POST", Path: "/Groups", BulkID: "g1", Data: json.RawMessage(`{"displayName":"Secret Service"}`)},
		{Method: "PATCH", Path: "/Users/Aa-1", BulkID: "p1", Data: json.RawMessage(`{"Operations":[]}`)},
		{Method: "DELETE", Path: "/Users/bb-2", BulkID: "d1"},
	}
}

func manyOps(n int) []Operation {
	ops := make([]Operation, n)
	for i := range ops {
		ops[i] = Operation{Method: "POST", Path: "/Users", BulkID: fmt.Sprintf("u%d", i), Data: json.RawMessage(fmt.Sprintf(
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"user%d@example.com","displayName":"User %d"}`, i, i))}
	}
	return ops
}

// created is the answer of a service that did all that was asked.
func created(ops []Operation) string {
	var b strings.Builder
	b.WriteString(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],"operations":[`)
	for i, op := range ops {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"method":%q,"bulkId":%q,"location":"https://h/identity/scim/o/v2/Users/id-%d","version":"W/\"1\"","status":"201"}`,
			op.Method, op.BulkID, i)
	}
	return b.String() + "]}"
}

// folded is s in a form that has no case.
func folded(s string) string { return strings.Map(fold.Rune, s) }
