package transport

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestCounter: texts hold no values, whatever they look like, and what is at
// its bound passes.
func TestCounter(t *testing.T) {
	for text, want := range map[string][2]int{
		`{"a":"{[,\"{","b":[1,2]}`: {4, 0}, `["\\",{}]`: {3, 0}, `[[[`: {3, 3}, `"` + strings.Repeat("[,", maxValues): {0, 0},
		strings.Repeat("[", maxDepth): {maxDepth, maxDepth}, strings.Repeat("[],", maxValues/2): {maxValues, 0},
	} {
		c := &counter{in: iotest.OneByteReader(strings.NewReader(text))}
		if _, err := io.Copy(io.Discard, c); err != nil || c.values != want[0] || c.depth != want[1] {
			t.Errorf("%.20s: %d values, depth %d, %v", text, c.values, c.depth, err)
		}
	}
	for _, text := range []string{strings.Repeat("[", maxDepth+1), strings.Repeat(",", maxValues+1)} {
		if _, err := io.Copy(io.Discard, &counter{in: strings.NewReader(text)}); !errors.Is(err, ErrTooLong) {
			t.Errorf("%.20s: %v", text, err)
		}
	}
}
