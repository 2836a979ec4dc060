package webextest

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// Chaos draws faults at random: each member from 0 (never) to 1 (always). What
// befalls request n depends on Config.Seed and n alone, so a run that keeps
// the order of requests can be repeated. Searches suffer too, from those that
// do not need an operation. The zero value is peace.
type Chaos struct {
	CutBeforeBody, CutBeforeWork, CutAfterWork, CutInAnswer float64

	TooMany, Locked, Unavailable float64 // 429, 423, 503, with RetryAfter
	Internal, BadGateway         float64 // 500, 502, nothing done
	LostGateway, LostTimeout     float64 // 502, 504, all done

	Truncate, Page float64 // half an answer, a page of HTML; all done
	Shuffle        float64 // results in another order
	Busy           float64 // of the operations: 429 inside a 200

	// RetryAfter are the forms of the header to draw from; none sends no header.
	RetryAfter []string
	// MaxDelay is the most that an answer is delayed by; it is drawn evenly.
	MaxDelay time.Duration
}

// on reports that anything can happen.
func (c *Chaos) on() bool {
	for _, one := range c.odds("") {
		if one.odds > 0 {
			return true
		}
	}
	return c.Shuffle > 0 || c.Busy > 0 || c.MaxDelay > 0
}

// odd is a fault and how likely it is.
type odd struct {
	odds float64
	make func() *Fault
}

// odds are the faults of which one request has at most one.
func (c *Chaos) odds(retryAfter string) []odd {
	cut := func(at Stage) func() *Fault { return func() *Fault { return CutAt(at) } }
	refused := func(status int, retryAfter string) func() *Fault {
		return func() *Fault { return Refuse(status, retryAfter) }
	}
	lost := func(status int) func() *Fault { return func() *Fault { return Lose(status) } }
	return []odd{
		{c.CutBeforeBody, cut(BeforeBody)},
		{c.CutBeforeWork, cut(BeforeWork)},
		{c.CutAfterWork, cut(AfterWork)},
		{c.CutInAnswer, cut(InAnswer)},
		{c.TooMany, refused(http.StatusTooManyRequests, retryAfter)},
		{c.Locked, refused(http.StatusLocked, retryAfter)},
		{c.Unavailable, refused(http.StatusServiceUnavailable, retryAfter)},
		{c.Internal, refused(http.StatusInternalServerError, "")},
		{c.BadGateway, refused(http.StatusBadGateway, "")},
		{c.LostGateway, lost(http.StatusBadGateway)},
		{c.LostTimeout, lost(http.StatusGatewayTimeout)},
		{c.Truncate, func() *Fault { return Truncated(0) }},
		{c.Page, Page},
	}
}

// draw returns what befalls one request, or nil.
func (c *Chaos) draw(r *rand.Rand) *Fault {
	fault := c.drawOne(r)
	if r.Float64() < c.Shuffle {
		fault.Shape = Shuffled
	}
	if c.MaxDelay > 0 {
		fault.Delay = time.Duration(r.Int64N(int64(c.MaxDelay)))
	}
	if c.Busy > 0 {
		fault.Item = busyAtRandom(c.Busy, r.Uint64())
	}
	return fault
}

func (c *Chaos) drawOne(r *rand.Rand) *Fault {
	retryAfter := ""
	if len(c.RetryAfter) > 0 {
		retryAfter = c.RetryAfter[r.IntN(len(c.RetryAfter))]
	}
	chance := r.Float64()
	for _, one := range c.odds(retryAfter) {
		if chance -= one.odds; chance < 0 {
			return one.make()
		}
	}
	return &Fault{}
}

// busyAtRandom picks operations by bulkId, method and path, so that it needs
// no lock, and by the request's draw, so that the next try may pass.
func busyAtRandom(odds float64, draw uint64) func(Operation) int {
	return func(op Operation) int {
		r := rand.New(rand.NewPCG(draw, hash(op.Method, op.Path, op.BulkID)))
		if r.Float64() < odds {
			return http.StatusTooManyRequests
		}
		return 0
	}
}

// hash is FNV-1a over the joined parts.
func hash(parts ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range []byte(strings.Join(parts, "\x00")) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
