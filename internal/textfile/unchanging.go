package textfile

import (
	"crypto/sha256"
	"errors"
	"io"
)

// ErrChanged says that the content of a file changed after it was first read.
var ErrChanged = errors.New("the file changed after it was checked")

// blockSize is the number of bytes that are compared at once.
const blockSize = 64 << 10

// unchanging reads a file that others may write to. It fails with ErrChanged
// before it returns a byte that differs from the first reading. Time and size
// of a changed file can stay the same, so blocks are compared by hash: 16 bytes
// of memory for 64 KiB.
type unchanging struct {
	in     io.ReadSeeker
	hashes [][16]byte // of the blocks read so far
	ended  bool       // the last hash is of the last block of the file

	at    int64 // where the next Read begins
	block []byte
	index int // of block; -1 when there is none
}

func newUnchanging(in io.ReadSeeker) *unchanging {
	return &unchanging{in: in, index: -1, block: make([]byte, 0, blockSize)}
}

// Seek moves to a place from the beginning, from the current place, or from the
// end, where nothing is read.
func (u *unchanging) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += u.at
	case io.SeekEnd:
		end, err := u.in.Seek(0, io.SeekEnd)
		if err != nil {
			return 0, err
		}
		offset += end
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	u.at, u.index = offset, -1 // the file may have changed since the block was read
	return offset, nil
}

func (u *unchanging) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	index := int(u.at / blockSize)
	if u.index != index {
		if err := u.load(index); err != nil {
			return 0, err
		}
	}
	n := copy(p, u.block[min(int(u.at%blockSize), len(u.block)):])
	if n == 0 {
		return 0, io.EOF
	}
	u.at += int64(n)
	return n, nil
}

// load reads a block and compares it with the first reading.
func (u *unchanging) load(index int) error {
	u.index = -1
	if _, err := u.in.Seek(int64(index)*blockSize, io.SeekStart); err != nil {
		return err
	}
	n, err := io.ReadFull(u.in, u.block[:blockSize])
	last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !last {
		return err
	}
	u.block = u.block[:n]
	sum := sha256.Sum256(u.block)
	hash := [16]byte(sum[:])
	switch {
	case index < len(u.hashes):
		if u.hashes[index] != hash {
			return ErrChanged
		}
	case u.ended && n > 0:
		return ErrChanged // it has grown
	case index == len(u.hashes):
		u.hashes = append(u.hashes, hash)
		u.ended = last
	}
	u.index = index
	return nil
}
