package throttle

import "time"

// The numbers behind the pace. They were found by running the grid of
// law_test.go over many choices; neighboring ones miss the law a little more
// often.
const (
	probeRequests = 30  // a probe is back at the estimate after this many requests,
	probeClosings = 10  // or this many times the closing before it (of which a second counts), whichever takes longer;
	probeFirst    = 0.5 // the first probe takes half of that, since little is known yet,
	probeLater    = 3.0 // and each later one three times that
	probeDepth    = 0.1 // how far below the estimate a probe starts
	peakWeight    = 0.8 // weight of the pace at the moment of refusal in the estimate; the rest is that of the mean
	fewest        = 8   // acceptances that make a mean

	slowest = 1.0 / 60 // requests a second: a service that allows less is a matter for closings
)

// pace spreads requests over time so that a limit on their rate is rarely met.
// It knows nothing of windows and buckets: evenly spread requests use a fixed
// window, a sliding window and a token bucket alike. From refusals it estimates
// the rate that is allowed, starts a little below, comes quickly near the
// estimate, stays there for long and leaves it upwards faster and faster until
// the next refusal: the curve of CUBIC (RFC 9438 section 4.2), with requests a
// second in place of a window.
//
// Its time stands still while nobody wants to send faster than it allows: lack
// of work teaches nothing about a limit.
type pace struct {
	estimate float64       // requests a second; 0 until something is learned, and then nothing is held back
	next     time.Time     // when the next request has its turn
	probe    time.Time     // when the present probe began
	climb    time.Duration // from there to the estimate
	slowdown float64       // probeFirst or probeLater

	begin    time.Time // when the throttle last reopened; at first, when the first request left
	accepted int       // since then
	counted  time.Time // the estimate takes account of the time up to here
	history  int       // acceptances that the estimate rests on

	era, before era // see doubt
}

// refusal is one closing of the throttle as the pace sees it, once it is over.
type refusal struct {
	at, until time.Time
	told      bool // the service said how long
}

// rate is the pace at a moment, in requests a second; 0 means no limit.
func (p *pace) rate(now time.Time) float64 {
	if p.estimate == 0 {
		return 0
	}
	x := max(0, now.Sub(p.probe).Seconds())/p.climb.Seconds() - 1
	return p.estimate * (1 + probeDepth*x*x*x)
}

// take counts a request that leaves now, after a time in which there was
// nothing to send at all.
func (p *pace) take(now time.Time, idle time.Duration) {
	if p.begin.IsZero() {
		p.begin = now
	}
	if p.estimate == 0 {
		p.begin = p.begin.Add(idle)
		return
	}
	interval := time.Duration(float64(time.Second) / p.rate(now))
	if late := now.Sub(p.next) - interval; late > 0 {
		p.next = p.next.Add(late)
		p.probe = p.probe.Add(late)
		p.begin = p.begin.Add(late)
		p.counted = p.counted.Add(late)
	}
	p.next = p.next.Add(interval)
}

// learn takes a refusal into account and begins a new probe. Too early a
// refusal to learn from leaves all as it is.
func (p *pace) learn(r refusal) {
	switch {
	case p.accepted >= fewest:
		p.measure(r)
	case p.estimate > 0:
		p.lower(r)
	default:
		return
	}
	p.doubt()
	p.estimate = max(p.estimate, slowest)
	cost := min(r.until.Sub(r.at).Seconds(), 1)
	climb := p.slowdown * max(probeRequests/p.estimate, probeClosings*cost)
	p.climb = max(time.Duration(climb*float64(time.Second)), time.Millisecond)
	p.accepted = 0
	p.probe, p.begin = r.until, r.until
	p.next = later(p.next, r.until) // a refused request has had its turn, too
}

// measure estimates from the mean since the last reopening and from the pace at
// the moment of refusal. The truth lies between: a bucket allows just the mean
// (the refusal came late, its tokens were used up first), a window the peak (it
// was not used in full before). The mean includes the closing, as a window's
// allowance is for the whole window.
func (p *pace) measure(r refusal) {
	mean := float64(p.accepted) / max(r.until.Sub(p.begin).Seconds(), 0.001)
	if p.estimate == 0 {
		p.estimate, p.slowdown = mean, probeFirst
	} else {
		peak := max(p.rate(r.at), mean)
		estimate := min(mean+peakWeight*(peak-mean), 2*mean)
		if !r.told {
			estimate = max(estimate, p.estimate/2) // a chance closing after a short time makes any mean small
		}
		p.estimate, p.slowdown = estimate, probeLater
	}
	p.counted, p.history = r.until, p.accepted
}

// lower stretches the last measurement over the time that has passed without
// acceptances worth measuring: the window was longer than thought, or the
// allowance is smaller now.
func (p *pace) lower(r refusal) {
	end := r.at
	if r.told {
		end = r.until
	}
	span := float64(p.history)/p.estimate + max(0, end.Sub(p.counted).Seconds())
	p.history += p.accepted
	p.estimate = min(p.estimate, float64(p.history)/span)
	p.counted = end
}
