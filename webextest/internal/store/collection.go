package store

import (
	"slices"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// Collection holds the resources of one kind and organization, in order of creation
// and by id and name.
type Collection struct {
	byID   map[string]*Resource
	byName map[string][]string // folded name to ids
	order  []string            // ids, also of some deleted resources
	listed []*Resource         // result of All; nil after a change
}

func newCollection() *Collection {
	return &Collection{byID: make(map[string]*Resource), byName: make(map[string][]string)}
}

// Fold returns a form of a name for comparing, which ignores case.
func Fold(name string) string { return strings.ToLower(name) }

// put adds a resource, or replaces the state of one.
func (s *Collection) put(r *Resource) {
	before := s.byID[r.ID]
	s.byID[r.ID] = r
	s.listed = nil
	if before == nil {
		s.order = append(s.order, r.ID)
	} else if before.Name == r.Name {
		return
	} else {
		s.dropName(before)
	}
	key := Fold(r.Name)
	s.byName[key] = append(s.byName[key], r.ID)
}

func (s *Collection) remove(id string) {
	r := s.byID[id]
	if r == nil {
		return
	}
	delete(s.byID, id)
	s.listed = nil
	s.dropName(r)
	if len(s.order) > 2*len(s.byID)+64 {
		s.order = slices.DeleteFunc(s.order, func(id string) bool { return s.byID[id] == nil })
	}
}

func (s *Collection) dropName(r *Resource) {
	key := Fold(r.Name)
	ids := slices.DeleteFunc(s.byName[key], func(id string) bool { return id == r.ID })
	if len(ids) == 0 {
		delete(s.byName, key)
		return
	}
	s.byName[key] = ids
}

// All returns the resources in order of creation. The slice must not be
// changed.
func (s *Collection) All() []*Resource {
	if s.listed == nil {
		s.listed = make([]*Resource, 0, len(s.byID))
		for _, id := range s.order {
			if r := s.byID[id]; r != nil {
				s.listed = append(s.listed, r)
			}
		}
	}
	return s.listed
}

// Len returns the number of resources.
func (s *Collection) Len() int { return len(s.byID) }

// Get returns the resource with an id in lower case, or nil.
func (s *Collection) Get(id string) *Resource { return s.byID[id] }

// Named returns the resources with a name, regardless of case.
func (s *Collection) Named(name string) (list []*Resource) {
	for _, id := range s.byName[Fold(name)] {
		list = append(list, s.byID[id])
	}
	return list
}

// Candidates returns the resources that may match a filter, or all without a
// filter. sure reports that each of them matches. An index answers a filter
// that compares the name or the id with eq.
func (s *Collection) Candidates(k scim.Kind, filter *scim.Filter) (list []*Resource, sure bool) {
	if filter == nil {
		return s.All(), true
	}
	attr, values, ok := filter.Equalities()
	byName := ok && strings.EqualFold(attr, k.NameAttribute())
	byID := ok && strings.EqualFold(attr, "id")
	if !byName && !byID {
		return s.All(), false
	}
	seen := make(map[string]bool)
	add := func(r *Resource) {
		if r != nil && !seen[r.ID] {
			seen[r.ID] = true
			list = append(list, r)
		}
	}
	for _, value := range values {
		if byID {
			add(s.Get(strings.ToLower(value)))
			continue
		}
		for _, r := range s.Named(value) {
			add(r)
		}
	}
	return list, true
}
