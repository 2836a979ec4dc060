package report

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/webexscim/bulk/client"
)

// Bar draws the progress of a job as one line of text. It remembers earlier
// states to compute the rate; the zero value is ready for a job of unknown
// length.
type Bar struct {
	// Total is the number of operations of the job, 0 when it is not known.
	Total int
	// Color marks failures and waiting with terminal colors.
	Color bool

	seen []point
}

// point is the number of operations that this run had done at a time.
type point struct {
	at   time.Time
	done int
}

// The rate is computed over the last rateSpan: long enough for requests and
// waits to end, short enough to follow the service. Points are rateStep apart.
const (
	rateSpan = 30 * time.Second
	rateStep = time.Second
)

// Render returns the line at the time now, shorter than width columns (80 if
// width is 0), without a line end. Parts that do not fit are left out, the
// failures last.
func (b *Bar) Render(p client.Progress, now time.Time, width int) string {
	if width <= 0 {
		width = 80
	}
	rate := b.rate(point{now, p.Done() - p.Replayed})
	parts := b.parts(p, rate)
	fit(parts, width-1)
	line := b.join(parts)
	if room := width - 1 - length(parts) - len(gap); b.Total > 0 && room >= minBar {
		line = bar(p.Done(), b.Total, min(room, maxBar)) + gap + line
	}
	return line
}

// The width of the bar itself, in columns.
const (
	minBar = 8
	maxBar = 30
)

const gap = "  "

// part is a piece of the line.
type part struct {
	text, short string // short is for narrow terminals, if there is one
	color       string
	rank        int // parts of low rank are left out first
}

func (b *Bar) parts(p client.Progress, rate float64) []part {
	done := part{text: fmt.Sprintf("%d done", p.Done()), rank: 5}
	var parts []part
	if b.Total > 0 {
		done.text = fmt.Sprintf("%d/%d", p.Done(), b.Total)
		parts = append(parts, part{text: fmt.Sprintf("%3d%%", percent(p.Done(), b.Total)), rank: 3})
	}
	parts = append(parts, done)
	if rate > 0 {
		unit := paceUnit(rate)
		parts = append(parts, part{text: pace(rate) + " a " + unit, short: pace(rate) + "/" + unit[:1], rank: 1})
	}
	if bad := unsuccessful(p); bad != "" {
		parts = append(parts, part{text: bad, color: red, rank: 6})
	}
	if p.LookingUp > 0 {
		text := fmt.Sprintf("looking up %d", p.LookingUp)
		long := text + " without an answer"
		if p.LookingFor > time.Second {
			long += ", for up to " + brief(p.LookingFor)
		}
		parts = append(parts, part{text: long, short: text, color: yellow, rank: 5})
	}
	if p.ClosedFor > 0 {
		wait, why := brief(max(time.Second, p.ClosedFor)), "waiting for the rate limit: "
		if p.Unanswered > 0 {
			why = "no answer from the service, again in "
		}
		parts = append(parts, part{text: why + wait, short: "waiting " + wait, color: yellow, rank: 4})
	}
	if left := b.left(p, rate); left != "" {
		parts = append(parts, part{text: left, rank: 2})
	}
	return parts
}

func percent(done, total int) int { return min(100, int(int64(done)*100/int64(total))) }

// unsuccessful counts the operations that did not succeed, by outcome.
func unsuccessful(p client.Progress) string {
	var texts []string
	for _, outcome := range []struct {
		n    int
		name string
	}{{p.Failed, "failed"}, {p.Unknown, "unknown"}, {p.Skipped, "skipped"}} {
		if outcome.n > 0 {
			texts = append(texts, fmt.Sprintf("%d %s", outcome.n, outcome.name))
		}
	}
	return strings.Join(texts, ", ")
}

// left returns the time that the rest of the job takes at this rate, with the
// present wait.
func (b *Bar) left(p client.Progress, rate float64) string {
	rest := b.Total - p.Done()
	if rest <= 0 || rate <= 0 {
		return ""
	}
	seconds := float64(rest)/rate + p.ClosedFor.Seconds()
	if seconds > (100 * 24 * time.Hour).Seconds() {
		return ""
	}
	return "about " + brief(max(time.Second, time.Duration(seconds*float64(time.Second)))) + " left"
}

// rate adds a point and returns the operations a second over the last rateSpan,
// 0 if there are too few points.
func (b *Bar) rate(now point) float64 {
	if n := len(b.seen); n == 0 || now.at.Sub(b.seen[n-1].at) >= rateStep {
		b.seen = append(b.seen, now)
	}
	for len(b.seen) > 2 && now.at.Sub(b.seen[1].at) >= rateSpan {
		b.seen = b.seen[1:]
	}
	span := now.at.Sub(b.seen[0].at)
	if span < rateStep || now.done <= b.seen[0].done {
		return 0
	}
	return float64(now.done-b.seen[0].done) / span.Seconds()
}

// fit shortens parts, and then leaves them out, until they fit into the room.
func fit(parts []part, room int) {
	for rank := 0; length(parts) > room && rank < 6; rank++ {
		for i := range parts {
			if parts[i].short != "" && length(parts) > room {
				parts[i].text, parts[i].short = parts[i].short, ""
			}
		}
		for i := range parts {
			if parts[i].rank == rank && length(parts) > room {
				parts[i].text = ""
			}
		}
	}
	for i := range parts {
		if length(parts) > room {
			parts[i].text = string([]rune(parts[i].text)[:min(max(room, 0), utf8.RuneCountInString(parts[i].text))])
		}
	}
}

// length returns the number of columns that parts take.
func length(parts []part) int {
	n := 0
	for _, p := range parts {
		if p.text != "" {
			n += utf8.RuneCountInString(p.text) + len(gap)
		}
	}
	return max(0, n-len(gap))
}

// Terminal colors (ECMA-48, SGR).
const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	reset  = "\x1b[0m"
)

func (b *Bar) join(parts []part) string {
	var texts []string
	for _, p := range parts {
		switch {
		case p.text == "":
		case b.Color && p.color != "":
			texts = append(texts, p.color+p.text+reset)
		default:
			texts = append(texts, p.text)
		}
	}
	return strings.Join(texts, gap)
}

func bar(done, total, width int) string {
	full := min(width, int(int64(done)*int64(width)/int64(total)))
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}
