package outfile_test

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/webexscim/bulk/internal/outfile"
)

// TestOlderFilesAreKept holds that ReplaceKeeping keeps each older file of
// other content, and makes no copies of an equal one.
func TestOlderFilesAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failed.csv")
	for _, c := range []struct{ text, kept string }{
		{"one", ""}, {"one", ""}, {"two", path + ".bak"}, {"three", path + ".bak2"},
	} {
		kept, err := outfile.ReplaceKeeping(path, func(w *bufio.Writer) error {
			_, err := w.WriteString(c.text)
			return err
		})
		if err != nil || kept != c.kept {
			t.Fatalf("%s: kept as %q, want %q; %v", c.text, kept, c.kept, err)
		}
		raw, err := os.ReadFile(path)
		if err != nil || string(raw) != c.text {
			t.Errorf("%q, want %q; %v", raw, c.text, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others can read it: %v, %v", info, err)
		}
	}
	if raw, err := os.ReadFile(path + ".bak"); err != nil || string(raw) != "one" {
		t.Errorf("%q, %v", raw, err)
	}
}

// TestFailedWriteChangesNothing holds that an error leaves the older file, and
// no other file beside it.
func TestFailedWriteChangesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := outfile.Replace(path, func(*bufio.Writer) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	before := func(string) error { return broken }
	if err := outfile.ReplaceAfter(path, func(*bufio.Writer) error { return nil }, before); !errors.Is(err, broken) {
		t.Error(err)
	}
	files, err := os.ReadDir(dir)
	if raw, _ := os.ReadFile(path); len(files) != 1 || string(raw) != "older" || err != nil {
		t.Errorf("%d files, %q, %v", len(files), raw, err)
	}
}
