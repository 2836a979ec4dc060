package journal

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Opening and closing the files of a journal in its process, to copy them for
// example, does not unlock it for another process.
func TestReadingKeepsTheLock(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	send(t, j, "a")
	for _, name := range []string{path, path + "-wal", path + ".lock"} {
		if _, err := os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(path); !errors.Is(err, ErrLocked) {
		t.Errorf("Open in this process: %v", err)
	}
	out, err := childCommand(t.Context(), "open", path).Output()
	if err != nil || !strings.Contains(string(out), ErrLocked.Error()) {
		t.Errorf("Open in another process: %q, %v", out, err)
	}
	mustClose(t, j)
	if out, err := childCommand(t.Context(), "open", path).Output(); err != nil || len(out) > 0 {
		t.Errorf("Open in another process after Close: %q, %v", out, err)
	}
}

// The lock file of a killed process does not prevent Open.
func TestLockFileOfAKilledProcess(t *testing.T) {
	path := newPath(t)
	cmd := childCommand(t.Context(), "work", path, "0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	bufio.NewScanner(out).Scan() // it has the journal open
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if _, err := os.Stat(path + ".lock"); err != nil {
		t.Error(err)
	}
	mustClose(t, opened(t, path))
}

// At most one holder has the lock, although its file is removed and created
// again and again.
func TestLockIsExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var holders, held atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 300 {
				l, err := acquireLock(path)
				if errors.Is(err, errHeld) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				held.Add(1)
				if n := holders.Add(1); n > 1 {
					t.Errorf("%d hold the lock", n)
				}
				holders.Add(-1)
				if err := l.release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if _, err := os.Stat(path); err == nil || held.Load() == 0 {
		t.Errorf("held %d times; the file: %v", held.Load(), err)
	}
}
