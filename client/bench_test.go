package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// workforce is n users as an import has them, nine in ten with a manager a
// little before or behind.
func workforce(n int) []client.Operation {
	ops := make([]client.Operation, n)
	for i := range ops {
		name := fmt.Sprintf("u%d", i)
		mail := name + "@example.com"
		u := gen.User{
			UserName: mail, DisplayName: "User Number", Active: new(true),
			Name:   gen.PersonName{GivenName: "User", FamilyName: "Number"},
			Emails: []gen.Email{{Value: mail, Type: "work", Primary: new(true)}},
		}
		u.Enterprise.Department, u.Enterprise.EmployeeNumber = "Sales", fmt.Sprint(i)
		if boss := i/10*10 + 5; i != boss && boss < n {
			u.Enterprise.Manager.Value = client.Ref(fmt.Sprintf("u%d", boss))
		}
		ops[i] = client.Users.Create(u).Named(name)
	}
	return ops
}

// wire is a way to a simulator.
type wire struct {
	name  string
	start func(b *testing.B, cfg webextest.Config) client.Config
}

var wires = []wire{
	{"memory", func(_ *testing.B, cfg webextest.Config) client.Config {
		return client.Config{HTTPClient: webextest.New(cfg).Client()}
	}},
	{"loopback", func(b *testing.B, cfg webextest.Config) client.Config {
		// As many idle connections as requests: the default of two would make most
		// requests dial.
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 16
		b.Cleanup(transport.CloseIdleConnections)
		return client.Config{BaseURL: webextest.Start(quiet{b}, cfg).URL, HTTPClient: &http.Client{Transport: transport}}
	}},
}

// quiet keeps a simulator's seed out of the figures.
type quiet struct{ *testing.B }

// Logf says nothing.
func (quiet) Logf(string, ...any) {}

// timed carries out ops against a new simulator and returns how long that took.
// The opening and closing of a journal is not in it: it is there once a job,
// however long that is.
func (w wire) timed(b *testing.B, latency time.Duration, concurrency int, ops []client.Operation, journaled bool) time.Duration {
	b.Helper()
	cfg := w.start(b, webextest.Config{Latency: latency, DiscardLedger: true})
	cfg.OrgID, cfg.Token, cfg.Concurrency = webextest.DefaultOrgID, client.StaticToken(webextest.DefaultToken), concurrency
	c, err := client.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	job := &client.Job{Source: client.Operations(ops...)}
	if journaled {
		j, err := journal.Open(filepath.Join(b.TempDir(), "j"))
		if err != nil {
			b.Fatal(err)
		}
		defer j.Close()
		job.Journal = j
	}
	began := time.Now()
	for res, err := range c.Run(b.Context(), job) {
		if err != nil || res.Err != nil {
			b.Fatal(err, res.Err)
		}
	}
	return time.Since(began)
}

// BenchmarkJournal runs the same job with and without a journal, in turns,
// against a simulator that takes 20 ms for a request. journal/plain is the time
// with it over the time without.
func BenchmarkJournal(b *testing.B) {
	ops := workforce(20_000)
	for _, w := range wires {
		for _, concurrency := range []int{4, 16} {
			b.Run(fmt.Sprintf("%s/concurrency=%d", w.name, concurrency), func(b *testing.B) {
				var plain, journaled time.Duration
				for b.Loop() {
					plain += w.timed(b, 20*time.Millisecond, concurrency, ops, false)
					journaled += w.timed(b, 20*time.Millisecond, concurrency, ops, true)
				}
				total := float64(len(ops) * b.N)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(total/plain.Seconds(), "plain-ops/s")
				b.ReportMetric(total/journaled.Seconds(), "journal-ops/s")
				b.ReportMetric(journaled.Seconds()/plain.Seconds(), "journal/plain")
			})
		}
	}
}

// BenchmarkThroughput is client and simulator on one machine, without latency:
// operations a second.
func BenchmarkThroughput(b *testing.B) {
	ops := workforce(20_000)
	for _, w := range wires {
		for _, concurrency := range []int{1, 4, 16} {
			b.Run(fmt.Sprintf("%s/concurrency=%d", w.name, concurrency), func(b *testing.B) {
				var took time.Duration
				b.ReportAllocs()
				for b.Loop() {
					took += w.timed(b, 0, concurrency, ops, false)
				}
				b.ReportMetric(float64(len(ops)*b.N)/took.Seconds(), "ops/s")
			})
		}
	}
}

// nullService answers every Bulk request at once: each operation, which must be
// a create, is done. It keeps nothing, so that what is measured is the client's
// cost.
type nullService struct{}

var (
	beforeBulkID = []byte(`"bulkId":"`)
	location     = "https://webexapis.com/identity/scim/" + webextest.DefaultOrgID + "/v2/Users/7c5b1f0e-51a4-4c3b-8f0d-"
)

// RoundTrip implements http.RoundTripper.
func (nullService) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	answer := append(make([]byte, 0, 64<<10), `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],"operations":[`...)
	for n := 0; ; n++ {
		_, rest, ok := bytes.Cut(body, beforeBulkID)
		if !ok {
			break
		}
		var id []byte
		id, body, _ = bytes.Cut(rest, []byte(`"`))
		if n > 0 {
			answer = append(answer, ',')
		}
		answer = append(append(append(answer, `{"method":"POST","bulkId":"`...), id...), `","location":"`...)
		answer = strconv.AppendInt(append(answer, location...), int64(100_000_000_000+n), 10)
		answer = append(answer, `","version":"W/\"0\"","status":"201"}`...)
	}
	answer = append(answer, `]}`...)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}, "Date": {"Sat, 28 Nov 2026 04:00:00 GMT"}},
		ContentLength: int64(len(answer)), Body: io.NopCloser(bytes.NewReader(answer)), Request: req,
	}, nil
}

// person is a user of about 300 bytes.
func person(i int) gen.User {
	mail := fmt.Sprintf("user%d@example.com", i)
	return gen.User{
		Schemas: []string{client.SchemaUser}, UserName: mail, DisplayName: "User Number", Active: new(true), UserType: "user",
		Name:   gen.PersonName{GivenName: "User", FamilyName: "Number"},
		Emails: []gen.Email{{Value: mail, Type: "work", Primary: new(true)}},
	}
}

// creates are n users with names, as values of gen or as bytes.
func creates(n int, raw bool) []client.Operation {
	ops := make([]client.Operation, n)
	for i := range ops {
		ops[i] = client.Users.Create(person(i)).Named("u" + strconv.Itoa(i))
		if raw {
			ops[i].Data, _ = json.Marshal(person(i))
		}
	}
	return ops
}

// byLibrary carries out ops with Run, with a journal or without.
func byLibrary(tb testing.TB, ops []client.Operation, keep client.Journal) {
	c, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), HTTPClient: &http.Client{Transport: nullService{}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	n := 0
	for res, err := range c.Run(tb.Context(), &client.Job{Source: client.Operations(ops...), Journal: keep}) {
		if err != nil || res.Err != nil || res.Location.ID == "" {
			tb.Fatal(err, res)
		}
		n++
	}
	if n != len(ops) {
		tb.Fatal(n)
	}
}

// byJournaled is byLibrary with a new journal.
func byJournaled(tb testing.TB, ops []client.Operation) {
	j, err := journal.Open(filepath.Join(tb.TempDir(), "journal"))
	if err != nil {
		tb.Fatal(err)
	}
	byLibrary(tb, ops, j)
	if err := j.Close(); err != nil {
		tb.Fatal(err)
	}
}

// byPlainLoop carries out ops with the generated client, a hundred at a time.
func byPlainLoop(tb testing.TB, ops []client.Operation) {
	authorize := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+webextest.DefaultToken)
		return nil
	}
	c, err := gen.NewClientWithResponses(client.DefaultBaseURL, gen.WithHTTPClient(&http.Client{Transport: nullService{}}), gen.WithRequestEditorFn(authorize))
	if err != nil {
		tb.Fatal(err)
	}
	for len(ops) > 0 {
		part := ops[:min(100, len(ops))]
		ops = ops[len(part):]
		req := gen.BulkRequest{Schemas: []string{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}}
		for _, op := range part {
			data, ok := op.Data.([]byte)
			if !ok {
				if data, err = json.Marshal(op.Data); err != nil {
					tb.Fatal(err)
				}
			}
			req.Operations = append(req.Operations, gen.BulkOperation{Method: gen.BulkMethod(op.Method), Path: op.Path, BulkID: op.BulkID, Data: data})
		}
		answer, err := c.ExecuteBulkWithResponse(tb.Context(), webextest.DefaultOrgID, req)
		if err != nil || answer.JSON200 == nil || len(answer.JSON200.Operations) != len(part) {
			tb.Fatal(err, answer)
		}
		for i, res := range answer.JSON200.Operations {
			if !res.Status.OK() || res.BulkID != part[i].BulkID {
				tb.Fatal(res)
			}
		}
	}
}

// ways are the forms of a job's data.
var ways = []struct {
	name string
	raw  bool
}{{"gen", false}, {"bytes", true}}

// An operation costs the library few allocations and little memory, that of the
// null service included. The figures are of a job of creates with names; each
// bound is a third above what was measured.
func TestCostOfOperation(t *testing.T) {
	if raced.On {
		t.Skip("the race detector allocates too")
	}
	const n = 10_000
	for _, way := range ways {
		ops := creates(n, way.raw)
		byLibrary(t, ops[:1000], nil) // what is made once
		var u usage
		u.add(func() { byLibrary(t, ops, nil) })
		if allocs, bytes := float64(u.allocs)/n, float64(u.bytes)/n; allocs > 19 || bytes > 7900 {
			t.Errorf("%s: %.1f allocations and %.0f bytes an operation, expected at most 19 and 7900", way.name, allocs, bytes)
		}
	}
}

// BenchmarkCost compares the library, with a journal and without, with a plain
// loop over the generated client, against a service that costs nothing, in
// turns: processor time of the process and allocations, for an operation.
func BenchmarkCost(b *testing.B) {
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			ops := creates(20_000, way.raw)
			var library, journaled, plain usage
			for b.Loop() {
				library.add(func() { byLibrary(b, ops, nil) })
				journaled.add(func() { byJournaled(b, ops) })
				plain.add(func() { byPlainLoop(b, ops) })
			}
			total := float64(b.N * len(ops))
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(library.cpu)/total, "ns/operation")
			b.ReportMetric(float64(plain.cpu)/total, "plain-ns/operation")
			b.ReportMetric(float64(journaled.cpu)/total, "journal-ns/operation")
			b.ReportMetric(float64(library.cpu)/float64(plain.cpu), "library/plain")
			b.ReportMetric(float64(journaled.cpu)/float64(plain.cpu), "journal/plain")
			b.ReportMetric(float64(library.allocs)/total, "allocs/operation")
			b.ReportMetric(float64(plain.allocs)/total, "plain-allocs/operation")
			b.ReportMetric(float64(library.bytes)/total, "B/operation")
			b.ReportMetric(float64(plain.bytes)/total, "plain-B/operation")
		})
	}
}

// BenchmarkLibrary is the library's part of BenchmarkCost alone, for profiles.
func BenchmarkLibrary(b *testing.B) {
	for _, way := range ways {
		ops := creates(20_000, way.raw)
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				byLibrary(b, ops, nil)
			}
		})
		b.Run(way.name+"/journal", func(b *testing.B) {
			for b.Loop() {
				byJournaled(b, ops)
			}
		})
	}
}

// usage is what work has cost.
type usage struct {
	cpu           int64 // nanoseconds
	allocs, bytes uint64
}

func (u *usage) add(work func()) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := processorTime()
	work()
	runtime.GC() // what the work leaves to be collected is a part of its cost
	u.cpu += processorTime() - began
	runtime.ReadMemStats(&after)
	u.allocs += after.Mallocs - before.Mallocs
	u.bytes += after.TotalAlloc - before.TotalAlloc
}
