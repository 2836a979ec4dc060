package client

import (
	"crypto/sha256"
	"strings"
	"sync"
)

// identities are ids of resources that a lost create cannot have made: what
// another operation has made, and what one was about to delete. For good only
// those are kept that a lookup has found, of the others the latest: so it grows
// with trouble, not with operations.
//
// That is enough for users, whose names are unique. Given up is a group that was
// made someManyIDs groups ago or earlier, in this run or in one that is replayed:
// a lost create of the same displayName, with its externalId or with none, can be
// taken for it, if it was not done and that group is not older than its request
// or, once it comes from an earlier run, than the journal.
type identities struct {
	mu    sync.Mutex
	taken map[string]bool

	users, groups latest // that operations have made
	gone          latest
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
	if id == "" || t.has(id) {
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
	return t.has(id)
}

func (t *identities) has(id string) bool {
	return t.taken[id] || t.users.has(id) || t.groups.has(id)
}

// created notes what an answer, or the journal, says that an operation has made.
func (t *identities) created(l Location) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l.ResourceType == groups {
		t.groups.add(l.ID, someManyIDs)
	} else {
		t.users.add(l.ID, someIDs)
	}
}

func (t *identities) delete(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone.add(id, someIDs)
}

func (t *identities) isDeleted(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gone.has(id)
}

// latest are the last so many ids, and up to twice that: those that a lookup
// may still meet, by their age or because reads lag. They are kept as hashes, in
// about 30 bytes each.
type latest struct{ now, before map[idHash]struct{} }

const (
	someIDs     = 10_000
	someManyIDs = 100_000 // of groups, which may share a name: 6 MiB at most
)

type idHash [16]byte

func hashID(id string) (h idHash) {
	sum := sha256.Sum256([]byte(id))
	copy(h[:], sum[:])
	return h
}

func (l *latest) add(id string, most int) {
	if id == "" {
		return
	}
	if l.now == nil || len(l.now) == most {
		l.now, l.before = map[idHash]struct{}{}, l.now
	}
	l.now[hashID(id)] = struct{}{}
}

func (l *latest) has(id string) bool {
	h := hashID(id)
	_, now := l.now[h]
	_, before := l.before[h]
	return now || before
}
