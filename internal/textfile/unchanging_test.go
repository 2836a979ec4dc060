package textfile

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"
)

// edited is a file that somebody edits between two readings.
type edited struct{ *bytes.Reader }

// However a file is changed after it was read, no reading returns anything but
// the old bytes; and where it was not changed, all of them.
func TestChangedFileIsNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{0, 1, blockSize - 1, blockSize, blockSize + 1, 3*blockSize - 7,
			3 * blockSize}).Draw(t, "size")
		old := bytes.Repeat([]byte("0123456789abcde\n"), size/16+1)[:size]
		file := &edited{bytes.NewReader(old)}
		u := newUnchanging(file)
		if first := rapid.IntRange(0, size).Draw(t, "read before the whole"); first > 0 {
			if _, err := io.ReadFull(u, make([]byte, first)); err != nil {
				t.Fatal(err)
			}
		}
		read := func() ([]byte, error) {
			if _, err := u.Seek(0, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			return io.ReadAll(u)
		}
		if got, err := read(); err != nil || !bytes.Equal(got, old) {
			t.Fatalf("%d of %d bytes, %v", len(got), size, err)
		}
		fresh := bytes.Clone(old)
		switch rapid.SampledFrom([]string{"same", "cut", "grown", "a byte"}).Draw(t, "edit") {
		case "cut":
			fresh = fresh[:rapid.IntRange(0, size).Draw(t, "to")]
		case "grown":
			fresh = append(fresh, "more"...)
		case "a byte":
			if size > 0 {
				fresh[rapid.IntRange(0, size-1).Draw(t, "at")] ^= 1
			}
		}
		file.Reader = bytes.NewReader(fresh)
		got, err := read()
		if !bytes.HasPrefix(old, got) {
			t.Fatal("a byte that was not there before")
		}
		if same := bytes.Equal(old, fresh); same != (err == nil) || err != nil && !errors.Is(err, ErrChanged) ||
			same && len(got) != size {
			t.Fatalf("changed: %v; %d of %d bytes, %v", !same, len(got), size, err)
		}
	})
}
