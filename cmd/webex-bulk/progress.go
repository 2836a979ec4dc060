package main

import (
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
)

// talk is what is said to a person while a job runs: a bar on a terminal, and
// sentences that wait until the bar is gone.
type talk struct {
	w     io.Writer
	quiet bool

	mu   sync.Mutex
	bar  *report.Progress
	held []string
}

// say tells a person something, unless none wants to hear.
func (t *talk) say(format string, args ...any) {
	if !t.quiet {
		t.tell(fmt.Sprintf(format, args...))
	}
}

// warn tells a person something in any case.
func (t *talk) warn(text string) { t.tell("webex-bulk: warning: " + text) }

func (t *talk) tell(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil {
		t.held = append(t.held, text)
		return
	}
	fmt.Fprintln(t.w, text)
}

// watch draws how far a job of so many operations is, on a terminal.
func (t *talk) watch(job *client.Job, total int) {
	if t.quiet || !isTerminal(t.w) || os.Getenv("TERM") == "dumb" {
		return
	}
	fd := int(t.w.(*os.File).Fd())
	width := func() int {
		columns, _, _ := term.GetSize(fd) // 0 where it is not known
		return columns
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bar = report.NewProgress(t.w, total, report.ProgressOptions{
		Sample: job.Progress, Width: width, Color: os.Getenv("NO_COLOR") == "",
	})
}

// rest ends the bar and says what has waited for that.
func (t *talk) rest() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar == nil {
		return
	}
	t.bar.Stop()
	t.bar = nil
	for _, text := range t.held {
		fmt.Fprintln(t.w, text)
	}
	t.held = nil
}
