package spill

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sort"

	"github.com/webexscim/bulk/internal/bloom"
)

// layer is a file of entries by key: the key, the length of the value, and the
// value. The place of each block is in memory, and so is a filter that finds
// one in a hundred keys that are not there.
type layer struct {
	level   int // how often its entries were merged
	entries int
	file    temporary
	filter  *bloom.Filter
	blocks  []block // and the end of the last one
}

type block struct {
	first [16]byte // key
	at    int64
}

const (
	blockEntries = 64
	filterBits   = 10 // an entry
	filterMarks  = 4
)

var errContent = errors.New("not what was written")

// find reads the block in which key is if it is in l.
func (l *layer) find(key [16]byte) (value []byte, ok bool, err error) {
	if !l.filter.Has(string(key[:])) {
		return nil, false, nil
	}
	blocks := l.blocks[:len(l.blocks)-1]
	i := sort.Search(len(blocks), func(i int) bool { return bytes.Compare(blocks[i].first[:], key[:]) > 0 })
	if i == 0 {
		return nil, false, nil
	}
	b := make([]byte, l.blocks[i].at-l.blocks[i-1].at)
	if _, err := l.file.ReadAt(b, l.blocks[i-1].at); err != nil {
		return nil, false, err
	}
	for len(b) > len(key) {
		n, size := binary.Uvarint(b[len(key):])
		if size <= 0 || n > uint64(len(b)-len(key)-size) {
			return nil, false, errContent
		}
		end := len(key) + size + int(n)
		if bytes.Equal(b[:len(key)], key[:]) {
			return b[end-int(n) : end], true, nil
		}
		b = b[end:]
	}
	return nil, false, nil
}

// cursor goes through the entries of a layer.
type cursor struct {
	from  *bufio.Reader
	left  int // entries after this one; -1 after the last one
	size  int64
	key   [16]byte
	value []byte
}

func (l *layer) cursor() *cursor {
	size := l.blocks[len(l.blocks)-1].at
	return &cursor{from: bufio.NewReaderSize(io.NewSectionReader(l.file, 0, size), 1<<15), left: l.entries, size: size}
}

// next reads the next entry.
func (c *cursor) next() error {
	if c.left--; c.left < 0 {
		return nil
	}
	_, err := io.ReadFull(c.from, c.key[:])
	length, e := binary.ReadUvarint(c.from)
	if err = cmp.Or(err, e); err != nil {
		return err
	}
	if length > uint64(c.size) {
		return errContent
	}
	c.value = slices.Grow(c.value[:0], int(length))[:length]
	_, err = io.ReadFull(c.from, c.value)
	return err
}

// layerWriter writes a layer.
type layerWriter struct {
	layer
	w    *bufio.Writer // its first error is that of finish
	end  int64
	head []byte
}

// newLayer begins a layer of up to so many entries.
func newLayer(level, entries int) (*layerWriter, error) {
	w := &layerWriter{layer: layer{
		level:  level,
		filter: bloom.New(int64(filterBits*entries), filterMarks),
		blocks: make([]block, 0, entries/blockEntries+2),
	}}
	err := w.file.create()
	w.w = bufio.NewWriterSize(w.file, 1<<16)
	return w, err
}

// add adds an entry. Each has a higher key than the one before.
func (w *layerWriter) add(key [16]byte, value []byte) {
	if w.entries%blockEntries == 0 {
		w.blocks = append(w.blocks, block{key, w.end})
	}
	w.entries++
	w.filter.Add(string(key[:]))
	w.head = binary.AppendUvarint(append(w.head[:0], key[:]...), uint64(len(value)))
	_, _ = w.w.Write(w.head)
	_, _ = w.w.Write(value)
	w.end += int64(len(w.head) + len(value))
}

// finish returns the layer. After an error there is none.
func (w *layerWriter) finish() (layer, error) {
	if err := w.w.Flush(); err != nil {
		return layer{}, errors.Join(err, w.file.Close())
	}
	w.blocks = append(w.blocks, block{at: w.end})
	return w.layer, nil
}
