package report

import (
	"fmt"
	"strconv"
	"time"
)

// step is the least of 1, 2 and 5 times a power of ten with which at most n
// steps lead to top.
func step(top, n int) int {
	for unit := 1; ; unit *= 10 {
		for _, s := range [...]int{unit, 2 * unit, 5 * unit} {
			if top <= s*n {
				return s
			}
		}
	}
}

// marks are the round times that an axis can be marked at.
var marks = [...]time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// timeStep is the least round time with which at most n steps lead to end.
func timeStep(end time.Duration, n int) time.Duration {
	for _, m := range marks {
		if end <= m*time.Duration(n) {
			return m
		}
	}
	day := 24 * time.Hour
	return day * time.Duration(step(int(end/day)+1, n))
}

// clock writes times of an axis in one unit for all of them.
type clock struct {
	unit  string
	write func(time.Duration) string
}

// newClock returns a clock for an axis that ends at end, with a mark every
// step.
func newClock(end, step time.Duration) clock {
	switch {
	case step < time.Second:
		return clock{"seconds", func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'g', 4, 64) }}
	case end < 2*time.Minute:
		return clock{"seconds", func(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }}
	case end < 2*time.Hour:
		return clock{"minutes:seconds", func(d time.Duration) string {
			return fmt.Sprintf("%d:%02d", int(d/time.Minute), int(d/time.Second)%60)
		}}
	case end < 48*time.Hour:
		return clock{"hours:minutes", func(d time.Duration) string {
			return fmt.Sprintf("%d:%02d", int(d/time.Hour), int(d/time.Minute)%60)
		}}
	}
	return clock{"days", func(d time.Duration) string { return strconv.FormatFloat(d.Hours()/24, 'f', -1, 64) }}
}

// count returns n with its thousands separated.
func count(n int) string {
	if n < 0 {
		return "-" + count(-n)
	}
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
