package throttle

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/internal/raced"
)

// The law: under a limit of n requests a window, at least 90% of what could be
// had is had, and fewer than 5% of the requests are refused, once the throttle
// has learned.
const (
	lawUse     = 0.90
	lawRefused = 0.05
)

// trial is a service with a limit and a client that always has more to send.
type trial struct {
	kind        string
	n           int
	window      time.Duration
	latency     time.Duration
	concurrency int
	header      func(time.Duration) string
}

// outcome counts what the limiter saw after the learning.
type outcome struct {
	use, refused float64 // of what limit and latency allow; of all requests
}

func (o outcome) lawful() bool { return o.use >= lawUse && o.refused < lawRefused }

func (c trial) judge(accepted, refused int, measured time.Duration) outcome {
	most := min(float64(c.n)/c.window.Seconds(), float64(c.concurrency)/c.latency.Seconds()) * measured.Seconds()
	return outcome{float64(accepted) / most, float64(refused) / math.Max(1, float64(accepted+refused))}
}

// underway is a request between its leaving and its answer: first on its way to
// the limiter, then back.
type underway struct {
	at     time.Time // when it arrives
	ticket ticket
	back   bool
	ok     bool
	header string
}

// simulate runs the core against a limiter without a goroutine: time goes from
// event to event. The way there varies by 20%. seen is told what the limiter
// decided, and when.
func simulate(c trial, l limiter, rnd *rand.Rand, start time.Time, length time.Duration, seen func(time.Time, bool)) {
	g := newCore(Config{Concurrency: c.concurrency, Rand: rnd.Float64})
	var all []underway
	for now := start; now.Before(start.Add(length)); {
		var wake time.Time
		for len(all) < c.concurrency {
			wait, ok := g.decide(now)
			if !ok {
				wake = now.Add(wait)
				break
			}
			way := time.Duration(float64(c.latency) / 2 * (0.8 + 0.4*rnd.Float64()))
			all = append(all, underway{at: now.Add(way), ticket: g.take(now)})
		}
		i := first(all)
		if i < 0 || wake.After(now) && wake.Before(all[i].at) {
			now = wake
			continue
		}
		one := &all[i]
		now = one.at
		if !one.back {
			ok, wait := l.ask(now)
			seen(now, ok)
			one.back, one.ok, one.header, one.at = true, ok, c.header(wait), now.Add(c.latency/2)
			continue
		}
		if one.ok {
			g.accept(one.ticket, now)
		} else {
			g.refuse(one.ticket, now, one.header, true)
		}
		all = append(all[:i], all[i+1:]...)
	}
}

// first is the index of the request that arrives next, -1 when there is none.
func first(all []underway) int {
	next := -1
	for i := range all {
		if next < 0 || all[i].at.Before(all[next].at) {
			next = i
		}
	}
	return next
}

// run lets a trial learn and then measures.
func (c trial) run(seed uint64) outcome {
	rnd := rand.New(rand.NewPCG(seed, 8))
	learning, measured := max(40*time.Second, 5*c.window), max(30*time.Second, 15*c.window)
	start := noon.Add(time.Duration(rnd.Float64() * float64(c.window)))
	var accepted, refused int
	simulate(c, newLimiter(c.kind, c.n, c.window), rnd, start, learning+measured, func(now time.Time, ok bool) {
		switch {
		case now.Before(start.Add(learning)):
		case ok:
			accepted++
		default:
			refused++
		}
	})
	return c.judge(accepted, refused, measured)
}

// TestUsesNinetyPercent runs every other trial of a grid: kinds of limiters,
// limits, windows, latencies, concurrencies, with a Retry-After in whole
// seconds and without any. With Retry-After, fixed windows and token buckets
// keep the law in every trial here; over other seeds, 3 of 810 trials of fixed
// windows come out between 0.88 and 0.90, and of sliding windows 3% between
// 0.85 and 0.90, mostly where concurrency and latency hardly suffice for the
// limit, since a closing halves the concurrency. Without Retry-After 1 to 2%
// miss it, the worst with 0.64: an estimate that fell too low is slow to come
// back. With -v, what misses the law is listed.
func TestUsesNinetyPercent(t *testing.T) {
	if raced.On {
		t.Skip("measures one goroutine; TestUsesNinetyPercentThroughEnter has several")
	}
	for _, c := range []struct {
		kind     string
		header   func(time.Duration) string
		name     string
		mayMiss  float64 // of the trials
		leastUse float64
		refused  float64
	}{
		{"fixed window", wholeSeconds, "Retry-After", 0, lawUse, lawRefused},
		{"token bucket", wholeSeconds, "Retry-After", 0, lawUse, lawRefused},
		{"window from the first", wholeSeconds, "Retry-After", 0.05, 0.87, lawRefused},
		{"sliding window", wholeSeconds, "Retry-After", 0.05, 0.87, lawRefused},
		{"fixed window", noHeader, "no header", 0.05, 0.5, lawRefused},
		{"token bucket", noHeader, "no header", 0.05, 0.5, lawRefused},
		{"window from the first", noHeader, "no header", 0.05, 0.5, lawRefused},
		{"sliding window", noHeader, "no header", 0.05, 0.5, lawRefused},
	} {
		t.Run(c.kind+", "+c.name, func(t *testing.T) {
			trials, missed := 0, 0
			least, most, use := outcome{use: 9}, outcome{}, 0.0
			for i, one := range grid(c.kind, c.header) {
				if i%2 != 0 {
					continue
				}
				trials++
				o := one.run(uint64(i + 1))
				least.use, most.refused = min(least.use, o.use), max(most.refused, o.refused)
				use += o.use
				if !o.lawful() {
					missed++
					t.Logf("%d/%v, latency %v, concurrency %d: use %.3f, refused %.3f",
						one.n, one.window, one.latency, one.concurrency, o.use, o.refused)
				}
			}
			t.Logf("%d of %d trials miss the law; use at least %.3f, on average %.3f; refused at most %.3f",
				missed, trials, least.use, use/float64(trials), most.refused)
			if float64(missed) > c.mayMiss*float64(trials) || least.use < c.leastUse || most.refused >= c.refused {
				t.Error("worse than it was")
			}
		})
	}
}

func grid(kind string, header func(time.Duration) string) []trial {
	var all []trial
	for _, n := range []int{10, 60, 300} {
		for _, window := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
			for _, latency := range []time.Duration{5 * time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond} {
				for _, concurrency := range []int{1, 4, 16} {
					all = append(all, trial{kind, n, window, latency, concurrency, header})
				}
			}
		}
	}
	return all
}

// The same law through Enter, with goroutines and timers.
func TestUsesNinetyPercentThroughEnter(t *testing.T) {
	for _, c := range []trial{
		{"fixed window", 60, 10 * time.Second, 50 * time.Millisecond, 4, wholeSeconds},
		{"token bucket", 300, time.Minute, 250 * time.Millisecond, 16, wholeSeconds},
		{"sliding window", 10, time.Second, 5 * time.Millisecond, 1, wholeSeconds},
		{"fixed window", 300, time.Minute, 100 * time.Millisecond, 8, wholeSeconds},
	} {
		t.Run(fmt.Sprint(c.kind, " ", c.n, " in ", c.window), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { lawThroughEnter(t, c) })
		})
	}
}

func lawThroughEnter(t *testing.T, c trial) {
	rnd := rand.New(rand.NewPCG(1, 8))
	var mu sync.Mutex // for rnd and l
	l := newLimiter(c.kind, c.n, c.window)
	g := New(Config{Concurrency: c.concurrency, Rand: func() float64 { mu.Lock(); defer mu.Unlock(); return rnd.Float64() }})
	learning, measured := max(40*time.Second, 5*c.window), max(60*time.Second, 15*c.window)
	start := time.Now()
	var accepted, refused atomic.Int64
	request := func(p *Pass) {
		time.Sleep(c.latency / 2)
		mu.Lock()
		ok, wait := l.ask(time.Now())
		mu.Unlock()
		count := &accepted
		if !ok {
			count = &refused
		}
		if time.Since(start) > learning {
			count.Add(1)
		}
		time.Sleep(c.latency / 2)
		if ok {
			p.Accepted()
		} else {
			p.Refused(c.header(wait))
		}
	}
	var wg sync.WaitGroup
	for range c.concurrency {
		wg.Go(func() {
			for time.Since(start) < learning+measured {
				request(must(t, g))
			}
		})
	}
	wg.Wait()
	o := c.judge(int(accepted.Load()), int(refused.Load()), measured)
	t.Logf("use %.3f, refused %.3f", o.use, o.refused)
	if !o.lawful() {
		t.Error("not as it should be")
	}
}

// A limit that changes is followed: down within five windows to fewer than one
// refusal in ten requests, up within ten to half of what has become possible.
func TestLimitChanges(t *testing.T) {
	const window = time.Minute
	for _, kind := range []string{"fixed window", "token bucket", "sliding window"} {
		for _, n := range []struct{ before, after int }{{300, 60}, {60, 300}} {
			c := trial{kind, n.before, window, 50 * time.Millisecond, 8, wholeSeconds}
			l := &change{noon.Add(20 * window), newLimiter(kind, n.before, window), newLimiter(kind, n.after, window)}
			from := 25 * window
			if n.after > n.before {
				from = 30 * window
			}
			var accepted, refused int
			simulate(c, l, rand.New(rand.NewPCG(1, 8)), noon, from+5*window, func(now time.Time, ok bool) {
				switch {
				case now.Before(noon.Add(from)):
				case ok:
					accepted++
				default:
					refused++
				}
			})
			t.Logf("%s, %d to %d a minute: %d accepted, %d refused in 5 minutes", kind, n.before, n.after, accepted, refused)
			if accepted < 5*n.after/2 || refused*10 > accepted+refused {
				t.Error("does not follow")
			}
		}
	}
}

// Where the limit is above what concurrency and latency make possible, it is
// never met, and nothing is lost to the throttle.
func TestLimitOutOfReach(t *testing.T) {
	c := trial{"fixed window", 100, time.Second, 50 * time.Millisecond, 4, wholeSeconds}
	accepted, start := 0, noon
	simulate(c, newLimiter(c.kind, c.n, c.window), rand.New(rand.NewPCG(1, 8)), start, time.Minute, func(_ time.Time, ok bool) {
		if !ok {
			t.Fatal("refused")
		}
		accepted++
	})
	if accepted < 4750 { // 80 a second for a minute, but for the last ones and the varying way
		t.Errorf("%d requests", accepted)
	}
}
