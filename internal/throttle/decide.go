package throttle

import "time"

// core is the decision: plain state, a clock passed in, waits passed out. It
// knows neither goroutines nor timers.
type core struct {
	cfg  Config
	pace pace

	inFlight int
	idle     time.Time     // since when inFlight is 0
	limit    float64       // requests that may be in flight; whole ones count
	until    time.Time     // the throttle is closed before this moment
	spent    time.Duration // closed time since the last acceptance

	taken  int     // requests so far, which numbers them
	losses int     // times that requests got no answer, those at the same time counting once
	lost   int     // the same, since the last answer of any kind
	shut   closing // the last closing by a refusal
	streak int     // closings since the last acceptance

	accepted, refused, dropped int // requests so far, by what became of them
}

// closing is a refusal that closed the throttle and what else became known of
// its moment.
type closing struct {
	refusal
	number         int  // counts closings; 0 before the first
	request        int  // the request that was refused
	learned        bool // the pace has taken account of it, or is not to
	passed, joined int  // of the requests under way that had left after that one: accepted, refused
}

// alone tells whether the refusal concerned that one request and no limit: what
// left after it was accepted.
func (c *closing) alone() bool { return c.passed > 0 && c.joined == 0 }

// ticket is what the core remembers of a request under way.
type ticket struct {
	request  int
	closings int // before it left: its refusal belongs to a closing that came after, if there is one already
	losses   int
}

func newCore(cfg Config) core {
	return core{cfg: cfg, limit: float64(cfg.Concurrency)}
}

// decide tells whether a request may leave now. If not, wait is the time after
// which to ask again, 0 meaning that one under way must come back first.
func (c *core) decide(now time.Time) (wait time.Duration, ok bool) {
	if wait = c.until.Sub(now); wait > 0 {
		return wait, false
	}
	c.reopen()
	if c.inFlight >= int(c.limit) {
		return 0, false
	}
	if wait = c.pace.wait(now); wait > 0 {
		return wait, false
	}
	return 0, true
}

// reopen lets the pace learn from the closing that is over. Not earlier,
// because requests that were under way tell whether it was a limit. A lone
// refusal is no reason to begin with a pace; where there is one, requests leave
// too far apart for the difference to show.
func (c *core) reopen() {
	if c.shut.number == 0 || c.shut.learned {
		return
	}
	c.shut.learned = true
	if c.pace.estimate == 0 && c.shut.alone() {
		return
	}
	c.shut.until = later(c.shut.until, c.until)
	c.pace.learn(c.shut.refusal)
}

// tooLong tells whether the waiting has used up MaxTotal, the closing that has
// just begun included. When it is over, the next request may try its luck
// again.
func (c *core) tooLong(now time.Time) bool {
	return c.spent > c.cfg.MaxTotal && now.Before(c.until)
}

// take counts a request that leaves now.
func (c *core) take(now time.Time) ticket {
	var idle time.Duration
	if c.inFlight == 0 && c.taken > 0 {
		idle = max(0, now.Sub(later(c.idle, c.until)))
	}
	c.pace.take(now, idle)
	c.inFlight++
	c.taken++
	return ticket{c.taken, c.shut.number, c.losses}
}

// unused takes a request back that did not leave after all.
func (c *core) unused(_ ticket, now time.Time) {
	c.inFlight--
	c.idle = now
}

// accept notes that a request was answered, and not refused. If it left before
// the throttle closed, the closing stands.
func (c *core) accept(t ticket, now time.Time) {
	c.unused(t, now)
	c.accepted++
	c.spent, c.lost = 0, 0
	c.limit = min(c.limit+1/c.limit, float64(c.cfg.Concurrency))
	if t.closings == c.shut.number {
		c.streak = 0
		c.pace.accepted++
		return
	}
	c.streak = min(c.streak, 1)
	if !c.shut.learned {
		c.pace.accepted++ // it belongs to the time before the closing
	}
	if t.request > c.shut.request {
		c.shut.passed++
	}
}

// refuse closes the throttle for a refusal that may be due to a limit on the
// rate of requests.
func (c *core) refuse(t ticket, now time.Time, retryAfter string) {
	c.shutFor(t, now, retryAfter, true)
}

// unavailable closes the throttle for a refusal that is not: the pace has
// nothing to learn from it.
func (c *core) unavailable(t ticket, now time.Time, retryAfter string) {
	c.shutFor(t, now, retryAfter, false)
}

// shutFor closes the throttle for a refusal. Refusals of requests that left
// before a closing are part of it: they may prolong it, if the service says so,
// and count for nothing else.
func (c *core) shutFor(t ticket, now time.Time, retryAfter string, limited bool) {
	c.unused(t, now)
	c.refused++
	c.lost = 0
	wait, _ := ParseRetryAfter(retryAfter, now, c.cfg.Rand)
	told := wait > 0
	if t.closings < c.shut.number {
		if t.request > c.shut.request {
			c.shut.joined++
		}
		c.close(now, wait)
		return
	}
	c.streak++
	c.limit = max(1, c.limit/2)
	if told {
		wait += c.random(min(wait/20, time.Second)) // other processes have the same token, perhaps, and the same header
	} else {
		wait = c.backOff(c.streak)
	}
	c.close(now, wait)
	c.shut = closing{
		refusal: refusal{at: now, until: later(c.until, now), told: told},
		number:  c.shut.number + 1,
		request: t.request,
		learned: !limited,
	}
}

// longestSilence limits the wait after lost answers, because the service did
// not ask for one.
const longestSilence = 30 * time.Second

// drop notes that a request got no answer.
func (c *core) drop(t ticket, now time.Time) {
	c.unused(t, now)
	c.dropped++
	if t.losses < c.losses {
		return
	}
	c.losses++
	c.lost++
	if c.lost > 1 {
		c.close(now, min(c.backOff(c.lost-1)/4, longestSilence)) // shorter than for a refusal: nobody asked to wait
	}
}

// close keeps the throttle shut from now on for a while, at most MaxWait. It
// never shortens a closing.
func (c *core) close(now time.Time, wait time.Duration) {
	from, until := later(now, c.until), now.Add(min(wait, c.cfg.MaxWait))
	if until.After(from) {
		c.spent += until.Sub(from)
		c.until = until
	}
}

// backOff is the wait after the nth failure in a row of which the service did
// not say how long it lasts: exponential, with full jitter.
func (c *core) backOff(n int) time.Duration {
	bound := min(c.cfg.Base, c.cfg.MaxWait)
	for ; n > 1 && bound < c.cfg.MaxWait; n-- {
		bound += min(bound, c.cfg.MaxWait-bound)
	}
	return c.random(bound)
}

// random is a time from 0 up to below a bound.
func (c *core) random(bound time.Duration) time.Duration {
	return time.Duration(c.cfg.Rand() * float64(bound))
}

func (c *core) state(now time.Time) State {
	s := State{
		InFlight: c.inFlight, Limit: int(c.limit), Rate: c.pace.rate(now),
		Accepted: c.accepted, Refused: c.refused, Dropped: c.dropped, Unanswered: c.lost,
	}
	if now.Before(c.until) {
		s.ClosedUntil = c.until
	}
	return s
}
