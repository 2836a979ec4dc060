package opfile

import (
	"hash/maphash"
	"math"
)

// names remembers the line of each name, in a few dozen bytes whatever its length: it keeps a hash of 64 bits. Among
// ten million names the chance that two different ones look the same is one in 400,000.
type names struct {
	seed  maphash.Seed
	lines map[uint64]uint32
}

func newNames() names {
	return names{seed: maphash.MakeSeed(), lines: make(map[uint64]uint32)}
}

// first returns the line that had the name before, or 0 and remembers this one. "" is no name.
func (n names) first(name string, line int) int {
	if name == "" {
		return 0
	}
	hash := maphash.String(n.seed, name)
	if first, ok := n.lines[hash]; ok {
		return int(first)
	}
	n.lines[hash] = uint32(min(line, math.MaxUint32))
	return 0
}
