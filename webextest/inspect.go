package webextest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/webexscim/bulk/webextest/internal/bulk"
	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/store"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// Operation is one operation of a Bulk request, as it was asked.
type Operation struct {
	Method, Path, BulkID string
	// Data is the text that was sent; nil when there was none.
	Data json.RawMessage
}

func operationOf(op *contract.Operation) Operation {
	return Operation{Method: op.Method, Path: op.Path, BulkID: op.BulkID, Data: op.Data}
}

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
	enterprise, _ := r[scim.EnterpriseUser].(map[string]any)
	manager, _ := enterprise["manager"].(map[string]any)
	id, _ := manager["value"].(string)
	return id
}

// Users returns all users of all organizations, those of one in the order of
// their creation. It sees every change at once, whatever Config.ReadLag is.
func (s *Simulator) Users() []Resource { return s.list(scim.Users) }

// Groups returns all groups, as Users does.
func (s *Simulator) Groups() []Resource { return s.list(scim.Groups) }

// Count returns how many users and groups there are.
func (s *Simulator) Count() (users, groups int) {
	s.store.Lock()
	defer s.store.Unlock()
	for _, d := range s.store.Directories() {
		users += d.Now(scim.Users).Len()
		groups += d.Now(scim.Groups).Len()
	}
	return users, groups
}

// User returns the user of an id; ok is false when there is none.
func (s *Simulator) User(id string) (user Resource, ok bool) { return s.byID(scim.Users, id) }

// Group returns the group of an id.
func (s *Simulator) Group(id string) (group Resource, ok bool) { return s.byID(scim.Groups, id) }

// UserByName returns the user of a userName, regardless of case.
func (s *Simulator) UserByName(userName string) (user Resource, ok bool) {
	found := s.named(scim.Users, userName)
	if len(found) == 0 {
		return nil, false
	}
	return found[0], true
}

// GroupsByName returns the groups of a displayName, regardless of case.
func (s *Simulator) GroupsByName(displayName string) []Resource {
	return s.named(scim.Groups, displayName)
}

// Add puts a user ("/Users") or group ("/Groups") into the configured
// organization, as a POST to that path would, but off the record: no ledger, no
// faults, no lag. data is what JSON makes of it.
func (s *Simulator) Add(path string, data any) (id string, err error) {
	ids, err := s.AddAll(Operation{Path: path, Data: strictjson.Append(nil, data)})
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// AddAll is Add for several resources, of which only Path and Data count: all of
// them or, with an error, none. The error is an *AddError.
func (s *Simulator) AddAll(resources ...Operation) (ids []string, err error) {
	s.store.Lock()
	defer s.store.Unlock()
	d := s.store.Directory(s.cfg.OrgID)
	seen := s.cfg.Now().Add(-s.cfg.ReadLag) // so that readers see it at once
	added := make([]*store.Resource, 0, len(resources))
	for i, one := range resources {
		r, refused := s.draft(one)
		if refused != nil {
			for _, r := range slices.Backward(added) {
				d.Remove(r, seen)
			}
			return nil, &AddError{Index: i, Status: refused.Status, Reason: refused.Detail}
		}
		d.Put(r, seen)
		added, ids = append(added, r), append(ids, r.ID)
	}
	return ids, nil
}

// draft makes the first state of a resource that a test adds. The lock is held.
func (s *Simulator) draft(one Operation) (*store.Resource, *scim.Error) {
	body, err := strictjson.Decode(one.Data)
	doc, _ := body.(map[string]any)
	op := &contract.Operation{Method: http.MethodPost, Path: one.Path, BulkID: "add", Doc: doc}
	if err != nil || doc == nil || !op.ParsePath() {
		return nil, scim.Refuse(http.StatusBadRequest, "invalidSyntax", "an object for /Users or /Groups is expected")
	}
	rules := s.cfg.rules()
	rules.UntypedMembers = true // a test need not spell out what it only builds on
	op.Refused, _ = contract.CheckData(op, &rules)
	req := &contract.Request{Operations: []*contract.Operation{op}, Posts: map[string]int{op.BulkID: 0}}
	r, refused := bulk.Draft(bulk.Work{
		Store: s.store, Org: s.cfg.OrgID, Request: req, Settings: s.cfg.working(), Now: s.cfg.Now(), Stamp: s.storeTime(),
	}, op)
	if refused == nil {
		r.Born = time.Time{}
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
	s.store.Lock()
	defer s.store.Unlock()
	var problems []error
	for _, d := range s.store.Directories() {
		for _, r := range slices.Concat(d.Now(scim.Users).All(), d.Now(scim.Groups).All()) {
			problems = append(problems, check(d, r, texts)...)
		}
	}
	return errors.Join(problems...)
}

// check returns what is wrong with one resource.
func check(d *store.Directory, r *store.Resource, texts []string) []error {
	var problems []error
	doc := strictjson.DecodeTrusted(r.Doc)
	for _, name := range contract.References(doc, nil) {
		if text := contract.RefPrefix + name; !slices.Contains(texts, text) {
			problems = append(problems, fmt.Errorf("%s/%s holds the raw reference %q", r.Kind, r.ID, text))
		}
	}
	links := []string{Resource(doc).Manager()}
	if r.Kind == scim.Groups {
		links = Resource(doc).Members()
	}
	for _, id := range links {
		exists := d.Now(scim.Users).Get(id) != nil || d.Now(scim.Groups).Get(id) != nil
		if id != "" && !strings.HasPrefix(id, contract.RefPrefix) && !(d.Linked(r.ID, id) && exists) {
			problems = append(problems, fmt.Errorf("%s/%s refers to %s, which does not exist", r.Kind, r.ID, id))
		}
	}
	return problems
}

func (s *Simulator) list(k scim.Kind) []Resource {
	s.store.Lock()
	var states []*store.Resource
	for _, d := range s.store.Directories() {
		states = append(states, d.Now(k).All()...)
	}
	s.store.Unlock()
	return s.resources(states)
}

func (s *Simulator) byID(k scim.Kind, id string) (Resource, bool) {
	s.store.Lock()
	defer s.store.Unlock()
	for _, d := range s.store.Directories() {
		if r := d.Now(k).Get(strings.ToLower(id)); r != nil {
			return r.Show(s.cfg.BaseURL), true
		}
	}
	return nil, false
}

func (s *Simulator) named(k scim.Kind, name string) []Resource {
	s.store.Lock()
	defer s.store.Unlock()
	return s.resources(s.store.Named(k, s.cfg.normalize(name)))
}

func (s *Simulator) resources(states []*store.Resource) []Resource {
	list := make([]Resource, len(states))
	for i, r := range states {
		list[i] = r.Show(s.cfg.BaseURL)
	}
	return list
}
