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

	mu     sync.Mutex
	course course

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
	r.course.add(time.Since(r.began), p)
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
	return slices.Clone(r.course.samples)
}

// Failures returns the operations that did not succeed, in input order. There
// are at most 2,000; operations that were sent are preferred.
func (r *Recorder) Failures() []Row {
	rows := slices.Concat(r.failed, r.skipped[:min(len(r.skipped), maxRows-len(r.failed))])
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.Index, b.Index) })
	return rows
}
