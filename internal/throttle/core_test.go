package throttle

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// bench is a core with a clock in hand and half for every random number.
type bench struct {
	core
	t   *testing.T
	now time.Time
}

func newBench(t *testing.T, cfg Config) *bench {
	if cfg.Rand == nil {
		cfg.Rand = half
	}
	return &bench{newCore(cfg), t, noon}
}

// send lets a request leave, which must be possible at once.
func (b *bench) send() ticket {
	b.t.Helper()
	if wait, ok := b.decide(b.now); !ok {
		b.t.Fatalf("not let through: wait %v", wait)
	}
	return b.take(b.now)
}

func (b *bench) sendAll(n int) []ticket {
	b.t.Helper()
	var all []ticket
	for range n {
		all = append(all, b.send())
	}
	return all
}

// wantShut checks how long the throttle is closed.
func (b *bench) wantShut(d time.Duration) {
	b.t.Helper()
	if wait := max(0, b.until.Sub(b.now)); wait != d {
		b.t.Fatalf("closed for %v, want %v", wait, d)
	}
}

func (b *bench) sleep(d time.Duration) { b.now = b.now.Add(d) }

// reopenLater moves the clock to where a request may leave again.
func (b *bench) reopenLater() {
	b.t.Helper()
	for range 3 {
		wait, ok := b.decide(b.now)
		if ok {
			return
		}
		b.sleep(wait)
	}
	b.t.Fatal("still closed")
}

// Retry-After decides how long the throttle is closed, with at most a twentieth
// more, and MaxWait caps it.
func TestClosingByRetryAfter(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
	}{
		{"20", 20500 * time.Millisecond},
		{"200", 200500 * time.Millisecond},
		{"1.5", 1537500 * time.Microsecond},
		{"rand(30),add(30)", 45500 * time.Millisecond},
		{"Wed, 04 Mar 2026 12:00:10 GMT", 10250 * time.Millisecond},
		{"31536000", 5 * time.Minute},
		{"99999999999999999999", 5 * time.Minute},
		{"Wed, 04 Mar 2099 12:00:10 GMT", 5 * time.Minute},
		// No time named, or none to speak of: the first back-off, of which half
		// was drawn.
		{"", 500 * time.Millisecond},
		{"soon", 500 * time.Millisecond},
		{"0", 500 * time.Millisecond},
		{"-5", 500 * time.Millisecond},
		{"Wed, 04 Mar 2026 11:00:00 GMT", 500 * time.Millisecond},
	} {
		b := newBench(t, Config{})
		b.refuse(b.send(), b.now, c.text, true)
		b.wantShut(c.want)
		if wait, ok := b.decide(b.now); ok || wait != c.want {
			t.Errorf("%q: decide says %v %v", c.text, wait, ok)
		}
		b.sleep(c.want - 1)
		if wait, ok := b.decide(b.now); ok || wait != 1 {
			t.Errorf("%q: a nanosecond early: %v %v", c.text, wait, ok)
		}
		b.sleep(1)
		b.send()
	}
}

// Without Retry-After the bound of the wait doubles from refusal to refusal, up
// to MaxWait, and an acceptance resets it.
func TestBackOff(t *testing.T) {
	b := newBench(t, Config{MaxWait: 10 * time.Second, MaxTotal: time.Hour})
	for _, bound := range append([]time.Duration{1, 2, 4, 8}, slices.Repeat([]time.Duration{10}, 80)...) {
		b.refuse(b.send(), b.now, "", true)
		b.wantShut(bound * time.Second / 2)
		b.reopenLater()
	}
	b.accept(b.send(), b.now)
	b.refuse(b.send(), b.now, "", true)
	b.wantShut(time.Second / 2)
}

// The back-off is drawn from the whole range below its bound: full jitter.
func TestBackOffJitter(t *testing.T) {
	for _, r := range []float64{0, 0.001, 0.999} {
		b := newBench(t, Config{Rand: func() float64 { return r }})
		b.refuse(b.send(), b.now, "", true)
		b.wantShut(time.Duration(r * float64(time.Second)))
	}
}

// Refusals of requests that left before the throttle closed are one closing:
// they neither count for the back-off nor lower the concurrency again. One that
// names a later time prolongs it, none shortens it.
func TestRefusalsOfOneClosing(t *testing.T) {
	b := newBench(t, Config{Concurrency: 8})
	all := b.sendAll(8)
	b.refuse(all[0], b.now, "10", true)
	b.wantShut(10250 * time.Millisecond)
	for _, text := range []string{"", "3", "junk"} {
		b.refuse(all[1], b.now, text, true)
		b.wantShut(10250 * time.Millisecond)
	}
	b.refuse(all[4], b.now, "30", true)
	b.wantShut(30 * time.Second)
	for _, late := range all[5:] {
		b.refuse(late, b.now, "30", true)
	}
	if b.streak != 1 || b.limit != 4 {
		t.Errorf("streak %d, limit %v", b.streak, b.limit)
	}
	b.wantShut(30 * time.Second)
}

// Each closing halves the concurrency, down to one; each round of acceptances
// brings one back, up to the configured.
func TestConcurrencyHalvesAndRecovers(t *testing.T) {
	b := newBench(t, Config{Concurrency: 8})
	for _, want := range []int{4, 2, 1, 1} {
		b.refuse(b.send(), b.now, "1", true)
		b.reopenLater()
		if got := int(b.limit); got != want {
			t.Fatalf("limit %d, want %d", got, want)
		}
	}
	b.send()
	if wait, ok := b.decide(b.now); ok || wait != 0 {
		t.Fatalf("a second request beside the only one allowed: %v %v", wait, ok)
	}
	b.accept(b.last, b.now)
	for want := 2; want <= 8; want++ {
		for range want {
			b.inFlight++
			b.accept(b.last, b.now)
		}
		if got := int(b.limit); got < want || got > 8 {
			t.Fatalf("limit %d after another %d acceptances, want %d", got, want, want)
		}
	}
}

// One lost answer changes nothing. The second in a row closes the throttle, for
// a growing time; several at once count once, an answer of any kind ends the
// row, and neither pace nor concurrency is touched.
func TestSecondLossCloses(t *testing.T) {
	b := newBench(t, Config{Concurrency: 4})
	for _, together := range b.sendAll(4) {
		b.drop(together, b.now)
	}
	b.wantShut(0)
	for _, bound := range []time.Duration{1, 2, 4} {
		b.drop(b.send(), b.now)
		b.wantShut(bound * time.Second / 8)
		b.reopenLater()
	}
	b.accept(b.send(), b.now)
	b.drop(b.send(), b.now)
	b.wantShut(0)
	b.refuse(b.send(), b.now, "1", false)
	b.reopenLater()
	b.drop(b.send(), b.now)
	b.wantShut(0)
	if b.limit != 2 || b.pace.estimate != 0 || b.dropped != 9 {
		t.Errorf("%+v", b.core)
	}
}

// MaxTotal is used up by closings with no acceptance between them, and the one
// that would exceed it is not waited for. Afterwards a request may try again.
func TestTooLong(t *testing.T) {
	b := newBench(t, Config{MaxWait: 10 * time.Second, MaxTotal: 30 * time.Second})
	for range 3 {
		b.refuse(b.send(), b.now, "60", true)
		if b.tooLong(b.now) {
			t.Fatal("too early:", b.spent)
		}
		b.reopenLater()
	}
	b.accept(b.send(), b.now)
	for range 4 {
		if b.tooLong(b.now) {
			t.Fatal("an acceptance did not count")
		}
		b.reopenLater()
		b.refuse(b.send(), b.now, "60", true)
	}
	if !b.tooLong(b.now) {
		t.Fatal("40 s of 30 and no end")
	}
	b.sleep(10 * time.Second)
	if b.tooLong(b.now) {
		t.Fatal("closed for good")
	}
	b.accept(b.send(), b.now)
	b.refuse(b.send(), b.now, "5", true)
	if b.tooLong(b.now) {
		t.Fatal("an acceptance did not count")
	}
}

// A closing longer than MaxTotal is an end at once.
func TestTooLongAtOnce(t *testing.T) {
	b := newBench(t, Config{MaxTotal: time.Second})
	b.refuse(b.send(), b.now, "60", true)
	if !b.tooLong(b.now) {
		t.Fatal("waiting for nothing")
	}
}

// Before anything is learned, a refusal of one request while those sent after
// it are accepted teaches no pace: it was not about the rate. When the others
// are refused too, it does.
func TestLoneRefusal(t *testing.T) {
	for _, alone := range []bool{true, false} {
		b := newBench(t, Config{Concurrency: 8})
		for range 20 {
			b.accept(b.send(), b.now)
			b.sleep(10 * time.Millisecond)
		}
		all := b.sendAll(8)
		b.refuse(all[2], b.now, "1", true)
		for _, other := range append(all[:2:2], all[3:]...) {
			if alone || other < all[2] {
				b.accept(other, b.now)
			} else {
				b.refuse(other, b.now, "1", true)
			}
		}
		b.reopenLater()
		if got := b.pace.rate(b.now); (got == 0) != alone {
			t.Errorf("alone %v: rate %v", alone, got)
		}
	}
}

// Time without work is not taken for a low rate, neither before the first
// refusal nor after it.
func TestIdleTeachesNothing(t *testing.T) {
	burst := func(idle time.Duration) float64 {
		b := newBench(t, Config{Concurrency: 1})
		for range 2 {
			b.sleep(idle)
			for range 30 {
				b.reopenLater()
				one := b.send()
				b.sleep(10 * time.Millisecond)
				b.accept(one, b.now)
			}
			b.sleep(idle)
			b.reopenLater()
			b.refuse(b.send(), b.now, "1", true)
			b.reopenLater()
		}
		return b.pace.rate(b.now)
	}
	busy, idle := burst(0), burst(time.Hour)
	if busy == 0 || busy > 100 || idle < 0.8*busy || idle > 1.2*busy { // 30 requests in 1.3 s
		t.Errorf("rate %v with pauses, %v without", idle, busy)
	}
}

// A refusal soon after a pause says as little about the rate as the pause, and
// many in a row do not stop the requests for good.
func TestEarlyRefusals(t *testing.T) {
	b := newBench(t, Config{Concurrency: 1, MaxTotal: 1000 * time.Hour})
	for range 30 {
		b.accept(b.send(), b.now)
		b.sleep(100 * time.Millisecond)
	}
	b.refuse(b.send(), b.now, "1", true)
	b.reopenLater()
	learned := b.pace.estimate
	b.sleep(time.Hour)
	b.refuse(b.send(), b.now, "1", true)
	b.reopenLater()
	if b.pace.estimate < learned/8 {
		t.Errorf("estimate %v, was %v before the pause", b.pace.estimate, learned)
	}
	for range 200 {
		b.refuse(b.send(), b.now, "300", true)
		b.reopenLater()
	}
	if b.pace.estimate != slowest {
		t.Errorf("estimate %v", b.pace.estimate)
	}
}

// Whatever happens in whatever order: no negative count, no negative or endless
// wait, a limit within its bounds, and the throttle opens again.
func TestCoreStaysWithinBounds(t *testing.T) {
	texts := []string{"", "0", "-5", "1", "2.5", "194", "31536000", "rand(30),add(30)", "x", "Wed, 04 Mar 2026 12:00:30 GMT"}
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{
			Concurrency: rapid.IntRange(0, 9).Draw(t, "concurrency"),
			MaxWait:     time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "longest")),
			Rand:        func() float64 { return rapid.Float64Range(0, 0.999).Draw(t, "rand") },
		}
		c, now := newCore(cfg), noon
		var out []ticket
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			wait, ok := c.decide(now)
			if wait < 0 || wait > cfg.MaxWait+2*time.Minute || ok && wait != 0 || !ok && wait == 0 && len(out) == 0 {
				t.Fatalf("decide: %v %v with %d out", wait, ok, len(out))
			}
			switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
			case what < 4 && ok:
				out = append(out, c.take(now))
			case what < 4:
				now = now.Add(wait)
			case what == 4:
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "pause")))
			case len(out) > 0:
				i := rapid.IntRange(0, len(out)-1).Draw(t, "which")
				one := out[i]
				out = append(out[:i], out[i+1:]...)
				[]func(){
					func() { c.accept(one, now) },
					func() { c.accept(one, now) },
					func() { c.refuse(one, now, rapid.SampledFrom(texts).Draw(t, "text"), true) },
					func() { c.drop(one, now) },
					func() { c.unused(one, now) },
				}[what-5]()
			}
			if c.inFlight != len(out) || c.limit < 1 || c.limit > float64(c.cfg.Concurrency) || !(c.pace.rate(now) >= 0) || c.spent < 0 {
				t.Fatalf("%d out, %+v", len(out), c)
			}
		}
	})
}

// A service that is not available closes the throttle and halves the
// concurrency like one that refuses, but it does not slow requests down once it
// is back, however often that happens.
func TestUnavailableTeachesNoPace(t *testing.T) {
	for _, limited := range []bool{true, false} {
		b := newBench(t, Config{Concurrency: 8})
		for range 5 {
			var last []ticket
			for range 20 {
				b.reopenLater()
				b.sleep(10 * time.Millisecond)
				b.reopenLater()
				last = append(last[:0], b.send())
				b.sleep(10 * time.Millisecond)
				b.accept(last[0], b.now)
			}
			b.reopenLater()
			one := b.send()
			limit := b.limit
			if limited {
				b.refuse(one, b.now, "2", true)
			} else {
				b.refuse(one, b.now, "2", false)
			}
			b.wantShut(2050 * time.Millisecond)
			if b.limit > max(1, limit/2) {
				t.Errorf("limited %v: concurrency %v after %v", limited, b.limit, limit)
			}
		}
		b.reopenLater()
		if rate := b.pace.rate(b.now); limited != (rate > 0) {
			t.Errorf("limited %v: held to %v requests a second", limited, rate)
		}
	}
}

// What an unavailable service does to a pace that was learned before: nothing.
func TestUnavailableKeepsThePace(t *testing.T) {
	b := newBench(t, Config{Concurrency: 1})
	for range 30 {
		b.accept(b.send(), b.now)
		b.sleep(100 * time.Millisecond)
	}
	b.refuse(b.send(), b.now, "1", true)
	b.sleep(5 * time.Second)
	b.reopenLater()
	estimate := b.pace.estimate
	if estimate == 0 {
		t.Fatal("nothing learned")
	}
	b.refuse(b.send(), b.now, "1", false)
	b.sleep(5 * time.Second)
	b.reopenLater()
	if b.pace.estimate != estimate {
		t.Errorf("estimate %v, was %v", b.pace.estimate, estimate)
	}
}
