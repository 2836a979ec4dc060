package client_test

import (
	"context"
	"errors"
	"net/http"
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
func TestShortPatience(t *testing.T) {
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
