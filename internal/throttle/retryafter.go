package throttle

import (
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// longest is the maximum wait. A larger one is cut to it, so that no sum
// overflows.
const longest = 100 * 365 * 24 * time.Hour

var (
	number = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]*)?$`)
	term   = regexp.MustCompile(`^(rand|add)\(([^)]*)\)$`)
)

// ParseRetryAfter reads the text of a Retry-After header (RFC 9110 section
// 10.2.3): seconds, also with a fraction, or an HTTP date in any of its forms.
// Webex has been seen to send `rand(30),add(30)`, which is read as 30 seconds
// and a random part of up to 30 more, drawn from rnd, a number in [0, 1); nil
// means math/rand/v2.
//
// A time in the past and a negative number mean no wait. ok is false if the
// text is empty or invalid. The wait is never negative and at most a hundred
// years.
func ParseRetryAfter(s string, now time.Time, rnd func() float64) (wait time.Duration, ok bool) {
	s = strings.TrimSpace(s)
	if wait, ok = seconds(s); ok {
		return wait, true
	}
	for _, form := range []string{time.RFC1123, time.RFC850, time.ANSIC} {
		if t, err := time.Parse(form, s); err == nil {
			return min(max(0, t.Sub(now)), longest), true
		}
	}
	if rnd == nil {
		rnd = rand.Float64
	}
	for text := range strings.SplitSeq(s, ",") {
		m := term.FindStringSubmatch(strings.TrimSpace(text))
		if m == nil {
			return 0, false
		}
		more, ok := seconds(m[2])
		if !ok {
			return 0, false
		}
		if m[1] == "rand" {
			more = time.Duration(rnd() * float64(more))
		}
		wait = min(wait+more, longest)
	}
	return wait, true
}

// seconds turns a number of any size into a wait between 0 and longest.
func seconds(text string) (wait time.Duration, ok bool) {
	if !number.MatchString(text) {
		return 0, false
	}
	n, _ := strconv.ParseFloat(text, 64) // a number out of range reads as an infinity
	return time.Duration(min(max(0, n), longest.Seconds()) * float64(time.Second)), true
}
