package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// scenario runs operations against a service in a bubble of its own.
type scenario struct {
	service webextest.Config
	script  []*webextest.Fault
	config  func(*client.Config)
	job     client.Job
}

func (sc *scenario) run(t *testing.T, ops []client.Operation, check func(*testing.T, *webextest.Simulator, []client.Result, error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if sc.service.Latency == 0 {
			sc.service.Latency = time.Millisecond
		}
		s := webextest.New(sc.service)
		s.Script(sc.script...)
		results, err := newClient(t, s, sc.config).DoJob(t.Context(), &sc.job, ops...)
		check(t, s, results, err)
	})
}

func outcomes(results []client.Result) map[client.Outcome]int {
	count := map[client.Outcome]int{}
	for _, r := range results {
		count[r.Outcome]++
	}
	return count
}

func TestPoisonIsIsolated(t *testing.T) {
	for _, status := range []int{400, 422, 413} {
		sc := scenario{service: webextest.Config{Faults: webextest.Poison(status, func(op webextest.Operation) bool { return op.BulkID == "u42" })}}
		sc.run(t, users(1000), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			if n := outcomes(results); err != nil || n[client.Succeeded] != 999 || results[42].Outcome != client.Failed {
				t.Errorf("%d: %v, %v, %v", status, n, results[42].Err, err)
			}
			if n := requests(s); n > 10+14 && status != 413 || n > 80 {
				t.Errorf("%d: %d requests", status, n)
			}
			t.Log(status, requests(s))
		})
	}
}

func TestPayloadLimitIsLearnt(t *testing.T) {
	sc := scenario{service: webextest.Config{MaxPayload: 5000}}
	sc.run(t, users(1000), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if n := outcomes(results); err != nil || n[client.Succeeded] != 1000 {
			t.Errorf("%v %v", n, err)
		}
		t.Log(requests(s), s.Stats())
	})
}

func TestReferencesLeftToAServiceThatGetsThemWrong(t *testing.T) {
	sc := scenario{
		service: webextest.Config{LastReferenceOnly: true},
		config:  func(c *client.Config) { c.ResolveReferences = true },
	}
	ops := []client.Operation{{Method: "POST", Path: "/Groups", BulkID: "g", Data: json.RawMessage(
		`{"schemas":["` + client.SchemaGroup + `"],"displayName":"g","members":[{"value":"bulkId:u1"},{"value":"bulkId:u2"},{"value":"bulkId:u3"}]}`)}}
	sc.run(t, append(ops, users(5)...), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if n := outcomes(results); err != nil || n[client.Succeeded] != 6 {
			t.Errorf("%v %v", n, err)
		}
		if err := s.Check(); err != nil {
			t.Error(err)
		}
	})
}

func TestCircles(t *testing.T) {
	circle := func(n int) (ops []client.Operation) {
		for i := range n {
			ops = append(ops, create(fmt.Sprintf("c%d", i), manager(fmt.Sprintf("c%d", (i+1)%n))))
		}
		return ops
	}
	for _, n := range []int{1, 2, 100, 101} {
		sc := scenario{}
		sc.run(t, append(circle(n), users(50)...), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			count := outcomes(results)
			want := n + 50
			if n > 100 {
				want = 50
				if !errors.Is(results[0].Err, client.ErrCircle) || !strings.Contains(results[0].Err.Error(), `"c0"`) {
					t.Errorf("%v", results[0].Err)
				}
			}
			if err != nil || count[client.Succeeded] != want {
				t.Errorf("circle of %d: %v %v %v", n, count, err, results[0].Err)
			}
			if err := s.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCauseReachesThroughAnyDepth(t *testing.T) {
	ops := []client.Operation{create("u0"), create("u1", manager("u0")), create("u2", manager("u1"))}
	sc := scenario{config: func(c *client.Config) { c.ResolveReferences = true }}
	sc.service.Faults = func(r *webextest.Request) *webextest.Fault {
		return &webextest.Fault{Item: func(op webextest.Operation) int {
			if op.BulkID == "u0" {
				return 403
			}
			return 0
		}}
	}
	sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		said, ok := errors.AsType[*client.ResponseError](results[2].Err)
		if !ok || said.Status != 403 || results[2].Outcome != client.Skipped {
			t.Errorf("%v %v", results[2].Outcome, results[2].Err)
		}
	})
}

func TestOrderedJobKeepsTheOrder(t *testing.T) {
	sc := scenario{job: client.Job{Ordered: true}}
	var ops []client.Operation
	for i := range 250 {
		ops = append(ops, create("ann"+fmt.Sprint(i%3)), client.Operation{Method: "DELETE", Path: "/Users/bulkId:x"})
		ops[len(ops)-2].BulkID = fmt.Sprintf("b%d", i)
		ops[len(ops)-1].Path = fmt.Sprintf("/Users/bulkId:b%d", i)
	}
	sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if n := outcomes(results); err != nil || n[client.Succeeded] != 500 || requests(s) != 5 {
			t.Errorf("%v %v in %d requests", n, err, requests(s))
		}
	})
}

func TestTransientItemsGoAlone(t *testing.T) {
	sc := scenario{script: []*webextest.Fault{webextest.Busy(429, "u3", "u5"), webextest.Busy(503, "u3")}}
	sc.run(t, users(10), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if n := outcomes(results); err != nil || n[client.Succeeded] != 10 {
			t.Errorf("%v %v", n, err)
		}
		if results[3].Attempts != 3 || results[5].Attempts != 2 || results[4].Attempts != 1 {
			t.Errorf("attempts %d %d %d", results[3].Attempts, results[5].Attempts, results[4].Attempts)
		}
	})
}

func TestFreshTokenOnce(t *testing.T) {
	sc := scenario{service: webextest.Config{Token: "t0", Tokens: []string{"t1", "t2", "t3", "t4", "t5"}, TokenUses: 3}}
	var asked atomic.Int64
	sc.config = func(c *client.Config) {
		c.Concurrency = 1
		c.Token = func(_ context.Context, refused string) (string, error) {
			if refused != "" {
				asked.Add(1)
			}
			return fmt.Sprintf("t%d", asked.Load()), nil
		}
	}
	sc.run(t, users(1500), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if n := outcomes(results); err != nil || n[client.Succeeded] != 1500 {
			t.Errorf("%v %v", n, err)
		}
	})
}

func TestLeavingTheLoopLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Second})
		c := newClient(t, s, nil)
		for range c.Run(t.Context(), &client.Job{Source: client.Operations(users(2000)...)}) {
			break
		}
	}) // synctest fails if a goroutine is left
}

func TestDeadServiceEndsTheJob(t *testing.T) {
	for _, fault := range []*webextest.Fault{webextest.Refuse(503, ""), webextest.Refuse(429, "1"), webextest.CutAt(webextest.OnDial)} {
		sc := scenario{service: webextest.Config{Faults: func(*webextest.Request) *webextest.Fault { return fault }}}
		sc.run(t, users(1000), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			if n := outcomes(results); !errors.Is(err, client.ErrUnavailable) || n[client.Skipped] != 1000 {
				t.Errorf("%v %v %v", n, err, results[0].Err)
			}
			t.Log(requests(s), err)
		})
	}
}
