package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
)

func ExampleJoinErrors() {
	err := client.JoinErrors([]client.Result{
		{Operation: client.Users.Delete("1"), Outcome: client.Succeeded, Status: 204},
		{Index: 1, Operation: client.Users.Create(gen.User{UserName: "ann@example.com"}).Named("ann"), Outcome: client.Failed, Err: client.ErrTooLarge},
		{Index: 2, Operation: client.Users.Delete("2"), Outcome: client.Unknown, Err: client.ErrUnknown},
	})
	fmt.Println(err)
	fmt.Println(errors.Is(err, client.ErrTooLarge), client.JoinErrors(nil))
	// Output:
	// operation 1: POST /Users (bulkId "ann"): failed: operation larger than a request may be
	// operation 2: DELETE /Users/2: outcome unknown
	// true <nil>
}

func ExampleProgress_String() {
	fmt.Println(client.Progress{})
	fmt.Println(client.Progress{
		Read: 1000, Succeeded: 700, Recovered: 3, Failed: 2, Waiting: 198, LookingUp: 100,
		Requests: 10, InFlight: 1, Refused: 1, ClosedFor: 1900 * time.Millisecond,
	})
	// Output:
	// operations: none; requests: none
	// operations: 1000 read, 700 succeeded, 3 of them recovered, 2 failed, 198 waiting, 100 looked up; requests: 10 sent, 1 in flight, 1 told to wait; nothing is sent for 2s
}

func TestPrintedResult(t *testing.T) {
	for want, r := range map[string]client.Result{
		"operation 0: empty operation: none": {},
		`operation 3: POST /Users (bulkId "a"): succeeded (201), id 1`: {
			Index: 3, Operation: client.Operation{Method: "POST", Path: "/Users", BulkID: "a"}, Outcome: client.Succeeded, Status: 201, Location: client.Location{ID: "1"}},
		`operation 1: DELETE /Users/1: failed (409): status 409 (existing id 7)`: {
			Index: 1, Operation: client.Users.Delete("1"), Outcome: client.Failed, Status: 409, Err: &client.ResponseError{Status: 409, ExistingID: "7"}},
		`operation 1: \x1b[2J /Users\u202e (bulkId "\n"): skipped: error budget spent`: {
			Index: 1, Operation: client.Operation{Method: "\x1b[2J", Path: "/Users\u202e", BulkID: "\n"}, Outcome: client.Skipped, Err: &client.SkippedError{Index: -1, Cause: client.ErrBudget}},
	} {
		if got := r.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if got := fmt.Sprintf("%-20v|%q|%d", client.Users.Delete("1"), client.Users.Delete("1"), client.Users.Delete("1")); got != `DELETE /Users/1     |"DELETE /Users/1"|DELETE /Users/1` {
		t.Error(got)
	}
}

// Law: whatever prints or logs operations and results, alone or inside of other
// values, writes none of their data.
func TestPrintingWritesNoData(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const secret = "SECRET"
		data := rapid.SampledFrom([]any{
			secret, []byte(secret), json.RawMessage(secret), gen.User{UserName: secret}, &gen.User{UserName: secret},
			map[string]any{secret: secret}, errors.New(secret), &bytes.Buffer{},
		}).Draw(t, "data")
		op := client.Operation{Method: "POST", Path: "/Users", BulkID: "a", Data: data}
		result := client.Result{Operation: op, Outcome: client.Failed, Err: &client.ResponseError{Status: 400, Details: []string{secret}}}
		type report struct {
			Op      client.Operation
			Results []*client.Result
		}
		value := rapid.SampledFrom([]any{
			op, &op, result, &result, []client.Operation{op}, map[string]client.Result{"x": result}, report{op, []*client.Result{&result}}, &report{Op: op}, []any{op, &result},
		}).Draw(t, "value")
		verb := rapid.SampledFrom([]string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%+q", "%-50v", "%080v", "%t"}).Draw(t, "verb")
		if text := fmt.Sprintf(verb, value); strings.Contains(text, secret) || strings.Contains(text, "534543524554") || strings.Contains(text, "[83 69 67") {
			t.Fatalf("%s of %T: %s", verb, value, text)
		}
	})
}

func TestLoggingWritesNoData(t *testing.T) {
	op := client.Operation{Method: "POST", Path: "/Users", BulkID: "a", Data: []byte("SECRET")}
	result := client.Result{Index: 2, Operation: op, Outcome: client.Succeeded, Status: 201, Location: client.Location{ID: "1"}}
	failed := client.Result{Operation: op, Outcome: client.Failed, Err: client.ErrTooLarge}
	var text, js bytes.Buffer
	for _, l := range []*slog.Logger{slog.New(slog.NewTextHandler(&text, nil)), slog.New(slog.NewJSONHandler(&js, nil))} {
		l.Info("x", "op", op, "result", result, "pointer", &failed)
	}
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "all", []client.Result{result})
	logs := text.String() + js.String()
	if strings.Contains(logs, "SECRET") {
		t.Error(logs)
	}
	for _, want := range []string{
		"op.method=POST op.path=/Users op.bulkId=a", "result.index=2", "result.outcome=succeeded result.status=201 result.id=1", `pointer.error="operation larger than`,
		`"op":{"method":"POST","path":"/Users","bulkId":"a"}`,
	} {
		if !strings.Contains(logs, want) {
			t.Errorf("no %s in %s", want, logs)
		}
	}
}
