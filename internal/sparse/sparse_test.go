package sparse_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/sparse"
)

func Example() {
	t := sparse.Table[int32]{}
	t.Set(1_000_000, 7)
	fmt.Println(t.At(1_000_000), t.At(1_000_001), len(t))
	t.Set(1_000_000, 0)
	fmt.Println(t.At(1_000_000), len(t))
	// Output:
	// 7 0 1
	// 0 0
}

func TestTableIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, want := sparse.Table[int]{}, map[int]int{}
		for range rapid.IntRange(0, 50).Draw(t, "changes") {
			number, value := rapid.IntRange(0, 300).Draw(t, "number"), rapid.IntRange(0, 2).Draw(t, "value")
			table.Set(number, value)
			want[number] = value
			for number := range 301 {
				if table.At(number) != want[number] {
					t.Fatalf("%d: %d, want %d", number, table.At(number), want[number])
				}
			}
		}
	})
}
