package webextest

import (
	"strconv"
	"sync"
	"time"
)

// limiter counts requests in windows, as a RateLimit says.
type limiter struct {
	limit RateLimit
	mu    sync.Mutex
	end   time.Time // of the window
	used  int
}

// allow counts a request, or returns the time left in the window if it has had
// all its requests.
func (l *limiter) allow(now time.Time) (left time.Duration, ok bool) {
	if l.limit.Requests <= 0 {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !now.Before(l.end) {
		l.end = now.Add(l.limit.Window)
		l.used = 0
	}
	if l.used < l.limit.Requests {
		l.used++
		return 0, true
	}
	return l.end.Sub(now), false
}

// reset ends the window.
func (l *limiter) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end, l.used = time.Time{}, 0
}

// retryAfter returns the Retry-After header for the time left.
func (l *limiter) retryAfter(left time.Duration) string {
	if l.limit.RetryAfter != nil {
		return l.limit.RetryAfter(left)
	}
	return strconv.FormatInt(int64((left+time.Second-1)/time.Second), 10)
}
