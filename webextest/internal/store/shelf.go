package store

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// Resource is one state of a user or group. It is never changed, a change makes
// a new one: so readers need no lock once they hold it, and an older state can
// be shown to a reader for as long as reads lag. The document is kept as text,
// because a million of them as maps would keep the garbage collector busy.
type Resource struct {
	Org, ID  string
	Kind     scim.Kind
	Name     string   // userName or displayName
	Doc      []byte   // without id and meta
	Links    []string // ids of members, or of the manager
	Revision int
	Created  time.Time // by the clock of the store, as Modified
	Modified time.Time
	Born     time.Time // by the clock of the test; zero for what the test added
	Request  int       // that created it
}

// Location is the resource's url without scheme and host.
func (r *Resource) Location() string {
	return "/identity/scim/" + r.Org + "/v2/" + r.Kind.String() + "/" + r.ID
}

// Show returns the whole resource as the service would.
func (r *Resource) Show(base string) map[string]any {
	doc := strictjson.DecodeTrusted(r.Doc)
	doc["id"] = r.ID
	doc["meta"] = map[string]any{
		"resourceType": strings.TrimSuffix(r.Kind.String(), "s"),
		"location":     base + r.Location(),
		"version":      Version(r.Revision),
		"created":      r.Created.UTC().Format(time.RFC3339Nano),
		"lastModified": r.Modified.UTC().Format(time.RFC3339Nano),
	}
	return doc
}

// Version writes a revision as a weak ETag (RFC 7644, section 3.14).
func Version(revision int) string { return `W/"` + strconv.Itoa(revision) + `"` }

// Display is the name by which others refer to the resource.
func (r *Resource) Display() string {
	if name, _ := strictjson.DecodeTrusted(r.Doc)["displayName"].(string); name != "" {
		return name
	}
	return r.Name
}

// Usage returns the usage of a group, "" if it has none.
func (r *Resource) Usage() string {
	text, _ := scim.Member(strictjson.DecodeTrusted(r.Doc)[scim.WebexGroup], "usage").(string)
	return text
}

// Shelf holds the resources of one kind and organization, in order of creation
// and by id and name.
type Shelf struct {
	byID   map[string]*Resource
	byName map[string][]string // folded name to ids
	order  []string            // ids; those of deleted ones stay until compacted
	listed []*Resource         // what all returned, until something changes
}

func newShelf() *Shelf {
	return &Shelf{byID: make(map[string]*Resource), byName: make(map[string][]string)}
}

// Fold is how names compare: regardless of case.
func Fold(name string) string { return strings.ToLower(name) }

// put adds a resource, or replaces the state of one.
func (s *Shelf) put(r *Resource) {
	before := s.byID[r.ID]
	s.byID[r.ID] = r
	s.listed = nil
	if before == nil {
		s.order = append(s.order, r.ID)
	} else if before.Name == r.Name {
		return
	} else {
		s.unname(before)
	}
	key := Fold(r.Name)
	s.byName[key] = append(s.byName[key], r.ID)
}

func (s *Shelf) remove(id string) {
	r := s.byID[id]
	if r == nil {
		return
	}
	delete(s.byID, id)
	s.listed = nil
	s.unname(r)
	if len(s.order) > 2*len(s.byID)+64 {
		s.order = slices.DeleteFunc(s.order, func(id string) bool { return s.byID[id] == nil })
	}
}

func (s *Shelf) unname(r *Resource) {
	key := Fold(r.Name)
	ids := slices.DeleteFunc(s.byName[key], func(id string) bool { return id == r.ID })
	if len(ids) == 0 {
		delete(s.byName, key)
		return
	}
	s.byName[key] = ids
}

// All returns the resources in order of creation, in a slice to read only.
func (s *Shelf) All() []*Resource {
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

// Len returns how many resources there are.
func (s *Shelf) Len() int { return len(s.byID) }

// Get returns the resource of an id in lower case, nil without one.
func (s *Shelf) Get(id string) *Resource { return s.byID[id] }

// Named returns the resources of a name, regardless of case.
func (s *Shelf) Named(name string) (list []*Resource) {
	for _, id := range s.byName[Fold(name)] {
		list = append(list, s.byID[id])
	}
	return list
}

// Candidates returns all that may fit a filter; sure when all of them do. An
// index serves a filter that asks for names or ids. No filter finds all.
func (s *Shelf) Candidates(k scim.Kind, filter *scim.Filter) (list []*Resource, sure bool) {
	if filter == nil {
		return s.All(), true
	}
	attr, values, ok := filter.Equalities()
	byName := ok && strings.EqualFold(attr, k.NameAttribute())
	byID := ok && strings.EqualFold(attr, "id")
	if !byName && !byID {
		return s.All(), false
	}
	met := make(map[string]bool)
	add := func(r *Resource) {
		if r != nil && !met[r.ID] {
			met[r.ID] = true
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
