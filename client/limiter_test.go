package client_test

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/webextest"
)

// full runs the campaigns of docs/testing.md at their full size; they take
// minutes.
var full = flag.Bool("full", false, "TestOrganization, TestLimiterGrid and TestMemory at full size")

// The law of the limiter: once a client has learned what a service allows, it
// uses at least nine tenths of that, and fewer than one request in twenty is
// refused.
const (
	lawUse     = 0.90
	lawRefused = 0.05
)

// rateTrial is a service that allows n requests a window, and jobs without end
// on one client.
type rateTrial struct {
	n           int
	window      time.Duration
	latency     time.Duration
	concurrency int
	jobs        int
	retryAfter  func(left time.Duration) string
}

// rateOutcome is what the service has counted after the learning: the part of
// what could be had that was had, and the part of the requests that was
// refused.
type rateOutcome struct{ use, refused float64 }

func (o rateOutcome) lawful() bool { return o.use >= lawUse && o.refused < lawRefused }

func (r rateTrial) String() string {
	return fmt.Sprintf("%d in %v, latency %v, concurrency %d", r.n, r.window, r.latency, r.concurrency)
}

// run lets the jobs learn for five windows, a minute at least, and then
// measures for fifteen, also a minute at least.
func (r rateTrial) run(t *testing.T) (out rateOutcome) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{
			DiscardLedger: true, Rate: webextest.RateLimit{Requests: r.n, Window: r.window, RetryAfter: r.retryAfter},
		})
		c := newClient(t, s, func(c *client.Config) {
			c.Concurrency, c.Limits.Operations, c.MaxAttempts = r.concurrency, 1, 100
			c.HTTPClient = &http.Client{Transport: slowTransport{s.Transport(), r.latency}}
		})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range max(1, r.jobs) {
			wg.Go(func() {
				for res, err := range c.Run(ctx, &client.Job{Source: endless()}) {
					if ctx.Err() == nil && (err != nil || res.Status != http.StatusNotFound) {
						t.Errorf("%v %v", res, err)
					}
				}
			})
		}
		learning, measured := max(time.Minute, 5*r.window), max(time.Minute, 15*r.window)
		time.Sleep(learning)
		before := s.Stats()
		time.Sleep(measured)
		after := s.Stats()
		cancel()
		wg.Wait()
		requests, refused := after.Requests-before.Requests, after.Limited-before.Limited
		most := min(float64(r.n)/r.window.Seconds(), float64(r.concurrency)/r.latency.Seconds()) * measured.Seconds()
		out = rateOutcome{float64(requests-refused) / most, float64(refused) / float64(requests)}
	})
	return out
}

// endless is a source that always has more: deletions of users who are not
// there, the cheapest of operations.
func endless() iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		for i := 0; yield(client.Operation{Method: "DELETE", Path: fmt.Sprintf("/Users/u%d", i)}, nil); i++ {
		}
	}
}

// slowTransport is a transport with a way to go, half of the latency there and
// half back, each 20% more or less. So refusals, which the simulator gives at
// once, take their time too.
type slowTransport struct {
	http.RoundTripper
	latency time.Duration
}

// RoundTrip is that of the transport, later.
func (d slowTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	way := func() { time.Sleep(time.Duration(float64(d.latency) / 2 * (0.8 + 0.4*rand.Float64()))) }
	way()
	defer way()
	return d.RoundTripper.RoundTrip(r)
}

// TestLimiterLaw holds real jobs to the law, against the simulator's own
// limiter. The long form is TestLimiterGrid.
func TestLimiterLaw(t *testing.T) {
	t.Parallel()
	const latency = 50 * time.Millisecond
	trials := []rateTrial{
		{n: 10, window: time.Second, concurrency: 16},
		{n: 60, window: 10 * time.Second, concurrency: 1},
		{n: 300, window: 10 * time.Second, concurrency: 16, jobs: 3},
		{n: 60, window: time.Minute, concurrency: 4, jobs: 2},
	}
	if raced.On {
		trials = trials[:2]
	}
	for _, r := range trials {
		r.latency = latency
		o := r.run(t)
		t.Logf("%v: use %.3f, refused %.3f", r, o.use, o.refused)
		if !o.lawful() {
			t.Errorf("%v: use %.3f, refused %.3f", r, o.use, o.refused)
		}
	}
}

// rateRow sums up the trials of one limit.
type rateRow struct {
	trials, missed int
	least, use     float64
	most           float64 // refused
}

func (w *rateRow) add(o rateOutcome) {
	if w.trials++; !o.lawful() {
		w.missed++
	}
	if w.trials == 1 || o.use < w.least {
		w.least = o.use
	}
	w.use += o.use
	w.most = max(w.most, o.refused)
}

func (w *rateRow) String() string {
	return fmt.Sprintf("use at least %.3f, mean %.3f; refused at most %.3f; %d of %d miss the law",
		w.least, w.use/float64(w.trials), w.most, w.missed, w.trials)
}

// TestLimiterGrid runs the whole grid with -full: limits, windows, latencies,
// concurrencies and forms of Retry-After. What it asserts is what holds in
// every run: refusals stay under 5% everywhere; the mean use of each limit is
// 90% and more, and that of a single trial 80%, which the law misses where the
// concurrency hardly suffices for the limit or the header is coarser than the
// window (docs/testing.md has the figures).
func TestLimiterGrid(t *testing.T) {
	if !*full {
		return // TestLimiterLaw is the short form
	}
	date := func(left time.Duration) string {
		return time.Now().Add(left + time.Second - time.Nanosecond).UTC().Format(http.TimeFormat)
	}
	for _, form := range []struct {
		name       string
		retryAfter func(time.Duration) string
	}{{"seconds", nil}, {"date", date}, {"absent", func(time.Duration) string { return "" }}} {
		for _, n := range []int{10, 60, 300} {
			for _, window := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
				row := rateGrid(t, rateTrial{n: n, window: window, retryAfter: form.retryAfter})
				t.Logf("Retry-After %s, %d in %v: %v", form.name, n, window, row)
				if row.most >= lawRefused || row.use/float64(row.trials) < lawUse || row.least < 0.80 {
					t.Error("worse than it was")
				}
			}
		}
	}
}

func rateGrid(t *testing.T, r rateTrial) *rateRow {
	var row rateRow
	for _, r.latency = range []time.Duration{5 * time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond} {
		for _, r.concurrency = range []int{1, 4, 16} {
			o := r.run(t)
			row.add(o)
			if !o.lawful() {
				t.Logf("%v: use %.3f, refused %.3f", r, o.use, o.refused)
			}
		}
	}
	return &row
}
