//go:build race

package raced

import (
	"flag"

	_ "pgregory.net/rapid" // defines the flag rapid.checks
)

// On reports whether the race detector is on.
const On = true

func init() {
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
}
