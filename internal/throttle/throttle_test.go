package throttle

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// must lets a caller in or fails the test.
func must(t *testing.T, g *Throttle) *Pass {
	t.Helper()
	p, err := g.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What is not above zero means the default.
func TestDefaults(t *testing.T) {
	c := Config{Concurrency: -1, MaxWait: -1, MaxTotal: -1}.withDefaults()
	if c.Concurrency != DefaultConcurrency || c.MaxWait != DefaultMaxWait || c.MaxTotal != DefaultMaxTotal {
		t.Errorf("%+v", c)
	}
}

// A service that never refuses is never slowed: the clock does not move,
// however many requests.
func TestNeverSlowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, start := New(Config{}), time.Now()
		for range 10_000 {
			must(t, g).Accepted()
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("waited %v", d)
		}
		if s := g.State(); s.Accepted != 10_000 || s.Rate != 0 || s.InFlight != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// Concurrency bounds what is out, and callers are served in the order they
// came.
func TestCallersAreServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Config{Concurrency: 3})
		var out, most atomic.Int64
		var mu sync.Mutex
		var order []int
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				p := must(t, g)
				most.Store(max(most.Load(), out.Add(1)))
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				time.Sleep(time.Second)
				out.Add(-1)
				p.Accepted()
			})
			synctest.Wait()
		}
		if s := g.State(); s.Waiting != 47 || s.InFlight != 3 || s.Limit != 3 {
			t.Errorf("%+v", s)
		}
		wg.Wait()
		for i, got := range order { // three leave at a time, and note so in any order
			if got/3 != i/3 {
				t.Fatalf("caller %d was served as number %d", got, i)
			}
		}
		if most.Load() != 3 {
			t.Errorf("%d at once", most.Load())
		}
	})
}

// One worker's refusal holds all, for exactly as long as the service asks.
func TestOneRefusalHoldsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Config{Concurrency: 8, Rand: func() float64 { return 0 }})
		start := time.Now()
		must(t, g).Refused("120")
		if got := g.State().ClosedUntil.Sub(start); got != 2*time.Minute {
			t.Fatalf("closed for %v", got)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				p := must(t, g)
				if d := time.Since(start); d < 2*time.Minute {
					t.Errorf("let through after %v", d)
				}
				p.Accepted()
			})
		}
		synctest.Wait()
		if got := g.State().Waiting; got != 8 {
			t.Errorf("%d waiting", got)
		}
		wg.Wait()
		if d := time.Since(start); d > 2*time.Minute+time.Second {
			t.Errorf("done after %v only", d)
		}
	})
}

// A caller whose context ends leaves at once with the context's error; its
// place is taken by the next, and what it may have been given in the same
// moment is given back.
func TestCanceledCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Config{Concurrency: 1})
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := g.Enter(ended); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		held := must(t, g)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Millisecond)
			wg.Go(func() {
				defer cancel()
				if _, err := g.Enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		wg.Wait()
		if d := time.Since(start); d != 99*time.Millisecond {
			t.Errorf("left after %v", d)
		}
		if s := g.State(); s.Waiting != 0 || s.InFlight != 1 {
			t.Errorf("%+v", s)
		}
		held.Accepted()
		must(t, g).Accepted()
	})
}

// Cancelling the first in a closed throttle's queue does not leave the others
// without somebody to wake them.
func TestCanceledFirstCallerWakesTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Config{Rand: half})
		must(t, g).Refused("10")
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = g.Enter(ctx) }()
		synctest.Wait()
		start := time.Now()
		time.AfterFunc(time.Second, cancel)
		must(t, g).Accepted()
		if d := time.Since(start); d != 10250*time.Millisecond {
			t.Errorf("after %v", d)
		}
	})
}

// A service that only refuses ends the waiting: all callers get the same error,
// and a later one may try again.
func TestTooLongForAllCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, start := New(Config{MaxWait: time.Minute, MaxTotal: 10 * time.Minute}), time.Now()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					p, err := g.Enter(t.Context())
					if err != nil {
						if !errors.Is(err, ErrTooLong) {
							t.Error(err)
						}
						return
					}
					time.Sleep(50 * time.Millisecond)
					p.Refused("3600")
				}
			})
		}
		wg.Wait()
		if d := time.Since(start); d < 10*time.Minute || d > 11*time.Minute {
			t.Errorf("gave up after %v", d)
		}
		if s := g.State(); s.Waiting != 0 || s.InFlight != 0 {
			t.Errorf("%+v", s)
		}
		time.Sleep(2 * time.Minute)
		must(t, g).Accepted()
	})
}

// A pass counts once, by what is said first.
func TestPassCountsOnce(t *testing.T) {
	g := New(Config{})
	p := must(t, g)
	p.Accepted()
	p.Refused("1000")
	p.Dropped()
	p.Unused()
	if s := g.State(); s.Accepted != 1 || s.Refused+s.Dropped+s.InFlight != 0 || !s.ClosedUntil.IsZero() {
		t.Errorf("%+v", s)
	}
	must(t, g).Unused()
	must(t, g).Unavailable("1000")
	if s := g.State(); s.Accepted != 1 || s.Refused != 1 || s.InFlight != 0 || s.ClosedUntil.IsZero() {
		t.Errorf("%+v", s)
	}
}

// Many goroutines that are refused, dropped and canceled at random leave a
// throttle with nobody in it. This is for the race detector.
func TestManyCallersLeaveNobody(t *testing.T) {
	g := New(Config{Concurrency: 5, MaxWait: 100 * time.Microsecond})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for j := range 50 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*j)*time.Microsecond)
				p, err := g.Enter(ctx)
				if err == nil {
					[]func(){p.Accepted, p.Accepted, p.Dropped, p.Unused, func() { p.Refused("0.00001") }}[(i+j)%5]()
				}
				cancel()
				_ = g.State()
			}
		})
	}
	wg.Wait()
	if s := g.State(); s.InFlight != 0 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

// BenchmarkEnter shows what the throttle costs a request where it does not hold
// it back.
func BenchmarkEnter(b *testing.B) {
	g := New(Config{})
	for b.Loop() {
		p, _ := g.Enter(context.Background())
		p.Accepted()
	}
}
