//go:build unix

package client_test

import "syscall"

// processorTime is what the process has used so far, in nanoseconds.
func processorTime() int64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}
