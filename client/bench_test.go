package client_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
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
