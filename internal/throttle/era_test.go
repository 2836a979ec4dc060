package throttle

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/webexscim/bulk/internal/raced"
)

// whim refuses a part of the requests, whatever their rate.
type whim struct {
	part float64
	rnd  *rand.Rand
}

func (l whim) ask(time.Time) (bool, time.Duration) { return l.rnd.Float64() >= l.part, time.Second }

// Refusals at random do not starve a job: in the second half of an hour, at
// least a tenth of the requests pass that would if each refusal cost no more
// than its closing. Without eras it were one in two hundred, and fewer each
// hour.
func TestRefusalsAtRandom(t *testing.T) {
	seeds := uint64(raced.Fewer(1, 2))
	for _, header := range []struct {
		text string
		wait float64 // seconds, on average
	}{{"1", 1.025}, {"", 0.5}} {
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
				if rate < most/10 {
					t.Error("starved")
				}
			}
		}
	}
}

// Fewer refusals at half the pace are a limit's, as many are not; too few, or
// too many, tell nothing.
func TestRefusalsInVain(t *testing.T) {
	before := era{rate: 100, accepted: 900, refused: 100}
	for _, c := range []struct {
		era
		want bool
	}{
		{era{50, 90, 10}, true},
		{era{50, 170, 11}, true}, // 6.1% of what was 10%
		{era{50, 180, 11}, false},
		{era{50, 60, 7}, false},
		{era{50, 30, 10}, true},
		{era{50, 29, 10}, false},
	} {
		if got := c.inVain(before); got != c.want {
			t.Errorf("%+v after %+v: %v", c.era, before, got)
		}
	}
}
