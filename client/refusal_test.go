package client_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

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
