package client_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/webextest"
)

// seedEveryThird puts every third of n users into the service, so that it
// refuses them.
func seedEveryThird(n int) func(*testing.T, *webextest.Simulator) {
	return func(t *testing.T, s *webextest.Simulator) {
		for i := 0; i < n; i += 3 {
			add(t, s, fmt.Sprintf("u%d", i))
		}
		time.Sleep(time.Hour) // so that nobody takes them for the job's own
	}
}

// refusals counts what the budget is to count: the errors of operations in
// answers that could be read, each time. What is put off is no error yet.
func refusals(s *webextest.Simulator, since int) (n int) {
	isRead := map[int]bool{}
	for _, x := range s.Exchanges() {
		isRead[x.Number] = x.Status == 200 && !strings.Contains(x.Fault, "truncated") && !strings.Contains(x.Fault, "says")
	}
	for _, e := range s.Ledger()[since:] {
		if e.Effect == webextest.Failed && isRead[e.Request] && e.Status != 429 && e.Status != 503 && e.Status != 423 {
			n++
		}
	}
	return n
}

// Of n operations of which every third fails, the service fails as many as the
// budget allows and not one more, at any concurrency and however it tells of
// those that it left out. What it left out is sent later, or skipped.
func TestBudgetIsExact(t *testing.T) {
	const n = 360
	budgets := []int{1, 5, 100, 101, n / 3, 5000}
	concurrencies := []int{1, 4, 16}
	if raced.On {
		budgets, concurrencies = []int{5, 101}, []int{4}
	}
	for _, unattempted := range []int{0, 412, 409} {
		for _, budget := range budgets {
			for _, concurrency := range concurrencies {
				if unattempted > 0 && concurrency != 4 {
					continue // how it is told does not matter to the rest
				}
				sc := scenario{prepare: seedEveryThird(n), job: client.Job{FailOnErrors: budget}}
				sc.service = webextest.Config{Latency: 5 * time.Millisecond, UnattemptedStatus: unattempted}
				sc.config = func(c *client.Config) { c.Concurrency, c.Limits.Operations = concurrency, 5*concurrency }
				sc.run(t, users(n), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
					expected := min(budget, n/3)
					if got, told := refusals(s, 0), sc.job.Progress().Failed; got != expected || told != expected {
						t.Errorf("%d of %d at %d: the service failed %d, we counted %d", unattempted, budget, concurrency, got, told)
					}
					if stopped := budget <= n/3; stopped != errors.Is(err, client.ErrBudget) {
						t.Errorf("%d of %d at %d: error %v", unattempted, budget, concurrency, err)
					}
					for i, r := range results {
						u, _ := s.UserByName(fmt.Sprintf("u%d@example.com", i))
						if i%3 != 0 && (r.Outcome == client.Succeeded) != (u.ID() != "") {
							t.Errorf("operation %d: %v, and the service has %q", i, r.Outcome, u.ID())
						}
						if r.Outcome == client.Skipped && !errors.Is(r.Err, client.ErrBudget) {
							t.Errorf("operation %d: skipped: %v", i, r.Err)
						}
					}
				})
			}
		}
	}
}

// A request is stopped by its share of the budget while there is budget left:
// all else is done in the end.
func TestWhatWasLeftOutIsSentLater(t *testing.T) {
	for _, unattempted := range []int{0, 412, 409} {
		sc := scenario{prepare: seedEveryThird(60), service: webextest.Config{UnattemptedStatus: unattempted}, job: client.Job{FailOnErrors: 21}}
		sc.config = func(c *client.Config) { c.Concurrency = 16; c.Limits.Operations = 20 }
		sc.run(t, users(600), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			if err != nil {
				t.Error(err)
			}
			want(t, results, map[client.Outcome]int{client.Succeeded: 580, client.Failed: 20})
			for key, did := range effects(s, func(e webextest.Entry) string { return e.Key }) {
				done := 0
				for _, e := range did {
					if e == webextest.Created || e == webextest.Failed {
						done++
					}
				}
				if done != 1 {
					t.Errorf("%s: %v", key, did)
				}
			}
		})
	}
}

// The answer that is lost may have held failures: its share of the budget is
// kept until its operations are done, so that no other request spends it.
func TestBudgetHoldsWhenAnswersAreLost(t *testing.T) {
	for _, budget := range []int{1, 5, 30} {
		for seed := range int64(4) {
			sc := scenario{prepare: seedEveryThird(300), job: client.Job{FailOnErrors: budget}}
			sc.service = webextest.Config{Latency: 50 * time.Millisecond, Seed: seed, Chaos: webextest.Chaos{
				CutAfterWork: .2, LostGateway: .1, Truncate: .1, CutBeforeWork: .1, TooMany: .05, MaxDelay: time.Second,
			}}
			sc.config = func(c *client.Config) { c.Concurrency, c.MaxAttempts, c.Limits.Operations = 8, 20, 20 }
			sc.run(t, users(300), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
				if n := refusals(s, 0); n > budget || !errors.Is(err, client.ErrBudget) {
					t.Errorf("seed %d: %d of %d failed: %v", seed, n, budget, err)
				}
			})
		}
	}
}

// A service that leaves out everything, for failures that there are not, does
// not keep a job going for ever. Nothing was refused, so nothing counts.
func TestServiceThatLeavesAllOutEndsTheJob(t *testing.T) {
	for n, budget := range map[int]int{3: 50, 1: 1} {
		sc := scenario{job: client.Job{FailOnErrors: budget}}
		says := webextest.EachItem(func(it *webextest.Item) { it.Response = map[string]any{"detail": "failOnErrors count reached"} })
		sc.service.Faults = func(*webextest.Request) *webextest.Fault {
			return &webextest.Fault{Shape: says, RefuseItem: func(webextest.Operation) int { return 412 }}
		}
		sc.run(t, users(n), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			for _, r := range results {
				if r.Outcome != client.Skipped || r.Attempts > 10 {
					t.Errorf("%v after %d: %v", r.Outcome, r.Attempts, r.Err)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// What is put off counts once it is given up, as one.
func TestBudgetCountsWhatIsGivenUp(t *testing.T) {
	sc := scenario{job: client.Job{FailOnErrors: 3}}
	sc.service.Faults = func(*webextest.Request) *webextest.Fault { return webextest.RefuseItems(429, "u1", "u3", "u5", "u7") }
	sc.config = func(c *client.Config) { c.Concurrency, c.Limits.Operations = 1, 2 }
	sc.run(t, users(20), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if n := outcomes(results); n[client.Failed] != 3 || n[client.Succeeded]+n[client.Skipped] != 17 || !errors.Is(err, client.ErrBudget) {
			t.Errorf("%v, %v", n, err)
		}
	})
}

func TestNegativeBudget(t *testing.T) {
	sc := scenario{job: client.Job{FailOnErrors: -1}}
	sc.run(t, nil, func(t *testing.T, s *webextest.Simulator, _ []client.Result, err error) {
		if err == nil {
			t.Error("accepted")
		}
	})
}

// What is unknown may have failed: the budget holds all the same.
func TestUnknownOutcomesHoldTheBudget(t *testing.T) {
	for _, budget := range []int{1, 2, 3, 10} {
		sc := scenario{prepare: seedEveryThird(300), job: client.Job{FailOnErrors: budget}}
		sc.service.Latency = 10 * time.Millisecond
		sc.script = []*webextest.Fault{webextest.CutAt(webextest.AfterWork)}
		for range 1000 {
			sc.searches = append(sc.searches, webextest.Refuse(403, ""))
		}
		sc.config = func(c *client.Config) { c.Concurrency, c.Limits.Operations = 2, 10 }
		sc.run(t, users(300), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			if n := s.Stats().Failed; n > budget || !errors.Is(err, client.ErrBudget) {
				t.Errorf("%d of %d failed: %v", n, budget, err)
			}
		})
	}
}

// A cycle that is refused whole can't be divided; of its operations no more
// fail than the budget allows.
func TestRefusedCycleKeepsTheBudget(t *testing.T) {
	for budget := range 5 {
		sc := scenario{job: client.Job{FailOnErrors: budget}}
		sc.service.Faults = webextest.RefuseIf(400, func(op webextest.Operation) bool { return op.BulkID == "b" })
		ops := []client.Operation{create("a", manager("b")), create("b", manager("c")), create("c", manager("a"))}
		sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			n := outcomes(results)
			if failed := n[client.Failed]; budget > 0 && failed > budget || failed == 0 || failed+n[client.Skipped] != 3 || errors.Is(err, client.ErrBudget) != (failed == budget) {
				t.Errorf("budget %d: %v, %v", budget, n, err)
			}
		})
	}
}

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
func TestCycleIsStoppedByTheBudget(t *testing.T) {
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
func TestBudgetHoldsWhereTheServiceGoesOn(t *testing.T) {
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

// What a request sends once more carries what is left of its share of the
// budget, not all of it again.
func TestShareIsSpentOnce(t *testing.T) {
	sc := scenario{job: client.Job{FailOnErrors: 3}, script: []*webextest.Fault{webextest.RefuseItems(429, "u1")}}
	sc.prepare = func(t *testing.T, s *webextest.Simulator) {
		seedEveryThird(1)(t, s) // u0
		for _, name := range []string{"u3", "u4", "u5", "u6", "u7"} {
			add(t, s, name)
		}
	}
	sc.config = func(c *client.Config) { c.Concurrency = 1 }
	sc.run(t, users(20), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if n := outcomes(results); n[client.Failed] != 3 || refusals(s, 0) != 3 {
			t.Errorf("%v, the service failed %d", n, refusals(s, 0))
		}
	})
}
