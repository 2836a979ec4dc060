package webextest

import (
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"slices"
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
	// MaxDelay is the maximum delay of an answer. The delays are distributed
	// evenly.
	MaxDelay time.Duration
	// MaxLateWork is the maximum time between a request and its LateWork. The
	// times are distributed evenly.
	MaxLateWork time.Duration
}

// on reports whether there is any fault to draw.
func (c *Chaos) on() bool {
	return c.Shuffle > 0 || c.RefusedItems > 0 || c.LostItems > 0 || c.MaxDelay > 0 ||
		slices.ContainsFunc(c.chances("", 0), func(one chance) bool { return one.of > 0 })
}

// chance is a fault and its probability.
type chance struct {
	of    float64
	fault *Fault
}

// chances returns the faults of which a request has at most one.
func (c *Chaos) chances(retryAfter string, late time.Duration) []chance {
	return []chance{
		{c.CutBeforeBody, CutAt(BeforeBody)},
		{c.CutBeforeWork, CutAt(BeforeWork)},
		{c.CutAfterWork, CutAt(AfterWork)},
		{c.CutInAnswer, CutAt(InAnswer)},
		{c.TooMany, Refuse(http.StatusTooManyRequests, retryAfter)},
		{c.Locked, Refuse(http.StatusLocked, retryAfter)},
		{c.Unavailable, Refuse(http.StatusServiceUnavailable, retryAfter)},
		{c.Internal, Refuse(http.StatusInternalServerError, "")},
		{c.BadGateway, Refuse(http.StatusBadGateway, "")},
		{c.LostGateway, Lose(http.StatusBadGateway)},
		{c.LostTimeout, Lose(http.StatusGatewayTimeout)},
		{c.Truncate, Truncate(0)},
		{c.Page, AnswerPage()},
		{c.TooEarly, Refuse(http.StatusTooEarly, "")},
		{c.LateWork, CutThenWork(late)},
	}
}

// draw returns the fault of a request; the zero Fault is none.
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
	draw := r.Float64()
	late := time.Duration(0)
	if c.LateWork > 0 && c.MaxLateWork > 0 {
		late = time.Duration(r.Int64N(int64(c.MaxLateWork)))
	}
	for _, one := range c.chances(retryAfter, late) {
		if draw -= one.of; draw < 0 {
			return one.fault
		}
	}
	return &Fault{}
}

// atRandom returns a function that gives a status to some operations. It is a
// hash of method, path and bulkId, so it needs no lock, and of draw, so that
// the next attempt may succeed.
func atRandom(status int, of float64, draw uint64) func(Operation) int {
	return func(op Operation) int {
		r := rand.New(rand.NewPCG(draw, hash(op.Method, op.Path, op.BulkID)))
		if r.Float64() < of {
			return status
		}
		return 0
	}
}

// hash returns a hash of the parts that is the same in every process.
func hash(parts ...string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.Join(parts, "\x00"))) // does not fail
	return h.Sum64()
}
