package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/outfile"
	"github.com/webexscim/bulk/internal/terminal"
)

// TestFilesOfOneCommandAreApart holds that two flags cannot name one file if it
// is written, whatever links lead to it, nor a file that belongs to the
// journal, and that results and journal follow no link to another folder.
func TestFilesOfOneCommandAreApart(t *testing.T) {
	t.Chdir(t.TempDir())
	quiet := stdio{out: terminal.NewWriter(io.Discard)}
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
		job := &jobCommand{stdio: quiet, inputFlags: inputFlags{file: "in.csv"}, journalFile: "in.csv.journal", results: c.results}
		err := outfile.Check(job.files([]outfile.File{
			{Flag: "--failed", Path: c.failed, Mode: outfile.Replaced},
			{Flag: "--report", Path: c.report, Mode: outfile.Replaced},
		})...)
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want+" are the same file") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	check(os.Symlink("in.csv", "beside.ndjson"))
	check(os.Symlink("dir/old.ndjson", "away.ndjson"))
	check(os.Symlink("dir/old.journal-wal", "away.journal-wal"))
	check(os.Symlink(os.DevNull, "device"))
	check(os.WriteFile("other.csv", []byte("userName\n"), 0o600))
	for _, c := range []struct{ results, journal, want string }{
		{"away.ndjson", "", "--results: away.ndjson is a link to dir/old.ndjson"},
		{"", "away.ndjson", "--journal: away.ndjson is a link to"},
		{"", "away.journal", "--journal: away.journal-wal is a link to"},
		{"device", "", ""},
		{"linked/new.ndjson", "linked/new.journal", ""}, // a folder that was named
		{"beside.ndjson", "dir/old.journal", ""},
	} {
		job := &jobCommand{stdio: quiet, inputFlags: inputFlags{file: "other.csv"}, journalFile: c.journal, results: c.results}
		err := outfile.Check(job.files(nil)...)
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	in, err := os.Open("in.csv")
	check(err)
	defer in.Close()
	quiet.in = in
	job := &jobCommand{stdio: quiet, inputFlags: inputFlags{file: input.Stdin}, results: "hard.csv"}
	if err := outfile.Check(job.files(nil)...); err == nil {
		t.Error("standard input may be written")
	}
}
