package opfile

import (
	"fmt"
	"hash/maphash"
	"io"
)

// names finds bulkIds that may stand there twice: a Bloom filter (Bloom 1970) with a bit for every four bytes of the
// input, up to 16 MiB. Of names in operations of 150 bytes it takes hardly one in a million for another, in those of 50 bytes one in 10,000.
type names struct {
	seed     maphash.Seed
	bits     []uint64
	suspects map[string]int // the line where each was first, once it is known
}

const (
	leastNameBits = 1 << 10
	mostNameBits  = 1 << 27
	nameMarks     = 12
)

// newNames are those of the input; nil for a sheet, whose bulkIds are made of names that differ.
func (r *Reader) newNames() (*names, error) {
	if r.sheet != nil {
		return nil, nil
	}
	size, err := r.in.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, r.broken(err)
	}
	bits := min(max(size/4, leastNameBits), mostNameBits)
	return &names{seed: maphash.MakeSeed(), bits: make([]uint64, (bits+63)/64), suspects: map[string]int{}}, nil
}

// add notes a name, and suspects it if it may have been there before. "" is no name.
func (n *names) add(name string) {
	if n == nil || name == "" {
		return
	}
	hash := maphash.String(n.seed, name)
	step, seen := hash>>32|1, true
	for i := range uint64(nameMarks) {
		at := (hash + i*step) % uint64(64*len(n.bits))
		seen = seen && n.bits[at/64]>>(at%64)&1 == 1
		n.bits[at/64] |= 1 << (at % 64)
	}
	if seen {
		n.suspects[name] = 0
	}
}

// repeated yields what is wrong with the operations whose bulkId an earlier one has: it reads the input again, if one is
// suspected.
func (r *Reader) repeated(n *names, yield func(Row, error) bool) {
	if n == nil || len(n.suspects) == 0 {
		return
	}
	for rec, err := range r.records() {
		if err != nil {
			yield(Row{}, err)
			return
		}
		if rec.fault != nil {
			continue
		}
		row, _ := r.operation(rec)
		name := row.Operation.BulkID
		first, suspect := n.suspects[name]
		switch {
		case !suspect:
		case first == 0:
			n.suspects[name] = row.Line
		case !yield(Row{}, &Error{
			File: r.name, Line: row.Line, Column: "bulkId", Value: name,
			Problem: fmt.Sprintf("the same as in line %d", first), Expected: "a name of its own",
		}):
			return
		}
	}
}
