// Package bloom tells of most names that were never added that they were not, in
// a size that does not depend on how many there are (Bloom 1970).
//
//	f := bloom.New(1<<23, 4)
//	f.Add("u1")
//	f.Has("u1") // true
//	f.Has("u2") // false, but for one in some thousands
package bloom

import (
	"hash/maphash"
	"sync/atomic"
)

// Filter is a set of names that is right about what was added, and sometimes
// wrong about what was not. New makes one; any number of goroutines may use it.
type Filter struct {
	seed  maphash.Seed
	marks int
	words []atomic.Uint64
}

// New makes a filter of so many bits, 64 at least, in which each name makes so
// many marks. With n names it takes about (1-e^(-marks*n/bits))^marks of the
// others for one of them. Memory that no name has touched costs nothing.
func New(bits int64, marks int) *Filter {
	return &Filter{seed: maphash.MakeSeed(), marks: marks, words: make([]atomic.Uint64, (max(bits, 64)+63)/64)}
}

// places calls visit with each place of a name, until it returns false. Two
// halves of one hash make them all (Kirsch and Mitzenmacher 2006).
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

// Clear takes all names out.
func (f *Filter) Clear() {
	for i := range f.words {
		f.words[i].Store(0)
	}
}
