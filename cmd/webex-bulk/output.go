package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/webexscim/bulk/internal/report"
)

// replaceFile writes a file that only its owner can read, and puts it in the
// place of an older one once it is whole.
func replaceFile(path string, write func(*bufio.Writer) error) error {
	return replaceFileAfter(path, write, func(string) error { return nil })
}

// replaceFileAfter is replaceFile, with something to do once the new file is
// whole, under the name given, and before it takes its place.
func replaceFileAfter(path string, write func(*bufio.Writer) error, before func(fresh string) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".webex-bulk-*") // mode 0600
	if err != nil {
		return unwritable(path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriter(f)
	if err := errors.Join(write(w), w.Flush(), f.Close()); err != nil {
		return unwritable(path, err)
	}
	if err := before(f.Name()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// setAside gives a file the name FILE.bak, or FILE.bak2 and so on where there is
// such a file: nothing is lost. It returns that name, "" if there is no file.
func setAside(path string) (kept string, err error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	kept = path + ".bak"
	for n := 2; ; n++ {
		if _, err := os.Lstat(kept); errors.Is(err, fs.ErrNotExist) {
			return kept, os.Rename(path, kept)
		} else if err != nil {
			return "", err
		}
		kept = fmt.Sprintf("%s.bak%d", path, n)
	}
}

// sameContent reports whether two files hold the same. One that cannot be read
// does not.
func sameContent(one, other string) bool {
	a, err := os.Open(one)
	if err != nil {
		return false
	}
	defer a.Close()
	b, err := os.Open(other)
	if err != nil {
		return false
	}
	defer b.Close()
	x, y := make([]byte, 1<<16), make([]byte, 1<<16)
	for {
		n, errA := io.ReadFull(a, x)
		m, errB := io.ReadFull(b, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return false
		}
		if errA != nil || errB != nil {
			return errA == errB && (errA == io.EOF || errA == io.ErrUnexpectedEOF)
		}
	}
}

// unwritable tells of the file that was to be written, not of its precursor.
func unwritable(path string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: there is no folder %s", path, filepath.Dir(path))
	}
	return fmt.Errorf("%s cannot be written: %w", path, err)
}

// tryReplace tells before a job whether replaceFile can write there after it.
func tryReplace(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".webex-bulk-*")
	if err != nil {
		return unwritable(path, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// word is a file's name as a shell takes it.
func word(path string) string {
	if strings.ContainsAny(path, " \t'\"$&;()<>|*?`!#\\") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// resultsFile is where --results go: one line an operation, each written as
// soon as it is known, so that a process that is killed leaves whole lines.
type resultsFile struct {
	w     *report.Results
	file  *os.File // nil for standard output and for nowhere
	begun bool
	full  bool // a result could not be written; more would leave a gap
	fresh bool // the file was not there before
}

// openResults makes sure that results can be written. A new file is its owner's
// alone; an older file stays as it is until there are results.
func openResults(path string, out io.Writer) (*resultsFile, error) {
	switch path {
	case "":
		return &resultsFile{w: report.NewResults(io.Discard)}, nil
	case stdin:
		return &resultsFile{w: report.NewResults(out)}, nil
	}
	_, err := os.Stat(path)
	f, openErr := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if openErr != nil {
		return nil, fmt.Errorf("--results: %w", unwritable(path, openErr))
	}
	return &resultsFile{w: report.NewResults(f), file: f, fresh: err != nil}, nil
}

// begin empties the file.
func (r *resultsFile) begin() error {
	if r.begun || r.file == nil {
		return nil
	}
	r.begun = true
	if err := r.file.Truncate(0); err != nil && !isDevice(r.file) {
		return fmt.Errorf("--results: %w", err)
	}
	return nil
}

func isDevice(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && !info.Mode().IsRegular()
}

func (r *resultsFile) write(l report.Line) error {
	if r.full {
		return nil
	}
	if err := r.begin(); err != nil {
		return err
	}
	if err := errors.Join(r.w.Write(l), r.w.Flush()); err != nil {
		r.full = true
		return fmt.Errorf("--results: %w", err)
	}
	return nil
}

// close leaves no empty file behind where no job has begun.
func (r *resultsFile) close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	if r.fresh && !r.begun {
		err = errors.Join(err, os.Remove(r.file.Name()))
	}
	if err != nil {
		return fmt.Errorf("--results: %w", err)
	}
	return nil
}
