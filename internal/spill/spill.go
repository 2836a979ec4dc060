// Package spill keeps data in temporary files that would outgrow memory. A Map
// moves its older entries there, and is for entries that are written often and
// read rarely. A File holds texts that are mostly read once.
//
//	var m spill.Map
//	defer m.Close()
//	err := m.Put(key, value)
//	…
//	value, ok, err := m.Get(key)
//
// Put costs a fraction of what a tree on disk does: entries go to a file
// sorted, thousands at a time. Get reads one block of a file.
package spill

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// The bounds of the entries in memory, beyond which they become a layer.
const (
	mostEntries = 1 << 14
	mostBytes   = 4 << 20 // of values
)

// fanOut is how many layers of one level become one layer of the next level.
const fanOut = 4

// Map is a map from keys that are hashes to values. The latest entries are in
// memory, up to 16,384 of them with values of 4 MiB in all, or with one larger
// value. Earlier entries are in files in os.TempDir that only their owner can
// read and that have no names where the system allows that (elsewhere Close
// removes them). Each of these entries costs less than two bytes of memory. The
// number of files, and so the cost of Get, grows with the logarithm of the
// number of entries.
//
// The zero value is empty. A Map is not for concurrent use.
type Map struct {
	latest map[[16]byte][]byte
	bytes  int     // of the values put since latest was empty
	layers []layer // the oldest first, and so those of the highest level
}

// Put adds an entry, or replaces the one of that key. The caller no longer
// changes value. After an error of the file, such as a full disk, the entry is
// in the map all the same; the next Put tries to write it again.
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
	for i := range m.layers {
		value, ok, err = m.layers[len(m.layers)-1-i].find(key)
		if err != nil {
			return nil, false, fmt.Errorf("temporary file: %w", err)
		}
		if ok {
			return value, true, nil
		}
	}
	return nil, false, nil
}

// flush makes a layer of the entries in memory.
func (m *Map) flush() error {
	w, err := newLayer(0, len(m.latest))
	if err != nil {
		return err
	}
	keys := slices.AppendSeq(make([][16]byte, 0, len(m.latest)), maps.Keys(m.latest))
	slices.SortFunc(keys, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	for _, key := range keys {
		w.add(key, m.latest[key])
	}
	l, err := w.finish()
	if err != nil {
		return err
	}
	m.layers = append(m.layers, l)
	clear(m.latest)
	m.bytes = 0
	return m.merge()
}

// merge makes one layer of the last layers where enough of them have one level.
func (m *Map) merge() error {
	for {
		first := len(m.layers) - fanOut
		if first < 0 || m.layers[first].level != m.layers[len(m.layers)-1].level {
			return nil
		}
		merged, err := mergeLayers(m.layers[first:])
		if err != nil {
			return err
		}
		for _, l := range m.layers[first:] {
			_ = l.file.Close()
		}
		m.layers = append(m.layers[:first], merged)
	}
}

// mergeLayers makes one layer of several. A later one has the last word.
func mergeLayers(layers []layer) (layer, error) {
	entries := 0
	var err error
	cursors := make([]*cursor, len(layers))
	for i := range layers {
		entries += layers[i].entries
		cursors[i] = layers[i].cursor()
		err = cmp.Or(err, cursors[i].next())
	}
	w, e := newLayer(layers[0].level+1, entries)
	if err = cmp.Or(err, e); err != nil {
		return layer{}, errors.Join(err, w.file.Close())
	}
	for {
		var least *cursor
		for _, c := range cursors {
			if c.left >= 0 && (least == nil || bytes.Compare(c.key[:], least.key[:]) <= 0) {
				least = c
			}
		}
		if least == nil {
			return w.finish()
		}
		key := least.key
		w.add(key, least.value)
		for _, c := range cursors {
			if c.left >= 0 && c.key == key {
				err = cmp.Or(err, c.next())
			}
		}
		if err != nil {
			return layer{}, errors.Join(err, w.file.Close())
		}
	}
}

// Close empties the map and removes the files.
func (m *Map) Close() (err error) {
	for _, l := range m.layers {
		err = errors.Join(err, l.file.Close())
	}
	*m = Map{}
	return err
}
