package outcomes

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestIndexesHoldWhatWasAdded holds that the set has what was added and nothing
// else.
func TestIndexesHoldWhatWasAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		added := rapid.SliceOf(rapid.IntRange(0, 1000)).Draw(t, "added")
		var b indexes
		for _, i := range added {
			b.add(i)
		}
		for i := range 1100 {
			if b.has(i) != slices.Contains(added, i) {
				t.Fatalf("has(%d) is %v", i, b.has(i))
			}
		}
	})
}
