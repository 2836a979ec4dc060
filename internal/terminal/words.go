package terminal

import (
	"fmt"
	"strings"
)

// Plural is a number of things: "1 row", "2 rows", "3 users or groups".
func Plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, strings.ReplaceAll(one, " or ", "s or "))
}

// Cut is the mark of a text that Clip has cut.
const Cut = "…"

// Clip returns the first n characters of s, and Cut after them if there are
// more.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n--; n < 0 {
			return s[:i] + Cut
		}
	}
	return s
}
