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

var number = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]*)?$`)

// dateForms are the three forms of an HTTP date (RFC 9110 section 5.6.7), in
// the order in which they are met.
var dateForms = []string{
	"Mon, 02 Jan 2006 15:04:05 MST",
	"Monday, 02-Jan-06 15:04:05 MST",
	"Mon Jan _2 15:04:05 2006",
}

// ParseRetryAfter reads the text of a Retry-After header (RFC 9110 section
// 10.2.3): seconds, also with a fraction, or an HTTP date in any of its forms.
// Webex has been seen to send `rand(30),add(30)`, which is read as what it
// seems to mean: 30 seconds and a random part of up to 30 more, drawn from rnd,
// a number in [0, 1); nil means math/rand/v2.
//
// A time in the past and a negative number mean no wait. ok is false if the
// text is empty or invalid. The wait is never negative and at most a hundred
// years.
func ParseRetryAfter(s string, now time.Time, rnd func() float64) (wait time.Duration, ok bool) {
	s = strings.TrimSpace(s)
	if number.MatchString(s) {
		return seconds(s), true
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return min(max(0, t.Sub(now)), longest), true
		}
	}
	return sum(s, rnd)
}

// sum adds up terms of the form rand(seconds) and add(seconds).
func sum(s string, rnd func() float64) (total time.Duration, ok bool) {
	if rnd == nil {
		rnd = rand.Float64
	}
	for term := range strings.SplitSeq(s, ",") {
		name, rest, _ := strings.Cut(strings.TrimSpace(term), "(")
		arg, closed := strings.CutSuffix(rest, ")")
		if !closed || !number.MatchString(arg) {
			return 0, false
		}
		wait := seconds(arg)
		switch name {
		case "add":
		case "rand":
			wait = time.Duration(rnd() * float64(wait))
		default:
			return 0, false
		}
		total = min(total+wait, longest)
	}
	return total, true
}

// seconds turns a number of any size into a wait between 0 and longest.
func seconds(number string) time.Duration {
	n, _ := strconv.ParseFloat(number, 64) // what is out of range comes as an infinity
	switch {
	case n >= longest.Seconds():
		return longest
	case n <= 0:
		return 0
	}
	return time.Duration(n * float64(time.Second))
}
