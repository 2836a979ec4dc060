package main

import (
	"os"
	"syscall"
)

// maxRSS is the most memory that a process held, in bytes.
func maxRSS(state *os.ProcessState) int64 {
	return state.SysUsage().(*syscall.Rusage).Maxrss << 10
}
