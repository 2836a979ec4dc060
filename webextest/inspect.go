package webextest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Resource is a user or group as the service holds it, a copy.
type Resource map[string]any

// ID returns the id.
func (r Resource) ID() string { return r.text("id") }

// UserName returns the userName of a user, "" for a group.
func (r Resource) UserName() string { return r.text("userName") }

// DisplayName returns the displayName, "" without one.
func (r Resource) DisplayName() string { return r.text("displayName") }

// ExternalID returns the externalId, "" without one.
func (r Resource) ExternalID() string { return r.text("externalId") }

func (r Resource) text(name string) string {
	s, _ := r[name].(string)
	return s
}

// Members returns the ids of a group's members, in order.
func (r Resource) Members() []string {
	list, _ := r["members"].([]any)
	ids := make([]string, 0, len(list))
	for _, element := range list {
		member, _ := element.(map[string]any)
		id, _ := member["value"].(string)
		ids = append(ids, id)
	}
	return ids
}

// Manager returns the id of a user's manager, "" without one.
func (r Resource) Manager() string {
	enterprise, _ := r[schemaEnterprise].(map[string]any)
	manager, _ := enterprise["manager"].(map[string]any)
	id, _ := manager["value"].(string)
	return id
}

// Users returns all users of all organizations, those of one in the order of
// their creation. It sees every change at once, whatever Config.ReadLag is.
func (s *Simulator) Users() []Resource { return s.list(users) }

// Groups returns all groups, as Users does.
func (s *Simulator) Groups() []Resource { return s.list(groups) }

// Count returns how many users and groups there are.
func (s *Simulator) Count() (users, groups int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.orgs {
		users += len(d.now[0].byID)
		groups += len(d.now[1].byID)
	}
	return users, groups
}

// User returns the user of an id; ok is false when there is none.
func (s *Simulator) User(id string) (user Resource, ok bool) { return s.byID(users, id) }

// Group returns the group of an id.
func (s *Simulator) Group(id string) (group Resource, ok bool) { return s.byID(groups, id) }

// UserByName returns the user of a userName, regardless of case.
func (s *Simulator) UserByName(userName string) (user Resource, ok bool) {
	for _, r := range s.named(users, userName) {
		return s.resource(r), true
	}
	return nil, false
}

// GroupsByName returns the groups of a displayName, regardless of case.
func (s *Simulator) GroupsByName(displayName string) []Resource {
	var list []Resource
	for _, r := range s.named(groups, displayName) {
		list = append(list, s.resource(r))
	}
	return list
}

// Add puts a user ("/Users") or group ("/Groups") into the configured
// organization, as a POST to that path would, but off the record: no ledger, no
// faults, no lag. data is what JSON makes of it.
func (s *Simulator) Add(path string, data any) (id string, err error) {
	ids, err := s.AddAll(Operation{Path: path, Data: encode(nil, data)})
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// AddAll is Add for several resources, of which only Path and Data count: all of
// them or, with an error, none. The error is an *AddError.
func (s *Simulator) AddAll(resources ...Operation) (ids []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.directory(s.cfg.OrgID)
	seen := s.cfg.Now().Add(-s.cfg.ReadLag) // so that readers see it at once
	added := make([]*resource, 0, len(resources))
	for i, one := range resources {
		r, refused := s.draft(one)
		if refused != nil {
			for _, r := range slices.Backward(added) {
				d.remove(r, seen)
			}
			return nil, &AddError{Index: i, Status: refused.status, Reason: refused.detail}
		}
		d.put(r, seen)
		added, ids = append(added, r), append(ids, r.id)
	}
	return ids, nil
}

// draft makes the first state of a resource that a test adds. The lock is held.
func (s *Simulator) draft(one Operation) (*resource, *refusal) {
	body, err := decode(one.Data)
	doc, _ := body.(map[string]any)
	op := &operation{Operation: Operation{Method: http.MethodPost, Path: one.Path, BulkID: "add"}, data: doc}
	if err != nil || doc == nil || !op.parsePath() {
		return nil, refuse(http.StatusBadRequest, "invalidSyntax", "an object for /Users or /Groups is expected")
	}
	cfg := s.cfg
	cfg.UntypedMembers = true // a test need not spell out what it only builds on
	op.refused, _ = checkData(op, &cfg)
	req := &bulkRequest{ops: []*operation{op}, posts: map[string]int{"add": 0}}
	b := &batch{sim: s, dir: s.directory(s.cfg.OrgID), org: s.cfg.OrgID, req: req, now: s.cfg.Now(), stamp: s.storeTime()}
	r, refused := b.draft(op, map[string]string{"add": s.newID()}, nil)
	if refused == nil {
		r.born = time.Time{}
	}
	return r, refused
}

// AddError says why a resource cannot be added.
type AddError struct {
	Index  int    // of the resource, from 0
	Status int    // that a POST of it would have: 400, or 409 for a name that is taken
	Reason string // names attributes, but no values
}

// Error tells the place and the reason.
func (e *AddError) Error() string {
	return fmt.Sprintf("webextest: resource %d cannot be added: %s", e.Index, e.Reason)
}

// Check returns what CheckIntegrity finds and every Violation, nil for nothing:
// the line that a test of a client ends with.
func (s *Simulator) Check(texts ...string) error {
	problems := []error{s.CheckIntegrity(texts...)}
	for _, v := range s.Violations() {
		problems = append(problems, fmt.Errorf("request %d: %s", v.Request, v.Text))
	}
	return errors.Join(problems...)
}

// CheckIntegrity returns what is wrong in the store: members and managers that
// do not exist, and texts like "bulkId:u1" where an id should be. texts are such
// strings that a test stored on purpose.
func (s *Simulator) CheckIntegrity(texts ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var problems []error
	for _, d := range s.orgs {
		for _, r := range slices.Concat(d.now[users].all(), d.now[groups].all()) {
			problems = append(problems, d.check(r, texts)...)
		}
	}
	return errors.Join(problems...)
}

func (d *directory) check(r *resource, texts []string) []error {
	var problems []error
	doc := decodeStored(r.doc)
	for _, name := range references(doc, nil) {
		if text := refPrefix + name; !slices.Contains(texts, text) {
			problems = append(problems, fmt.Errorf("%s/%s holds the raw reference %q", r.kind.segment(), r.id, text))
		}
	}
	links := []string{Resource(doc).Manager()}
	if r.kind == groups {
		links = Resource(doc).Members()
	}
	for _, id := range links {
		_, known := d.linked[id][r.id]
		exists := d.now[users].byID[id] != nil || d.now[groups].byID[id] != nil
		if id != "" && !strings.HasPrefix(id, refPrefix) && !(known && exists) {
			problems = append(problems, fmt.Errorf("%s/%s refers to %s, which does not exist", r.kind.segment(), r.id, id))
		}
	}
	return problems
}

func (s *Simulator) list(k kind) []Resource {
	s.mu.Lock()
	var states []*resource
	for _, d := range s.orgs {
		states = append(states, d.now[k].all()...)
	}
	s.mu.Unlock()
	list := make([]Resource, len(states))
	for i, r := range states {
		list[i] = s.resource(r)
	}
	return list
}

func (s *Simulator) byID(k kind, id string) (Resource, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.orgs {
		if r := d.now[k].byID[strings.ToLower(id)]; r != nil {
			return s.resource(r), true
		}
	}
	return nil, false
}

func (s *Simulator) named(k kind, name string) []*resource {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*resource
	for _, d := range s.orgs {
		for _, id := range d.now[k].byName[s.key(name)] {
			list = append(list, d.now[k].byID[id])
		}
	}
	return list
}

func (s *Simulator) resource(r *resource) Resource { return r.show(s.cfg.BaseURL) }
