package client

import "sync"

// identities are ids of resources that a lost create cannot have made: what
// another operation of this run has made, and what one was about to delete.
// Of users, whose names are unique, only those are kept that a look-up has
// found, and of what is deleted only the latest: so it grows with groups and
// with trouble, not with operations.
type identities struct {
	mu           sync.Mutex
	taken        map[string]bool
	gone, before map[string]bool
}

// take claims an id for one operation, and tells whether it was free.
func (t *identities) take(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id == "" || t.taken[id] {
		return false
	}
	if t.taken == nil {
		t.taken = map[string]bool{}
	}
	t.taken[id] = true
	return true
}

func (t *identities) isTaken(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.taken[id]
}

// someDeletes are those that reads may still lag behind.
const someDeletes = 10000

func (t *identities) delete(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone == nil || len(t.gone) == someDeletes {
		t.gone, t.before = map[string]bool{}, t.gone
	}
	t.gone[id] = true
}

func (t *identities) isDeleted(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gone[id] || t.before[id]
}
