package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/webextest"
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

func TestSkippedErrorTexts(t *testing.T) {
	refused := &client.ResponseError{Status: 409}
	ann := &client.SkippedError{Index: 3, BulkID: "ann", Cause: refused}
	for want, err := range map[string]*client.SkippedError{
		`skipped: depends on operation 3 (bulkId "ann"), which failed: status 409`:                                                                ann,
		`skipped: depends on operation 4 on the same resource, which failed: status 409`:                                                          {Index: 4, Cause: refused},
		`skipped: depends on bulkId "ann", which failed: status 409`:                                                                              {Index: -1, BulkID: "ann", Cause: refused},
		`skipped: depends on bulkId "ann", which did not succeed`:                                                                                 {Index: -1, BulkID: "ann"},
		`skipped: depends on operation 5 (bulkId "bob"), which was skipped because of operation 3 (bulkId "ann"), which failed: status 409`:       {Index: 5, BulkID: "bob", Cause: ann},
		`skipped: depends on operation 6 on the same resource, which was skipped because of operation 3 (bulkId "ann"), which failed: status 409`: {Index: 6, Cause: &client.SkippedError{Index: 5, BulkID: "bob", Cause: ann}},
		`skipped: depends on operation 0 (bulkId "x"): outcome unknown`:                                                                           {BulkID: "x", Cause: client.ErrUnknown},
		`skipped: depends on operation 0 (bulkId "x"), which was skipped: error budget spent`:                                                     {BulkID: "x", Cause: &client.SkippedError{Index: -1, Cause: client.ErrBudget}},
		`skipped: error budget spent`:                  {Index: -1, Cause: client.ErrBudget},
		`skipped: its request was refused: status 409`: {Index: -1, Refused: true, Cause: refused},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// What refers to a create whose id is not known is told so, also if it was sent
// with it and put off.
func TestMissingIDIsTheCause(t *testing.T) {
	ops := []client.Operation{{Method: "POST", Path: "/Devices", BulkID: "d", Data: user("d")}, group("g", "", "d")}
	busy := webextest.RefuseItems(429, "g")
	busy.Shape = webextest.NoLocations
	sc := scenario{script: []*webextest.Fault{busy}, config: takeDevices}
	sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if results[0].Err != nil || results[1].Outcome != client.Skipped || !errors.Is(results[1].Err, client.ErrNoID) {
			t.Errorf("%v; %v %v", results[0].Err, results[1].Outcome, results[1].Err)
		}
	})
}

// What was sent and refused with its request is told apart from what was never
// sent, and so is why.
func TestRefusedRequestIsToldFromUnsent(t *testing.T) {
	for _, status := range []int{401, 403, 404} {
		sc := scenario{script: []*webextest.Fault{webextest.Refuse(status, "")}, config: func(c *client.Config) { c.Concurrency = 1 }}
		sc.run(t, users(150), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			want(t, results, map[client.Outcome]int{client.Skipped: 150})
			for i, r := range results {
				said, ok := errors.AsType[*client.ResponseError](r.Err)
				if !ok || said.Status != status {
					t.Fatalf("%d: %v", i, r.Err)
				}
				skip, _ := errors.AsType[*client.SkippedError](r.Err)
				if sent := i < 100; skip == nil || skip.Refused != sent || strings.HasPrefix(r.Err.Error(), "skipped: its request was refused") != sent || (r.Attempts > 0) != sent {
					t.Fatalf("%d: %v after %d", i, r.Err, r.Attempts)
				}
			}
		})
	}
}

// The text of a skipped operation names what it needs and, in short, what was
// wrong in the first place, however far that is.
func TestSkippedTextIsShort(t *testing.T) {
	ops := []client.Operation{create("c0")}
	for i := range 500 {
		ops = append(ops, create(fmt.Sprintf("c%d", i+1), manager(fmt.Sprintf("c%d", i))))
	}
	sc := scenario{prepare: func(t *testing.T, s *webextest.Simulator) { add(t, s, "c0") }}
	sc.config = func(c *client.Config) { c.ResolveReferences = true }
	sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		last := results[500].Err
		if text := last.Error(); len(text) > 300 || !strings.Contains(text, `operation 499 (bulkId "c499")`) || !strings.Contains(text, `operation 0 (bulkId "c0"), which failed`) || !strings.Contains(text, "status 409") {
			t.Errorf("%s", text)
		}
		if said, ok := errors.AsType[*client.ResponseError](last); !ok || said.Status != 409 {
			t.Errorf("%v", last)
		}
	})
}

// What an earlier run has sent is not known to be undone because it can't be
// sent now: it is looked up, and what it refers to as well.
func TestSentBeforeAndRefusedNowIsLookedUp(t *testing.T) {
	for _, done := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			j := newMemoryJournal()
			s := webextest.New(webextest.Config{})
			ops := []client.Operation{create("a", manager("b")), create("b", strings.Repeat(" ", 3000)+`"title":"x"`)}
			cut := webextest.CutAt(webextest.BeforeWork)
			if done {
				cut = webextest.CutAt(webextest.AfterWork)
			}
			refuse := webextest.Refuse(403, "")
			s.Script(cut, cut)
			s.ScriptSearches(refuse, refuse)
			results, _ := resumed(t, s, j, func(c *client.Config) { c.MaxAttempts = 2 }, ops...)
			want(t, results, map[client.Outcome]int{client.Unknown: 2})
			small := func(c *client.Config) { c.Limits.Bytes = 2000 }
			s.ScriptSearches(refuse, refuse)
			results, _ = resumed(t, s, j, small, ops...)
			want(t, results, map[client.Outcome]int{client.Unknown: 2})
			results, _ = resumed(t, s, j, small, ops...)
			if done {
				want(t, results, map[client.Outcome]int{client.Succeeded: 2})
			} else if want(t, results, map[client.Outcome]int{client.Failed: 1, client.Skipped: 1}); !errors.Is(results[1].Err, client.ErrTooLarge) {
				t.Errorf("%v", results[1].Err)
			}
			if requests(s) != 2 {
				t.Errorf("%d requests", requests(s))
			}
		})
	}
}

// Of a cause that lies far back only the operation is named.
func TestCauseOfLongAgo(t *testing.T) {
	invalid := client.Operation{Method: "POST", Path: "/Users/1"}
	source := func(yield func(client.Operation, error) bool) {
		for i := range 10_100 {
			invalid.BulkID = fmt.Sprintf("i%d", i)
			if !yield(invalid, nil) {
				return
			}
		}
		time.Sleep(time.Minute) // so that it is over with them
		_ = yield(create("old", manager("i0")), nil) && yield(create("new", manager("i10099")), nil)
	}
	synctest.Test(t, func(t *testing.T) {
		results, err := run(t, newClient(t, webextest.New(webextest.Config{}), nil), &client.Job{Source: source})
		if err != nil {
			t.Fatal(err)
		}
		for bulkID, cause := range map[string]error{"i0": nil, "i10099": client.ErrInvalid} {
			res := results[len(results)-1]
			if cause == nil {
				res = results[len(results)-2]
			}
			e, ok := errors.AsType[*client.SkippedError](res.Err)
			if !ok || e.BulkID != bulkID || cause == nil && e.Cause != nil || !errors.Is(e.Cause, cause) {
				t.Errorf("%v: %v", res.Outcome, res.Err)
			}
		}
	})
}
