package sheet

import (
	"encoding/binary"
	"math/bits"
)

// digests maps the digests of texts to rows. An entry takes about 18 bytes and
// holds no pointer, where one of a Go map takes 38. The zero value is empty.
type digests struct {
	shards [256]shard // by the first byte, so that growing copies a small part
}

// shard is a hash table with linear probing. An entry of 0 is a free place:
// lines count from 1.
type shard struct {
	keys    []uint64
	entries []rowEntry
	used    int
}

// get returns the row of a digest.
func (d *digests) get(digest [8]byte) (e rowEntry, ok bool) {
	s := &d.shards[digest[0]]
	if s.used == 0 {
		return 0, false
	}
	e = s.entries[s.place(binary.LittleEndian.Uint64(digest[:]))]
	return e, e != 0
}

// add sets the row of a digest that has none, and returns the row of the
// digest.
func (d *digests) add(digest [8]byte, e rowEntry) rowEntry {
	s := &d.shards[digest[0]]
	if 5*s.used >= 4*len(s.keys) {
		s.grow()
	}
	key := binary.LittleEndian.Uint64(digest[:])
	at := s.place(key)
	if s.entries[at] == 0 {
		s.keys[at], s.entries[at] = key, e
		s.used++
	}
	return s.entries[at]
}

// place is where a key is, or the free place for it.
func (s *shard) place(key uint64) int {
	high, _ := bits.Mul64(key, uint64(len(s.keys)))
	at := int(high)
	for s.entries[at] != 0 && s.keys[at] != key {
		if at++; at == len(s.keys) {
			at = 0
		}
	}
	return at
}

func (s *shard) grow() {
	old := *s
	size := 8 + len(old.keys)*3/2
	s.keys, s.entries = make([]uint64, size), make([]rowEntry, size)
	for i, e := range old.entries {
		if e != 0 {
			at := s.place(old.keys[i])
			s.keys[at], s.entries[at] = old.keys[i], e
		}
	}
}
