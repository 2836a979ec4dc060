package webextest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// visible returns the shelf that GET reads. The lock is held.
func (s *Simulator) visible(org string, k kind) *shelf {
	d := s.directory(org)
	d.catchUp(s.cfg.Now())
	return d.seen[k]
}

// search answers a page of what fits the filter (RFC 7644, section 3.4.2).
func (x *exchange) search(at endpoint, query url.Values) (map[string]any, *refusal) {
	for _, name := range at.truths() {
		if text := query.Get(name); query.Has(name) && text != "true" && text != "false" {
			return nil, refuse(http.StatusBadRequest, "invalidValue", "%s must be true or false", name)
		}
	}
	start, count, refused := page(query, x.sim.cfg.PageSize)
	if refused != nil {
		return nil, refused
	}
	order, refused := sorting(at, query)
	if refused != nil {
		return nil, refused
	}
	fits, refused := x.matches(at.org, at.kind, query.Get("filter"))
	if refused != nil {
		return nil, refused
	}
	if order != nil {
		fits = slices.SortedStableFunc(slices.Values(fits), order)
	}
	if x.sim.cfg.RepeatFound {
		fits = slices.Repeat(fits, 2)
	}
	shown := cut(fits, start, count)
	list := make([]any, len(shown))
	for i, doc := range x.show(at, shown, query) {
		list[i] = project(doc, query)
	}
	return map[string]any{
		"schemas": []string{schemaList}, "totalResults": len(fits), "startIndex": start,
		"itemsPerPage": len(list), "Resources": list,
	}, nil
}

// show returns resources as a search shows them: members of groups and groups of
// users only where they are asked for.
func (x *exchange) show(at endpoint, found []*resource, query url.Values) []map[string]any {
	var of map[string][]any
	if at.kind == users && (query.Get("returnGroups") == "true" || query.Get("includeGroupDetails") == "true") {
		of = x.groupsOf(at.org, found, query)
	}
	docs := make([]map[string]any, len(found))
	for i, r := range found {
		doc := r.show(x.sim.cfg.base(x.r))
		if of[r.id] != nil {
			doc["groups"] = of[r.id]
		}
		if members, ok := doc["members"].([]any); ok {
			doc["members"] = ofType(members, query.Get("memberType"))
			if query.Get("includeMembers") != "true" {
				delete(doc, "members")
			}
		}
		docs[i] = doc
	}
	return docs
}

// groupsOf returns the groups of each user by the user's id. The details of a
// group are its name; which they are at the live service is not documented.
func (x *exchange) groupsOf(org string, found []*resource, query url.Values) map[string][]any {
	x.sim.mu.Lock()
	all := x.sim.visible(org, groups).all()
	x.sim.mu.Unlock()
	of := make(map[string][]any, len(found))
	for _, r := range found {
		of[r.id] = []any{}
	}
	usages := names(query["groupUsageTypes"])
	for _, g := range all {
		if len(usages) > 0 && !slices.Contains(usages, g.usage()) {
			continue
		}
		for _, id := range g.links {
			if of[id] == nil {
				continue
			}
			reference := map[string]any{"value": g.id, "$ref": x.sim.cfg.base(x.r) + g.location()}
			if query.Get("includeGroupDetails") == "true" {
				reference["display"] = g.name
			}
			of[id] = append(of[id], reference)
		}
	}
	return of
}

// usage is what a group is for, "" if it does not say.
func (r *resource) usage() string {
	text, _ := member(decodeStored(r.doc)[schemaWebexGroup], "usage").(string)
	return text
}

// page reads startIndex, which counts from 1, and count, which is most unless it
// is less.
func page(query url.Values, most int) (start, count int, refused *refusal) {
	read := func(name string, n int) int {
		text := query.Get(name)
		if text == "" {
			return n
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			refused = refuse(http.StatusBadRequest, "invalidValue", "%s must be a number", name)
		}
		return n
	}
	// Less than the least is the least (RFC 7644, section 3.4.2.4).
	start = max(read("startIndex", 1), 1)
	count = min(max(read("count", most), 0), most)
	return start, count, refused
}

// cut returns a page of a list.
func cut[T any](list []T, start, count int) []T {
	list = list[min(start-1, len(list)):]
	return list[:min(count, len(list))]
}

// sorting returns the order that sortBy and sortOrder ask for; nil is the order of
// creation. Names of attributes have no case.
func sorting(at endpoint, query url.Values) (func(a, b *resource) int, *refusal) {
	for _, name := range [...]string{"sortBy", "sortOrder"} {
		text, choices := query.Get(name), at.choices(name)
		if is := func(choice string) bool { return strings.EqualFold(choice, text) }; text != "" && !slices.ContainsFunc(choices, is) {
			return nil, refuse(http.StatusBadRequest, "invalidValue", "%s", wrongChoice(name, choices))
		}
	}
	sign := 1
	if strings.EqualFold(query.Get("sortOrder"), "descending") {
		sign = -1
	}
	switch strings.ToLower(query.Get("sortBy")) {
	case "":
		return nil, nil
	case "id":
		return func(a, b *resource) int { return sign * strings.Compare(a.id, b.id) }, nil
	case "meta.lastmodified":
		return func(a, b *resource) int { return sign * a.modified.Compare(b.modified) }, nil
	}
	return func(a, b *resource) int { return sign * strings.Compare(fold(a.name), fold(b.name)) }, nil
}

// matches returns the resources that fit, in order of creation where no index
// serves. Matching needs no lock: a state never changes.
func (x *exchange) matches(org string, k kind, text string) ([]*resource, *refusal) {
	var filter *scim.Filter
	if text != "" {
		var err error
		text = quoted.ReplaceAllStringFunc(text, x.sim.cfg.normalizeQuoted)
		if filter, err = scim.ParseFilter(text); err != nil {
			return nil, asRefusal(err, "invalidFilter")
		}
		if refused := unsupported(filter); refused != nil {
			return nil, refused
		}
	}
	if x.sim.cfg.IgnoreFilter {
		filter = nil
	}
	x.sim.mu.Lock()
	candidates, sure := x.sim.visible(org, k).candidates(k, filter)
	x.sim.mu.Unlock()
	if sure {
		return candidates, nil
	}
	base := x.sim.cfg.base(x.r)
	var fits []*resource
	for _, r := range candidates {
		if filter.Match(r.show(base)) {
			fits = append(fits, r)
		}
	}
	return fits, nil
}

// candidates returns all that may fit the filter; sure when all of them do. An
// index serves a filter that asks for names or ids.
func (s *shelf) candidates(k kind, filter *scim.Filter) (list []*resource, sure bool) {
	if filter == nil {
		return s.all(), true
	}
	attr, values, ok := filter.Equalities()
	byName := ok && strings.EqualFold(attr, k.nameAttr())
	byID := ok && strings.EqualFold(attr, "id")
	if !byName && !byID {
		return s.all(), false
	}
	met := make(map[string]bool)
	add := func(id string) {
		if r := s.byID[id]; r != nil && !met[id] {
			met[id] = true
			list = append(list, r)
		}
	}
	for _, value := range values {
		if byID {
			add(strings.ToLower(value))
			continue
		}
		for _, id := range s.byName[fold(value)] {
			add(id)
		}
	}
	return list, true
}

// quoted is a string in a filter.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// normalizeQuoted normalizes the text of a string with its quotes.
func (c *Config) normalizeQuoted(text string) string {
	var plain string
	if c.Normalize == nil || json.Unmarshal([]byte(text), &plain) != nil {
		return text
	}
	return string(encodeString(nil, c.Normalize(plain)))
}

// unsupported refuses what the live service does not search for: externalId is
// in no list of its document, and `externalId pr` has been seen to fail.
func unsupported(filter *scim.Filter) *refusal {
	words := quoted.ReplaceAllString(filter.String(), "")
	if strings.Contains(strings.ToLower(words), "externalid") {
		return refuse(http.StatusBadRequest, "invalidFilter", "externalId cannot be searched for")
	}
	return nil
}
