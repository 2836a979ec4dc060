package records

import (
	"fmt"
	"io"

	"github.com/webexscim/bulk/internal/bloom"
)

// names finds bulkIds that may stand there twice. Of names in operations of 300
// bytes it takes hardly one in a million for another, in those of 150 bytes one
// in 10,000; as long as it has 4 MiB at most, half of that size will do.
type names struct {
	seen     *bloom.Filter
	suspects map[string]int // the line where each was first, once it is known
}

const (
	freeNameBits = 1 << 25 // 4 MiB
	mostNameBits = 1 << 27 // 16 MiB
	nameMarks    = 12
)

// newNames are those of the file.
func (r *Reader) newNames() (*names, error) {
	size, err := r.file.In.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, r.file.Broken(err)
	}
	bits := max(min(size/4, freeNameBits), min(size/8, mostNameBits))
	return &names{seen: bloom.New(bits, nameMarks), suspects: map[string]int{}}, nil
}

// add notes a name, and suspects it if it may have been there before. "" is no
// name.
func (n *names) add(name string) {
	if name != "" && n.seen.Add(name) {
		n.suspects[name] = 0
	}
}

// checkRepeats reports whether no two operations have the same bulkId, and
// yields the mistakes of those that do: it reads the input again, if one is
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
