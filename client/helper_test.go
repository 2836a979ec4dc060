package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

func newClient(t *testing.T, s *webextest.Simulator, change func(*client.Config)) *client.Client {
	t.Helper()
	cfg := client.Config{OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), HTTPClient: s.Client()}
	if change != nil {
		change(&cfg)
	}
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func user(name string, more ...string) json.RawMessage {
	body := fmt.Sprintf(`{"schemas":[%q],"userName":"%s@example.com"`, client.SchemaUser, name)
	for _, m := range more {
		body += "," + m
	}
	return json.RawMessage(body + "}")
}

func create(name string, more ...string) client.Operation {
	return client.Operation{Method: "POST", Path: "/Users", BulkID: name, Data: user(name, more...)}
}

func users(n int) (ops []client.Operation) {
	for i := range n {
		ops = append(ops, create(fmt.Sprintf("u%d", i)))
	}
	return ops
}

func manager(bulkID string) string {
	return fmt.Sprintf(`%q:{"manager":{"value":%s}}`, client.SchemaEnterpriseUser, quote(client.Ref(bulkID)))
}

func quote(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// group is a create of a group whose members are references.
func group(bulkID, more string, members ...string) client.Operation {
	list := []json.RawMessage{}
	for _, m := range members {
		list = append(list, json.RawMessage(`{"type":"user","value":`+quote(client.Ref(m))+`}`))
	}
	text, _ := json.Marshal(list)
	return client.Operation{Method: "POST", Path: "/Groups", BulkID: bulkID, Data: json.RawMessage(fmt.Sprintf(
		`{"schemas":[%q],"displayName":%s,"members":%s%s}`, client.SchemaGroup, quote(bulkID), text, more))}
}

// patch replaces one attribute; value is JSON.
func patch(path, attribute, value string) client.Operation {
	return client.Operation{Method: "PATCH", Path: path, Data: json.RawMessage(fmt.Sprintf(
		`{"schemas":[%q],"Operations":[{"op":"replace","path":%q,"value":%s}]}`, client.SchemaPatchOp, attribute, value))}
}

func remove(path string) client.Operation { return client.Operation{Method: "DELETE", Path: path} }

// organization is n creates: a manager for each ten users, a group among each
// fifty.
func organization(n int) iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		for i := range n {
			op := create(fmt.Sprintf("u%d", i))
			switch {
			case i%50 == 7:
				op = group(fmt.Sprintf("u%d", i), fmt.Sprintf(`,"externalId":"x%d"`, i), fmt.Sprintf("u%d", i-7), fmt.Sprintf("u%d", i+1))
			case i%10 != 0:
				op = create(fmt.Sprintf("u%d", i), manager(fmt.Sprintf("u%d", i/10*10)))
			}
			if !yield(op, nil) {
				return
			}
		}
	}
}

// add puts a user into the service before the job.
func add(t *testing.T, s *webextest.Simulator, name string, more ...string) (id string) {
	t.Helper()
	id, err := s.Add("/Users", user(name, more...))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// run collects the results of a job and checks the law that holds for every
// one: each operation that was read has one outcome.
func run(t *testing.T, c *client.Client, job *client.Job) (map[int]client.Result, error) {
	t.Helper()
	results := map[int]client.Result{}
	var stop error
	for res, err := range c.Run(t.Context(), job) {
		if err != nil {
			if stop != nil {
				t.Error("two errors")
			}
			stop = err
			continue
		}
		if stop != nil {
			t.Error("a result after the error")
		}
		if _, twice := results[res.Index]; twice {
			t.Errorf("operation %d has two results", res.Index)
		}
		if (res.Err == nil) != (res.Outcome == client.Succeeded) {
			t.Errorf("operation %d: %v with error %v", res.Index, res.Outcome, res.Err)
		}
		results[res.Index] = res
	}
	checkProgress(t, job, len(results))
	return results, stop
}

// journaled runs a job once with the journal at path.
func journaled(t *testing.T, ctx context.Context, c *client.Client, path string, job *client.Job) (map[client.Outcome]int, error) {
	t.Helper()
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	job.Journal = j
	count := map[client.Outcome]int{}
	var stop error
	for res, err := range c.Run(ctx, job) {
		if err != nil {
			stop = err
			break
		}
		count[res.Outcome]++
	}
	return count, stop
}

// resumed runs operations with a journal against a service that stays.
func resumed(t *testing.T, s *webextest.Simulator, j *memoryJournal, change func(*client.Config), ops ...client.Operation) ([]client.Result, error) {
	t.Helper()
	job := &client.Job{Source: client.Operations(ops...), Journal: j}
	of, err := run(t, newClient(t, s, change), job)
	results := make([]client.Result, len(ops))
	for i := range results {
		results[i] = of[i]
	}
	for _, m := range j.misuse {
		t.Error(m)
	}
	return results, err
}

// carryOut carries out a job and counts what came of it; replayed successes
// apart.
func carryOut(t *testing.T, c *client.Client, job *client.Job) (count map[string]int, stop error) {
	t.Helper()
	results, stop := run(t, c, job)
	count = map[string]int{}
	for _, res := range results {
		if res.Replayed {
			count["replayed"]++
		} else {
			count[fmt.Sprint(res.Outcome)]++
		}
	}
	return count, stop
}

// checkProgress checks the progress of a job that is over.
func checkProgress(t *testing.T, job *client.Job, read int) {
	t.Helper()
	if p := job.Progress(); p.Read != read || p.Done() != p.Read || p.InFlight != 0 || p.Waiting != 0 {
		t.Errorf("%d results, but %+v", read, p)
	}
}

// scenario is a job against a service, in a bubble of its own. Whatever it is
// about, the laws of every job are checked along with it.
type scenario struct {
	service  webextest.Config
	script   []*webextest.Fault
	searches []*webextest.Fault
	config   func(*client.Config)
	job      client.Job
	prepare  func(*testing.T, *webextest.Simulator)
	raw      []string // texts like "bulkId:x" that are meant to be stored
}

func (sc *scenario) run(t *testing.T, ops []client.Operation, check func(*testing.T, *webextest.Simulator, []client.Result, error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if sc.service.Latency == 0 {
			sc.service.Latency = time.Millisecond
		}
		s := webextest.New(sc.service)
		if sc.prepare != nil {
			sc.prepare(t, s)
		}
		s.Script(sc.script...)
		s.ScriptSearches(sc.searches...)
		sc.job.Source = client.Operations(ops...)
		of, err := run(t, newClient(t, s, sc.config), &sc.job)
		results := make([]client.Result, len(ops))
		for i := range results {
			results[i] = of[i]
			if _, ok := of[i]; !ok && err != nil { // not read: as DoJob has it
				results[i] = client.Result{Index: i, Operation: ops[i], Outcome: client.Skipped, Err: err}
			}
		}
		if overlaps := s.Overlaps(); len(overlaps) > 0 {
			t.Errorf("in two requests at once: %v", overlaps)
		}
		if err := s.Check(sc.raw...); err != nil {
			t.Error(err)
		}
		check(t, s, results, err)
	})
}

// all runs a scenario in which everything succeeds.
func (sc *scenario) all(t *testing.T, ops []client.Operation, check func(*testing.T, *webextest.Simulator, []client.Result)) {
	t.Helper()
	sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		for i, r := range results {
			if r.Outcome != client.Succeeded {
				t.Errorf("operation %d: %v: %v", i, r.Outcome, r.Err)
			}
		}
		if err != nil {
			t.Errorf("the job stopped: %v", err)
		}
		if check != nil {
			check(t, s, results)
		}
	})
}

// takeDevices makes the service behind a client take users at /Devices, a type
// of which the client knows nothing.
func takeDevices(c *client.Config) {
	c.HTTPClient = &http.Client{Transport: devices{c.HTTPClient.Transport}}
}

type devices struct{ http.RoundTripper }

func (d devices) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.ReplaceAll(body, []byte(`"path":"/Devices"`), []byte(`"path":"/Users"`))
		r = r.Clone(r.Context())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return d.RoundTripper.RoundTrip(r)
}

// outcomes counts results, those that were never given under 0.
func outcomes(results []client.Result) map[client.Outcome]int {
	count := map[client.Outcome]int{}
	for _, r := range results {
		count[r.Outcome]++
	}
	return count
}

func want(t *testing.T, results []client.Result, expected map[client.Outcome]int) {
	t.Helper()
	if got := outcomes(results); !maps.Equal(got, expected) {
		t.Errorf("outcomes %v, expected %v", got, expected)
		for _, r := range results {
			if expected[r.Outcome] < got[r.Outcome] {
				t.Logf("for example %v", r)
				break
			}
		}
	}
}

// requests counts the requests that arrived and were no search.
func requests(s *webextest.Simulator) (n int) {
	for _, e := range s.Exchanges() {
		if e.Method == "POST" {
			n++
		}
	}
	return n
}

// effects are what the service did for operations, those of one bulkId or path
// in order.
func effects(s *webextest.Simulator, of func(webextest.Entry) string) map[string][]webextest.Effect {
	did := map[string][]webextest.Effect{}
	for _, e := range s.Ledger() {
		did[of(e)] = append(did[of(e)], e.Effect)
	}
	return did
}

// wantNothingTwice checks from the service's books that nothing was created
// twice.
func wantNothingTwice(t *testing.T, s *webextest.Simulator) {
	t.Helper()
	seen := map[string]int{}
	for _, e := range s.Ledger() {
		if e.Effect == webextest.Created {
			if seen[e.Key]++; seen[e.Key] == 2 {
				t.Errorf("%s was created twice", e.Key)
			}
		}
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

// positions are where in the requests operations traveled, by bulkId.
func positions(s *webextest.Simulator) map[string][2]int {
	at := map[string][2]int{}
	for _, e := range s.Ledger() {
		at[e.BulkID] = [2]int{e.Request, e.Index}
	}
	return at
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
