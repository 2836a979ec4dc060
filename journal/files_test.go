package journal

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/webexscim/bulk/client"
)

// A closed journal is one file that only its owner can read, and so are its log
// and lock file while it is open. Its name can have any characters.
func TestFiles(t *testing.T) {
	for _, name := range []string{"a.journal", "spaced name?mode=ro&x#%41%.journal", ":memory:", "ünï\"'`$;"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			j := opened(t, path)
			write(t, j, done(send(t, j, "a")[0], 1))
			wantFiles(t, dir, name, name+"-wal", name+".lock")
			mustClose(t, j)
			wantFiles(t, dir, name)
			j = opened(t, path)
			if got := claimKeys(t, j, "a")[0].Known; got != client.KnownDone {
				t.Errorf("known: %v", got)
			}
		})
	}
	if _, err := Open(""); err == nil {
		t.Error("a journal without a path")
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a journal that is a folder")
	}
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if perm := info.Mode().Perm(); perm&0o077 != 0 && filepath.Separator == '/' {
			t.Errorf("%s has mode %v", e.Name(), perm)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

// A journal may be reached by a link; its log is beside the file itself.
func TestJournalBehindALink(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	send(t, j, "a")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(crash(t, path), link); err != nil {
		t.Fatal(err)
	}
	if got := stateOf(t, link, []string{"a"})[0].Known; got != client.KnownSent {
		t.Errorf("known: %v", got)
	}
}

// A second Open in the process is refused, and the first one goes on.
func TestSecondOpenInTheProcess(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	ticket := send(t, j, "a")[0]
	for range 3 {
		if _, err := Open(path); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) {
			t.Fatalf("second Open: %v", err)
		}
	}
	write(t, j, done(ticket, 1))
	mustClose(t, j)
	j = opened(t, path)
	if got := claimKeys(t, j, "a")[0].Known; got != client.KnownDone {
		t.Errorf("known: %v", got)
	}
}

// The Summary is zero before the first run.
func TestSummaryOfNewJournal(t *testing.T) {
	j := mustOpen(t, newPath(t))
	sum, err := j.Summary(t.Context())
	if err != nil || sum != (Summary{}) {
		t.Errorf("summary: %+v, %v", sum, err)
	}
}

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
