package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

// Memory keeps small values by key while a job runs: the outcomes of named
// creates and the state of changed resources, some dozen bytes each.
type Memory interface {
	// Get returns the last value put under key.
	Get(key [16]byte) (value []byte, ok bool, err error)
	// Put keeps value, which the caller does not change afterward.
	Put(key [16]byte, value []byte) error
}

type mapMemory map[[16]byte][]byte

func (m mapMemory) Get(key [16]byte) ([]byte, bool, error) { v, ok := m[key]; return v, ok, nil }
func (m mapMemory) Put(key [16]byte, value []byte) error   { m[key] = value; return nil }

// memory holds the outcomes that the engine and the planner need of operations
// that are over. The first error of the store ends the job.
type memory struct {
	store Memory
	err   error
}

// named is the entry of a create that has a bulkId.
type named struct {
	state    nameState
	identity Key // stands for the resource in the keys of operations that refer to it
	index    int
	at       time.Duration // when it was done; 0: by an earlier run
	referred bool          // an operation that an earlier run has done, or may have done, refers to it
	id       string
}

type nameState byte

const (
	nameOpen nameState = iota
	nameFailed
	nameDone
	nameExisting // the resource existed before the job
)

func (n named) isDone() bool { return n.state >= nameDone }

// hash returns the Key of a text of some kind.
func hash(kind, text string) Key {
	sum := sha256.Sum256(append(append(make([]byte, 0, 64), kind...), text...))
	return Key(sum[:len(Key{})])
}

// get reads a value that put has written: a Key, numbers, and a text.
func (m *memory) get(key Key, numbers ...*int64) (first Key, text string, ok bool) {
	b, ok, err := m.store.Get(key)
	m.fail(err)
	if !ok || err != nil {
		return Key{}, "", false
	}
	b = b[copy(first[:], b):]
	for _, n := range numbers {
		var size int
		*n, size = binary.Varint(b)
		b = b[max(size, 0):]
	}
	return first, string(b), true
}

func (m *memory) put(key, first Key, text string, numbers ...int64) {
	b := append(make([]byte, 0, 64), first[:]...)
	for _, n := range numbers {
		b = binary.AppendVarint(b, n)
	}
	m.fail(m.store.Put(key, append(b, text...)))
}

func (m *memory) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

func (m *memory) named(name string) (n named, ok bool) {
	var state, index, at, referred int64
	n.identity, n.id, ok = m.get(hash("name ", name), &state, &index, &at, &referred)
	n.state, n.index, n.at, n.referred = nameState(state), int(index), time.Duration(at)*time.Millisecond, referred == 1
	return n, ok
}

func (m *memory) setNamed(name string, n named) {
	m.put(hash("name ", name), n.identity, n.id, int64(n.state), int64(n.index), n.at.Milliseconds(), number(n.referred))
}

// Name returns the outcome of a create that is over, to the planner.
func (m *memory) Name(name string) plan.Outcome {
	n, _ := m.named(name)
	if n.state == nameOpen {
		return plan.Outcome{}
	}
	return plan.Outcome{Known: true, Done: n.isDone(), ID: n.id, Index: n.index}
}

// changed is the entry of a resource that operations have changed.
type changed struct {
	key    Key // of the last operation on it
	failed int // index of the first operation on it that was not done, plus 1
}

func (m *memory) changed(resource string) (c changed) {
	var failed int64
	c.key, _, _ = m.get(hash("resource ", resource), &failed)
	c.failed = int(failed)
	return c
}

func (m *memory) setChanged(resource string, c changed) {
	m.put(hash("resource ", resource), c.key, "", int64(c.failed))
}

// Resource tells the planner whether an operation on a resource was not done.
func (m *memory) Resource(resource string) (index int, failed bool) {
	c := m.changed(resource)
	return c.failed - 1, c.failed > 0
}

// recent holds the latest values by key, recentKept to twice as many. Older
// ones are not needed: no attempt is at work for so long, and a resource that
// is more than ten minutes older than an attempt is not taken for ours.
type recent[V any] struct{ now, before map[Key]V }

const recentKept = 100_000 // some 6 MiB at most

func (r *recent[V]) put(key Key, v V) {
	if r.now == nil || len(r.now) >= recentKept { // more of an earlier stage
		r.now, r.before = map[Key]V{}, r.now
	}
	r.now[key] = v
}

func (r *recent[V]) get(key Key) (v V, ok bool) {
	if v, ok = r.now[key]; !ok {
		v, ok = r.before[key]
	}
	return v, ok
}

func (r *recent[V]) isEmpty() bool { return len(r.now)+len(r.before) == 0 }

// idSet holds ids as hashes.
type idSet struct{ ids recent[struct{}] }

func (s *idSet) add(id string) {
	if id != "" {
		s.ids.put(hash("id ", id), struct{}{})
	}
}

func (s *idSet) has(id string) bool {
	_, ok := s.ids.get(hash("id ", id))
	return ok
}
