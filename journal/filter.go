package journal

import (
	"encoding/binary"
	"sync/atomic"
)

// filter tells at once of most names that were never put that they were not: a
// Bloom filter (Bloom 1970) of a fixed size, 1 MiB. With a million names it is
// wrong about one in fifty, with ten million about most, who then cost a
// look-up. The zero value is empty; it takes any number of goroutines.
type filter struct {
	bits [filterBits / 64]atomic.Uint64
}

const (
	filterBits  = 1 << 23
	filterMarks = 4 // per name: the parts of its hash, which are as good as independent
)

// mark is the place of the i-th mark of a name.
func mark(name nameHash, i int) (word uint32, bit uint64) {
	at := binary.LittleEndian.Uint32(name[4*i:]) % filterBits
	return at / 64, 1 << (at % 64)
}

func (f *filter) add(name nameHash) {
	for i := range filterMarks {
		word, bit := mark(name, i)
		f.bits[word].Or(bit)
	}
}

// never reports whether the name was certainly not added.
func (f *filter) never(name nameHash) bool {
	for i := range filterMarks {
		if word, bit := mark(name, i); f.bits[word].Load()&bit == 0 {
			return true
		}
	}
	return false
}

func (f *filter) clear() {
	for i := range f.bits {
		f.bits[i].Store(0)
	}
}
