//go:build !unix

package client_test

import "time"

var began = time.Now()

// processorTime is the time that has passed, where the system does not tell
// what the process has used.
func processorTime() int64 { return int64(time.Since(began)) }
