package bulk

import (
	"net/http"
	"slices"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/store"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// validate checks a document and stores it in r. cycle has the ids of the
// resources that are created together with r.
func (b *batch) validate(r *store.Resource, doc map[string]any, cycle map[string]string) *scim.Error {
	b.normalizeNames(doc)
	name, _ := doc[r.Kind.NameAttribute()].(string)
	if name == "" {
		return scim.Refuse(http.StatusBadRequest, "invalidValue", contract.NeedsName, r.Kind.NameAttribute())
	}
	r.Name = name
	if b.nameTaken(r) {
		return taken(r)
	}
	var refused *scim.Error
	if r.Kind == scim.Groups {
		r.Links, refused = b.memberLinks(doc, cycle, r.Links)
	} else {
		r.Links, refused = b.managerLink(doc, cycle, r.Links)
	}
	if refused != nil {
		return refused
	}
	r.Doc = strictjson.Append(make([]byte, 0, 512), doc)
	return nil
}

// normalizeNames normalizes the names in a document.
func (b *batch) normalizeNames(doc map[string]any) {
	for _, attr := range [...]string{scim.Users.NameAttribute(), scim.Groups.NameAttribute()} {
		if name, ok := doc[attr].(string); ok {
			doc[attr] = b.Settings.Normalize(name)
		}
	}
}

func taken(r *store.Resource) *scim.Error {
	return scim.Refuse(http.StatusConflict, "uniqueness", "the %s is taken", r.Kind.NameAttribute())
}

// nameTaken reports whether another resource has the name of r. User names are
// unique in all organizations, regardless of case.
func (b *batch) nameTaken(r *store.Resource) bool {
	others := func(d *store.Directory) bool {
		return slices.ContainsFunc(d.Now(r.Kind).Named(r.Name), func(other *store.Resource) bool { return other.ID != r.ID })
	}
	if r.Kind == scim.Groups {
		return b.Settings.UniqueGroupNames && others(b.dir)
	}
	for _, d := range b.Store.Directories() {
		if others(d) {
			return true
		}
	}
	return false
}

// memberLinks returns the ids of the members of a group without duplicates, and
// refuses unknown members. before are the previous ids.
func (b *batch) memberLinks(doc map[string]any, cycle map[string]string, before []string) ([]string, *scim.Error) {
	value, given := doc["members"]
	list, _ := value.([]any)
	links := make([]string, 0, len(list))
	seen := make(map[string]bool, len(list))
	kept := list[:0]
	for _, element := range list {
		member, _ := element.(map[string]any)
		id, ok := member["value"].(string)
		if !ok {
			return nil, scim.Refuse(http.StatusBadRequest, "invalidValue", "a member must be an object with a value")
		}
		id = strings.ToLower(id)
		if b.raw(member["value"]) {
			kept = append(kept, member)
			continue
		}
		if !b.exists(id, cycle, scim.Users, scim.Groups) && !slices.Contains(before, id) {
			return nil, scim.Refuse(b.Settings.UnknownReferenceStatus, "invalidValue", "there is no user or group for a member")
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		member["value"] = id
		kept, links = append(kept, member), append(links, id)
	}
	if given {
		doc["members"] = kept
	}
	return links, nil
}

// managerLink returns the id of the manager of a user, if there is one. before
// is the previous one.
func (b *batch) managerLink(doc map[string]any, cycle map[string]string, before []string) ([]string, *scim.Error) {
	enterprise, _ := doc[scim.EnterpriseUser].(map[string]any)
	manager, given := enterprise["manager"]
	if !given || manager == nil {
		return nil, nil
	}
	object, _ := manager.(map[string]any)
	id, ok := object["value"].(string)
	switch {
	case !ok:
		return nil, scim.Refuse(http.StatusBadRequest, "invalidValue", "manager must be an object with a value")
	case b.raw(id):
		return nil, nil
	case !b.exists(strings.ToLower(id), cycle, scim.Users) && !slices.Contains(before, strings.ToLower(id)):
		return nil, scim.Refuse(b.Settings.UnknownReferenceStatus, "invalidValue", "there is no user for the manager")
	}
	id = strings.ToLower(id)
	object["value"] = id
	return []string{id}, nil
}

// exists reports whether a resource of one of the kinds has this id, or will
// have it once the cycle is created.
func (b *batch) exists(id string, cycle map[string]string, kinds ...scim.Kind) bool {
	for _, k := range kinds {
		if r := b.dir.Now(k).Get(id); r != nil && b.knows(r) {
			return true
		}
	}
	for bulkID, new := range cycle {
		if new == id && slices.Contains(kinds, b.Request.Operations[b.Request.Posts[bulkID]].Kind) {
			return true
		}
	}
	return false
}

// raw reports whether a value is a reference that stays unresolved because of
// LastReferenceOnly.
func (b *batch) raw(value any) bool {
	s, _ := value.(string)
	return b.Settings.LastReferenceOnly && strings.HasPrefix(s, contract.RefPrefix)
}

// special are the attributes that the simulator itself reads or writes.
var special = [...]string{"id", "meta", "groups", "schemas", "members", "userName", "displayName", "externalId"}

// canonical renames the special attributes to their usual spelling, because
// names of attributes have no case (RFC 7643, section 2.1).
func canonical(doc map[string]any) *scim.Error {
	for other, value := range doc {
		for _, name := range special {
			if len(other) != len(name) || other == name || !strings.EqualFold(other, name) {
				continue
			}
			if _, twice := doc[name]; twice {
				return scim.Refuse(http.StatusBadRequest, "invalidSyntax", "the attribute %s appears twice", name)
			}
			delete(doc, other)
			doc[name] = value
		}
	}
	return nil
}
