package sheet

import (
	"testing"

	"pgregory.net/rapid"
)

// The index of rows keeps what a map keeps, also of digests that share a shard
// and a place.
func TestDigestsKeepFirstRowOfEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d digests
		want := map[[8]byte]rowEntry{}
		low := rapid.IntRange(0, 3)
		for line := range rapid.IntRange(0, 500).Draw(t, "rows") {
			key := [8]byte{byte(low.Draw(t, "shard")), byte(rapid.IntRange(0, 40).Draw(t, "key")),
				7: byte(low.Draw(t, "place"))}
			row := newRowEntry(line+1, operation(line%5))
			if _, ok := want[key]; !ok {
				want[key] = row
			}
			if got := d.add(key, row); got != want[key] {
				t.Fatalf("add %x: line %d, want %d", key, got.line(), want[key].line())
			}
			absent := key
			absent[3] = 1
			if _, ok := d.get(absent); ok {
				t.Fatalf("%x is there", absent)
			}
		}
		for key, row := range want {
			if got, ok := d.get(key); !ok || got != row || got.operation() != operation((row.line()-1)%5) {
				t.Fatalf("%x: %v %v, want %v", key, got, ok, row)
			}
		}
	})
}
