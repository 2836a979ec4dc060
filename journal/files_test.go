package journal

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
)

// A journal that is closed is one file, for its owner only; while it is open
// its log is, too. Any name will do.
func TestFiles(t *testing.T) {
	for _, name := range []string{"a.journal", "spaced name?mode=ro&x#%41%.journal", ":memory:", "ünï\"'`$;"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			j := opened(t, path)
			settle(t, j, success(claimAndSend(t, j, "a"), 1))
			wantFiles(t, dir, name, name+"-wal")
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
	send(t, j, claimKeys(t, j, "a")[0].Ticket)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(crash(t, path), link); err != nil {
		t.Fatal(err)
	}
	if got := stateOf(t, link, []string{"a"})[0].Known; got != client.KnownSent {
		t.Errorf("known: %v", got)
	}
}

// Nothing of a bulkId is on disk, even while it is in use.
func TestNamesStayOutOfTheFile(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	const name = "anna.musterfrau@example.com"
	r := claimAll(t, j, client.Entry{Key: key("a"), Name: name})
	send(t, j, r[0].Ticket)
	settle(t, j, success(r[0].Ticket, 1))
	for _, suffix := range []string{"-wal", ""} {
		b, err := os.ReadFile(crash(t, path) + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "musterfrau") {
			t.Errorf("the name is in the file%s", suffix)
		}
	}
}

// One journal, one user; the second is told so and harms nothing.
func TestSecondOpenInTheProcess(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	ticket := claimAndSend(t, j, "a")
	for range 3 {
		if _, err := Open(path); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) {
			t.Fatalf("second Open: %v", err)
		}
	}
	settle(t, j, success(ticket, 1))
	mustClose(t, j)
	j = opened(t, path)
	if got := claimKeys(t, j, "a")[0].Known; got != client.KnownDone {
		t.Errorf("known: %v", got)
	}
}

// The zero Summary but for its counts, before anything has begun.
func TestSummaryOfNewJournal(t *testing.T) {
	j := mustOpen(t, newPath(t))
	sum, err := j.Summary(t.Context())
	if err != nil || !sum.Started.IsZero() {
		t.Fatal(sum, err)
	}
	sum.Started = time.Time{}
	if !reflect.ValueOf(sum).IsZero() {
		t.Errorf("summary: %+v", sum)
	}
}
