// Package outfile writes files for the user of a command: whole or not at all,
// for their owner alone, and never over a file that somebody still needs.
//
//	err := outfile.Check(
//		outfile.File{Flag: "FILE", Path: "users.csv"},
//		outfile.File{Flag: "--failed", Path: "failed.csv", Mode: outfile.Replaced},
//	)
//	...
//	kept, err := outfile.ReplaceKeeping("failed.csv", func(w *bufio.Writer) error { ... })
package outfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace writes a file that only its owner can read. The new file takes the
// place of an older one when all of it is on disk.
func Replace(path string, write func(*bufio.Writer) error) error {
	return ReplaceAfter(path, write, func(string) error { return nil })
}

// ReplaceAfter is Replace with a step before the new file takes its place:
// before gets the name under which the whole new file is until then. An error
// of before leaves the older file.
func ReplaceAfter(path string, write func(*bufio.Writer) error, before func(fresh string) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".webex-bulk-*") // mode 0600
	if err != nil {
		return Unwritable(path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriter(f)
	if err := errors.Join(write(w), w.Flush(), f.Close()); err != nil {
		return Unwritable(path, err)
	}
	if err := before(f.Name()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// ReplaceKeeping is Replace, but it sets an older file aside if its content is
// another. It returns the new name of that file, "" if there is none.
func ReplaceKeeping(path string, write func(*bufio.Writer) error) (kept string, err error) {
	err = ReplaceAfter(path, write, func(fresh string) (err error) {
		if !equal(fresh, path) {
			kept, err = SetAside(path)
		}
		return err
	})
	return kept, err
}

// SetAside renames a file to FILE.bak, or to FILE.bak2 and so on if there is
// such a file already. It returns the new name, "" if there is no file.
func SetAside(path string) (kept string, err error) {
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

// Unwritable is the error of a file that cannot be written. It names path, not
// the temporary file of Replace. An error that does not come from a file stays
// as it is.
func Unwritable(path string, err error) error {
	e, ok := errors.AsType[*fs.PathError](err)
	if !ok {
		return err
	}
	err = e.Err
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: there is no folder %s", path, filepath.Dir(path))
	}
	return fmt.Errorf("%s cannot be written: %w", path, err)
}

// equal reports whether two files have the same content. A file that cannot be
// read is equal to none.
func equal(one, other string) bool {
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
