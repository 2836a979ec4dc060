package report

import (
	"cmp"
	"io"
	"sync"
	"time"

	"github.com/webexscim/bulk/client"
)

// ProgressOptions say what a Progress shows, and how. Sample is required.
type ProgressOptions struct {
	// Sample returns the progress of the job, such as client.Job.Progress. It
	// is called from a goroutine of the Progress.
	Sample func() client.Progress
	// Width returns the columns of the terminal; nil or 0 means 80.
	Width func() int
	// Color allows colors. The caller honors NO_COLOR.
	Color bool
	// Every is the time from one drawing to the next, 200 ms if it is 0.
	Every time.Duration
}

// Progress draws a Bar on a terminal, again and again on the same line.
type Progress struct {
	w    io.Writer
	bar  Bar
	o    ProgressOptions
	stop func()
	done sync.WaitGroup
}

// NewProgress begins to draw the progress of a job of total operations (0 if
// not known) on w, a terminal. Stop ends it. Nothing else should be written to
// the terminal meanwhile.
func NewProgress(w io.Writer, total int, o ProgressOptions) *Progress {
	end := make(chan struct{})
	p := &Progress{w: w, o: o, bar: Bar{Total: total, Color: o.Color}, stop: sync.OnceFunc(func() { close(end) })}
	p.done.Go(func() { p.run(end) })
	return p
}

// clear takes the cursor back and erases the line (ECMA-48, EL).
const clear = "\r\x1b[K"

func (p *Progress) run(end <-chan struct{}) {
	tick := time.NewTicker(cmp.Or(max(0, p.o.Every), 200*time.Millisecond))
	defer tick.Stop()
	for p.draw() {
		select {
		case <-tick.C:
		case <-end:
			_, _ = io.WriteString(p.w, clear) // there is nobody to tell
			return
		}
	}
}

// draw reports whether there is a terminal to draw on.
func (p *Progress) draw() bool {
	width := 0
	if p.o.Width != nil {
		width = p.o.Width()
	}
	_, err := io.WriteString(p.w, clear+p.bar.Render(p.o.Sample(), time.Now(), width))
	return err == nil
}

// Stop clears the line and returns when nothing more will be drawn. It may be
// called again.
func (p *Progress) Stop() {
	p.stop()
	p.done.Wait()
}
