package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/webextest"
)

// Requests are filled, none is empty, and the results of Do are in the order of
// the input.
func TestRequestsAreFilled(t *testing.T) {
	for _, capacity := range []int{1, 7, 100} {
		for _, n := range []int{0, 1, 99, 100, 101, 250} {
			sc := scenario{config: func(c *client.Config) { c.Limits.Operations = capacity }}
			sc.all(t, users(n), func(t *testing.T, s *webextest.Simulator, results []client.Result) {
				for i, res := range results {
					u, _ := s.User(res.Location.ID)
					if u.UserName() != fmt.Sprintf("u%d@example.com", i) || res.Status != 201 || res.Version == "" || res.Attempts != 1 {
						t.Fatalf("result %d: %+v", i, res)
					}
				}
				if got := requests(s); got != (n+capacity-1)/capacity {
					t.Errorf("%d operations took %d requests", n, got)
				}
			})
		}
	}
}

// No request is larger than Limits.Bytes, references replaced by longer ids
// included, and they are filled by size as well.
func TestByteLimitHolds(t *testing.T) {
	for _, separate := range []bool{false, true} {
		ops := []client.Operation{create("b")}
		for i := range 400 {
			ops = append(ops, create(fmt.Sprintf("u%d", i), manager("b"), fmt.Sprintf(`"title":%q`, strings.Repeat("x", i%50))))
		}
		sc := scenario{config: func(c *client.Config) { c.Limits.Bytes, c.ResolveReferences = 8000, separate }}
		sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, _ []client.Result) {
			total := 0
			for _, x := range s.Exchanges() {
				if total += x.Bytes; x.Bytes > 8000 {
					t.Errorf("a request of %d bytes", x.Bytes)
				}
			}
			if n := requests(s); n > total/8000*11/10+2 {
				t.Errorf("%d requests for %d bytes", n, total)
			}
		})
	}
}

// Do gives each operation its result, those included that were never read.
func TestDoIsComplete(t *testing.T) {
	sc := scenario{}
	sc.run(t, nil, func(t *testing.T, s *webextest.Simulator, _ []client.Result, _ error) {
		s.Script(webextest.Refuse(403, ""))
		ops := users(raced.Fewer(5_000, 20_000))
		results, err := newClient(t, s, func(c *client.Config) { c.Concurrency = 1 }).Do(t.Context(), ops...)
		if len(results) != len(ops) || err == nil {
			t.Fatal(len(results), err)
		}
		for i, r := range results {
			if r.Index != i || r.Outcome != client.Skipped || r.Operation.BulkID != ops[i].BulkID || !errors.Is(r.Err, client.ErrUnauthorized) {
				t.Fatalf("%+v", r)
			}
		}
	})
}

func TestJobIsUsedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		c := newClient(t, s, nil)
		job := &client.Job{Source: client.Operations(users(3)...)}
		if _, err := run(t, c, job); err != nil {
			t.Fatal(err)
		}
		for res, err := range c.Run(t.Context(), job) {
			if err == nil {
				t.Errorf("%+v", res)
			}
		}
		if requests(s) != 1 {
			t.Errorf("%d requests", requests(s))
		}
	})
}

// An operation that breaks the contract is refused before it is sent, and costs
// nothing else its turn.
func TestInvalidOperationsAreNotSent(t *testing.T) {
	data := user("x")
	for name, op := range map[string]client.Operation{
		"zero":                   {},
		"no method":              {Path: "/Users", Data: data},
		"PUT":                    {Method: "PUT", Path: "/Users/1", Data: data},
		"lower case":             {Method: "post", Path: "/Users", Data: data},
		"no path":                {Method: "POST", Data: data},
		"no slash":               {Method: "POST", Path: "Users", Data: data},
		"POST to a resource":     {Method: "POST", Path: "/Users/1", Data: data},
		"POST with a slash":      {Method: "POST", Path: "/Users/", Data: data},
		"POST to a reference":    {Method: "POST", Path: "/bulkId:x", Data: data},
		"DELETE of a type":       {Method: "DELETE", Path: "/Users"},
		"DELETE without an id":   {Method: "DELETE", Path: "/Users/"},
		"DELETE of a part":       {Method: "DELETE", Path: "/Groups/1/members"},
		"up":                     {Method: "DELETE", Path: "/Users/.."},
		"up in disguise":         {Method: "DELETE", Path: "/Users/%2e%2E"},
		"through a slash":        {Method: "DELETE", Path: "/Users/..%2f..%2fv2"},
		"through it, escaped":    {Method: "DELETE", Path: "/Users/..%252f..%252fv2"},
		"a backslash":            {Method: "DELETE", Path: "/Users/..%5cv2"},
		"a query":                {Method: "DELETE", Path: "/Users/1?x=y"},
		"a fragment":             {Method: "DELETE", Path: "/Users/1#x"},
		"a line break":           {Method: "DELETE", Path: "/Users/1\n"},
		"an escaped line break":  {Method: "DELETE", Path: "/Users/1%0a"},
		"a broken escape":        {Method: "DELETE", Path: "/Users/1%zz"},
		"a reference to nothing": {Method: "DELETE", Path: "/Users/bulkId:"},
		"an absolute url":        {Method: "DELETE", Path: "https://evil.example/Users/1"},
		"no UTF-8 in a path":     {Method: "DELETE", Path: "/Users/\xff"},
		"no UTF-8 in a bulkId":   {Method: "POST", Path: "/Users", BulkID: "\xff", Data: data},
		"no data":                {Method: "POST", Path: "/Users"},
		"null":                   {Method: "POST", Path: "/Users", Data: json.RawMessage("null")},
		"an array":               {Method: "POST", Path: "/Users", Data: json.RawMessage("[]")},
		"a string":               {Method: "PATCH", Path: "/Users/1", Data: "{}"},
		"broken data":            {Method: "POST", Path: "/Users", Data: json.RawMessage(`{"a":1`)},
		"two values":             {Method: "POST", Path: "/Users", Data: json.RawMessage(`{} {}`)},
		"no UTF-8":               {Method: "POST", Path: "/Users", Data: json.RawMessage("{\"userName\":\"x@example.com\xff\"}")},
		"no UTF-8 in a member":   {Method: "POST", Path: "/Users", Data: map[string]any{"name": json.RawMessage("{\"\xff\":1}")}},
		"PATCH without changes":  client.Users.Patch("1"),
		"no changes at all":      client.Groups.Patch("1", []client.Change{}...),
		"Operations null":        {Method: "PATCH", Path: "/Users/1", Data: json.RawMessage(`{"operations": null}`)},
		"not JSON":               {Method: "POST", Path: "/Users", Data: make(chan int)},
		"not a number":           {Method: "POST", Path: "/Users", Data: map[string]any{"n": math.NaN()}},
		"DELETE with data":       {Method: "DELETE", Path: "/Users/1", Data: data},
	} {
		sc := scenario{}
		sc.run(t, []client.Operation{create("a"), op, create("b")}, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			r := results[1]
			if r.Outcome != client.Failed || !errors.Is(r.Err, client.ErrInvalid) || r.Attempts != 0 || err != nil {
				t.Errorf("%s: %v %v, %v", name, r.Outcome, r.Err, err)
			}
			if results[0].Err != nil || results[2].Err != nil || len(s.Ledger()) != 2 {
				t.Errorf("%s: %v, %v, %d sent", name, results[0].Err, results[2].Err, len(s.Ledger()))
			}
			if text := r.Err.Error(); strings.Contains(text, "example.com") || len(text) > 200 {
				t.Errorf("%s: %s", name, text)
			}
		})
		if err := op.Validate(); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: Validate says %v", name, err)
		}
	}
}

// What the builders make is what the contract asks for: read-only members of a
// resource that was read are dropped, and ids can't change a path.
func TestBuildersKeepTheContract(t *testing.T) {
	u := gen.User{ID: "1", UserName: "u@example.com", Groups: []gen.GroupReference{{Value: "g"}}, Meta: gen.Meta{Version: "v"}}
	u.Enterprise.Manager = gen.Manager{Value: client.Ref("m"), DisplayName: "x"}
	before, _ := json.Marshal(u)
	text, _ := json.Marshal(client.Users.Create(u).Data)
	for _, readOnly := range []string{`"id"`, `"groups"`, `"meta"`, `"displayName"`} {
		if strings.Contains(string(text), readOnly) {
			t.Errorf("%s in %s", readOnly, text)
		}
	}
	if after, _ := json.Marshal(u); string(after) != string(before) {
		t.Error("the caller's user was changed")
	}
	g := gen.Group{ID: "1", DisplayName: "g", Members: []gen.GroupMember{{Value: "a", Display: "x"}}}
	if text, _ := json.Marshal(client.Groups.Create(g).Data); strings.Contains(string(text), `"display":`) || !strings.Contains(string(text), `"type":"user"`) || g.Members[0].Display != "x" {
		t.Errorf("%s, %v", text, g)
	}
	for id, path := range map[string]string{"a b": "/Users/a%20b", "bulkId:x/y": "/Users/bulkId:x%2Fy", "bulkId:100%41": "/Users/bulkId:100%2541"} {
		if got := client.Users.Delete(id).Path; got != path {
			t.Errorf("%q: %s", id, got)
		}
	}
	if err := client.Users.Delete("../../other/v2/Users/1").Validate(); err == nil {
		t.Error("an id changes the path")
	}
}

// Of the extensions those are listed in schemas that have a member set, and
// what the caller has listed stays.
func TestBuildersListTheExtensionsUsed(t *testing.T) {
	var manager, webex, readOnly gen.User
	manager.Enterprise.Manager.Value = client.Ref("m")
	webex.Webex.UserNameType = "email"
	readOnly.Enterprise.Manager.DisplayName, readOnly.Webex.ProvisionSource, readOnly.Webex.Meta.OrganizationID = "x", "x", "x"
	var owned, sourced gen.Group
	owned.Webex.GroupType = "security"
	sourced.Webex.ProvisionSource = "x"
	for name, tt := range map[string]struct {
		op   client.Operation
		want []string
	}{
		"plain user":   {client.Users.Create(gen.User{}), []string{client.SchemaUser}},
		"manager":      {client.Users.Create(manager), []string{client.SchemaUser, client.SchemaEnterpriseUser}},
		"webex":        {client.Users.Create(webex), []string{client.SchemaUser, client.SchemaWebexUser}},
		"read-only":    {client.Users.Create(readOnly), []string{client.SchemaUser}},
		"listed":       {client.Users.Create(gen.User{Schemas: []string{"urn:x"}}), []string{"urn:x"}},
		"plain group":  {client.Groups.Create(gen.Group{}), []string{client.SchemaGroup}},
		"webex group":  {client.Groups.Create(owned), []string{client.SchemaGroup, client.SchemaWebexGroup}},
		"source alone": {client.Groups.Create(sourced), []string{client.SchemaGroup}},
	} {
		text, err := json.Marshal(tt.op.Data)
		var sent map[string]json.RawMessage
		if err != nil || json.Unmarshal(text, &sent) != nil {
			t.Fatal(name, err)
		}
		if listed, _ := json.Marshal(tt.want); string(sent["schemas"]) != string(listed) {
			t.Errorf("%s: %s, expected %s", name, sent["schemas"], listed)
		}
		for member := range sent { // what is sent is listed
			if strings.HasPrefix(member, "urn:") && !strings.Contains(string(sent["schemas"]), member) {
				t.Errorf("%s: %s is not listed", name, member)
			}
		}
	}
}

// What the service can judge is left to it: a PATCH without schemas, or with an
// op in another case, and one that has no Operations we could count.
func TestLenientPatchesAreLeftToTheService(t *testing.T) {
	for _, data := range []string{
		`{"Operations":[{"op":"Replace","path":"title","value":"x"}]}`, `{"operations":[{}]}`, `{"Operations":{}}`, `{"Operations":[]}`, `{"Operations":"x"}`, `{}`,
		`{"Operations":[{"op":"ADD","value":null}],"schemas":null}`, " {\"Operations\":[\"\u00e9\"]}\n",
	} {
		if err := (client.Operation{Method: "PATCH", Path: "/Users/1", Data: json.RawMessage(data)}).Validate(); err != nil {
			t.Errorf("%s: %v", data, err)
		}
	}
}

// Progress can be watched from any goroutine while the job runs.
func TestProgressIsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: 10 * time.Second})
		s.Script(nil, nil, nil, nil, webextest.Refuse(429, "40"))
		job := &client.Job{Source: client.Operations(users(1500)...)}
		done := make(chan struct{})
		go func() {
			defer close(done)
			if _, err := run(t, newClient(t, s, nil), job); err != nil {
				t.Error(err)
			}
		}()
		time.Sleep(5 * time.Second)
		if p := job.Progress(); p.InFlight != 4 || p.Read < 400 || p.Waiting != p.Read-400 || p.Done() != 0 {
			t.Errorf("%+v", p)
		}
		time.Sleep(30 * time.Second)
		if p := job.Progress(); p.ClosedFor < 20*time.Second || p.ClosedFor > 43*time.Second || p.Refused != 1 || p.Succeeded < 400 {
			t.Errorf("%+v", p)
		}
		<-done
		if p := job.Progress(); p.Requests != 16 || p.ClosedFor != 0 || p.Succeeded != 1500 {
			t.Errorf("%+v", p)
		}
	})
}

// Two jobs on one client share its concurrency.
func TestJobsShareTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Second})
		c := newClient(t, s, func(c *client.Config) { c.Concurrency = 3 })
		done := make(chan error)
		for n := range 2 {
			go func() {
				var ops []client.Operation
				for i := range 1000 {
					ops = append(ops, create(fmt.Sprintf("j%d-%d", n, i)))
				}
				_, err := c.Do(t.Context(), ops...)
				done <- err
			}()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if st := s.Stats(); st.MaxConcurrent != 3 || st.Created != 2000 {
			t.Errorf("%+v", st)
		}
	})
}

// slow is a journal that takes its time to write.
type slow struct {
	*memoryJournal
	claim, sent, done time.Duration
}

func (j slow) Write(ctx context.Context, updates []client.Update) error {
	switch {
	case slices.ContainsFunc(updates, func(u client.Update) bool { return u.Kind == client.UpdateDone }):
		time.Sleep(j.done)
	default:
		time.Sleep(j.sent)
	}
	return j.memoryJournal.Write(ctx, updates)
}

func (j slow) Claim(ctx context.Context, entries []client.Entry) ([]client.Record, error) {
	time.Sleep(j.claim)
	return j.memoryJournal.Claim(ctx, entries)
}

// Requests are filled although the journal is asked about their operations in
// batches.
func TestRequestsAreFilledWithAJournal(t *testing.T) {
	for _, claim := range []time.Duration{0, time.Millisecond, 300 * time.Millisecond} {
		for _, n := range []int{7, 100, 250, 1000} {
			synctest.Test(t, func(t *testing.T) {
				s := webextest.New(webextest.Config{})
				results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Journal: slow{memoryJournal: newMemoryJournal(), claim: claim}}, users(n)...)
				want(t, results, map[client.Outcome]int{client.Succeeded: n})
				if most := (n + 99) / 100; err != nil || requests(s) != most {
					t.Errorf("claims take %v: %d operations took %d requests, %v", claim, n, requests(s), err)
				}
			})
		}
	}
}

// writeCounter is a journal that counts its writes, each of which is at most
// one transaction.
type writeCounter struct {
	*memoryJournal
	writes *int
}

func (j writeCounter) Write(ctx context.Context, updates []client.Update) error {
	*j.writes++ // one at a time: see record.go
	return j.memoryJournal.Write(ctx, updates)
}

// A request costs two writes: what is sent, and what came of it.
func TestJournalWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 2_000
		writes := 0
		s := webextest.New(webextest.Config{Latency: 50 * time.Millisecond})
		_, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Journal: writeCounter{newMemoryJournal(), &writes}}, users(n)...)
		if most := 2 * n / 100; err != nil || writes > most {
			t.Errorf("%d operations took %d writes, expected at most %d: %v", n, writes, most, err)
		}
	})
}

// What is being put on record as sent when the job stops gets its outcome after
// that, lest the record says for good that it was sent.
func TestStopWhileRequestsAreMadeReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := slow{memoryJournal: newMemoryJournal(), sent: time.Second}
		s := webextest.New(webextest.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		results, err := newClient(t, s, nil).DoJob(ctx, &client.Job{Journal: j}, users(1000)...)
		if !errors.Is(err, context.DeadlineExceeded) || requests(s) > 0 {
			t.Errorf("%v, %d requests", err, requests(s))
		}
		time.Sleep(time.Minute)
		want(t, results, map[client.Outcome]int{client.Skipped: 1000})
		for _, m := range j.misuse {
			t.Error(m)
		}
		for _, n := range j.entries {
			if n.known != client.KnownNothing {
				t.Fatalf("on record as %d, and was never sent", n.known)
			}
		}
	})
}

// While the disk is slow to take outcomes, requests leave as long as twice as
// many as can be with the service are not over, and no longer.
func TestSlowDiskHoldsRequestsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		c := newClient(t, s, func(c *client.Config) { c.Concurrency, c.Limits.Operations = 3, 10 })
		time.AfterFunc(30*time.Second, func() {
			if n := requests(s); n != 6 {
				t.Errorf("%d requests before the first outcomes were on record", n)
			}
		})
		results, err := c.DoJob(t.Context(), &client.Job{Journal: slow{memoryJournal: newMemoryJournal(), done: time.Minute}}, users(300)...)
		if want(t, results, map[client.Outcome]int{client.Succeeded: 300}); err != nil {
			t.Error(err)
		}
	})
}

// Ids are longer than the names in whose place they stand. What is sent again
// with ids goes back to be divided if it has become too large.
func TestRepetitionKeepsTheByteLimit(t *testing.T) {
	ops := []client.Operation{create("a")}
	var busy []string
	for i := range 40 {
		ops = append(ops, create(fmt.Sprintf("u%d", i), manager("a")))
		busy = append(busy, ops[i+1].BulkID)
	}
	sc := scenario{script: []*webextest.Fault{webextest.RefuseItems(429, busy...)}}
	sc.config = func(c *client.Config) { c.Limits.Bytes = 10_300 }
	sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, _ []client.Result) {
		all := s.Exchanges()
		if grown := all[0].Bytes + 40*(36-len("bulkId:a")); all[0].Operations != 41 || grown < 10_600 {
			t.Errorf("%d operations in %d bytes, %d with ids: this shows nothing", all[0].Operations, all[0].Bytes, grown)
		}
		for _, x := range all {
			if x.Bytes > 10_300 {
				t.Errorf("%d operations in %d bytes", x.Operations, x.Bytes)
			}
		}
	})
}
