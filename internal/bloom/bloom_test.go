package bloom_test

import (
	"fmt"
	"testing"

	"github.com/webexscim/bulk/internal/bloom"
)

func Example() {
	f := bloom.New(1<<20, 4)
	fmt.Println(f.Add("u1"), f.Add("u1"), f.Has("u1"), f.Has("u2"))
	// Output: false true true false
}

// Has finds every name that was added, and few others.
func TestFilterFindsWhatWasAddedAndLittleElse(t *testing.T) {
	const n = 50_000
	f := bloom.New(16*n, 6)
	again, mistaken := 0, 0
	for i := range n {
		if f.Add(fmt.Sprint("u", i)) {
			again++
		}
	}
	for i := range n {
		if !f.Has(fmt.Sprint("u", i)) {
			t.Fatalf("u%d was added", i)
		}
		if f.Has(fmt.Sprint("v", i)) {
			mistaken++
		}
	}
	if again > n/500 || mistaken > n/250 { // 1 in 1,000 at the end is the mean
		t.Errorf("of %d names, Add found %d too early, and Has found %d others", n, again, mistaken)
	}
	if f.Clear(); f.Has("u1") {
		t.Error("u1 is still there")
	}
}
