package throttle

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Defaults of a Config's zero values.
const (
	DefaultConcurrency = 4
	DefaultMaxWait     = 5 * time.Minute
	DefaultMaxTotal    = 30 * time.Minute
	DefaultBase        = time.Second
)

// ErrTooLong is what Enter returns when the gate has been closed for longer than Config.MaxTotal without one acceptance
// in between. It is wrapped with the time waited.
var ErrTooLong = errors.New("gate: the service has refused for too long")

// Config says how a Throttle behaves. Zero values, and negative ones, mean the defaults.
type Config struct {
	Concurrency int           // upper bound of requests in flight; default 4
	MaxWait     time.Duration // cap for one closing, whatever Retry-After says; default 5 minutes
	MaxTotal    time.Duration // cap for all closings since the last acceptance, then ErrTooLong; default 30 minutes
	Base        time.Duration // bound of the first back-off without Retry-After, doubling from there; default 1 second

	Rand func() float64   // a number in [0, 1) for jitter; default math/rand/v2
	Now  func() time.Time // the clock; default time.Now
}

// withDefaults fills in what is not set.
func (c Config) withDefaults() Config {
	if c.Concurrency <= 0 {
		c.Concurrency = DefaultConcurrency
	}
	if c.MaxWait <= 0 {
		c.MaxWait = DefaultMaxWait
	}
	if c.MaxTotal <= 0 {
		c.MaxTotal = DefaultMaxTotal
	}
	if c.Base <= 0 {
		c.Base = DefaultBase
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Throttle holds requests back until they may leave. It is safe for use by any number of goroutines; make one with New.
type Throttle struct {
	now func() time.Time

	mu    sync.Mutex
	core  core
	queue []*waiter   // callers of Enter, first come first
	timer *time.Timer // runs admit for the head of the queue; nil until somebody had to wait
}

// waiter is one caller of Enter. Its fields but ready belong to the gate's mutex.
type waiter struct {
	ready chan struct{} // closed when pass or err is set
	pass  *Pass
	err   error
}

// New makes an open gate.
func New(cfg Config) *Throttle {
	cfg = cfg.withDefaults()
	return &Throttle{now: cfg.Now, core: newCore(cfg)}
}

// Enter waits until a request may leave, first come first served. The pass must be given back exactly once, by one of its
// methods. The error is ctx's when ctx ends first, or wraps ErrTooLong when the service has refused for too long.
func (g *Throttle) Enter(ctx context.Context) (*Pass, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := &waiter{ready: make(chan struct{})}
	g.mu.Lock()
	g.queue = append(g.queue, w)
	g.admit()
	g.mu.Unlock()

	select {
	case <-w.ready:
		return w.pass, w.err
	case <-ctx.Done():
		g.leave(w)
		return nil, ctx.Err()
	}
}

// leave takes a caller that gave up out of the queue, or takes back the pass that it was given in the same moment.
func (g *Throttle) leave(w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.pass != nil {
		w.pass.giveBack(g.core.unused)
		return
	}
	for i, other := range g.queue {
		if other == w {
			g.queue = append(g.queue[:i], g.queue[i+1:]...)
			break
		}
	}
	g.admit()
}

// admit lets callers in as far as the core allows and sets the timer for the next one. The mutex is held.
func (g *Throttle) admit() {
	if g.timer != nil {
		g.timer.Stop()
	}
	now := g.now()
	for len(g.queue) > 0 {
		if g.core.tooLong(now) {
			g.turnAway(fmt.Errorf("%w: %s without an acceptance", ErrTooLong, g.core.spent.Round(time.Second)))
			return
		}
		wait, ok := g.core.decide(now)
		if !ok {
			g.wakeIn(wait)
			return
		}
		w := g.queue[0]
		g.queue[0] = nil
		g.queue = g.queue[1:]
		w.pass = &Pass{gate: g, ticket: g.core.take(now)}
		close(w.ready)
	}
}

// turnAway ends all waiting with an error. The mutex is held.
func (g *Throttle) turnAway(err error) {
	for _, w := range g.queue {
		w.err = err
		close(w.ready)
	}
	g.queue = nil
}

// wakeIn arranges for admit to run again. No wait means that a pass must come back first, and giving it back runs admit.
// The mutex is held.
func (g *Throttle) wakeIn(wait time.Duration) {
	switch {
	case wait <= 0:
	case g.timer == nil:
		g.timer = time.AfterFunc(wait, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.admit()
		})
	default:
		g.timer.Reset(wait)
	}
}

// State is what a gate knows at one moment.
type State struct {
	InFlight    int       // passes not yet given back
	Limit       int       // passes that may be out at once now, from 1 to Config.Concurrency
	Waiting     int       // callers in Enter
	ClosedUntil time.Time // when the present closing ends; zero when the gate is open
	Rate        float64   // requests a second let through at most; 0 when nothing has been refused yet
	Accepted    int       // passes given back so far, by how
	Refused     int
	Dropped     int
	Unanswered  int // passes dropped in a row, since one that was answered
}

// State tells how the gate stands, for a progress display and for tests.
func (g *Throttle) State() State {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.core.state(g.now())
	s.Waiting = len(g.queue)
	return s
}

// Pass is the leave for one request. Give it back once, by the method that says what became of the request; whatever is
// called on it afterwards does nothing.
type Pass struct {
	gate   *Throttle
	ticket ticket
	back   bool // guarded by the gate's mutex
}

// Accepted says that the service took the request: it gave any answer that is not a refusal, an error included.
func (p *Pass) Accepted() { p.settle(p.gate.core.accept) }

// Refused says that the service allows no more requests for now (429). retryAfter is the text of the Retry-After header,
// "" when there was none. The gate closes for everyone, and the pace learns from it.
func (p *Pass) Refused(retryAfter string) {
	p.settle(func(t ticket, now time.Time) { p.gate.core.refuse(t, now, retryAfter) })
}

// Unavailable says that the service asked for patience for another reason (423, 503). The gate closes for everyone as after
// Refused, but nothing is to be learned from it about the rate that the service allows.
func (p *Pass) Unavailable(retryAfter string) {
	p.settle(func(t ticket, now time.Time) { p.gate.core.unavailable(t, now, retryAfter) })
}

// Dropped says that no answer came. One such loss changes nothing; from the second in a row on the gate closes for a
// growing time, without an opinion about pace or concurrency.
func (p *Pass) Dropped() { p.settle(p.gate.core.drop) }

// Unused says that the request never left, and why had nothing to do with the service: it was canceled, or had no token.
func (p *Pass) Unused() { p.settle(p.gate.core.unused) }

func (p *Pass) settle(how func(ticket, time.Time)) {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.giveBack(how)
}

// giveBack settles a pass once. The mutex is held.
func (p *Pass) giveBack(how func(ticket, time.Time)) {
	if p.back {
		return
	}
	p.back = true
	how(p.ticket, p.gate.now())
	p.gate.admit()
}
