package throttle

import (
	"testing"
	"time"
)

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
