// Package bloom is a Bloom filter (Bloom 1970): a set of names in a fixed
// amount of memory that can report a name that was never added.
//
//	f := bloom.New(1<<23, 4)
//	f.Add("u1")
//	f.Has("u1") // true
//	f.Has("u2") // false, except for one in some thousands of names
package bloom

import (
	"hash/maphash"
	"sync/atomic"
)

// Filter is a set of names. It always finds a name that was added, and
// sometimes a name that was not. Use New to create one; its methods are safe
// for concurrent use.
type Filter struct {
	seed  maphash.Seed
	marks int
	words []atomic.Uint64
}

// New returns a filter with the given number of bits, at least 64, of which
// each name sets the given number. With n names in it, the probability that it
// reports another name is about (1-e^(-marks*n/bits))^marks. Pages of memory
// that no name has touched are not allocated.
func New(bits int64, marks int) *Filter {
	return &Filter{seed: maphash.MakeSeed(), marks: marks, words: make([]atomic.Uint64, (max(bits, 64)+63)/64)}
}

// places calls visit with each bit of a name, until it returns false. All are
// computed from the two halves of one hash (Kirsch and Mitzenmacher 2006).
func (f *Filter) places(name string, visit func(word *atomic.Uint64, bit uint64) bool) {
	hash := maphash.String(f.seed, name)
	step := hash>>32 | 1
	for i := range uint64(f.marks) {
		at := (hash + i*step) % uint64(64*len(f.words))
		if !visit(&f.words[at/64], 1<<(at%64)) {
			return
		}
	}
}

// Add adds a name, and reports whether it may have been there before.
func (f *Filter) Add(name string) (had bool) {
	had = true
	f.places(name, func(word *atomic.Uint64, bit uint64) bool {
		had = word.Or(bit)&bit != 0 && had
		return true
	})
	return had
}

// Has reports whether a name may have been added; false is certain.
func (f *Filter) Has(name string) (has bool) {
	has = true
	f.places(name, func(word *atomic.Uint64, bit uint64) bool {
		has = word.Load()&bit != 0
		return has
	})
	return has
}

// Clear removes all names.
func (f *Filter) Clear() {
	for i := range f.words {
		f.words[i].Store(0)
	}
}
