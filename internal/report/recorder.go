package report

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/webexscim/bulk/client"
)

// maxRows is how many operations that did not succeed a page lists.
const maxRows = 2000

// RecorderOptions configure a Recorder. Sample is required.
type RecorderOptions struct {
	// Sample returns the progress of the job, such as client.Job.Progress. It
	// is called from a goroutine of the Recorder.
	Sample func() client.Progress
	// Every is the time between two samples, 250 ms if it is 0.
	Every time.Duration
}

// Recorder collects the data of a Page while a job runs: samples of its
// progress, and the operations that did not succeed. Its memory is bounded.
type Recorder struct {
	o     RecorderOptions
	began time.Time
	stop  func()

	mu       sync.Mutex
	timeline timeline

	failed, skipped []Row
}

// NewRecorder begins to record. Stop ends it.
func NewRecorder(o RecorderOptions) *Recorder {
	r := &Recorder{o: o, began: time.Now()}
	stop := repeat(cmp.Or(max(0, o.Every), 250*time.Millisecond), r.sample)
	r.stop = sync.OnceFunc(func() {
		stop()
		r.sample()
	})
	return r
}

func (r *Recorder) sample() {
	p := r.o.Sample()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timeline.add(time.Since(r.began), p)
}

// Add adds a result; line is where the operation stands in the input, 0
// when there are no lines. It is called by one goroutine, before Failures.
func (r *Recorder) Add(res client.Result, line int) { r.AddNamed(res, line, "") }

// AddNamed is Add with the name of the user or group. If it is "", that is the
// userName or displayName in the operation's data.
func (r *Recorder) AddNamed(res client.Result, line int, name string) {
	if res.Err == nil {
		return
	}
	list := &r.failed
	if res.Outcome == client.Skipped {
		list = &r.skipped
	}
	if len(*list) < maxRows {
		*list = append(*list, newRow(res, line, name))
	}
}

// Stop takes a last sample. It may be called again.
func (r *Recorder) Stop() { r.stop() }

// Began is when the recording began.
func (r *Recorder) Began() time.Time { return r.began }

// Samples returns the progress of the job until now.
func (r *Recorder) Samples() []Sample {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.timeline.samples)
}

// Failures returns the operations that did not succeed, in input order. There
// are at most 2,000; operations that were sent are preferred.
func (r *Recorder) Failures() []Row {
	rows := slices.Concat(r.failed, r.skipped[:min(len(r.skipped), maxRows-len(r.failed))])
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.Index, b.Index) })
	return rows
}

// Sample is the state of a job at one time, with data about the span since the
// sample before.
type Sample struct {
	// At is the time since the beginning.
	At time.Duration
	// Succeeded, Failed, Skipped and Unknown count the operations by outcome
	// until then.
	Succeeded, Failed, Skipped, Unknown int
	// InFlight is the number of requests under way, Waiting the number of
	// operations read and not sent: the maxima since the previous sample.
	InFlight, Waiting int
	// Closed is the part of the time since the previous sample in which the
	// service had asked to wait.
	Closed time.Duration
}

// timeline is the progress of a job over time, in a bounded number of samples.
type timeline struct {
	samples []Sample
	open    time.Duration // the end of the wait that the service asked for
	period  time.Duration // the minimum time between samples
}

// maxSamples is about the number of points that a screen can show.
const maxSamples = 1000

// add adds the progress of a job at a time that is not before the last sample.
func (c *timeline) add(at time.Duration, p client.Progress) {
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
func (c *timeline) halve() {
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
