package reconcile

import (
	"testing"
	"testing/synctest"
	"time"
)

// A stage that waits for a result that does not come ends its wait, and then nobody is removed.
func TestWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		create, removal := &Action{Kind: Create}, &Action{Kind: Delete}
		r := &run{ctx: t.Context(), wake: make(chan struct{}, 1), failed: map[*Action]bool{}, given: []*Action{create}}
		begun := time.Now()
		r.wait()
		if d := time.Since(begun); d != longestWait {
			t.Errorf("it waited %v", d)
		}
		if err := r.refuse(removal); err != ErrHeld {
			t.Errorf("a removal after that: %v, want ErrHeld", err)
		}
	})
}
