package main

import (
	"os"
	"sync"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
)

// progressStep is the number of resources that are read between two messages
// about their number.
const progressStep = 5000

// messages prints messages to a person. While a progress bar is on the
// terminal, messages wait until it is gone.
type messages struct {
	w     *terminal.Writer
	quiet bool

	mu      sync.Mutex
	bar     *report.Progress
	waiting []terminal.Text
}

// say prints a message and a line break, unless quiet. The arguments are
// escaped.
func (m *messages) say(format string, args ...any) {
	if !m.quiet {
		m.sayAlways(format, args...)
	}
}

// sayAlways is say even if quiet.
func (m *messages) sayAlways(format string, args ...any) {
	text := terminal.Sprintf(format+"\n", args...)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bar != nil {
		m.waiting = append(m.waiting, text)
		return
	}
	_ = m.w.Print(text)
}

// warn prints a warning, even if quiet.
func (m *messages) warn(text string) { m.sayAlways("webex-bulk: warning: %s", text) }

// startBar shows the progress of a job on a terminal. total is the number of
// its operations, 0 if it is not known.
func (m *messages) startBar(job *client.Job, total int) {
	if m.quiet || !m.w.IsTerminal() || os.Getenv("TERM") == "dumb" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bar = report.NewProgress(m.w.Stream(), total, report.ProgressOptions{ // the bar contains no foreign text
		Sample: job.Progress, Width: m.w.Width, Color: os.Getenv("NO_COLOR") == "",
	})
}

// stopBar removes the bar, and prints the messages that wait.
func (m *messages) stopBar() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bar == nil {
		return
	}
	m.bar.Stop()
	m.bar = nil
	for _, text := range m.waiting {
		_ = m.w.Print(text)
	}
	m.waiting = nil
}
