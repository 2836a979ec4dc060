package throttle

import (
	"math"
	"strconv"
	"time"
)

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
