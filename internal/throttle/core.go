package throttle

import "time"

// core decides when a request may leave. It is a state without clock,
// goroutines and timers: it is given the time, and returns how long to wait.
type core struct {
	cfg  Config
	pace pace

	inFlight int
	idle     time.Time     // since when inFlight is 0
	limit    float64       // requests that may be in flight; whole ones count
	until    time.Time     // the throttle is closed before this moment
	spent    time.Duration // closed time since the last acceptance

	last    ticket  // of the last request
	closing closing // the last one that a refusal caused
	streak  int     // closings since the last acceptance
	loss    ticket  // the last request at the time of the last loss that counted
	lost    int     // losses that counted since the last answer of any kind

	accepted, refused, dropped int // numbers of requests
}

// ticket numbers the requests from 1 in the order in which they leave.
type ticket int

// closing is a refusal that closed the throttle, and the answers that belong to
// it.
type closing struct {
	refusal
	request ticket // that was refused
	last    ticket // the last request that left before the closing
	teaches bool   // the pace learns from it when it is over
	passed  int    // requests after request, up to last, that were accepted
	joined  int    // requests after request, up to last, that were refused
}

func newCore(cfg Config) core {
	cfg = cfg.withDefaults()
	return core{cfg: cfg, limit: float64(cfg.Concurrency)}
}

// decide reports whether a request may leave now. If not, wait is the time
// after which to ask again, 0 if one in flight must come back first.
func (c *core) decide(now time.Time) (wait time.Duration, ok bool) {
	if wait = c.until.Sub(now); wait > 0 {
		return wait, false
	}
	c.reopen()
	if c.inFlight >= int(c.limit) {
		return 0, false
	}
	wait = max(0, c.pace.next.Sub(now))
	return wait, wait == 0
}

// reopen lets the pace learn from the closing that is over. It does not do so
// earlier, because the requests in flight show whether the closing was about a
// limit. If all requests that left after the refused one were accepted, no pace
// is begun. An existing pace learns all the same: with it, requests leave too
// far apart to show this.
func (c *core) reopen() {
	if !c.closing.teaches {
		return
	}
	c.closing.teaches = false
	if alone := c.closing.passed > 0 && c.closing.joined == 0; alone && c.pace.estimate == 0 {
		return
	}
	c.closing.until = later(c.closing.at, c.until)
	c.pace.learn(c.closing.refusal)
}

// tooLong reports whether the closings have used up MaxTotal, the present one
// included. When it is over, the next request may be tried.
func (c *core) tooLong(now time.Time) bool {
	return c.spent > c.cfg.MaxTotal && now.Before(c.until)
}

// take counts a request that leaves now.
func (c *core) take(now time.Time) ticket {
	var idle time.Duration
	if c.inFlight == 0 && c.last > 0 {
		idle = max(0, now.Sub(later(c.idle, c.until)))
	}
	c.pace.take(now, idle)
	c.inFlight++
	c.last++
	return c.last
}

// unused takes back a request that did not leave after all.
func (c *core) unused(_ ticket, now time.Time) {
	c.inFlight--
	c.idle = now
}

// accept notes an answer other than a refusal. It does not end a closing that
// began after the request left.
func (c *core) accept(t ticket, now time.Time) {
	c.unused(t, now)
	c.accepted++
	c.spent, c.lost = 0, 0
	c.limit = min(c.limit+1/c.limit, float64(c.cfg.Concurrency))
	if t > c.closing.last {
		c.streak = 0
		c.pace.accepted++
		return
	}
	if c.closing.teaches {
		c.pace.accepted++ // it belongs to the time before the closing
	}
	if t > c.closing.request {
		c.closing.passed++
	}
}

// refuse closes the throttle. limited says that the refusal is about the rate
// of requests: the pace learns only from these. The refusal of a request that
// left before a closing belongs to it: it can prolong the closing, if the
// service asks for that, but counts for nothing else.
func (c *core) refuse(t ticket, now time.Time, retryAfter string, limited bool) {
	c.unused(t, now)
	c.refused++
	c.lost = 0
	wait, _ := ParseRetryAfter(retryAfter, now, c.cfg.Rand)
	if t <= c.closing.last {
		if t > c.closing.request {
			c.closing.joined++
		}
		c.close(now, wait)
		return
	}
	c.streak++
	c.limit = max(1, c.limit/2)
	told := wait > 0
	if told {
		wait += c.random(min(wait/20, time.Second)) // other processes may have the same token and the same header
	} else {
		wait = c.backOff(c.streak)
	}
	c.close(now, wait)
	c.closing = closing{
		refusal: refusal{at: now, told: told},
		request: t, last: c.last, teaches: limited,
	}
}

// Bounds of waits for which the service did not ask: the first after a refusal,
// and all after lost answers.
const (
	firstBackOff   = time.Second
	longestSilence = 30 * time.Second
)

// drop notes that a request got no answer. Requests that had left before the
// last loss are part of it.
func (c *core) drop(t ticket, now time.Time) {
	c.unused(t, now)
	c.dropped++
	if t <= c.loss {
		return
	}
	c.loss = c.last
	c.lost++
	if c.lost > 1 {
		c.close(now, min(c.backOff(c.lost-1)/4, longestSilence)) // shorter than for a refusal
	}
}

// close keeps the throttle closed for a while from now on, at most MaxWait. It
// never shortens a closing.
func (c *core) close(now time.Time, wait time.Duration) {
	from, until := later(now, c.until), now.Add(min(wait, c.cfg.MaxWait))
	if until.After(from) {
		c.spent += until.Sub(from)
		c.until = until
	}
}

// backOff is the wait after the nth failure in a row of which the service does
// not say how long it lasts: exponential, with full jitter.
func (c *core) backOff(n int) time.Duration {
	return c.random(min(firstBackOff<<min(n-1, 20), c.cfg.MaxWait)) // without an overflow
}

// random is a time from 0 up to below a bound.
func (c *core) random(bound time.Duration) time.Duration {
	return time.Duration(c.cfg.Rand() * float64(bound))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
