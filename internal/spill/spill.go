// Package spill keeps in a temporary file what would outgrow memory: a Map
// moves its older entries there, for what is written often and read rarely; a
// File holds texts, each to be read once.
//
//	var m spill.Map
//	defer m.Close()
//	err := m.Put(key, value)
//	…
//	value, ok, err := m.Get(key)
//
// Put costs a fraction of what a tree on disk does: entries go to the file
// sorted, thousands at a time. Get reads one block of it.
package spill

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"

	"github.com/webexscim/bulk/internal/bloom"
)

// The bounds of what is in memory before it becomes a layer of the file.
const (
	mostEntries = 1 << 14
	mostBytes   = 4 << 20 // of values
)

// Of a layer there is in memory where each block begins, and a filter that is
// wrong about one key in some hundreds: three bytes an entry where layers are full.
const (
	blockEntries = 32
	filterBits   = 16 // an entry
	filterMarks  = 4
)

// Map is a map from keys that are hashes to values. The latest entries are in
// memory, up to 16,384 of them with values of 4 MiB in all, or with one larger
// value; earlier ones are in a file in os.TempDir that only its owner can read and
// that has no name where the system allows that (elsewhere Close removes it). Each
// of these costs three bytes of memory.
//
// The zero value is empty. A Map is not for concurrent use.
type Map struct {
	latest map[[16]byte][]byte
	bytes  int // of the values put since latest was empty
	layers []layer
	file   temporary
	end    int64 // of the layers in the file
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

var errContent = errors.New("not what was written")

// Put adds an entry, or replaces the one of that key. The caller no longer changes
// value. After an error of the file, which may be full, the entry is there all the
// same; the next Put tries to write it again.
func (m *Map) Put(key [16]byte, value []byte) error {
	if m.latest == nil {
		m.latest = map[[16]byte][]byte{}
	}
	m.latest[key] = value
	m.bytes += len(value)
	if len(m.latest) < mostEntries && m.bytes < mostBytes {
		return nil
	}
	if err := m.flush(); err != nil {
		return fmt.Errorf("temporary file: %w", err)
	}
	return nil
}

// Get returns the latest value of a key, which the caller does not change. An
// error tells that the file cannot be read, or has been altered.
func (m *Map) Get(key [16]byte) (value []byte, ok bool, err error) {
	if value, ok := m.latest[key]; ok {
		return value, true, nil
	}
	for _, l := range slices.Backward(m.layers) {
		if !l.filter.Has(string(key[:])) {
			continue
		}
		if value, ok, err = m.find(l, key); err != nil {
			return nil, false, fmt.Errorf("temporary file: %w", err)
		}
		if ok {
			return value, true, nil
		}
	}
	return nil, false, nil
}

// find reads the block in which key is if it is in l.
func (m *Map) find(l layer, key [16]byte) (value []byte, ok bool, err error) {
	blocks := l.blocks[:len(l.blocks)-1]
	i := sort.Search(len(blocks), func(i int) bool { return bytes.Compare(blocks[i].first[:], key[:]) > 0 })
	if i == 0 {
		return nil, false, nil
	}
	b := make([]byte, l.blocks[i].at-l.blocks[i-1].at)
	if _, err := m.file.ReadAt(b, l.blocks[i-1].at); err != nil {
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

// flush makes a layer of what is in memory.
func (m *Map) flush() error {
	if err := m.file.create(); err != nil {
		return err
	}
	keys := slices.AppendSeq(make([][16]byte, 0, len(m.latest)), maps.Keys(m.latest))
	slices.SortFunc(keys, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	l := layer{filter: bloom.New(int64(filterBits*len(keys)), filterMarks)}
	end := m.end
	w := bufio.NewWriterSize(io.NewOffsetWriter(m.file, end), 1<<16)
	var head []byte
	for i, key := range keys {
		if i%blockEntries == 0 {
			l.blocks = append(l.blocks, block{key, end})
		}
		l.filter.Add(string(key[:]))
		value := m.latest[key]
		head = binary.AppendUvarint(append(head[:0], key[:]...), uint64(len(value)))
		_, _ = w.Write(head) // Flush returns the error
		_, _ = w.Write(value)
		end += int64(len(head) + len(value))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	l.blocks = append(l.blocks, block{at: end})
	m.layers, m.end = append(m.layers, l), end
	clear(m.latest)
	m.bytes = 0
	return nil
}

// Close empties the map and removes the file.
func (m *Map) Close() error {
	file := m.file
	*m = Map{}
	return file.Close()
}
