package journal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
func TestLink(t *testing.T) {
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
