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
	// is called from NewProgress and from a goroutine of the Progress.
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
	gone bool // the terminal
	stop func()
}

// NewProgress begins to draw the progress of a job of total operations (0 if
// not known) on w, a terminal. Stop ends it. Nothing else should be written to
// the terminal meanwhile.
func NewProgress(w io.Writer, total int, o ProgressOptions) *Progress {
	p := &Progress{w: w, o: o, bar: Bar{Total: total, Color: o.Color}}
	stop := repeat(cmp.Or(max(0, o.Every), 200*time.Millisecond), p.draw)
	p.stop = sync.OnceFunc(func() {
		stop()
		p.write(clear)
	})
	return p
}

// clear takes the cursor back and erases the line (ECMA-48, EL).
const clear = "\r\x1b[K"

func (p *Progress) draw() {
	width := 0
	if p.o.Width != nil {
		width = p.o.Width()
	}
	p.write(clear + p.bar.Render(p.o.Sample(), time.Now(), width))
}

// write writes to the terminal as long as there is one.
func (p *Progress) write(text string) {
	if !p.gone {
		_, err := io.WriteString(p.w, text)
		p.gone = err != nil
	}
}

// Stop clears the line and returns when nothing more will be drawn. It may be
// called again.
func (p *Progress) Stop() { p.stop() }

// repeat calls a function at once and then every period until stop is called,
// which returns after the last call.
func repeat(period time.Duration, call func()) (stop func()) {
	call()
	end := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(period)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				call()
			case <-end:
				return
			}
		}
	})
	return func() {
		close(end)
		done.Wait()
	}
}
