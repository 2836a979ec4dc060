package spill

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// temporary is a file in os.TempDir that only its owner can read. It has no
// name where the system allows that; elsewhere Close removes it. The zero value
// is no file.
type temporary struct{ *os.File }

// create makes the file if there is none.
func (t *temporary) create() (err error) {
	if t.File != nil {
		return nil
	}
	if t.File, err = os.CreateTemp("", "webex-bulk"); err != nil {
		return err
	}
	// Where the system allows this, nothing is left of the file after the
	// process ends.
	_ = os.Remove(t.Name())
	return nil
}

// Close removes the file.
func (t *temporary) Close() error {
	if t.File == nil {
		return nil
	}
	err := t.File.Close()
	if e := os.Remove(t.Name()); !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}

// File keeps texts in a temporary file like that of a Map. The last ones, up to
// 64 KiB, are in memory. When all texts have been taken, the file is empty
// again.
//
// The zero value is empty. A File is not for concurrent use.
type File struct {
	file  temporary
	tail  []byte // not written yet
	end   int64  // of the written part
	texts int
}

const tailSize = 1 << 16

// Add adds a text and returns its place, by which Take finds it. After an
// error, which may be that the disk is full, it was not added.
func (f *File) Add(text []byte) (place int64, err error) {
	if len(f.tail) >= tailSize {
		if err := f.flush(); err != nil {
			return 0, fmt.Errorf("temporary file: %w", err)
		}
	}
	place = f.end + int64(len(f.tail))
	f.tail = append(binary.AppendUvarint(f.tail, uint64(len(text))), text...)
	f.texts++
	return place, nil
}

// flush writes the texts that are in memory.
func (f *File) flush() error {
	if err := f.file.create(); err != nil {
		return err
	}
	if _, err := f.file.WriteAt(f.tail, f.end); err != nil {
		return err
	}
	f.end += int64(len(f.tail))
	f.tail = f.tail[:0]
	return nil
}

// Take returns the text that was added at a place, and forgets it.
func (f *File) Take(place int64) (text []byte, err error) {
	if text, err = f.Get(place); err != nil {
		return nil, err
	}
	if f.texts--; f.texts == 0 {
		f.tail, f.end = f.tail[:0], 0
		if f.file.File != nil {
			_ = f.file.Truncate(0)
		}
	}
	return text, nil
}

// Get returns the text that was added at a place.
func (f *File) Get(place int64) (text []byte, err error) {
	head := make([]byte, 512) // most texts are shorter
	n, err := f.read(head, place)
	if err != nil {
		return nil, fmt.Errorf("temporary file: %w", err)
	}
	length, size := binary.Uvarint(head[:n])
	if size <= 0 || length > uint64(f.end)+uint64(len(f.tail)) {
		return nil, fmt.Errorf("temporary file: %w", errContent)
	}
	text = head[min(size, n):n]
	if uint64(len(text)) < length {
		text = make([]byte, length)
		n, err := f.read(text, place+int64(size))
		if err == nil && n < len(text) {
			err = errContent
		}
		if err != nil {
			return nil, fmt.Errorf("temporary file: %w", err)
		}
	}
	return text[:length:length], nil
}

// read fills b from a place on, as far as there is something.
func (f *File) read(b []byte, place int64) (n int, err error) {
	if place < f.end {
		b = b[:min(int64(len(b)), f.end-place)] // a text does not go on in memory
		return f.file.ReadAt(b, place)
	}
	return copy(b, f.tail[min(place-f.end, int64(len(f.tail))):]), nil
}

// Close forgets all texts and removes the file.
func (f *File) Close() error {
	file := f.file
	*f = File{}
	return file.Close()
}
