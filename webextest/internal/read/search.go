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

// search answers with a page of the matching resources (RFC 7644, section
// 3.4.2).
func (q *Query) search() (map[string]any, *scim.Error) {
	for _, name := range q.At.Truths() {
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
	fits, refused := q.matches()
	if refused != nil {
		return nil, refused
	}
	if order != nil {
		fits = slices.SortedStableFunc(slices.Values(fits), order)
	}
	if q.Settings.RepeatFound {
		fits = slices.Repeat(fits, 2)
	}
	shown := cut(fits, start, count)
	list := make([]any, len(shown))
	for i, doc := range q.show(shown) {
		list[i] = q.project(doc)
	}
	return map[string]any{
		"schemas": []string{scim.ListResponse}, "totalResults": len(fits), "startIndex": start,
		"itemsPerPage": len(list), "Resources": list,
	}, nil
}

// show returns resources as a search shows them: members of groups and groups
// of users only where they are asked for.
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

// groupsOf returns the groups of each user by the user's id. The details of a
// group are its name; which they are at the live service is not documented.
func (q *Query) groupsOf(found []*store.Resource) map[string][]any {
	var all []*store.Resource
	q.visible(scim.Groups, func(s *store.Shelf) { all = s.All() })
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

// page reads startIndex, which counts from 1, and count, which is most unless
// it is less.
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

// sorting returns the order that sortBy and sortOrder ask for; nil is the order
// of creation. Names of attributes have no case.
func (q *Query) sorting() (func(a, b *store.Resource) int, *scim.Error) {
	for _, name := range [...]string{"sortBy", "sortOrder"} {
		text, choices := q.Params.Get(name), q.At.Choices(name)
		if is := func(choice string) bool { return strings.EqualFold(choice, text) }; text != "" && !slices.ContainsFunc(choices, is) {
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

// matches returns the resources that fit, in order of creation where no index
// serves. Matching needs no lock: a state never changes.
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
	q.visible(q.At.Kind, func(s *store.Shelf) { candidates, sure = s.Candidates(q.At.Kind, filter) })
	if sure {
		return candidates, nil
	}
	var fits []*store.Resource
	for _, r := range candidates {
		if filter.Match(r.Show(q.Base)) {
			fits = append(fits, r)
		}
	}
	return fits, nil
}

// quoted is a string in a filter.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// normalizeQuoted normalizes the text of a string with its quotes.
func (s *Settings) normalizeQuoted(text string) string {
	var plain string
	if s.Normalize == nil || json.Unmarshal([]byte(text), &plain) != nil {
		return text
	}
	return string(strictjson.AppendString(nil, s.Normalize(plain)))
}

// unsupported refuses a filter on externalId. The document of the service does
// not list it as searchable, and `externalId pr` fails in practice.
func unsupported(filter *scim.Filter) *scim.Error {
	words := quoted.ReplaceAllString(filter.String(), "")
	if strings.Contains(strings.ToLower(words), "externalid") {
		return scim.Refuse(http.StatusBadRequest, "invalidFilter", "externalId cannot be searched for")
	}
	return nil
}
