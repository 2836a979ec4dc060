package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/plan"
)

// countingMemory counts how often it is read.
type countingMemory struct {
	values map[[16]byte][]byte
	reads  int
}

func (m *countingMemory) Get(key [16]byte) ([]byte, bool, error) {
	m.reads++
	value, ok := m.values[key]
	return value, ok, nil
}

func (m *countingMemory) Put(key [16]byte, value []byte) error {
	m.values[key] = value
	return nil
}

// TestExistingGroupBeforeItsMembers: what an existing group refers to is looked
// up in the memory in proportion to the number of members, not to its square.
func TestExistingGroupBeforeItsMembers(t *testing.T) {
	reads := func(members int) int {
		group := engine.Operation{Method: engine.Post, Size: 100, Name: engine.Key{1}, SearchName: engine.Key{1}}
		operations := make([]engine.Operation, 1+members)
		for i := 1; i <= members; i++ {
			name := fmt.Sprintf("u%d", i)
			group.Refs = append(group.Refs, plan.Ref{Name: name, Count: 1, Width: len(name), Required: true})
			operations[i] = engine.Operation{Index: i, Method: engine.Post, Guarded: true, BulkID: name, Size: 100}
		}
		operations[0] = group
		memory := &countingMemory{values: map[[16]byte][]byte{}}
		compared := 0
		e := engine.New(engine.Config{
			Operations: 100, Bytes: 1_000_000, Concurrency: 2, MaxAttempts: 5, Memory: memory,
			LookupPatience: 15 * time.Second, MaxServiceTime: 2 * time.Minute,
			Facts:    func(index int) (*engine.Operation, error) { return &operations[index], nil },
			Existing: engine.UpdateExisting,
			Compare: func(_ int, _ string, known []plan.Known) (change engine.Operation, differs bool, err error) {
				compared = len(known)
				return engine.Operation{}, false, nil
			},
		}, engine.Time{})
		for next := 0; !e.Finished(); {
			switch {
			case next < len(operations) && e.Wants():
				e.Add(engine.Time{}, &operations[next])
				if next++; next == 1 {
					e.Idle(engine.Time{}) // the group is looked up before its members are read
				}
				e.Take()
			case next == len(operations):
				e.End(engine.Time{})
				next++
			}
			ready := e.Ready()
			for _, l := range ready.Lookups {
				found := engine.Finding{Index: 0, Candidates: []engine.Candidate{{ID: "g1"}}}
				e.Found(engine.Time{}, l.Number, []engine.Finding{found}, true, time.Time{})
			}
			for _, r := range ready.Requests {
				items := make([]engine.Item, len(r.Items))
				for i, item := range r.Items {
					items[i] = engine.Item{Found: true, Status: 201, ID: fmt.Sprintf("id%d", item.Index)}
				}
				e.Response(engine.Time{}, r.Number, engine.Response{Items: items, Alive: true})
			}
		}
		if compared != members {
			t.Fatalf("compared with %d members, expected %d", compared, members)
		}
		return memory.reads
	}
	few, many := reads(1_000), reads(4_000)
	if many > 5*few {
		t.Errorf("%d reads of the memory for 1,000 members, %d for 4,000", few, many)
	}
}
