package throttle

// Some refusals are not about the rate, for example if the service is busy with
// other clients. These are as frequent at half the pace, so that a pace which
// goes on learning from them would fall forever: there is no time to climb
// between them. Eras distinguish them from a limit, below which refusals are
// fewer.
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

// inVain reports whether this era, at half the rate of the era before, had as
// many refusals. Without an era before it is false: comparisons with NaN are.
func (e era) inVain(before era) bool {
	return e.refusals() <= vainMost && e.refusals() >= vainFewer*before.refusals()
}

// doubt takes back a fall of the estimate that did not reduce refusals, and
// tries twice the rate. The next fall is compared with the same refusals.
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
