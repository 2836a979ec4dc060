package throttle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of a Config's zero values.
const (
	DefaultConcurrency = 4
	DefaultMaxWait     = 5 * time.Minute
	DefaultMaxTotal    = 30 * time.Minute
)

// ErrTooLong says that the throttle was closed for longer than Config.MaxTotal
// without an accepted request. Enter wraps it with the time waited.
var ErrTooLong = errors.New("the service has refused for too long")

// Config configures a Throttle. Zero and negative values mean the defaults.
type Config struct {
	Concurrency int            // upper bound of requests in flight; default 4
	MaxWait     time.Duration  // cap for one closing, also of one by Retry-After; default 5 minutes
	MaxTotal    time.Duration  // cap for all closings since the last acceptance, then ErrTooLong; default 30 minutes
	Rand        func() float64 // a number in [0, 1) for jitter; default math/rand/v2
}

// withDefaults replaces unset values by the defaults.
func (c Config) withDefaults() Config {
	c.Concurrency = cmp.Or(max(0, c.Concurrency), DefaultConcurrency)
	c.MaxWait = cmp.Or(max(0, c.MaxWait), DefaultMaxWait)
	c.MaxTotal = cmp.Or(max(0, c.MaxTotal), DefaultMaxTotal)
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	return c
}

// Throttle delays requests until they may be sent. It is safe for concurrent
// use. Use New to create one.
type Throttle struct {
	turn    chan struct{} // full while a caller of Enter is served: channels are first come, first served
	back    chan struct{} // a pass came back
	waiting atomic.Int64  // callers in Enter

	mu   sync.Mutex
	core core
}

// New returns an open throttle.
func New(cfg Config) *Throttle {
	return &Throttle{turn: make(chan struct{}, 1), back: make(chan struct{}, 1), core: newCore(cfg)}
}

// Enter waits until a request may be sent; callers are served in order. The
// caller must give back the pass exactly once, with one of its methods. The
// error is that of ctx if ctx ends first, or wraps ErrTooLong if the service
// has refused requests for too long.
func (t *Throttle) Enter(ctx context.Context) (*Pass, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.waiting.Add(1)
	defer t.waiting.Add(-1)
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		pass, wait, err := t.try()
		if pass != nil || err != nil {
			return pass, err
		}
		var over <-chan time.Time // without a wait, a pass must come back first
		if wait > 0 {
			over = time.After(wait)
		}
		select {
		case <-over:
		case <-t.back:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// try returns a pass, or the time after which to try again.
func (t *Throttle) try() (pass *Pass, wait time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.core.tooLong(now) {
		return nil, 0, fmt.Errorf("%w: %s without an acceptance", ErrTooLong, t.core.spent.Round(time.Second))
	}
	wait, ok := t.core.decide(now)
	if !ok {
		return nil, wait, nil
	}
	return &Pass{throttle: t, ticket: t.core.take(now)}, 0, nil
}

// State is a snapshot of a throttle.
type State struct {
	InFlight    int       // passes not yet given back
	Limit       int       // passes that may be out at once now, from 1 to Config.Concurrency
	Waiting     int       // callers in Enter
	ClosedUntil time.Time // when the present closing ends; zero when the throttle is open
	Rate        float64   // requests a second let through at most; 0 when nothing has been refused yet
	Accepted    int       // passes given back so far, by how
	Refused     int
	Dropped     int
	Unanswered  int // passes dropped in a row, since one that was answered
}

// State returns a snapshot, for a progress display and for tests.
func (t *Throttle) State() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, now := &t.core, time.Now()
	s := State{
		InFlight: c.inFlight, Limit: int(c.limit), Waiting: int(t.waiting.Load()), Rate: c.pace.rate(now),
		Accepted: c.accepted, Refused: c.refused, Dropped: c.dropped, Unanswered: c.lost,
	}
	if now.Before(c.until) {
		s.ClosedUntil = c.until
	}
	return s
}

// Pass is the permission to send one request. Give it back with the method for
// the result of the request. Later calls of its methods do nothing.
type Pass struct {
	throttle *Throttle
	ticket   ticket
	back     bool // guarded by the throttle's mutex
}

// Accepted says that the service processed the request: it gave any answer
// except a refusal, including an error.
func (p *Pass) Accepted() { p.end(p.throttle.core.accept) }

// Refused says that the service allows no more requests for now (429).
// retryAfter is the text of the Retry-After header, "" when there was none. The
// throttle closes for everyone, and the pace learns from it.
func (p *Pass) Refused(retryAfter string) {
	p.end(func(t ticket, now time.Time) { p.throttle.core.refuse(t, now, retryAfter, true) })
}

// Unavailable says that the service refused the request for a reason other than
// the rate (423, 503). The throttle closes for everyone as after Refused, but
// the pace does not change.
func (p *Pass) Unavailable(retryAfter string) {
	p.end(func(t ticket, now time.Time) { p.throttle.core.refuse(t, now, retryAfter, false) })
}

// Dropped says that no answer came. The first such loss changes nothing. From
// the second in a row, the throttle closes for a growing time; pace and
// concurrency stay the same.
func (p *Pass) Dropped() { p.end(p.throttle.core.drop) }

// Unused says that the request was not sent, for a reason unrelated to the
// service: it was canceled, or had no token.
func (p *Pass) Unused() { p.end(p.throttle.core.unused) }

// end gives the pass back, once.
func (p *Pass) end(how func(ticket, time.Time)) {
	t := p.throttle
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.back {
		return
	}
	p.back = true
	how(p.ticket, time.Now())
	select {
	case t.back <- struct{}{}:
	default: // whoever waits has not yet heard of the one before
	}
}
