package report

import (
	"slices"
	"time"

	"github.com/webexscim/bulk/client"
)

// Sample is the state of a job at one time, or the span that ends then.
type Sample struct {
	// At is the time since the beginning.
	At time.Duration
	// Succeeded, Failed, Skipped and Unknown count the operations by outcome
	// until then.
	Succeeded, Failed, Skipped, Unknown int
	// InFlight is the number of requests under way, Waiting that of operations
	// read and not sent: the maxima since the previous sample.
	InFlight, Waiting int
	// Closed is the part of the time since the previous sample in which the
	// service had asked to wait.
	Closed time.Duration
}

// course is the progress of a job over time, in a bounded number of samples.
type course struct {
	samples []Sample
	open    time.Duration // when the service may be asked again
	period  time.Duration // the least time between samples
}

// maxSamples is about what a screen can show.
const maxSamples = 1000

// add adds a job's progress at a time, which is not before the last one.
func (c *course) add(at time.Duration, p client.Progress) {
	s := Sample{
		At: at, Succeeded: p.Succeeded, Failed: p.Failed, Skipped: p.Skipped, Unknown: p.Unknown,
		InFlight: p.InFlight, Waiting: p.Waiting,
	}
	n := len(c.samples)
	if n > 0 {
		last := c.samples[n-1].At
		s.Closed = max(0, min(c.open, at)-last)
	}
	c.open = at + p.ClosedFor
	switch {
	case n > 1 && at-c.samples[n-2].At < c.period, n > 0 && at <= c.samples[n-1].At:
		c.samples[n-1] = merge(c.samples[n-1], s)
	default:
		c.samples = append(c.samples, s)
	}
	if len(c.samples) > maxSamples {
		c.halve()
	}
}

// halve makes one sample of two.
func (c *course) halve() {
	c.samples = thin(c.samples, len(c.samples)/2+1)
	c.period = c.samples[len(c.samples)-1].At / (maxSamples / 2)
}

// thin merges neighbors until there are about n samples at most. The first,
// which is the beginning, stays.
func thin(samples []Sample, n int) []Sample {
	size := (len(samples) + n - 1) / n
	if size < 2 {
		return samples
	}
	kept := []Sample{samples[0]}
	for group := range slices.Chunk(samples[1:], size) {
		s := group[0]
		for _, next := range group[1:] {
			s = merge(s, next)
		}
		kept = append(kept, s)
	}
	return kept
}

// merge makes one sample of two that follow each other.
func merge(a, b Sample) Sample {
	b.InFlight, b.Waiting = max(a.InFlight, b.InFlight), max(a.Waiting, b.Waiting)
	b.Closed += a.Closed
	return b
}
