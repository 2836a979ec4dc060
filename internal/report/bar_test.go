package report

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	_ "github.com/webexscim/bulk/internal/raced" // fewer random checks under the race detector
)

// drawing is one sample of a job and the time since the one before.
type drawing struct {
	after time.Duration
	p     client.Progress
}

func TestBarShowsRateAndTimeLeft(t *testing.T) {
	begun := drawing{0, client.Progress{}}
	tests := []struct {
		name  string
		total int
		width int
		color bool
		draw  []drawing
		want  string
	}{
		{"at the start", 2000, 80, false, []drawing{begun},
			"░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░    0%  0/2000"},
		{"rate and time left", 2000, 80, false,
			[]drawing{begun, {5 * time.Second, client.Progress{Succeeded: 500}}},
			"███████░░░░░░░░░░░░░░░░░░░░░░░   25%  500/2000  100 a second  about 15s left"},
		{"what an earlier run did is no rate", 2000, 80, false,
			[]drawing{begun, {10 * time.Second, client.Progress{Succeeded: 1500, Replayed: 1000}}},
			"██████████████████████░░░░░░░░   75%  1500/2000  50 a second  about 10s left"},
		{"a slow service", 100, 90, false,
			[]drawing{begun, {10 * time.Second, client.Progress{Succeeded: 5}}},
			"█░░░░░░░░░░░░░░░░░░░░░░░░░░░░░    5%  5/100  30.0 a minute  about 3m 10s left"},
		{"the rate is that of the last half minute", 10_000, 80, false,
			[]drawing{begun, {time.Minute, client.Progress{Succeeded: 6000}},
				{15 * time.Second, client.Progress{Succeeded: 6000}},
				{15 * time.Second, client.Progress{Succeeded: 6300}}},
			"██████████████████░░░░░░░░░░░   63%  6300/10000  10 a second  about 6m 10s left"},
		{"failures and waiting, in full", 2000, 130, false,
			[]drawing{begun, {5 * time.Second,
				client.Progress{Succeeded: 490, Failed: 7, Unknown: 1, Skipped: 2,
					ClosedFor: 12 * time.Second}}},
			"████░░░░░░░░░░░░░░   25%  500/2000  100 a second  7 failed, 1 unknown, 2 skipped  waiting for the rate limit: 12s  about 27s left"},
		{"on 80 columns words become short", 2000, 80, false,
			[]drawing{begun, {5 * time.Second,
				client.Progress{Succeeded: 493, Failed: 7, ClosedFor: 12 * time.Second}}},
			"████░░░░░░░░░░░░░   25%  500/2000  100/s  7 failed  waiting 12s  about 27s left"},
		{"on 60", 2000, 60, false,
			[]drawing{begun, {5 * time.Second,
				client.Progress{Succeeded: 493, Failed: 7, ClosedFor: 12 * time.Second}}},
			" 25%  500/2000  7 failed  waiting 12s  about 27s left"},
		{"on 30", 2000, 30, false,
			[]drawing{begun, {5 * time.Second,
				client.Progress{Succeeded: 493, Failed: 7, ClosedFor: 12 * time.Second}}},
			"██░░░░░░░  500/2000  7 failed"},
		{"on 10", 2000, 10, false,
			[]drawing{begun, {5 * time.Second, client.Progress{Succeeded: 493, Failed: 7}}},
			"7 failed"},
		{"colors take no columns", 2000, 60, true,
			[]drawing{begun, {5 * time.Second,
				client.Progress{Succeeded: 493, Failed: 7, ClosedFor: 12 * time.Second}}},
			" 25%  500/2000  \x1b[31m7 failed\x1b[0m  \x1b[33mwaiting 12s\x1b[0m  about 27s left"},
		{"unknown length", 0, 80, false,
			[]drawing{begun, {2 * time.Second, client.Progress{Succeeded: 900}}},
			"900 done  450 a second"},
		{"unknown width", 0, 0, false, []drawing{{0, client.Progress{Failed: 1}}}, "1 done  1 failed"},
		{"more than announced", 10, 40, false, []drawing{{0, client.Progress{Succeeded: 11}}},
			"██████████████████████████  100%  11/10"},
		{"nobody answers", 10, 90, false,
			[]drawing{{0, client.Progress{ClosedFor: 2 * time.Second, Unanswered: 2, LookingUp: 3}}},
			"  0%  0/10  looking up 3 without an answer  no answer from the service, again in 2s"},
		{"less than a second is no silence", 10, 60, false,
			[]drawing{{0, client.Progress{ClosedFor: time.Millisecond}}},
			"░░░░░░░░░░░░░░░    0%  0/10  waiting for the rate limit: 1s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := &Bar{Total: test.total, Color: test.color}
			now, got := time.Now(), ""
			for _, d := range test.draw {
				now = now.Add(d.after)
				got = b.Render(d.p, now, test.width)
			}
			if got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// Whatever the job and the terminal: the line never reaches the last column,
// where a terminal would begin a new one, and what failed is on it if there is
// room for that.
func TestBarFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 1<<40)
		b := &Bar{Total: n.Draw(t, "total"), Color: rapid.Bool().Draw(t, "color")}
		width := rapid.IntRange(1, 200).Draw(t, "width")
		now := time.Now()
		var p client.Progress
		for range rapid.IntRange(1, 5).Draw(t, "drawings") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "after")))
			p = client.Progress{
				Succeeded: n.Draw(t, "succeeded"), Failed: n.Draw(t, "failed"), Skipped: n.Draw(t, "skipped"),
				Unknown: n.Draw(t, "unknown"), Replayed: n.Draw(t, "replayed"),
				ClosedFor: time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "closed")),
			}
			line := strings.NewReplacer(red, "", yellow, "", reset, "").Replace(b.Render(p, now, width))
			if got := utf8.RuneCountInString(line); got > width-1 {
				t.Fatalf("%d columns of %d: %q", got, width, line)
			}
			if bad := unsuccessful(p); len(bad) < width && !strings.Contains(line, bad) {
				t.Fatalf("%q is not in %q", bad, line)
			}
		}
		if len(b.seen) > int(rateSpan/rateStep)+2 {
			t.Fatalf("%d points are remembered", len(b.seen))
		}
	})
}
