package textfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// spoolMemory is the size from which an input goes to a file instead of memory.
const spoolMemory = 8 << 20

// Spool returns an input that can be read several times. If r can seek and is
// at its beginning, as a file is, this is r itself, and reading fails with
// ErrChanged if the content changes. Otherwise it is a copy, in memory or, if
// it is large, in a temporary file that only its owner can read. Closing it
// removes the copy and leaves r open.
func Spool(r io.Reader) (io.ReadSeekCloser, error) {
	if s, ok := r.(io.ReadSeeker); ok {
		if at, err := s.Seek(0, io.SeekCurrent); err == nil && at == 0 {
			return keptOpen{newUnchanging(s)}, nil
		}
	}
	var head bytes.Buffer
	switch _, err := io.CopyN(&head, r, spoolMemory); {
	case errors.Is(err, io.EOF):
		return keptOpen{bytes.NewReader(head.Bytes())}, nil
	case err != nil:
		return nil, fmt.Errorf("read: %w", err)
	}
	return spoolFile(io.MultiReader(&head, r))
}

// spoolFile copies r to a temporary file. Where the system allows it, the file
// loses its name before the first byte is written, so that a killed process
// leaves nothing behind.
func spoolFile(r io.Reader) (io.ReadSeekCloser, error) {
	file, err := os.CreateTemp("", "webex-bulk-*")
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	copied := &spooled{File: file, named: os.Remove(file.Name()) != nil}
	_, err = io.Copy(file, r)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("spool: %w", err), copied.Close())
	}
	return copied, nil
}

// spooled is a temporary file that is removed when it is closed.
type spooled struct {
	*os.File
	named bool // it still has a name
}

func (s *spooled) Close() error {
	err := s.File.Close()
	if s.named {
		err = errors.Join(err, os.Remove(s.File.Name()))
	}
	return err
}

// keptOpen is an input that is closed by its owner.
type keptOpen struct{ io.ReadSeeker }

func (keptOpen) Close() error { return nil }
