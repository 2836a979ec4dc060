package client

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/facts"
	"github.com/webexscim/bulk/internal/rawjson"
	"github.com/webexscim/bulk/internal/sparse"
	"github.com/webexscim/bulk/internal/spill"
)

// operations are the operations of a run that have no outcome yet. The latest
// are in memory. Others that wait are in a temporary file as they were given,
// with the existing resources for their comparison, and are read again when
// their turn comes. Each of these costs eight bytes of memory, and its Data if
// that is not a text.
type operations struct {
	most   int // in memory
	recent map[int]*pending
	queue  []int               // indexes of recent, the oldest first, and of some that are over
	bytes  int                 // in recent: data and existing resources
	places sparse.Table[int64] // by index, the place in the file plus 1
	values map[int]any         // by index, the Data of an operation in the file that is not a text
	file   spill.File
	m      marshaler
}

// The bounds of the operations that wait in memory, without those that are read
// ahead: their number and the bytes of their data.
const (
	mostWaiting = 1024
	mostBytes   = 8 << 20
)

func newOperations(keyed bool, most int) *operations {
	return &operations{
		most: most, m: marshaler{facts: facts.Reader{Keyed: keyed}},
		recent: map[int]*pending{}, places: sparse.Table[int64]{}, values: map[int]any{},
	}
}

// add adds an operation that was read.
func (o *operations) add(p *pending) {
	o.recent[p.Index] = p
	o.queue = append(o.queue, p.Index)
	o.bytes += p.bytes()
	if len(o.queue) > 2*len(o.recent)+mostWaiting {
		o.queue = slices.DeleteFunc(o.queue, func(index int) bool { return o.recent[index] == nil })
	}
}

// get returns an operation. If the file cannot be read, that error is the
// reason for which the operation is invalid, and the engine ends the job.
func (o *operations) get(index int) *pending {
	if p := o.recent[index]; p != nil {
		return p
	}
	p, err := o.takeFromFile(index)
	if err != nil {
		p = &pending{Facts: &facts.Facts{Operation: engine.Operation{Index: index, Invalid: err}}}
	}
	o.add(p)
	return p
}

func (o *operations) takeFromFile(index int) (*pending, error) {
	place := o.places.At(index)
	if place == 0 {
		return nil, fmt.Errorf("internal error, please report: operation %d is not there", index)
	}
	text, err := o.file.Take(place - 1)
	if err != nil {
		return nil, err
	}
	o.places.Set(index, 0)
	return o.decode(index, text), nil
}

// has reports whether an operation is not over.
func (o *operations) has(index int) bool {
	return o.places.At(index) > 0 || o.recent[index] != nil
}

// facts returns the facts of an operation to the engine.
func (o *operations) facts(index int) (*engine.Operation, error) {
	p := o.get(index)
	return &p.Operation, p.Invalid
}

// remove removes an operation that is over.
func (o *operations) remove(p *pending) {
	delete(o.recent, p.Index)
	o.bytes -= p.bytes()
}

// change changes an operation, and counts its bytes anew.
func (o *operations) change(p *pending, f func()) {
	o.bytes -= p.bytes()
	f()
	o.bytes += p.bytes()
}

func (p *pending) bytes() int {
	n := len(p.Data)
	if p.update != nil {
		n += len(p.update.Data)
	}
	for _, raw := range p.stored {
		n += len(raw)
	}
	return n
}

// setAside moves operations that wait to the file as long as there are too many
// in memory.
func (o *operations) setAside() error {
	for len(o.queue) > 0 && (len(o.recent) > o.most || o.bytes > mostBytes) {
		p := o.recent[o.queue[0]]
		if p != nil && !p.isNeeded() {
			place, err := o.file.Add(o.encode(p))
			if err != nil {
				return err
			}
			o.places.Set(p.Index, place+1)
			o.remove(p)
		}
		o.queue = o.queue[1:]
	}
	return nil
}

// isNeeded reports whether the file cannot hold all that is known of an
// operation.
func (p *pending) isNeeded() bool {
	return p.sent || p.Invalid != nil
}

// The types of Data.
const (
	noData = iota
	rawData
	bytesData
	valueData
)

// encode writes an operation as it was given, with its data as it is sent.
func (o *operations) encode(p *pending) []byte {
	kind := byte(valueData)
	switch p.op.Data.(type) {
	case nil:
		kind = noData
	case json.RawMessage:
		kind = rawData
	case []byte:
		kind = bytesData
	default:
		o.values[p.Index] = p.op.Data
	}
	var update bulkapi.Operation
	if p.update != nil {
		update = *p.update
	}
	var stored []byte
	if len(p.stored) > 0 {
		stored, _ = rawjson.Marshal(p.stored) // it was read as JSON
	}
	text := append(make([]byte, 0, 64+p.bytes()), kind)
	for _, part := range []string{p.op.Method, p.op.Path, p.op.BulkID, update.Path, string(update.Data), string(stored)} {
		text = appendText(text, part)
	}
	return append(text, p.Data...)
}

func appendText(text []byte, part string) []byte {
	return append(binary.AppendUvarint(text, uint64(len(part))), part...)
}

// decode reads an operation that encode has written.
func (o *operations) decode(index int, text []byte) *pending {
	kind, text := text[0], text[1:]
	part := func() string {
		n, size := binary.Uvarint(text)
		part := string(text[size : size+int(n)])
		text = text[size+int(n):]
		return part
	}
	op := Operation{Method: part(), Path: part(), BulkID: part()}
	update := bulkapi.Operation{Method: MethodPatch, Path: part(), Data: json.RawMessage(part())}
	stored := part()
	if kind != noData {
		op.Data = json.RawMessage(text)
	}
	p := newPending(&o.m, index, op)
	if update.Path != "" {
		p.update = &update
	}
	if stored != "" {
		_ = json.Unmarshal([]byte(stored), &p.stored)
	}
	switch kind {
	case bytesData:
		p.op.Data = []byte(p.Data)
	case valueData:
		p.op.Data = o.values[index]
		delete(o.values, index)
	}
	return p
}

// close removes the file.
func (o *operations) close() error { return o.file.Close() }
