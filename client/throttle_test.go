package client_test

import (
	"context"
	"errors"
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

// uneven answers don't come in the same instant: what leaves in the instant of
// a refusal can't have known of it.
var uneven = webextest.Chaos{MaxDelay: 50 * time.Millisecond}

// Whatever form Retry-After has, the request that is refused is the last for as
// long as the service means, for all workers, and never for longer than
// MaxWait.
func TestOneRefusalHoldsAll(t *testing.T) {
	t.Parallel()
	in := func(d time.Duration) func() string {
		return func() string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	}
	is := func(text string) func() string { return func() string { return text } }
	for _, c := range []struct {
		name        string
		header      func() string
		least, most time.Duration
	}{
		{"absent", is(""), 0, time.Second},
		{"seconds", is("20"), 20 * time.Second, 22 * time.Second},
		{"a fraction", is("1.5"), 1500 * time.Millisecond, 3 * time.Second},
		{"zero", is("0"), 0, time.Second},
		{"negative", is("-5"), 0, time.Second},
		{"a date", in(20 * time.Second), 19 * time.Second, 22 * time.Second},
		{"the past", in(-time.Hour), 0, time.Second},
		{"194 seconds", is("194"), 50 * time.Second, 51 * time.Second},
		{"a year", is("31536000"), 50 * time.Second, 51 * time.Second},
		{"beyond all numbers", is("99999999999999999999999"), 50 * time.Second, 51 * time.Second},
		{"as seen live", is("rand(20),add(20)"), 20 * time.Second, 43 * time.Second},
		{"no sense", is("soon, perhaps"), 0, time.Second},
	} {
		for _, status := range []int{429, 423, 503} {
			synctest.Test(t, func(t *testing.T) {
				s := webextest.New(webextest.Config{Latency: 100 * time.Millisecond, Chaos: uneven, Faults: func(r *webextest.Request) *webextest.Fault {
					if r.Number == 6 {
						return webextest.Refuse(status, c.header())
					}
					return nil
				}})
				client := newClient(t, s, func(cfg *client.Config) { cfg.Concurrency, cfg.MaxWait, cfg.Limits.Operations = 8, 50*time.Second, 10 })
				results, err := client.Do(t.Context(), users(200)...)
				if n := outcomes(results); err != nil || len(n) != 1 {
					t.Errorf("%v %v", n, err)
				}
				var refused time.Time
				next := time.Hour
				for _, x := range s.Exchanges() {
					if x.Status == status {
						refused = x.End
					}
				}
				for _, x := range s.Exchanges() {
					if x.Start.After(refused) {
						next = min(next, x.Start.Sub(refused))
					}
				}
				if hasty := s.Stats().Hasty > 0 && c.most < 50*time.Second; next < c.least || next > c.most || hasty {
					t.Errorf("%d, %s: the next request came after %v, %d too early", status, c.name, next, s.Stats().Hasty)
				}
			})
		}
	}
}

// Lookups ask the same service: they wait at the same throttle, and close it.
func TestLookupsUseTheThrottle(t *testing.T) {
	sc := scenario{script: []*webextest.Fault{webextest.CutAt(webextest.AfterWork)}}
	sc.searches = []*webextest.Fault{webextest.Refuse(429, "20"), webextest.Refuse(503, "5")}
	sc.service.Latency, sc.service.Chaos = 2*time.Second, uneven
	sc.all(t, users(1000), func(t *testing.T, s *webextest.Simulator, results []client.Result) {
		if st := s.Stats(); st.Hasty > 0 || st.Searches == 0 {
			t.Errorf("%+v", st)
		}
	})
}

// A service that is now and then unavailable is no slower for it: unlike a 429,
// it says nothing about a rate.
func TestUnavailableDoesNotSlowDown(t *testing.T) {
	took := map[int]time.Duration{}
	for _, status := range []int{429, 503} {
		sc := scenario{service: webextest.Config{Latency: 10 * time.Millisecond}}
		sc.service.Faults = func(r *webextest.Request) *webextest.Fault {
			if r.Number%20 == 0 {
				return webextest.Refuse(status, "0.1")
			}
			return nil
		}
		sc.config = func(c *client.Config) { c.Concurrency = 4; c.Limits.Operations = 1 }
		sc.all(t, users(raced.Fewer(400, 800)), func(t *testing.T, s *webextest.Simulator, _ []client.Result) {
			all := s.Exchanges()
			took[status] = all[len(all)-1].End.Sub(all[0].Start)
		})
	}
	if took[503] > 10*time.Second || took[503]*2 > took[429] {
		t.Errorf("%v", took)
	}
}

// Waiting ends with the job.
func TestWaitsAreCancellable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Faults: func(*webextest.Request) *webextest.Fault { return webextest.Refuse(429, "50") }})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		results, err := newClient(t, s, nil).Do(ctx, users(1000)...)
		if took := time.Since(began); took != 5*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v after %v", err, took)
		}
		want(t, results, map[client.Outcome]int{client.Skipped: 1000})
	})
}

// A service that only ever asks for patience ends the job after MaxTotalWait.
func TestWaitsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Faults: func(*webextest.Request) *webextest.Fault { return webextest.Refuse(503, "20") }})
		c := newClient(t, s, func(c *client.Config) { c.MaxAttempts, c.MaxTotalWait = 1000, 10*time.Minute })
		began := time.Now()
		_, err := c.Do(t.Context(), users(1000)...)
		if took := time.Since(began); !errors.Is(err, client.ErrUnavailable) || took < 9*time.Minute || took > 11*time.Minute {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// A service that asks for a longer wait than the job may have is waited for
// that long all the same.
func TestLongWaitOfTheServiceIsKept(t *testing.T) {
	sc := scenario{script: []*webextest.Fault{webextest.Refuse(429, "100")}, config: func(c *client.Config) { c.MaxTotalWait = time.Minute }}
	sc.all(t, users(3), func(t *testing.T, s *webextest.Simulator, _ []client.Result) {
		all := s.Exchanges()
		if waited := all[1].Start.Sub(all[0].End); waited < 59*time.Second || waited > time.Minute {
			t.Errorf("waited for %v", waited)
		}
	})
}

// While the service takes other requests, one that is asked to wait is not
// given up.
func TestOneUnluckyRequestIsNoDeadService(t *testing.T) {
	sc := scenario{config: func(c *client.Config) { c.MaxAttempts, c.Limits.Operations = 2, 20 }}
	sc.service.Faults = func(r *webextest.Request) *webextest.Fault {
		for _, op := range r.Operations {
			if op.BulkID == "u150" && r.Number < 20 {
				return webextest.Refuse(503, "1")
			}
		}
		return nil
	}
	sc.all(t, users(600), nil)
}

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
