package client

import (
	"fmt"
	"runtime"
	"testing"
)

// The last 100,000 groups that were made are known as such, whatever was made
// besides, and what is known does not grow with their number.
func TestMadeGroups(t *testing.T) {
	var known identities
	id := func(i int) string { return fmt.Sprintf("%08x-0000-4000-8000-000000000000", i) }
	made := 0
	heap := func(groups int) int64 {
		for ; made < groups; made++ {
			known.created(Location{ResourceType: "Groups", ID: id(made)})
			known.created(Location{ResourceType: "Users", ID: fmt.Sprint("user ", made)})
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap(0)
	full, later := heap(200_000), heap(400_000)
	if full-before > 10<<20 || later-full > 2<<20 {
		t.Errorf("%d KiB with 200,000 groups, %d KiB more with twice as many", (full-before)>>10, (later-full)>>10)
	}
	for i := made - 100_000; i < made; i++ {
		if known.take(id(i)) || !known.isTaken(id(i)) {
			t.Fatalf("group %d of %d can be taken for another", i, made)
		}
	}
	if known.isTaken(id(made)) || !known.take(id(made)) || known.take(id(made)) {
		t.Error("what nobody made can be taken, once")
	}
}
