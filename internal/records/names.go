package records

import (
	"fmt"
	"io"

	"github.com/webexscim/bulk/internal/bloom"
)

// names finds bulkIds that are probably repeated. It suspects a name wrongly
// once in a million if operations have 300 bytes, and once in 10,000 if they
// have 150 bytes, or half of that in files for which 4 MiB are enough.
type names struct {
	seen     *bloom.Filter
	suspects map[string]int // by suspected name, its first line; 0 until that is known
}

const (
	freeNameBits = 1 << 25 // 4 MiB
	mostNameBits = 1 << 27 // 16 MiB
	nameMarks    = 12
)

// newNames returns empty names whose size fits the file.
func (r *Reader) newNames() (*names, error) {
	size, err := r.file.In.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, r.file.Broken(err)
	}
	bits := max(min(size/4, freeNameBits), min(size/8, mostNameBits))
	return &names{seen: bloom.New(bits, nameMarks), suspects: map[string]int{}}, nil
}

// add adds a name, unless it is "", and suspects it if it may have been added
// before.
func (n *names) add(name string) {
	if name != "" && n.seen.Add(name) {
		n.suspects[name] = 0
	}
}

// checkRepeats yields an error for each bulkId that an earlier operation has,
// and reports whether there was none. It reads the input again if a name is
// suspected.
func (r *Reader) checkRepeats(n *names, yield func(Row, error) bool) bool {
	if len(n.suspects) == 0 {
		return true
	}
	unique := true
	for rec, err := range r.records() {
		if err != nil {
			yield(Row{}, err)
			return false
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
		case !yield(Row{}, fault(r.file.Name, row.Line, "bulkId", name,
			fmt.Sprintf("the same as in line %d", first), "a name of its own")):
			return false
		default:
			unique = false
		}
	}
	return unique
}
