//go:build linux && !race

package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func init() {
	children["memory"] = func(args []string) error { return measure(args[0], args[1]) }
}

// measure takes n operations through a journal and prints the peak memory of
// the process.
func measure(path, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	j, err := Open(path)
	if err != nil {
		return err
	}
	ctx := context.Background()
	for range 2 { // the second run replays
		if _, err := j.Begin(ctx, target); err != nil {
			return err
		}
		if err := measured(ctx, j, n); err != nil {
			return err
		}
		if _, err := j.Owned(ctx, []string{"1"}); err != nil {
			return err
		}
		if err := j.End(ctx); err != nil {
			return err
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, peak, _ := bytes.Cut(status, []byte("VmHWM:"))
	fmt.Println("peak", strings.Fields(string(peak))[0])
	return j.Close()
}

func measured(ctx context.Context, j *Journal, n int) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for c := range errs {
		wg.Go(func() {
			for errs[c] == nil {
				first := int(next.Add(perCall)) - perCall
				if first >= n {
					return
				}
				errs[c] = doEntries(ctx, j, entriesFrom(first, perCall, true))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Memory does not grow with the number of operations, names included, neither
// in a first run nor in one that replays it.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	t.Parallel()
	few, many := 20_000, 60_000
	if *long {
		few, many = 100_000, 1_000_000
	}
	a, b := peakOf(t, few), peakOf(t, many)
	t.Logf("peak with %d operations: %d MiB, with %d: %d MiB", few, a>>10, many, b>>10)
	if b-a > 20<<10 {
		t.Error("memory grows with the number of operations")
	}
}

// peakOf is the peak of a process of its own, in KiB.
func peakOf(t *testing.T, n int) int {
	t.Helper()
	out, err := childCommand(t.Context(), "memory", newPath(t), strconv.Itoa(n)).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, number, _ := strings.Cut(strings.TrimSpace(string(out)), "peak ")
	peak, err := strconv.Atoi(number)
	if err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return peak
}
