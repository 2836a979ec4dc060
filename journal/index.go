package journal

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"slices"
	"sort"

	"github.com/webexscim/bulk/internal/bloom"
)

// The latest entries of an index are in memory. When they are so many, they
// become a layer of its file, of which there is in memory a filter that is wrong
// about one key in some hundreds, and where each block begins: three bytes an
// entry.
const (
	indexYoung  = 1 << 14
	indexBlock  = 32
	filterBits  = 16 * indexYoung
	filterMarks = 4
)

// index keeps what belongs to keys that are hashes. It is for what is written
// often and read rarely: writing costs a fraction of what a tree on disk does.
// It lives in a temporary file, which comes to be when memory is full, or by
// create. The zero value is empty.
type index struct {
	young  map[[16]byte][]byte
	layers []layer // the oldest first
	file   *os.File
	end    int64
}

// layer is a part of the file: entries by key, which are the key, the length of
// the value, and the value.
type layer struct {
	filter *bloom.Filter
	blocks []block // and the end of the last one
}

type block struct {
	first [16]byte // key
	at    int64
}

var errIndex = errors.New("temporary file is not what was written")

// put adds a value, which the caller no longer changes. It may replace one of
// the same key.
func (x *index) put(key [16]byte, value []byte) error {
	if x.young == nil {
		x.young = map[[16]byte][]byte{}
	}
	x.young[key] = value
	if len(x.young) < indexYoung {
		return nil
	}
	if err := x.flush(); err != nil {
		return fmt.Errorf("temporary file: %w", err)
	}
	return nil
}

// all are the values of a key, from the oldest to the latest.
func (x *index) all(key [16]byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, l := range x.layers {
			if !l.filter.Has(string(key[:])) {
				continue
			}
			value, ok, err := x.find(l, key)
			if (ok || err != nil) && (!yield(value, err) || err != nil) {
				return
			}
		}
		if value, ok := x.young[key]; ok {
			yield(value, nil)
		}
	}
}

// find reads the block in which key is if it is in l.
func (x *index) find(l layer, key [16]byte) (value []byte, ok bool, err error) {
	blocks := l.blocks[:len(l.blocks)-1]
	i := sort.Search(len(blocks), func(i int) bool { return bytes.Compare(blocks[i].first[:], key[:]) > 0 })
	if i == 0 {
		return nil, false, nil
	}
	b := make([]byte, l.blocks[i].at-l.blocks[i-1].at)
	if _, err := x.file.ReadAt(b, l.blocks[i-1].at); err != nil {
		return nil, false, fmt.Errorf("temporary file: %w", err)
	}
	for len(b) > len(key) {
		n, size := binary.Uvarint(b[len(key):])
		if size <= 0 || n > uint64(len(b)-len(key)-size) {
			return nil, false, errIndex
		}
		end := len(key) + size + int(n)
		if bytes.Equal(b[:len(key)], key[:]) {
			return b[end-int(n) : end], true, nil
		}
		b = b[end:]
	}
	return nil, false, nil
}

// create makes the file if there is none. Whoever does not want to learn in the
// middle of a job that it cannot be made calls it first.
func (x *index) create() (err error) {
	if x.file != nil {
		return nil
	}
	if x.file, err = os.CreateTemp("", "journal"); err != nil {
		return err
	}
	// Where that is possible, it is gone whatever becomes of the process.
	_ = os.Remove(x.file.Name())
	return nil
}

// flush makes a layer of what is in memory.
func (x *index) flush() error {
	if err := x.create(); err != nil {
		return err
	}
	l := layer{filter: bloom.New(filterBits, filterMarks)}
	w := bufio.NewWriterSize(io.NewOffsetWriter(x.file, x.end), 1<<16)
	keys := slices.AppendSeq(make([][16]byte, 0, len(x.young)), maps.Keys(x.young))
	slices.SortFunc(keys, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	var head []byte
	for i, key := range keys {
		if i%indexBlock == 0 {
			l.blocks = append(l.blocks, block{key, x.end})
		}
		l.filter.Add(string(key[:]))
		value := x.young[key]
		head = binary.AppendUvarint(append(head[:0], key[:]...), uint64(len(value)))
		for _, part := range [][]byte{head, value} {
			n, err := w.Write(part)
			if err != nil {
				return err
			}
			x.end += int64(n)
		}
	}
	l.blocks = append(l.blocks, block{at: x.end})
	x.layers = append(x.layers, l)
	clear(x.young)
	return w.Flush()
}

// reset takes all out.
func (x *index) reset() error {
	clear(x.young)
	x.layers, x.end = nil, 0
	if x.file == nil {
		return nil
	}
	return x.file.Truncate(0)
}

// close removes the file.
func (x *index) close() error {
	if x.file == nil {
		return nil
	}
	err := x.file.Close()
	if e := os.Remove(x.file.Name()); !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	x.file = nil
	return err
}
