package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
)

func TestProgressIsDrawnPeriodically(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		done := 0
		p := NewProgress(&out, 4, ProgressOptions{
			Sample: func() client.Progress { done++; return client.Progress{Succeeded: done - 1} },
			Width:  func() int { return 12 },
			Every:  time.Second,
		})
		time.Sleep(2*time.Second + time.Millisecond)
		synctest.Wait()
		p.Stop()
		lines := strings.Split(out.String(), "\r\x1b[K")
		want := []string{"", "  0%  0/4", " 25%  1/4", " 50%  2/4", ""}
		if strings.Join(lines, "|") != strings.Join(want, "|") {
			t.Errorf("got %q, want %q", lines, want)
		}
		if strings.Contains(out.String(), "\n") {
			t.Error("the bar leaves lines behind")
		}
		p.Stop()
		written := out.Len()
		time.Sleep(time.Minute)
		if out.Len() != written {
			t.Error("something was drawn after Stop")
		}
	})
}

func TestProgressIsDrawnFiveTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		samples := 0
		p := NewProgress(&bytes.Buffer{}, 0,
			ProgressOptions{Sample: func() client.Progress { samples++; return client.Progress{} }})
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		p.Stop()
		if samples != 6 {
			t.Errorf("drawn %d times in a second, want 6", samples)
		}
	})
}

// A terminal that is gone is not written to again.
func TestClosedTerminalIsNotWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &broken{}
		p := NewProgress(w, 0, ProgressOptions{Sample: func() client.Progress { return client.Progress{} }})
		time.Sleep(time.Minute)
		synctest.Wait()
		p.Stop()
		if w.writes != 1 {
			t.Errorf("%d writes, want 1", w.writes)
		}
	})
}

type broken struct{ writes int }

func (b *broken) Write([]byte) (int, error) {
	b.writes++
	return 0, errors.New("gone")
}
