package webextest

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// Chaos draws faults at random. The fields are probabilities from 0 to 1. The
// fault of request n depends on Config.Seed and n alone, so a run with the same
// order of requests can be repeated. Searches get only faults that need no
// operation. The zero value draws none.
type Chaos struct {
	CutBeforeBody, CutBeforeWork, CutAfterWork, CutInAnswer float64

	TooMany, Locked, Unavailable float64 // 429, 423, 503, with RetryAfter
	TooEarly                     float64 // 425
	Internal, BadGateway         float64 // 500, 502, nothing done
	LostGateway, LostTimeout     float64 // 502, 504, all done

	Truncate, Page float64 // half an answer, a page of HTML; all done
	Shuffle        float64 // results in another order
	RefusedItems   float64 // of the operations: 429 inside a 200, not done
	LostItems      float64 // of the operations: 504 inside a 200, done
	LateWork       float64 // cut at once, done within MaxLateWork

	// RetryAfter are the forms of the header to draw from; none sends no header.
	RetryAfter []string
	// MaxDelay is the most that an answer is delayed by; it is drawn evenly.
	MaxDelay time.Duration
	// MaxLateWork is the most that late work is done after its request; it is
	// drawn evenly.
	MaxLateWork time.Duration
}

// on reports that anything can happen.
func (c *Chaos) on() bool {
	for _, one := range c.likelihoods("", 0) {
		if one.of > 0 {
			return true
		}
	}
	return c.Shuffle > 0 || c.RefusedItems > 0 || c.LostItems > 0 || c.MaxDelay > 0
}

// likelihood is a fault and how likely it is.
type likelihood struct {
	of   float64
	make func() *Fault
}

// likelihoods are those of the faults of which one request has at most one.
func (c *Chaos) likelihoods(retryAfter string, late time.Duration) []likelihood {
	cut := func(at Stage) func() *Fault { return func() *Fault { return CutAt(at) } }
	refused := func(status int, retryAfter string) func() *Fault {
		return func() *Fault { return Refuse(status, retryAfter) }
	}
	lost := func(status int) func() *Fault { return func() *Fault { return Lose(status) } }
	return []likelihood{
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
		{c.Truncate, func() *Fault { return Truncate(0) }},
		{c.Page, AnswerPage},
		{c.TooEarly, refused(http.StatusTooEarly, "")},
		{c.LateWork, func() *Fault { return CutThenWork(late) }},
	}
}

// draw returns the fault of one request, or nil.
func (c *Chaos) draw(r *rand.Rand) *Fault {
	fault := c.drawOne(r)
	if r.Float64() < c.Shuffle {
		fault.Shape = Shuffled
	}
	if c.MaxDelay > 0 {
		fault.Delay = time.Duration(r.Int64N(int64(c.MaxDelay)))
	}
	if c.RefusedItems > 0 {
		fault.RefuseItem = atRandom(http.StatusTooManyRequests, c.RefusedItems, r.Uint64())
	}
	if c.LostItems > 0 {
		fault.LoseItem = atRandom(http.StatusGatewayTimeout, c.LostItems, r.Uint64())
	}
	return fault
}

func (c *Chaos) drawOne(r *rand.Rand) *Fault {
	retryAfter := ""
	if len(c.RetryAfter) > 0 {
		retryAfter = c.RetryAfter[r.IntN(len(c.RetryAfter))]
	}
	chance := r.Float64()
	late := time.Duration(0)
	if c.LateWork > 0 && c.MaxLateWork > 0 {
		late = time.Duration(r.Int64N(int64(c.MaxLateWork)))
	}
	for _, one := range c.likelihoods(retryAfter, late) {
		if chance -= one.of; chance < 0 {
			return one.make()
		}
	}
	return &Fault{}
}

// atRandom gives a status to operations that it picks by bulkId, method and
// path, so that it needs no lock, and by the request's draw, so that the next
// try may pass.
func atRandom(status int, of float64, draw uint64) func(Operation) int {
	return func(op Operation) int {
		r := rand.New(rand.NewPCG(draw, hash(op.Method, op.Path, op.BulkID)))
		if r.Float64() < of {
			return status
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
