package client_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/webextest"
)

// couples are users of whom each two manage each other: cycles.
func couples(n int) (ops []client.Operation) {
	for i := range n {
		a, b := fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i)
		ops = append(ops, create(a, manager(b)), create(b, manager(a)))
	}
	return ops
}

// Where a request is stopped in the middle of a cycle, what failed of it has
// failed, and what was left out of it is not tried again for nothing.
func TestBudgetIsExactWithCycles(t *testing.T) {
	budgets := []int{1, 5, 100}
	concurrencies := []int{1, 4, 16}
	if raced.On {
		budgets, concurrencies = []int{5}, []int{4}
	}
	for _, unattempted := range []int{0, 412, 409} {
		for _, budget := range budgets {
			for _, concurrency := range concurrencies {
				sc := scenario{job: client.Job{FailOnErrors: budget}}
				sc.service = webextest.Config{Latency: 5 * time.Millisecond, UnattemptedStatus: unattempted}
				sc.prepare = func(t *testing.T, s *webextest.Simulator) {
					for i := range 200 {
						add(t, s, fmt.Sprintf("%c%d", 'a'+i%2, i)) // the first of them, or the second
					}
					time.Sleep(time.Hour)
				}
				sc.config = func(c *client.Config) { c.Concurrency = concurrency }
				sc.run(t, couples(200), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
					failed := outcomes(results)[client.Failed]
					if n := refusals(s, 0); n != budget || failed != budget || !errors.Is(err, client.ErrBudget) {
						t.Errorf("%d of %d at %d: the service failed %d, %d results: %v", unattempted, budget, concurrency, n, failed, err)
					}
				})
			}
		}
	}
}

// The same for one cycle: one request, and what is not done has its reason.
func TestCycleThatTheBudgetStops(t *testing.T) {
	sc := scenario{job: client.Job{FailOnErrors: 1}}
	sc.prepare = func(t *testing.T, s *webextest.Simulator) { add(t, s, "a0"); time.Sleep(time.Hour) }
	sc.run(t, couples(1), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if requests(s) != 1 || results[0].Status != 409 || results[0].Outcome != client.Failed || results[1].Outcome != client.Skipped || !errors.Is(err, client.ErrBudget) {
			t.Errorf("%d requests, %v, %v", requests(s), results, err)
		}
		if skip, _ := errors.AsType[*client.SkippedError](results[1].Err); skip == nil || skip.BulkID != "a0" && !errors.Is(skip, client.ErrBudget) {
			t.Errorf("%v", results[1].Err)
		}
	})
}

// What was refused while what it refers to was put off is sent again, and
// counts each time that it is refused. In an ordered job nothing is done behind
// a failure, so that nothing is refused twice.
func TestBudgetCountsEachRefusal(t *testing.T) {
	for _, ordered := range []bool{true, false} {
		sc := scenario{prepare: seedEveryThird(300), job: client.Job{FailOnErrors: 10, Ordered: ordered}}
		sc.service.Faults = func(r *webextest.Request) *webextest.Fault {
			if r.Number > 4 {
				return nil
			}
			return webextest.RefuseItems(429, "u1")
		}
		ops := users(300)
		if !ordered { // each refers to the one that is put off
			for i := 2; i < len(ops); i++ {
				ops[i] = create(fmt.Sprintf("u%d", i), manager("u1"))
			}
		}
		sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			sent, failed := map[int]int{}, map[int]int{}
			for i := range results {
				for _, e := range s.Ledger() {
					if e.BulkID != ops[i].BulkID {
						continue
					}
					if sent[i]++; e.Effect == webextest.Failed && e.Status != 429 {
						failed[i]++
					}
				}
				if r := results[i]; (failed[i] > 0) != (r.Outcome == client.Failed) || failed[i] > 0 && (r.Attempts != sent[i] || r.Status != 409) {
					t.Errorf("ordered %v: operation %d was refused %d times: %v: %v", ordered, i, failed[i], results[i].Outcome, results[i].Err)
				}
			}
			if n := refusals(s, 0); n != 10 || !errors.Is(err, client.ErrBudget) {
				t.Errorf("ordered %v: the service failed %d: %v", ordered, n, err)
			}
			if ordered && failed[3] != 1 {
				t.Errorf("refused: %v", failed)
			}
		})
	}
}

// A 409 that tells of our own create is an error to the service, and so one to
// the budget, though the operation has succeeded.
func TestBudgetCountsWhatIsRecovered(t *testing.T) {
	sc := scenario{job: client.Job{FailOnErrors: 2}, prepare: func(t *testing.T, s *webextest.Simulator) {
		add(t, s, "u5")
		time.Sleep(time.Hour)
	}}
	sc.service.Latency, sc.service.ReadLag = time.Second, 4*time.Second // it is not found at first, and found before u5 is sent
	sc.script = []*webextest.Fault{webextest.CutAt(webextest.AfterWork)}
	sc.config = func(c *client.Config) { c.Limits.Operations, c.Concurrency = 1, 1 }
	sc.run(t, users(8), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		n := outcomes(results)
		if refusals(s, 0) != 2 || !results[0].Recovered || n[client.Failed] != 1 || n[client.Succeeded] != 5 || !errors.Is(err, client.ErrBudget) {
			t.Errorf("%d failed, %v, %v", refusals(s, 0), n, err)
		}
	})
}

// A service that goes on where it should have stopped costs the budget what it
// failed, and no request gets back more than it held.
func TestBudgetAndAServiceThatGoesOn(t *testing.T) {
	sc := scenario{job: client.Job{FailOnErrors: 10}}
	sc.service.Faults = func(r *webextest.Request) *webextest.Fault {
		if r.Operations[0].BulkID == "u20" {
			return webextest.Delay(time.Second)
		}
		return nil
	}
	sc.prepare = func(t *testing.T, s *webextest.Simulator) {
		for i := range 80 {
			if i < 8 || i >= 40 {
				add(t, s, fmt.Sprintf("u%d", i))
			}
		}
		time.Sleep(time.Hour)
	}
	sc.config = func(c *client.Config) {
		c.Concurrency, c.Limits.Operations = 2, 20
		c.HTTPClient = &http.Client{Transport: withoutBudget{c.HTTPClient.Transport}}
	}
	sc.run(t, users(80), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if n := outcomes(results); refusals(s, 0) != 10 || n[client.Succeeded] != 32 || n[client.Failed] != 10 || !errors.Is(err, client.ErrBudget) {
			t.Errorf("the service failed %d, %v: %v", refusals(s, 0), n, err)
		}
	})
}

// withoutBudget removes failOnErrors from the request that has u0.
type withoutBudget struct{ http.RoundTripper }

func (d withoutBudget) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return d.RoundTripper.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if bytes.Contains(body, []byte(`"bulkId":"u0"`)) {
		body = bytes.Replace(body, []byte(`"failOnErrors":3,`), nil, 1)
	}
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return d.RoundTripper.RoundTrip(r)
}

// The law at random: cycles and chains of users of whom many are taken, and
// operations that are put off.
func TestBudgetIsExactAtRandom(t *testing.T) {
	for seed := range int64(raced.Fewer(4, 12)) {
		rng := rand.New(rand.NewPCG(uint64(seed), 7))
		budget := []int{1, 3, 10, 100}[seed%4]
		sc := scenario{job: client.Job{FailOnErrors: budget, Ordered: seed%3 == 2}}
		sc.service = webextest.Config{Seed: seed, Latency: 5 * time.Millisecond, Chaos: webextest.Chaos{RefusedItems: .02}}
		sc.prepare = func(t *testing.T, s *webextest.Simulator) {
			for i := range 600 {
				if rng.IntN(3) == 0 {
					add(t, s, fmt.Sprintf("u%d", i))
				}
			}
			time.Sleep(time.Hour)
		}
		var ops []client.Operation
		for i := range 600 {
			ops = append(ops, create(fmt.Sprintf("u%d", i), manager(fmt.Sprintf("u%d", i/10*10+rng.IntN(10)))))
		}
		sc.config = func(c *client.Config) { c.Concurrency, c.MaxAttempts = 1<<rng.IntN(5), 50 }
		sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			if n := refusals(s, 0); n != budget || !errors.Is(err, client.ErrBudget) {
				t.Errorf("seed %d: the service failed %d of %d: %v", seed, n, budget, err)
			}
		})
	}
}
