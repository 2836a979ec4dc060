// Package read answers GET requests: searches, one resource, the members of a
// group, and the owner of the token.
//
//	q := read.Query{Store: s, At: contract.Route(r.URL.Path), Params: r.URL.Query(), Base: base, Now: now}
//	body, refused := q.Answer()
package read

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/store"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// Settings select a variant of the service. webextest.Config describes each.
type Settings struct {
	OrgID, Owner              string
	PageSize                  int
	Normalize                 func(string) string // never nil
	IgnoreFilter, RepeatFound bool
}

// Query is a GET request.
type Query struct {
	Store    *store.Store // its lock is not held
	Settings Settings
	At       contract.Endpoint // with organization and id in lower case
	Params   url.Values
	Base     string // the start of locations
	Now      time.Time
}

// Answer returns the body of the answer.
func (q *Query) Answer() (map[string]any, *scim.Error) {
	switch q.At.Place {
	case contract.Owner:
		return q.owner()
	case contract.Resource:
		return q.one()
	case contract.Members:
		return q.members()
	}
	return q.search()
}

// visible calls see with the resources of a kind that readers see. The store is
// locked meanwhile.
func (q *Query) visible(k scim.Kind, see func(*store.Collection)) {
	q.Store.Lock()
	defer q.Store.Unlock()
	see(q.Store.Directory(q.At.Org).Visible(k, q.Now))
}

// is reports whether a parameter is true.
func (q *Query) is(name string) bool { return q.Params.Get(name) == "true" }

// find returns the resource of the path.
func (q *Query) find() (r *store.Resource, refused *scim.Error) {
	q.visible(q.At.Kind, func(s *store.Collection) { r = s.Get(q.At.ID) })
	if r == nil {
		return nil, scim.Refuse(http.StatusNotFound, "", "there is no such resource in %s", q.At.Kind)
	}
	return r, nil
}

func (q *Query) one() (map[string]any, *scim.Error) {
	r, refused := q.find()
	if refused != nil {
		return nil, refused
	}
	return q.project(r.Show(q.Base)), nil
}

// ownerID is the id of the machine account that owns the tokens if Settings has
// no Owner.
const ownerID = "00000000-0000-4000-8000-000000000001"

// owner returns the user who owns the token. The organization is in two places,
// because the documents of the service disagree.
func (q *Query) owner() (map[string]any, *scim.Error) {
	r := &store.Resource{Org: q.Settings.OrgID, ID: ownerID, Kind: scim.Users, Revision: 1}
	r.Doc = strictjson.Append(nil, map[string]any{
		"schemas": []string{scim.UserSchema}, "active": true,
		"userName": "service-app@simulator.example", "displayName": "Service app",
	})
	if name := q.Settings.Owner; name != "" {
		q.Store.Lock()
		named := q.Store.Named(scim.Users, q.Settings.Normalize(name))
		q.Store.Unlock()
		if len(named) == 0 {
			return nil, scim.Refuse(http.StatusNotFound, "", "the user of the token does not exist")
		}
		r = named[0]
	}
	doc := r.Show(q.Base)
	meta, _ := doc["meta"].(map[string]any)
	meta["organizationID"] = r.Org
	extension, _ := doc[scim.WebexUser].(map[string]any)
	if extension == nil {
		extension = make(map[string]any)
		doc[scim.WebexUser] = extension
	}
	extension["meta"] = map[string]any{"organizationId": r.Org}
	return doc, nil
}

// maxMembers is the maximum number of members in an answer, as documented.
const maxMembers = 500

// members returns a page of the members of a group. memberSize is the number of
// all: the document of the service also mentions totalResults, but its example
// and working clients use memberSize.
func (q *Query) members() (map[string]any, *scim.Error) {
	start, count, refused := q.page(maxMembers)
	if refused != nil {
		return nil, refused
	}
	r, refused := q.find()
	if refused != nil {
		return nil, refused
	}
	all, _ := strictjson.DecodeTrusted(r.Doc)["members"].([]any)
	all = ofType(all, q.Params.Get("memberType"))
	list := cut(all, start, count)
	q.describe(list)
	return map[string]any{
		"schemas": []string{scim.GroupMembers}, "displayName": r.Name, "memberSize": len(all), "startIndex": start,
		"itemsPerPage": len(list), "members": list,
	}, nil
}

// ofType returns the members of a type, or all if the type is "". Case does not
// matter, because some documents write "User".
func ofType(members []any, memberType string) []any {
	if memberType == "" {
		return members
	}
	return slices.DeleteFunc(slices.Clone(members), func(m any) bool {
		text, _ := scim.Member(m, "type").(string)
		return !strings.EqualFold(text, memberType)
	})
}

// describe adds the display names of visible members.
func (q *Query) describe(members []any) {
	for _, k := range [...]scim.Kind{scim.Users, scim.Groups} {
		q.visible(k, func(s *store.Collection) {
			for _, m := range members {
				id, _ := scim.Member(m, "value").(string)
				if r := s.Get(id); r != nil {
					m.(map[string]any)["display"] = r.Display()
				}
			}
		})
	}
}

// project removes the attributes that the parameter "attributes" does not name
// or "excludedAttributes" names, except id and schemas.
func (q *Query) project(doc map[string]any) map[string]any {
	if members, ok := doc["members"].([]any); ok && len(members) > maxMembers {
		doc["members"] = members[:maxMembers]
	}
	wanted, unwanted := names(q.Params["attributes"]), names(q.Params["excludedAttributes"])
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

// names splits lists such as "userName,emails.value" into attributes without
// sub-attributes.
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
