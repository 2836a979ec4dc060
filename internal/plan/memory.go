package plan

import (
	"encoding/binary"
	"encoding/hex"
)

// memory keeps what became of names in a few dozen bytes each: ids are UUIDs
// as a rule, and those are kept as 16 bytes.
type memory struct {
	compact map[string]compact
	texts   map[string]string // ids that are no UUIDs
}

type compact struct {
	id   [16]byte
	kind kind
}

type kind uint8

const (
	isUUID kind = iota
	isText
	isAnonymous // created, and the id is not known: id holds the index
	isFailed    // likewise
)

func (m *memory) put(name string, s Settled) {
	if m.compact == nil {
		m.compact = map[string]compact{}
	}
	var c compact
	switch {
	case !s.Done:
		c.kind = isFailed
		binary.BigEndian.PutUint64(c.id[:], uint64(s.Index))
	case s.ID == "":
		c.kind = isAnonymous
		binary.BigEndian.PutUint64(c.id[:], uint64(s.Index))
	case !packUUID(&c.id, s.ID):
		c.kind = isText
		if m.texts == nil {
			m.texts = map[string]string{}
		}
		m.texts[name] = s.ID
	}
	m.compact[name] = c
}

func (m *memory) get(name string) Settled {
	c, ok := m.compact[name]
	if !ok {
		return Settled{}
	}
	switch c.kind {
	case isFailed, isAnonymous:
		return Settled{Known: true, Done: c.kind == isAnonymous, Index: int(binary.BigEndian.Uint64(c.id[:]))}
	case isText:
		return Settled{Known: true, Done: true, ID: m.texts[name]}
	}
	return Settled{Known: true, Done: true, ID: unpackUUID(c.id)}
}

// packUUID accepts just the form that unpackUUID writes: lower case, dashes in
// their places.
func packUUID(dst *[16]byte, s string) bool {
	if len(s) != 36 {
		return false
	}
	var digits [32]byte
	n := 0
	for i := 0; i < len(s); i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
			continue
		}
		if s[i] >= 'A' && s[i] <= 'F' {
			return false
		}
		digits[n] = s[i]
		n++
	}
	_, err := hex.Decode(dst[:], digits[:])
	return err == nil
}

func unpackUUID(id [16]byte) string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}
