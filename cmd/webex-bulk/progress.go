package main

import (
	"os"
	"sync"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
)

// talk is what is said to a person while a job runs: a bar on a terminal, and
// sentences that wait until the bar is gone.
type talk struct {
	w     *terminal.Writer
	quiet bool

	mu   sync.Mutex
	bar  *report.Progress
	held []terminal.Text
}

// say tells a person something, unless none wants to hear. As all sentences of
// talk it ends in a line break, and its arguments are escaped.
func (t *talk) say(format string, args ...any) {
	if !t.quiet {
		t.tell(format, args...)
	}
}

// warn tells a person something in any case.
func (t *talk) warn(text string) { t.tell("webex-bulk: warning: %s", text) }

// tell is say to those too who want to hear little.
func (t *talk) tell(format string, args ...any) {
	text := terminal.Sprintf(format+"\n", args...)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil {
		t.held = append(t.held, text)
		return
	}
	_ = t.w.Print(text)
}

// startBar shows on a terminal how far a job of so many operations is.
func (t *talk) startBar(job *client.Job, total int) {
	if t.quiet || !t.w.IsTerminal() || os.Getenv("TERM") == "dumb" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bar = report.NewProgress(t.w.Stream(), total, report.ProgressOptions{ // nothing foreign is in a bar
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
	for _, text := range t.held {
		_ = t.w.Print(text)
	}
	t.held = nil
}
