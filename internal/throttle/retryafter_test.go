package throttle

import (
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func half() float64 { return 0.5 }

func TestParseRetryAfter(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, c := range []struct {
		text string
		wait time.Duration
		ok   bool
	}{
		{"", 0, false},
		{"  ", 0, false},
		{"soon", 0, false},
		{"5 minutes", 0, false},
		{"NaN", 0, false},
		{"Infinity", 0, false},
		{"0x10", 0, false},
		{"1e3", 0, false},
		{"٣", 0, false},
		{"-", 0, false},
		{"rand(30", 0, false},
		{"rand(),add(30)", 0, false},
		{"mul(3),add(30)", 0, false},
		{"rand(30),", 0, false},
		{"Wed, 04 Mar 2026", 0, false},

		{"0", 0, true},
		{"-5", 0, true},
		{"1", time.Second, true},
		{" 194 ", 194 * time.Second, true},
		{"+3", 3 * time.Second, true},
		{"1.5", 1500 * time.Millisecond, true},
		{"2.", 2 * time.Second, true},
		{"0.0000000001", 0, true},
		{"31536000", year, true},
		{"99999999999999999999999999", longest, true},
		{"-99999999999999999999999999", 0, true},
		{"1" + zeros(400), longest, true},

		{"Wed, 04 Mar 2026 12:00:30 GMT", 30 * time.Second, true},
		{"Wednesday, 04-Mar-26 12:01:00 GMT", time.Minute, true},
		{"Wed Mar  4 12:00:05 2026", 5 * time.Second, true},
		{"Wed, 04 Mar 2026 11:59:59 GMT", 0, true},
		{"Thu, 01 Jan 1970 00:00:00 GMT", 0, true},
		{"Fri, 31 Dec 9999 23:59:59 GMT", longest, true},

		{"rand(30),add(30)", 45 * time.Second, true},
		{"add(30), rand(30)", 45 * time.Second, true},
		{"rand(30)", 15 * time.Second, true},
		{"add(7.5)", 7500 * time.Millisecond, true},
		{"rand(-30),add(-30)", 0, true},
		{"add(1" + zeros(30) + "),add(1" + zeros(30) + ")", longest, true},
	} {
		wait, ok := ParseRetryAfter(c.text, noon, half)
		if wait != c.wait || ok != c.ok {
			t.Errorf("%.60q: %v %v, want %v %v", c.text, wait, ok, c.wait, c.ok)
		}
	}
}

// A random part without a source of its own lies between its ends.
func TestParseRetryAfterDraws(t *testing.T) {
	for range 100 {
		wait, ok := ParseRetryAfter("rand(30),add(30)", noon, nil)
		if !ok || wait < 30*time.Second || wait >= time.Minute {
			t.Fatal(wait, ok)
		}
	}
}

func FuzzParseRetryAfter(f *testing.F) {
	for _, s := range []string{
		"", "0", "-5", "194", "31536000", "1.5", "rand(30),add(30)", "Wed, 04 Mar 2026 12:00:30 GMT",
		"Wednesday, 04-Mar-26 12:01:00 GMT", "Wed Mar  4 12:00:05 2026", "1e309", "add(1" + zeros(30) + "),add(9)",
	} {
		f.Add(s, 0.5)
	}
	f.Fuzz(func(t *testing.T, s string, r float64) {
		if !(r >= 0 && r < 1) {
			r = 0.25
		}
		wait, ok := ParseRetryAfter(s, noon, func() float64 { return r })
		if wait < 0 || wait > longest || !ok && wait != 0 {
			t.Errorf("%q: %v %v", s, wait, ok)
		}
	})
}

func zeros(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0'
	}
	return string(b)
}
