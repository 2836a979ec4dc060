package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/terminal"
)

// Whatever links lead to a file, two flags cannot name one that is written: nor the files that belong to the journal.
func TestFilesApart(t *testing.T) {
	t.Chdir(t.TempDir())
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.WriteFile("in.csv", []byte("userName\n"), 0o600))
	check(os.Mkdir("dir", 0o700))
	check(os.Link("in.csv", "hard.csv"))
	check(os.Symlink("in.csv", "soft.csv"))
	check(os.Symlink("dir", "linked"))
	check(os.Symlink("dir/later.csv", "dangling.csv"))
	here, err := os.Getwd()
	check(err)
	for _, c := range []struct {
		results, failed, report, want string
	}{
		{"out.ndjson", "failed.csv", "report.html", ""},
		{"hard.csv", "", "", "FILE and --results"},
		{"", "soft.csv", "", "FILE and --failed"},
		{"", "", filepath.Join(here, "dir", "..", "in.csv"), "FILE and --report"},
		{"dir/x", "linked/x", "", "--results and --failed"},
		{"dir/x", "linked/X", "", "--results and --failed"},
		{"dangling.csv", "dir/later.csv", "", "--results and --failed"},
		{"in.csv.journal", "", "", "--results and --journal"},
		{"", "in.csv.journal-wal", "", "--failed and --journal"},
		{"", "./in.csv.journal-shm", "", "--failed and --journal"},
		{"in.csv.journal.ids", "", "", "--results and --journal"},
		{"linked/a", "linked/b", "dir/c", ""},
	} {
		a := &application{stdio: stdio{out: terminal.NewWriter(io.Discard)}, reading: reading{file: "in.csv"}, journalFile: "in.csv.journal", results: c.results, failed: c.failed, report: c.report}
		err := a.checkFiles()
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want+" are the same file") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	in, err := os.Open("in.csv")
	check(err)
	defer in.Close()
	a := &application{stdio: stdio{in: in, out: terminal.NewWriter(io.Discard)}, reading: reading{file: stdin}, results: "hard.csv"}
	if err := a.checkFiles(); err == nil {
		t.Error("standard input may be written")
	}
}
