package webextest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// get answers a GET of one resource, of the members of a group, or a search.
func (x *exchange) get(at endpoint) *reply {
	x.sim.log.tally(func(s *Stats) { s.Searches++ })
	query := x.r.URL.Query()
	var body map[string]any
	var refused *refusal
	switch at.what {
	case ownerEndpoint:
		body, refused = x.owner()
	case resourceEndpoint:
		body, refused = x.one(at, query)
	case membersEndpoint:
		body, refused = x.members(at, query)
	default:
		body, refused = x.search(at, query)
	}
	if refused != nil {
		return x.refusedReply(refused)
	}
	rep := jsonReply(http.StatusOK, encode(nil, body))
	rep.header.Set("trackingId", trackingID(x.file.Number, -1))
	return rep
}

// find returns a resource as readers see it.
func (x *exchange) find(at endpoint) (*resource, *refusal) {
	x.sim.mu.Lock()
	defer x.sim.mu.Unlock()
	if r := x.sim.visible(at.org, at.kind).byID[at.id]; r != nil {
		return r, nil
	}
	return nil, refuse(http.StatusNotFound, "", "there is no such resource in %s", at.kind.segment())
}

func (x *exchange) one(at endpoint, query url.Values) (map[string]any, *refusal) {
	r, refused := x.find(at)
	if refused != nil {
		return nil, refused
	}
	return project(r.show(x.sim.cfg.base(x.r)), query), nil
}

// ownerID is the id of the machine account that owns the tokens where the Config
// names no user.
const ownerID = "00000000-0000-4000-8000-000000000001"

// owner is the user to whom the token belongs, with the organization in each of
// the two places that documents of the service name.
func (x *exchange) owner() (map[string]any, *refusal) {
	r := &resource{org: x.sim.cfg.OrgID, id: ownerID, kind: users, revision: 1}
	r.doc = encode(nil, map[string]any{
		"schemas": []string{schemaUser}, "userName": "service-app@simulator.example", "displayName": "Service app", "active": true,
	})
	if name := x.sim.cfg.Owner; name != "" {
		named := x.sim.named(users, name)
		if len(named) == 0 {
			return nil, refuse(http.StatusNotFound, "", "the user of the token does not exist")
		}
		r = named[0]
	}
	doc := r.show(x.sim.cfg.base(x.r))
	meta, _ := doc["meta"].(map[string]any)
	meta["organizationID"] = r.org
	extension, _ := doc[schemaWebexUser].(map[string]any)
	if extension == nil {
		extension = make(map[string]any)
		doc[schemaWebexUser] = extension
	}
	extension["meta"] = map[string]any{"organizationId": r.org}
	return doc, nil
}

// maxMembers is how many members of a group a GET shows at once, as documented.
const maxMembers = 500

// members answers a page of the members of a group. memberSize counts them all:
// the document of the service also says totalResults, but its example and
// working clients say memberSize.
func (x *exchange) members(at endpoint, query url.Values) (map[string]any, *refusal) {
	start, count, refused := page(query, maxMembers)
	if refused != nil {
		return nil, refused
	}
	r, refused := x.find(at)
	if refused != nil {
		return nil, refused
	}
	doc := decodeStored(r.doc)
	all, _ := doc["members"].([]any)
	all = ofType(all, query.Get("memberType"))
	list := cut(all, start, count)
	x.describe(at.org, list)
	return map[string]any{
		"schemas": []string{schemaMembers}, "displayName": r.name, "memberSize": len(all), "startIndex": start,
		"itemsPerPage": len(list), "members": list,
	}, nil
}

// ofType returns the members of a type, or all if that is "". Some documents
// write types with a capital.
func ofType(members []any, memberType string) []any {
	if memberType == "" {
		return members
	}
	return slices.DeleteFunc(slices.Clone(members), func(m any) bool {
		text, _ := member(m, "type").(string)
		return !strings.EqualFold(text, memberType)
	})
}

// describe adds the names of members that are visible.
func (x *exchange) describe(org string, members []any) {
	x.sim.mu.Lock()
	defer x.sim.mu.Unlock()
	for _, m := range members {
		id, _ := member(m, "value").(string)
		for _, k := range []kind{users, groups} {
			if r := x.sim.visible(org, k).byID[id]; r != nil {
				m.(map[string]any)["display"] = r.display()
			}
		}
	}
}

// display is the name by which others refer to a resource.
func (r *resource) display() string {
	return orElse(Resource(decodeStored(r.doc)).DisplayName(), r.name)
}

// project leaves out attributes that are not wanted: "attributes" names those
// that are, "excludedAttributes" those that are not. id and schemas stay.
func project(doc map[string]any, query url.Values) map[string]any {
	if members, ok := doc["members"].([]any); ok && len(members) > maxMembers {
		doc["members"] = members[:maxMembers]
	}
	wanted, unwanted := names(query["attributes"]), names(query["excludedAttributes"])
	if len(wanted) == 0 && len(unwanted) == 0 {
		return doc
	}
	maps.DeleteFunc(doc, func(name string, _ any) bool {
		if name == "id" || name == "schemas" {
			return false
		}
		is := func(other string) bool { return strings.EqualFold(name, other) }
		return len(wanted) > 0 && !slices.ContainsFunc(wanted, is) || slices.ContainsFunc(unwanted, is)
	})
	return doc
}

// names splits lists like "userName,emails.value" into names of top level.
func names(lists []string) []string {
	var all []string
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if !strings.HasPrefix(strings.ToLower(name), "urn:") {
				name, _, _ = strings.Cut(name, ".")
			}
			if name = strings.TrimSpace(name); name != "" {
				all = append(all, name)
			}
		}
	}
	return all
}
