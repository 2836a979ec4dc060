package read

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/store"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// search returns a page of the matching resources (RFC 7644, section 3.4.2).
func (q *Query) search() (map[string]any, *scim.Error) {
	for _, name := range q.At.Booleans() {
		if text := q.Params.Get(name); q.Params.Has(name) && text != "true" && text != "false" {
			return nil, scim.Refuse(http.StatusBadRequest, "invalidValue", "%s must be true or false", name)
		}
	}
	start, count, refused := q.page(q.Settings.PageSize)
	if refused != nil {
		return nil, refused
	}
	order, refused := q.sorting()
	if refused != nil {
		return nil, refused
	}
	found, refused := q.matches()
	if refused != nil {
		return nil, refused
	}
	if order != nil {
		found = slices.SortedStableFunc(slices.Values(found), order)
	}
	if q.Settings.RepeatFound {
		found = slices.Repeat(found, 2)
	}
	shown := cut(found, start, count)
	list := make([]any, len(shown))
	for i, doc := range q.show(shown) {
		list[i] = q.project(doc)
	}
	return map[string]any{
		"schemas": []string{scim.ListResponse}, "totalResults": len(found), "startIndex": start,
		"itemsPerPage": len(list), "Resources": list,
	}, nil
}

// show returns resources for a search, with the members of groups and the
// groups of users only if the parameters ask for them.
func (q *Query) show(found []*store.Resource) []map[string]any {
	var of map[string][]any
	if q.At.Kind == scim.Users && (q.is("returnGroups") || q.is("includeGroupDetails")) {
		of = q.groupsOf(found)
	}
	docs := make([]map[string]any, len(found))
	for i, r := range found {
		doc := r.Show(q.Base)
		if of[r.ID] != nil {
			doc["groups"] = of[r.ID]
		}
		if members, ok := doc["members"].([]any); ok {
			doc["members"] = ofType(members, q.Params.Get("memberType"))
			if !q.is("includeMembers") {
				delete(doc, "members")
			}
		}
		docs[i] = doc
	}
	return docs
}

// groupsOf returns the groups of each user, by the id of the user. With
// includeGroupDetails they have a name; the service does not document the
// details.
func (q *Query) groupsOf(found []*store.Resource) map[string][]any {
	var all []*store.Resource
	q.visible(scim.Groups, func(s *store.Collection) { all = s.All() })
	of := make(map[string][]any, len(found))
	for _, r := range found {
		of[r.ID] = []any{}
	}
	usages := names(q.Params["groupUsageTypes"])
	for _, g := range all {
		if len(usages) > 0 && !slices.Contains(usages, g.Usage()) {
			continue
		}
		for _, id := range g.Links {
			if of[id] == nil {
				continue
			}
			reference := map[string]any{"value": g.ID, "$ref": q.Base + g.Location()}
			if q.is("includeGroupDetails") {
				reference["display"] = g.Name
			}
			of[id] = append(of[id], reference)
		}
	}
	return of
}

// page returns the parameters startIndex, from 1, and count, at most most.
func (q *Query) page(most int) (start, count int, refused *scim.Error) {
	read := func(name string, n int) int {
		text := q.Params.Get(name)
		if text == "" {
			return n
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			refused = scim.Refuse(http.StatusBadRequest, "invalidValue", "%s must be a number", name)
		}
		return n
	}
	// Smaller values count as the minimum (RFC 7644, section 3.4.2.4).
	start = max(read("startIndex", 1), 1)
	count = min(max(read("count", most), 0), most)
	return start, count, refused
}

// cut returns a page of a list.
func cut[T any](list []T, start, count int) []T {
	list = list[min(start-1, len(list)):]
	return list[:min(count, len(list))]
}

// sorting returns the order for sortBy and sortOrder, nil for the order of
// creation. Case does not matter.
func (q *Query) sorting() (func(a, b *store.Resource) int, *scim.Error) {
	for _, name := range [...]string{"sortBy", "sortOrder"} {
		text, choices := q.Params.Get(name), q.At.Choices(name)
		is := func(choice string) bool { return strings.EqualFold(choice, text) }
		if text != "" && !slices.ContainsFunc(choices, is) {
			return nil, scim.Refuse(http.StatusBadRequest, "invalidValue", "%s", contract.WrongChoice(name, choices))
		}
	}
	sign := 1
	if strings.EqualFold(q.Params.Get("sortOrder"), "descending") {
		sign = -1
	}
	switch strings.ToLower(q.Params.Get("sortBy")) {
	case "":
		return nil, nil
	case "id":
		return func(a, b *store.Resource) int { return sign * strings.Compare(a.ID, b.ID) }, nil
	case "meta.lastmodified":
		return func(a, b *store.Resource) int { return sign * a.Modified.Compare(b.Modified) }, nil
	}
	return func(a, b *store.Resource) int { return sign * strings.Compare(store.Fold(a.Name), store.Fold(b.Name)) }, nil
}

// matches returns the resources that match the filter, in order of creation
// unless an index finds them. Matching needs no lock, because a
// store.Resource is immutable.
func (q *Query) matches() ([]*store.Resource, *scim.Error) {
	var filter *scim.Filter
	if text := q.Params.Get("filter"); text != "" {
		var err error
		text = quoted.ReplaceAllStringFunc(text, q.Settings.normalizeQuoted)
		if filter, err = scim.ParseFilter(text); err != nil {
			return nil, scim.AsError(err, "invalidFilter")
		}
		if refused := unsupported(filter); refused != nil {
			return nil, refused
		}
	}
	if q.Settings.IgnoreFilter {
		filter = nil
	}
	var candidates []*store.Resource
	var sure bool
	q.visible(q.At.Kind, func(s *store.Collection) { candidates, sure = s.Candidates(q.At.Kind, filter) })
	if sure {
		return candidates, nil
	}
	var found []*store.Resource
	for _, r := range candidates {
		if filter.Match(r.Show(q.Base)) {
			found = append(found, r)
		}
	}
	return found, nil
}

// quoted is a string in a filter.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// normalizeQuoted normalizes a string in quotes.
func (s *Settings) normalizeQuoted(text string) string {
	var plain string
	if json.Unmarshal([]byte(text), &plain) != nil {
		return text
	}
	return string(strictjson.AppendString(nil, s.Normalize(plain)))
}

// unsupported refuses a filter with externalId. The document of the service
// does not list it as searchable, and `externalId pr` fails in practice.
func unsupported(filter *scim.Filter) *scim.Error {
	words := quoted.ReplaceAllString(filter.String(), "")
	if strings.Contains(strings.ToLower(words), "externalid") {
		return scim.Refuse(http.StatusBadRequest, "invalidFilter", "externalId cannot be searched for")
	}
	return nil
}
