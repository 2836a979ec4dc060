package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/report"
)

// TestOlderResultsStay holds that a results file is emptied by the first result
// and not before, and that a file that was not there is not left behind empty.
func TestOlderResultsStay(t *testing.T) {
	dir := t.TempDir()
	old, fresh := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	if err := os.WriteFile(old, []byte("older results, longer than the new ones\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{old, fresh} {
		r, err := openResults(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}
	if raw, _ := os.ReadFile(old); !strings.HasPrefix(string(raw), "older") {
		t.Errorf("older results are gone: %q", raw)
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("an empty file is left")
	}
	r, err := openResults(old, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.write(report.Line{Index: 7}); err != nil {
		t.Error(err)
	}
	if raw, _ := os.ReadFile(old); !strings.HasPrefix(string(raw), `{"index":7,`) || bytes.Contains(raw, []byte("older")) {
		t.Errorf("not flushed, or not emptied: %q", raw)
	}
	if err := r.close(); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(old); err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("others can read the results: %v, %v", info.Mode(), err)
	}
}
