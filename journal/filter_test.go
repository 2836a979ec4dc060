package journal

import (
	"fmt"
	"testing"
)

// What was added is never denied, and of what was not, nearly all is.
func TestFilter(t *testing.T) {
	var f filter
	const n = 100_000
	for i := range n {
		f.add(hashName(fmt.Sprintf("u%d", i)))
	}
	mistaken := 0
	for i := range n {
		if f.never(hashName(fmt.Sprintf("u%d", i))) {
			t.Fatalf("u%d was added", i)
		}
		if !f.never(hashName(fmt.Sprintf("v%d", i))) {
			mistaken++
		}
	}
	if mistaken > n/10_000 {
		t.Errorf("%d of %d names are taken for others", mistaken, n)
	}
	if f.clear(); !f.never(hashName("u1")) {
		t.Error("u1 is still there")
	}
}
