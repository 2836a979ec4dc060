//go:build !unix

package main

import (
	"os"
	"time"
)

// processorTime is unknown on this system.
func processorTime() time.Duration { return 0 }

// peak is unknown on this system.
func peak(*os.ProcessState) int64 { return 0 }
