package client

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/webexscim/bulk/internal/bulkapi"
)

// encode writes the operations with ids in the place of references, and with
// bulkIds that nothing in the request has or refers to by chance.
func (d *delivery) encode() (ops []bulkapi.Operation, bytes int) {
	used := map[string]bool{}
	for _, p := range d.ops {
		used[p.item.Name] = true
		for _, ref := range p.item.Refs {
			used[ref.Name] = true
		}
	}
	bytes = envelope
	for i, p := range d.ops {
		id := p.item.Name
		if id == "" {
			id = p.op.BulkID
			for n := 0; id == "" || used[id]; n++ {
				if id = assigned(p.index); n > 0 {
					id = fmt.Sprintf("%s-%d", id, n)
				}
			}
			used[id] = true
		}
		op := p.encode(d.items[i].Known, id)
		ops = append(ops, op)
		bytes += bulkapi.Size(op)
	}
	return ops, bytes
}

// doom notes what operations are about to delete, or have perhaps deleted.
func (d *delivery) doom(ops []bulkapi.Operation) {
	for i, op := range ops {
		if op.Method != MethodDelete {
			continue
		}
		d.run.known.delete(lastSegment(op.Path))
		if d.ops[i].maybe {
			d.bury(i)
		}
	}
}

func lastSegment(path string) string {
	path = path[strings.LastIndexByte(path, '/')+1:]
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}
