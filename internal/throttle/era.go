package throttle

// Refusals that are not about the rate, of a service that is busy with others,
// say, come as often at half the pace. A pace that went on learning from them
// would fall for ever, since between one and the next there is no time to
// climb. Eras tell them from a limit: below a limit there are fewer.
const (
	eraLeast   = 8    // refusals without which an era is not judged
	vainMost   = 0.25 // of the requests: more is an outage or a limit far below the pace
	vainFewer  = 0.6  // part of the refusals before: a limit would leave less
	eraAnother = 1.2  // part of the rate at the beginning above which another era begins
)

// era is the time in which the estimate falls to half. Only refusals after
// enough acceptances count: refusals in a row, while a limit of unknown length
// lasts, are one.
type era struct {
	rate              float64 // the estimate at the beginning
	accepted, refused int
}

// refusals is the part of the requests that was refused.
func (e era) refusals() float64 { return float64(e.refused) / float64(e.accepted+e.refused) }

// inVain tells whether to go slower than in the era before was of no use. It
// was not if there was none: what compares with NaN is false.
func (e era) inVain(before era) bool {
	return e.refusals() <= vainMost && e.refusals() >= vainFewer*before.refusals()
}

// doubt takes back a fall of the estimate that was in vain, and tries twice the
// rate. The next fall is compared with the same refusals.
func (p *pace) doubt() {
	if p.accepted < fewest {
		return
	}
	p.era.accepted += p.accepted
	p.era.refused++
	switch {
	case p.estimate > eraAnother*p.era.rate:
		p.before, p.era = era{}, era{rate: p.estimate}
	case p.estimate > p.era.rate/2 || p.era.refused < eraLeast:
	case p.era.inVain(p.before):
		p.estimate = 2 * p.before.rate
		p.before, p.era = era{p.estimate, p.era.accepted, p.era.refused}, era{rate: p.estimate}
	default:
		p.before, p.era = p.era, era{rate: p.estimate}
	}
}
