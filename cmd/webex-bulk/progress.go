package main

import (
	"os"
	"sync"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
)

// progressStep is how many resources are read before a terminal is told again
// how many there are so far.
const progressStep = 5000

// talk prints sentences for a person. While a job shows its progress in a bar
// on a terminal, they wait until the bar is gone.
type talk struct {
	w     *terminal.Writer
	quiet bool

	mu      sync.Mutex
	bar     *report.Progress
	waiting []terminal.Text
}

// say prints a sentence and a line break, unless quiet. The arguments are
// escaped.
func (t *talk) say(format string, args ...any) {
	if !t.quiet {
		t.sayAlways(format, args...)
	}
}

// sayAlways is say even if quiet.
func (t *talk) sayAlways(format string, args ...any) {
	text := terminal.Sprintf(format+"\n", args...)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil {
		t.waiting = append(t.waiting, text)
		return
	}
	_ = t.w.Print(text)
}

// warn prints a warning, even if quiet.
func (t *talk) warn(text string) { t.sayAlways("webex-bulk: warning: %s", text) }

// startBar shows on a terminal how far a job of so many operations is.
func (t *talk) startBar(job *client.Job, total int) {
	if t.quiet || !t.w.IsTerminal() || os.Getenv("TERM") == "dumb" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bar = report.NewProgress(t.w.Stream(), total, report.ProgressOptions{ // a bar has no text of others
		Sample: job.Progress, Width: t.w.Width, Color: os.Getenv("NO_COLOR") == "",
	})
}

// stopBar removes the bar, and prints the sentences that waited for that.
func (t *talk) stopBar() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar == nil {
		return
	}
	t.bar.Stop()
	t.bar = nil
	for _, text := range t.waiting {
		_ = t.w.Print(text)
	}
	t.waiting = nil
}
