package webextest

import (
	"net/http"
	"slices"
	"strings"
)

// validate checks a document and makes it the state of r. cycle holds the ids of
// what is created together with r.
func (b *batch) validate(r *resource, doc map[string]any, cycle map[string]string) *refusal {
	b.normalizeNames(doc)
	name, _ := doc[r.kind.nameAttr()].(string)
	if name == "" {
		return refuse(http.StatusBadRequest, "invalidValue", needsName, r.kind.nameAttr())
	}
	r.name = name
	if b.nameTaken(r) {
		return taken(r)
	}
	var refused *refusal
	if r.kind == groups {
		r.links, refused = b.memberLinks(doc, cycle, r.links)
	} else {
		r.links, refused = b.managerLink(doc, cycle, r.links)
	}
	if refused != nil {
		return refused
	}
	r.doc = encode(make([]byte, 0, 512), doc)
	return nil
}

// normalizeNames makes of the names in a document what the service keeps.
func (b *batch) normalizeNames(doc map[string]any) {
	for _, attr := range [...]string{users.nameAttr(), groups.nameAttr()} {
		if name, ok := doc[attr].(string); ok {
			doc[attr] = b.sim.cfg.normalize(name)
		}
	}
}

func taken(r *resource) *refusal {
	return refuse(http.StatusConflict, "uniqueness", "the %s is taken", r.kind.nameAttr())
}

// nameTaken reports whether another resource has the name of r. User names are
// unique in all organizations, regardless of case.
func (b *batch) nameTaken(r *resource) bool {
	others := func(d *directory) bool {
		ids := d.now[r.kind].byName[fold(r.name)]
		return len(ids) > 1 || len(ids) == 1 && ids[0] != r.id
	}
	if r.kind == groups {
		return b.sim.cfg.UniqueGroupNames && others(b.dir)
	}
	for _, d := range b.sim.orgs {
		if others(d) {
			return true
		}
	}
	return false
}

// memberLinks returns the ids of the members of a group, drops repeats, and
// refuses what does not exist. before are those that the group had.
func (b *batch) memberLinks(doc map[string]any, cycle map[string]string, before []string) ([]string, *refusal) {
	value, given := doc["members"]
	list, _ := value.([]any)
	links := make([]string, 0, len(list))
	met := make(map[string]bool, len(list))
	kept := list[:0]
	for _, element := range list {
		member, _ := element.(map[string]any)
		id, ok := member["value"].(string)
		if !ok {
			return nil, refuse(http.StatusBadRequest, "invalidValue", "a member must be an object with a value")
		}
		id = strings.ToLower(id)
		if b.raw(member["value"]) {
			kept = append(kept, member)
			continue
		}
		if !b.exists(id, cycle, users, groups) && !slices.Contains(before, id) {
			return nil, refuse(b.sim.cfg.UnknownReferenceStatus, "invalidValue", "there is no user or group for a member")
		}
		if met[id] {
			continue
		}
		met[id] = true
		member["value"] = id
		kept, links = append(kept, member), append(links, id)
	}
	if given {
		doc["members"] = kept
	}
	return links, nil
}

// managerLink returns the id of a user's manager, if there is one. before has
// the one that the user had.
func (b *batch) managerLink(doc map[string]any, cycle map[string]string, before []string) ([]string, *refusal) {
	enterprise, _ := doc[schemaEnterprise].(map[string]any)
	manager, given := enterprise["manager"]
	if !given || manager == nil {
		return nil, nil
	}
	object, _ := manager.(map[string]any)
	id, ok := object["value"].(string)
	switch {
	case !ok:
		return nil, refuse(http.StatusBadRequest, "invalidValue", "manager must be an object with a value")
	case b.raw(id):
		return nil, nil
	case !b.exists(strings.ToLower(id), cycle, users) && !slices.Contains(before, strings.ToLower(id)):
		return nil, refuse(b.sim.cfg.UnknownReferenceStatus, "invalidValue", "there is no user for the manager")
	}
	id = strings.ToLower(id)
	object["value"] = id
	return []string{id}, nil
}

// exists reports whether a resource of one of the kinds has this id, or will
// have it once the cycle is created.
func (b *batch) exists(id string, cycle map[string]string, kinds ...kind) bool {
	for _, k := range kinds {
		if r := b.dir.now[k].byID[id]; r != nil && b.knows(r) {
			return true
		}
	}
	for bulkID, new := range cycle {
		if new == id && slices.Contains(kinds, b.req.ops[b.req.posts[bulkID]].kind) {
			return true
		}
	}
	return false
}

// raw reports a reference that LastReferenceOnly left as it was.
func (b *batch) raw(value any) bool {
	s, _ := value.(string)
	return b.sim.cfg.LastReferenceOnly && strings.HasPrefix(s, refPrefix)
}

// actedOn are the attributes that the service itself reads or sets.
var actedOn = [...]string{"id", "meta", "groups", "schemas", "members", "userName", "displayName", "externalId"}

// canonical gives those attributes their own spelling: names of attributes do
// not depend on case (RFC 7643, section 2.1).
func canonical(doc map[string]any) *refusal {
	for other, value := range doc {
		for _, name := range actedOn {
			if len(other) != len(name) || other == name || !strings.EqualFold(other, name) {
				continue
			}
			if _, twice := doc[name]; twice {
				return refuse(http.StatusBadRequest, "invalidSyntax", "the attribute %s appears twice", name)
			}
			delete(doc, other)
			doc[name] = value
		}
	}
	return nil
}
