package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
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
	return fmt.Sprintf(`%q:{"manager":{"value":"bulkId:%s"}}`, client.SchemaEnterpriseUser, bulkID)
}

// run collects the results of a job and checks the law that holds for every
// one: each operation that was read has one fate.
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
		if _, twice := results[res.Index]; twice {
			t.Errorf("operation %d has two results", res.Index)
		}
		if (res.Err == nil) != (res.Outcome == client.Succeeded) {
			t.Errorf("operation %d: %v with error %v", res.Index, res.Outcome, res.Err)
		}
		results[res.Index] = res
	}
	if p := job.Progress(); p.Read != len(results) || p.Done() != p.Read {
		t.Errorf("read %d, results %d, counted %d", p.Read, len(results), p.Done())
	}
	return results, stop
}

func requests(s *webextest.Simulator) (n int) {
	for _, e := range s.Exchanges() {
		if e.Method == "POST" {
			n++
		}
	}
	return n
}

func TestRequestsAreFilled(t *testing.T) {
	for _, n := range []int{0, 1, 100, 101, 250, 1000} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Latency: time.Millisecond})
			results, err := newClient(t, s, nil).Do(t.Context(), users(n)...)
			if err != nil {
				t.Fatal(err)
			}
			for i, res := range results {
				if u, _ := s.User(res.Location.ID); u.UserName() != fmt.Sprintf("u%d@example.com", i) {
					t.Fatalf("result %d: %+v", i, res)
				}
			}
			if got := requests(s); got != (n+99)/100 {
				t.Errorf("%d operations took %d requests", n, got)
			}
			if err := s.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestGroupOf150NewUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		ops := users(150)
		members := ""
		for i := range 150 {
			members += fmt.Sprintf(`,{"value":"bulkId:u%d"}`, i)
		}
		ops = append(ops, client.Operation{Method: "POST", Path: "/Groups", BulkID: "g", Data: json.RawMessage(
			`{"schemas":["` + client.SchemaGroup + `"],"displayName":"all","members":[` + members[1:] + `]}`)})
		results, err := newClient(t, s, nil).Do(t.Context(), ops...)
		if err != nil {
			t.Fatal(err)
		}
		g, _ := s.Group(results[150].Location.ID)
		if n := len(g.Members()); n != 150 {
			t.Errorf("%d members", n)
		}
		if err := s.Check(); err != nil {
			t.Error(err)
		}
	})
}

func TestBudgetIsExact(t *testing.T) {
	for _, budget := range []int{1, 5, 100, 101, 130, 5000} {
		for _, concurrency := range []int{1, 4, 16} {
			synctest.Test(t, func(t *testing.T) {
				s := webextest.New(webextest.Config{Latency: 5 * time.Millisecond})
				var ops []client.Operation
				for i := range 2000 {
					if i%3 == 0 {
						if _, err := s.Add("/Users", user(fmt.Sprintf("u%d", i))); err != nil {
							t.Fatal(err)
						}
					}
					ops = append(ops, create(fmt.Sprintf("u%d", i)))
				}
				c := newClient(t, s, func(c *client.Config) { c.Concurrency = concurrency })
				job := &client.Job{Source: client.Operations(ops...), FailOnErrors: budget}
				results, err := run(t, c, job)
				failed := 0
				for _, e := range s.Ledger() {
					if e.Effect == webextest.Failed {
						failed++
					}
				}
				if want := min(budget, 667); failed != want || job.Progress().Failed != want {
					t.Errorf("budget %d at concurrency %d: the service failed %d, we counted %d", budget, concurrency, failed, job.Progress().Failed)
				}
				if (budget < 667) != errors.Is(err, client.ErrBudget) {
					t.Errorf("budget %d: error %v", budget, err)
				}
				_ = results
			})
		}
	}
}

// chaos is a source of trouble of every kind.
var chaos = webextest.Chaos{
	CutBeforeBody: .03, CutBeforeWork: .03, CutAfterWork: .03, CutInAnswer: .03,
	TooMany: .03, Locked: .01, Unavailable: .02, Internal: .01, BadGateway: .02, LostGateway: .03, LostTimeout: .02,
	Truncate: .02, Page: .02, Shuffle: .2, Busy: .01,
	RetryAfter: []string{"1", "", "rand(3),add(1)", "-5", "0"}, MaxDelay: 300 * time.Millisecond,
}

func organisation(n int) iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		for i := range n {
			op := create(fmt.Sprintf("u%d", i))
			if i%10 != 0 {
				op = create(fmt.Sprintf("u%d", i), manager(fmt.Sprintf("u%d", i/10*10)))
			}
			if i%50 == 7 {
				op = client.Operation{Method: "POST", Path: "/Groups", BulkID: fmt.Sprintf("u%d", i), Data: json.RawMessage(fmt.Sprintf(
					`{"schemas":[%q],"displayName":"g%d","externalId":"x%d","members":[{"value":"bulkId:u%d"},{"value":"bulkId:u%d"}]}`,
					client.SchemaGroup, i, i, i-7, i+1))}
			}
			if !yield(op, nil) {
				return
			}
		}
	}
}

func TestChaos(t *testing.T) {
	for seed := range int64(5) {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Latency: 20 * time.Millisecond, ReadLag: 3 * time.Second, Chaos: chaos, Seed: seed})
			c := newClient(t, s, func(c *client.Config) { c.Concurrency = 8; c.MaxAttempts = 20 })
			n := 3000
			job := &client.Job{Source: organisation(n)}
			results, err := run(t, c, job)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				if results[i].Outcome != client.Succeeded {
					t.Errorf("seed %d, operation %d: %v %v", seed, i, results[i].Outcome, results[i].Err)
				}
			}
			for _, e := range s.Ledger() {
				if e.Effect == webextest.Created && e.Key != "" && s.Created(e.Key)+s.GroupsCreated(e.Key) != 1 {
					t.Errorf("seed %d: %s was created %d times", seed, e.Key, s.Created(e.Key))
				}
			}
			if err := s.Check(); err != nil {
				t.Error(err)
			}
			t.Logf("seed %d: %+v", seed, job.Progress())
		})
	}
}

func TestCancellationSkipsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Second})
		c := newClient(t, s, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		results, err := c.Do(ctx, users(5000)...)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		count := map[client.Outcome]int{}
		for _, r := range results {
			count[r.Outcome]++
		}
		if count[client.Succeeded] != 1200 || count[client.Skipped] != 3800 {
			t.Errorf("%v", count)
		}
	})
}
