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
	// asked are the deliveries whose answers are awaited, with the names of what
	// they are to create; nil until these are asked for.
	asked map[*delivery]map[string]bool
}

// ask notes that a delivery awaits an answer, hear that it does no more. In
// between its operations stay as they are.
func (t *identities) ask(d *delivery) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked == nil {
		t.asked = map[*delivery]map[string]bool{}
	}
	t.asked[d] = nil
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
	for d, names := range t.asked {
		if names == nil {
			names = d.names()
			t.asked[d] = names
		}
		if names[kind+strings.ToLower(name)] {
			return true
		}
	}
	return false
}

// names are what the creates of a delivery can be looked up by.
func (d *delivery) names() map[string]bool {
	names := make(map[string]bool, len(d.ops))
	for _, p := range d.ops {
		if kind, name, _ := p.naturalKey(); name != "" {
			names[kind+strings.ToLower(name)] = true
		}
	}
	return names
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
