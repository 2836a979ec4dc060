package main

import (
	"bytes"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
)

// TestMessagesWaitForTheProgressBar holds that nothing is written across the
// bar, and that nothing is lost.
func TestMessagesWaitForTheProgressBar(t *testing.T) {
	var out, screen bytes.Buffer
	s := messages{w: terminal.NewWriter(&out)}
	s.say("before")
	s.bar = report.NewProgress(&screen, 10, report.ProgressOptions{Sample: func() client.Progress { return client.Progress{} }})
	s.say("during")
	s.warn("watch out")
	if out.String() != "before\n" {
		t.Errorf("written across the bar: %q", out.String())
	}
	s.stopBar()
	s.stopBar()
	s.say("after")
	if want := "before\nduring\nwebex-bulk: warning: watch out\nafter\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	mute := messages{w: terminal.NewWriter(&out), quiet: true}
	out.Reset()
	mute.say("nothing")
	mute.warn("a secret is exposed")
	if out.String() != "webex-bulk: warning: a secret is exposed\n" {
		t.Errorf("%q", out.String())
	}
}
