package client_test

import (
	"errors"
	"fmt"
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
	if raced.On {
		budgets = []int{5, 101}
	}
	for _, unattempted := range []int{0, 412, 409} {
		for _, budget := range budgets {
			for _, concurrency := range []int{1, 4, 16} {
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
func TestServiceThatLeavesEverythingOut(t *testing.T) {
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
func TestRefusedCycleAndTheBudget(t *testing.T) {
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
