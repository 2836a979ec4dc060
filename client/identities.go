package client

import (
	"strings"
	"sync"
)

// identities are ids of resources that a lost create cannot have made: what
// another operation has made, and what one was about to delete. Of users, whose
// names are unique, only those are kept for good that a look-up has found; of
// the others, and of what is deleted, the latest: so it grows with groups and
// with trouble, not with operations.
type identities struct {
	mu         sync.Mutex
	taken      map[string]bool
	made, gone latest
	asked      map[*delivery]bool // whose answers are awaited
}

// ask notes that a delivery awaits an answer, hear that it does no more. In
// between its operations stay as they are.
func (t *identities) ask(d *delivery) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked == nil {
		t.asked = map[*delivery]bool{}
	}
	t.asked[d] = true
}

func (t *identities) hear(d *delivery) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.asked, d)
}

// isAwaited tells that an answer to come may say who has created what is called
// so.
func (t *identities) isAwaited(kind, name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for d := range t.asked {
		for _, p := range d.ops {
			if k, n, _ := p.naturalKey(); k == kind && strings.EqualFold(n, name) {
				return true
			}
		}
	}
	return false
}

// take claims an id for one operation, and tells whether it was free.
func (t *identities) take(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id == "" || t.taken[id] || t.made.has(id) {
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
	return t.taken[id] || t.made.has(id)
}

// created notes what an answer, or the journal, says that an operation has made.
func (t *identities) created(l Location) {
	if l.ResourceType == groups {
		t.take(l.ID)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made.add(l.ID)
}

func (t *identities) delete(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone.add(id)
}

func (t *identities) isDeleted(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gone.has(id)
}

// latest are the last so many ids, and up to twice that: those that a look-up
// may still meet, by their age or because reads lag.
type latest struct{ now, before map[string]bool }

const someIDs = 10000

func (l *latest) add(id string) {
	if id == "" {
		return
	}
	if l.now == nil || len(l.now) == someIDs {
		l.now, l.before = map[string]bool{}, l.now
	}
	l.now[id] = true
}

func (l *latest) has(id string) bool { return l.now[id] || l.before[id] }
