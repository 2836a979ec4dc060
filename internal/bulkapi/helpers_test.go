package bulkapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/redact"
	"github.com/webexscim/bulk/internal/throttle"
)

const (
	testOrg   = "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01"
	otherOrg  = "11111111-2222-4333-8444-555555555555"
	testToken = "tok-NEVER-shown-1"
	secret    = "ada.secret@example.com"
)

// bench is a Client in a test, with all that it touches.
type bench struct {
	*Client
	throttle *throttle.Throttle
	logs     *syncBuffer
}

// syncBuffer is a log that may be written from several goroutines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// newBench makes a Client for server whose waits are short. Each change is
// applied to its Config first.
func newBench(t testing.TB, server string, changes ...func(*Config)) *bench {
	t.Helper()
	b := &bench{logs: new(syncBuffer)}
	b.throttle = throttle.New(throttle.Config{Concurrency: 4, MaxWait: 1})
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	t.Cleanup(transport.CloseIdleConnections)
	cfg := Config{
		Server: server, OrgID: testOrg, Throttle: b.throttle, HTTP: &http.Client{Transport: transport}, UserAgent: "test/1",
		Token:  func(context.Context, string) (string, error) { return testToken, nil },
		Logger: slog.New(slog.NewJSONHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, change := range changes {
		change(&cfg)
	}
	x, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.Client = x
	return b
}

// Send is Client.Send with one context for waiting and for what is in flight.
func (b *bench) Send(ctx context.Context, ops []Operation, failOnErrors int) Answer {
	return b.Client.Send(ctx, ctx, ops, failOnErrors)
}

// serve starts a server and a Client for it.
func serve(t testing.TB, h http.HandlerFunc, changes ...func(*Config)) *bench {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return newBench(t, srv.URL, changes...)
}

// reading is the Answer to ops that a service would cause with this status and
// body, without a network.
func reading(status int, body string, ops []Operation, failOnErrors int) Answer {
	x := &Client{cfg: Config{OrgID: testOrg}}
	return x.readAnswer(response{kind: kindOf(status), status: status, header: http.Header{}, body: []byte(body), token: redact.NewToken(testToken)}, ops, failOnErrors)
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

// wantClean fails when anything that must stay inside is in a text.
func wantClean(t testing.TB, where, text string) {
	t.Helper()
	for _, s := range []string{testToken, secret, strings.ToUpper(secret), "Secret Service"} {
		if strings.Contains(text, s) {
			t.Errorf("%s holds %q: %s", where, s, text)
		}
	}
}
