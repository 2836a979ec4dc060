package webextest

import (
	"slices"
	"strings"
	"time"
)

// kind is a type of resource.
type kind uint8

const (
	users kind = iota
	groups
)

// segment is the kind in a path.
func (k kind) segment() string { return [...]string{"Users", "Groups"}[k] }

// nameAttr is the attribute that people know a resource of the kind by.
func (k kind) nameAttr() string { return [...]string{"userName", "displayName"}[k] }

func (k kind) schema() string { return [...]string{schemaUser, schemaGroup}[k] }

func kindOf(segment string) (kind, bool) {
	switch segment {
	case "Users":
		return users, true
	case "Groups":
		return groups, true
	}
	return 0, false
}

// resource is one state of a user or group. It is never changed, a change makes
// a new one: so readers need no lock once they hold it, and an older state can
// be shown to a reader for as long as reads lag. The document is kept as text,
// because a million of them as maps would keep the garbage collector busy.
type resource struct {
	org, id  string
	kind     kind
	name     string // userName or displayName
	doc      []byte // without id and meta
	links    []string
	revision int
	created  time.Time // by the clock of the store, as modified
	modified time.Time
	born     time.Time // by Config.Now; zero for what a test added
	request  int       // that created it
}

// location is the resource's url without scheme and host.
func (r *resource) location() string {
	return "/identity/scim/" + r.org + "/v2/" + r.kind.segment() + "/" + r.id
}

// show returns the whole resource as the service would.
func (r *resource) show(base string) map[string]any {
	doc := decodeStored(r.doc)
	doc["id"] = r.id
	doc["meta"] = map[string]any{
		"resourceType": strings.TrimSuffix(r.kind.segment(), "s"),
		"location":     base + r.location(),
		"version":      version(r.revision),
		"created":      r.created.UTC().Format(time.RFC3339Nano),
		"lastModified": r.modified.UTC().Format(time.RFC3339Nano),
	}
	return doc
}

// shelf holds the resources of one kind and organization, in order of creation
// and by id and name.
type shelf struct {
	byID   map[string]*resource
	byName map[string][]string // folded name to ids
	order  []string            // ids; those of deleted ones stay until compacted
	listed []*resource         // what all returned, until something changes
}

func newShelf() *shelf {
	return &shelf{byID: make(map[string]*resource), byName: make(map[string][]string)}
}

// fold is how names compare: regardless of case.
func fold(name string) string { return strings.ToLower(name) }

// put adds a resource, or replaces the state of one.
func (s *shelf) put(r *resource) {
	before := s.byID[r.id]
	s.byID[r.id] = r
	s.listed = nil
	if before == nil {
		s.order = append(s.order, r.id)
	} else if before.name == r.name {
		return
	} else {
		s.unname(before)
	}
	key := fold(r.name)
	s.byName[key] = append(s.byName[key], r.id)
}

func (s *shelf) remove(id string) {
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

func (s *shelf) unname(r *resource) {
	key := fold(r.name)
	ids := slices.DeleteFunc(s.byName[key], func(id string) bool { return id == r.id })
	if len(ids) == 0 {
		delete(s.byName, key)
		return
	}
	s.byName[key] = ids
}

// all returns the resources in order of creation, in a slice to read only.
func (s *shelf) all() []*resource {
	if s.listed == nil {
		s.listed = make([]*resource, 0, len(s.byID))
		for _, id := range s.order {
			if r := s.byID[id]; r != nil {
				s.listed = append(s.listed, r)
			}
		}
	}
	return s.listed
}

// directory is one organization.
type directory struct {
	now  [2]*shelf // by kind: what writes work on
	seen [2]*shelf // what GET reads; the same shelves when reads do not lag
	// linked holds, for an id, the resources that refer to it as a member or
	// manager, so that a deletion need not search.
	linked map[string]map[string]kind
	lag    time.Duration
	queue  []change // what seen does not show yet
}

// change is a state that readers will see from a time on; gone is a deletion.
type change struct {
	at   time.Time
	r    *resource
	gone bool
}

func newDirectory(lag time.Duration) *directory {
	d := &directory{linked: make(map[string]map[string]kind), lag: lag}
	d.now = [2]*shelf{newShelf(), newShelf()}
	d.seen = d.now
	if lag > 0 {
		d.seen = [2]*shelf{newShelf(), newShelf()}
	}
	return d
}

// put stores a state.
func (d *directory) put(r *resource, now time.Time) {
	if before := d.now[r.kind].byID[r.id]; before != nil {
		d.unlink(before)
	}
	for _, id := range r.links {
		if d.linked[id] == nil {
			d.linked[id] = make(map[string]kind)
		}
		d.linked[id][r.id] = r.kind
	}
	d.now[r.kind].put(r)
	d.publish(change{now, r, false})
}

// remove deletes a resource. Others must not refer to it any more.
func (d *directory) remove(r *resource, now time.Time) {
	d.unlink(r)
	delete(d.linked, r.id)
	d.now[r.kind].remove(r.id)
	d.publish(change{now, r, true})
}

func (d *directory) unlink(r *resource) {
	for _, id := range r.links {
		delete(d.linked[id], r.id)
		if len(d.linked[id]) == 0 {
			delete(d.linked, id)
		}
	}
}

func (d *directory) publish(c change) {
	if d.lag > 0 {
		d.queue = append(d.queue, c)
	}
}

// catchUp shows readers what is old enough.
func (d *directory) catchUp(now time.Time) {
	done := 0
	for _, c := range d.queue {
		if now.Sub(c.at) < d.lag {
			break
		}
		if c.gone {
			d.seen[c.r.kind].remove(c.r.id)
		} else {
			d.seen[c.r.kind].put(c.r)
		}
		done++
	}
	d.queue = d.queue[done:]
}
