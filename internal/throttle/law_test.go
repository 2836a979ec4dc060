package throttle

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
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
// keep the law in every trial here; over other seeds, 2 of 243 trials of fixed
// windows come out between 0.88 and 0.90, where concurrency and latency hardly
// suffice for the limit, since a closing halves the concurrency. Without
// Retry-After 1% of all miss it, the worst with 0.84: an estimate that fell too
// low is slow to come back. With -v, what misses the law is listed.
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

// whim refuses a part of the requests, whatever their rate.
type whim struct {
	part float64
	rnd  *rand.Rand
}

func (l whim) ask(time.Time) (bool, time.Duration) { return l.rnd.Float64() >= l.part, time.Second }

// Refusals at random do not starve a job: in the second half of an hour, at
// least a tenth of the requests pass that would if each refusal cost no more
// than its closing, without a Retry-After four tenths. Without eras it were one
// in two hundred, and fewer each hour.
func TestRefusalsAtRandom(t *testing.T) {
	seeds := uint64(raced.Fewer(1, 2))
	for _, header := range []struct {
		text  string
		wait  float64 // seconds, on average
		least float64 // of the requests that would pass
	}{{"1", 1.025, 0.1}, {"", 0.5, 0.4}} {
		for _, part := range []float64{0.01, 0.06} {
			for _, concurrency := range []int{16} {
				c := trial{latency: 50 * time.Millisecond, concurrency: concurrency, header: func(time.Duration) string { return header.text }}
				passed := 0
				for seed := range seeds {
					rnd := rand.New(rand.NewPCG(seed, 8))
					simulate(c, whim{part, rnd}, rnd, noon, 40*time.Minute, func(now time.Time, ok bool) {
						if ok && now.After(noon.Add(20*time.Minute)) {
							passed++
						}
					})
				}
				between := 1 / part
				most := between / (between*c.latency.Seconds()/float64(concurrency) + header.wait)
				rate := float64(passed) / float64(seeds) / 1200
				t.Logf("%v refused with %q, concurrency %d: %.1f a second of %.1f", part, header.text, concurrency, rate, most)
				if rate < header.least*most {
					t.Error("starved")
				}
			}
		}
	}
}

// Fewer refusals at half the pace are a limit's, as many are not; too many tell
// nothing, and nor do the first ones.
func TestRefusalsInVain(t *testing.T) {
	before := era{rate: 100, accepted: 900, refused: 100}
	for _, c := range []struct {
		era
		want bool
	}{
		{era{50, 90, 10}, true},
		{era{50, 170, 11}, true}, // 6.1% of what was 10%
		{era{50, 180, 11}, false},
		{era{50, 30, 10}, true},
		{era{50, 29, 10}, false},
	} {
		if got := c.inVain(before); got != c.want || c.inVain(era{}) {
			t.Errorf("%+v after %+v: %v", c.era, before, got)
		}
	}
}

// The limiters that services use, as models: n requests a window. ask tells
// whether a request that arrives now is taken, and if not, when one would be.
type limiter interface {
	ask(now time.Time) (ok bool, wait time.Duration)
}

// fixedWindow counts in windows that begin at multiples of their length.
type fixedWindow struct {
	n      int
	window time.Duration
	index  int64
	used   int
}

func (l *fixedWindow) ask(now time.Time) (bool, time.Duration) {
	index := now.UnixNano() / int64(l.window)
	if index != l.index {
		l.index, l.used = index, 0
	}
	if l.used < l.n {
		l.used++
		return true, 0
	}
	return false, time.Duration((index+1)*int64(l.window) - now.UnixNano())
}

// firstWindow begins a window with the first request after the last one.
type firstWindow struct {
	n      int
	window time.Duration
	end    time.Time
	used   int
}

func (l *firstWindow) ask(now time.Time) (bool, time.Duration) {
	if !now.Before(l.end) {
		l.end, l.used = now.Add(l.window), 0
	}
	if l.used < l.n {
		l.used++
		return true, 0
	}
	return false, l.end.Sub(now)
}

// tokenBucket holds n tokens and regains n a window.
type tokenBucket struct {
	n      int
	window time.Duration
	tokens float64
	last   time.Time
}

func (l *tokenBucket) ask(now time.Time) (bool, time.Duration) {
	gained := float64(l.n)
	if !l.last.IsZero() {
		gained *= now.Sub(l.last).Seconds() / l.window.Seconds()
	}
	l.tokens, l.last = math.Min(float64(l.n), l.tokens+gained), now
	if l.tokens >= 1 {
		l.tokens--
		return true, 0
	}
	return false, time.Duration((1 - l.tokens) / float64(l.n) * float64(l.window))
}

// slidingWindow looks back one window from every request.
type slidingWindow struct {
	n      int
	window time.Duration
	taken  []time.Time
}

func (l *slidingWindow) ask(now time.Time) (bool, time.Duration) {
	for len(l.taken) > 0 && now.Sub(l.taken[0]) >= l.window {
		l.taken = l.taken[1:]
	}
	if len(l.taken) < l.n {
		l.taken = append(l.taken, now)
		return true, 0
	}
	return false, l.taken[0].Add(l.window).Sub(now)
}

// change is one limiter up to a moment and another from then on.
type change struct {
	at            time.Time
	before, after limiter
}

func (l *change) ask(now time.Time) (bool, time.Duration) {
	if now.Before(l.at) {
		return l.before.ask(now)
	}
	return l.after.ask(now)
}

func newLimiter(kind string, n int, window time.Duration) limiter {
	switch kind {
	case "fixed window":
		return &fixedWindow{n: n, window: window}
	case "window from the first":
		return &firstWindow{n: n, window: window}
	case "token bucket":
		return &tokenBucket{n: n, window: window}
	case "sliding window":
		return &slidingWindow{n: n, window: window}
	}
	panic(kind)
}

// wholeSeconds is the header most limiters send.
func wholeSeconds(wait time.Duration) string { return strconv.Itoa(int(math.Ceil(wait.Seconds()))) }

// noHeader is what the others send.
func noHeader(time.Duration) string { return "" }
