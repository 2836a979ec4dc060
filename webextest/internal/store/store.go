// Package store stores the users and groups of organizations. Readers may see
// changes later than writers.
//
//	s := store.New(readLag, seed)
//	s.Lock()
//	defer s.Unlock()
//	d := s.Directory(org)
//	d.Put(&store.Resource{Org: org, ID: s.NewID(), Kind: scim.Users, Name: "ann@example.com", Doc: doc}, now)
//	found := d.Visible(scim.Users, now).All()
package store

import (
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// Store holds the organizations. New returns one. Its methods, and those of
// Directory and Collection, need its lock; those of Resource do not.
type Store struct {
	sync.Mutex
	lag  time.Duration
	seed int64
	orgs map[string]*Directory
	ids  *rand.Rand
}

// New returns an empty store. Readers see a change after lag. The seed
// determines the ids.
func New(lag time.Duration, seed int64) *Store {
	s := &Store{lag: lag, seed: seed}
	s.Reset()
	return s
}

// Reset empties the store and starts the sequence of ids again.
func (s *Store) Reset() {
	s.orgs = make(map[string]*Directory)
	s.ids = rand.New(rand.NewPCG(uint64(s.seed), 0))
}

// Directory returns the directory of an organization, which is empty at first.
func (s *Store) Directory(org string) *Directory {
	d := s.orgs[org]
	if d == nil {
		d = newDirectory(s.lag)
		s.orgs[org] = d
	}
	return d
}

// Directories returns the directories by organization. The map must not be
// changed.
func (s *Store) Directories() map[string]*Directory { return s.orgs }

// Organizations returns the ids of the organizations that exist, in order.
func (s *Store) Organizations() []string { return slices.Sorted(maps.Keys(s.orgs)) }

// Named returns the resources with a name in all organizations.
func (s *Store) Named(k scim.Kind, name string) (list []*Resource) {
	for _, d := range s.orgs {
		list = append(list, d.now[k].Named(name)...)
	}
	return list
}

// NewID returns the next UUID (version 4).
func (s *Store) NewID() string {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], s.ids.Uint64())
	binary.BigEndian.PutUint64(id[8:], s.ids.Uint64())
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[:8], id[:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:], id[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// Directory holds the resources of one organization.
type Directory struct {
	now  [2]*Collection // by kind, for writes
	seen [2]*Collection // for reads; the same collections without a lag
	// linked maps an id to the resources that refer to it as a member or manager.
	linked map[string]map[string]scim.Kind
	lag    time.Duration
	queue  []change // that readers do not see yet
}

// change is a new state of a resource, or its deletion.
type change struct {
	at      time.Time
	r       *Resource
	deleted bool
}

func newDirectory(lag time.Duration) *Directory {
	d := &Directory{linked: make(map[string]map[string]scim.Kind), lag: lag}
	d.now = [2]*Collection{newCollection(), newCollection()}
	d.seen = d.now
	if lag > 0 {
		d.seen = [2]*Collection{newCollection(), newCollection()}
	}
	return d
}

// Now returns the current resources of a kind.
func (d *Directory) Now(k scim.Kind) *Collection { return d.now[k] }

// Visible returns the resources of a kind that readers see at this time.
func (d *Directory) Visible(k scim.Kind, at time.Time) *Collection {
	d.catchUp(at)
	return d.seen[k]
}

// Referrers returns the resources that refer to an id as a member or manager.
func (d *Directory) Referrers(id string) (list []*Resource) {
	for holder, k := range d.linked[id] {
		list = append(list, d.now[k].byID[holder])
	}
	return list
}

// Linked reports whether the resource with one id refers to the other.
func (d *Directory) Linked(from, to string) bool {
	_, known := d.linked[to][from]
	return known
}

// Put stores the state of a resource.
func (d *Directory) Put(r *Resource, now time.Time) {
	if before := d.now[r.Kind].byID[r.ID]; before != nil {
		d.unlink(before)
	}
	for _, id := range r.Links {
		if d.linked[id] == nil {
			d.linked[id] = make(map[string]scim.Kind)
		}
		d.linked[id][r.ID] = r.Kind
	}
	d.now[r.Kind].put(r)
	d.publish(change{now, r, false})
}

// Remove deletes a resource. No other resource may refer to it.
func (d *Directory) Remove(r *Resource, now time.Time) {
	d.unlink(r)
	delete(d.linked, r.ID)
	d.now[r.Kind].remove(r.ID)
	d.publish(change{now, r, true})
}

func (d *Directory) unlink(r *Resource) {
	for _, id := range r.Links {
		delete(d.linked[id], r.ID)
		if len(d.linked[id]) == 0 {
			delete(d.linked, id)
		}
	}
}

func (d *Directory) publish(c change) {
	if d.lag > 0 {
		d.queue = append(d.queue, c)
	}
}

// catchUp applies the changes that are old enough for readers.
func (d *Directory) catchUp(now time.Time) {
	done := 0
	for _, c := range d.queue {
		if now.Sub(c.at) < d.lag {
			break
		}
		if c.deleted {
			d.seen[c.r.Kind].remove(c.r.ID)
		} else {
			d.seen[c.r.Kind].put(c.r)
		}
		done++
	}
	d.queue = d.queue[done:]
}
