package engine

import (
	"fmt"
	"slices"
	"testing"

	"github.com/webexscim/bulk/internal/plan"
)

// An operation that refers to many others which follow it, in whatever order, is
// not taken up for each of them: it may be large, and on disk.
func TestManyReferencesAreReadLater(t *testing.T) {
	const members = 500
	group := Operation{Method: Post, BulkID: "board", Content: Key{1}}
	for i := range members {
		group.Refs = append(group.Refs, plan.Ref{Name: fmt.Sprint("u", i), Required: true})
	}
	orders := map[string]func(i int) int{
		"forward":  func(i int) int { return i },
		"backward": func(i int) int { return members - 1 - i },
		"mixed":    func(i int) int { return i * 211 % members },
	}
	for name, order := range orders {
		taken := 0
		e := New(Config{
			Operations: 100, Concurrency: 1, MaxAttempts: 1, Journal: true,
			Facts: func(int) (*Operation, error) { taken++; return &group, nil },
		}, Time{})
		e.Add(Time{}, &group)
		for i := range members {
			e.Add(Time{}, &Operation{Index: 1 + i, Method: Post, BulkID: fmt.Sprint("u", order(i)), Content: Key{2, byte(i), byte(i >> 8)}})
		}
		e.Take()
		claims := e.Ready().Claims
		if taken == 0 || taken > 20 || !slices.ContainsFunc(claims, func(c Claim) bool { return c.Index == 0 }) {
			t.Errorf("%s: the group was taken up %d times, in %d claims", name, taken, len(claims))
		}
	}
}
