package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/outfile"
	"github.com/webexscim/bulk/internal/report"
)

// resultsFile is the file of the results for programs, one line for each
// operation. A line is written at once, so that a process that is killed leaves
// whole lines.
type resultsFile struct {
	w      *report.Results
	file   *os.File // nil for standard output and for none
	begun  bool
	failed bool // a result could not be written; more would leave a gap
	isNew  bool // the file did not exist before
}

// openResults opens a file; path "" means none, and "-" means out. Only the
// owner can read a new file. An older file stays as it is until begin or write.
func openResults(path string, out io.Writer) (*resultsFile, error) {
	switch path {
	case "":
		return &resultsFile{w: report.NewResults(io.Discard)}, nil
	case input.Stdin:
		return &resultsFile{w: report.NewResults(out)}, nil
	}
	_, err := os.Stat(path)
	f, openErr := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if openErr != nil {
		return nil, fmt.Errorf("--results: %w", outfile.Unwritable(path, openErr))
	}
	return &resultsFile{w: report.NewResults(f), file: f, isNew: err != nil}, nil
}

// begin empties the file, and lets only its owner read it. write does it too.
func (r *resultsFile) begin() error {
	if r.begun || r.file == nil {
		return nil
	}
	r.begun = true
	if isDevice(r.file) {
		return nil
	}
	_ = r.file.Chmod(0o600) // not every file system has permissions
	if err := r.file.Truncate(0); err != nil {
		return fmt.Errorf("--results: %w", err)
	}
	return nil
}

func isDevice(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && !info.Mode().IsRegular()
}

// write writes a line. After an error it writes no more.
func (r *resultsFile) write(l report.Line) error {
	if r.failed {
		return nil
	}
	if err := r.begin(); err != nil {
		return err
	}
	if err := errors.Join(r.w.Write(l), r.w.Flush()); err != nil {
		r.failed = true
		return fmt.Errorf("--results: %w", err)
	}
	return nil
}

// close closes the file. It removes a new file if no job has begun.
func (r *resultsFile) close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	if r.isNew && !r.begun {
		err = errors.Join(err, os.Remove(r.file.Name()))
	}
	if err != nil {
		return fmt.Errorf("--results: %w", err)
	}
	return nil
}
