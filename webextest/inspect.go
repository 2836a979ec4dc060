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

// Operation is one operation of a Bulk request.
type Operation struct {
	Method, Path, BulkID string
	// Data is the data as sent; nil without data.
	Data json.RawMessage
}

func operationOf(op *contract.Operation) Operation {
	return Operation{Method: op.Method, Path: op.Path, BulkID: op.BulkID, Data: op.Data}
}

// Resource is a copy of a user or group.
type Resource map[string]any

// ID returns the id.
func (r Resource) ID() string { return r.text("id") }

// UserName returns the userName of a user, "" for a group.
func (r Resource) UserName() string { return r.text("userName") }

// DisplayName returns the displayName, "" if there is none.
func (r Resource) DisplayName() string { return r.text("displayName") }

// ExternalID returns the externalId, "" if there is none.
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

// Manager returns the id of a user's manager, "" if there is none.
func (r Resource) Manager() string {
	enterprise, _ := r[scim.EnterpriseUser].(map[string]any)
	manager, _ := enterprise["manager"].(map[string]any)
	id, _ := manager["value"].(string)
	return id
}

// Users returns the users of all organizations, for each organization in the
// order of creation. Config.ReadLag does not apply.
func (s *Simulator) Users() []Resource { return s.list(scim.Users) }

// Groups returns all groups, as Users does.
func (s *Simulator) Groups() []Resource { return s.list(scim.Groups) }

// Count returns the numbers of users and groups.
func (s *Simulator) Count() (users, groups int) {
	s.store.Lock()
	defer s.store.Unlock()
	for _, d := range s.store.Directories() {
		users += d.Now(scim.Users).Len()
		groups += d.Now(scim.Groups).Len()
	}
	return users, groups
}

// User returns the user with an id; ok is false if there is none.
func (s *Simulator) User(id string) (user Resource, ok bool) { return s.byID(scim.Users, id) }

// Group returns the group with an id; ok is false if there is none.
func (s *Simulator) Group(id string) (group Resource, ok bool) { return s.byID(scim.Groups, id) }

// UserByName returns the user with a userName, regardless of case.
func (s *Simulator) UserByName(userName string) (user Resource, ok bool) {
	found := s.named(scim.Users, userName)
	if len(found) == 0 {
		return nil, false
	}
	return found[0], true
}

// GroupsByName returns the groups with a displayName, regardless of case.
func (s *Simulator) GroupsByName(displayName string) []Resource {
	return s.named(scim.Groups, displayName)
}

// Add adds a user ("/Users") or group ("/Groups") to the configured
// organization, as a POST does, but without faults, lags or an entry in the
// ledger. data is marshaled as JSON.
func (s *Simulator) Add(path string, data any) (id string, err error) {
	ids, err := s.AddAll(Operation{Path: path, Data: strictjson.Append(nil, data)})
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// AddAll adds several resources, given by Path and Data. If one cannot be
// added, it adds none and returns an *AddError.
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

// draft returns the first state of a resource that a test adds. The store is
// locked.
func (s *Simulator) draft(one Operation) (*store.Resource, *scim.Error) {
	body, err := strictjson.Decode(one.Data)
	doc, _ := body.(map[string]any)
	op := &contract.Operation{Method: http.MethodPost, Path: one.Path, BulkID: "add", Doc: doc}
	if err != nil || doc == nil || !op.ParsePath() {
		return nil, scim.Refuse(http.StatusBadRequest, "invalidSyntax", "an object for /Users or /Groups is expected")
	}
	rules := s.cfg.rules()
	rules.UntypedMembers = true // so that tests need not write the type
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
	Status int    // as for a POST: 400, or 409 if the name is taken
	Reason string // with names of attributes, but no values
}

// Error contains the index and the reason.
func (e *AddError) Error() string {
	return fmt.Sprintf("webextest: resource %d cannot be added: %s", e.Index, e.Reason)
}

// Check returns an error for every Violation and for each problem that
// CheckIntegrity finds, nil if there is none. A test of a client should end
// with it.
func (s *Simulator) Check(texts ...string) error {
	problems := []error{s.CheckIntegrity(texts...)}
	for _, v := range s.Violations() {
		problems = append(problems, fmt.Errorf("request %d: %s", v.Request, v.Text))
	}
	return errors.Join(problems...)
}

// CheckIntegrity returns an error for members and managers that do not exist,
// and for references such as "bulkId:u1" that were stored unresolved, except
// those in texts. It returns nil if there are none.
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

// check returns the problems of one resource.
func check(d *store.Directory, r *store.Resource, texts []string) []error {
	var problems []error
	doc := strictjson.DecodeTrusted(r.Doc)
	for _, name := range contract.References(doc, nil) {
		if text := contract.RefPrefix + name; !slices.Contains(texts, text) {
			problems = append(problems, fmt.Errorf("%s/%s has the unresolved reference %q", r.Kind, r.ID, text))
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
