package webextest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// lookUp answers a GET of one resource or a search.
func (x *exchange) lookUp(org, collection, id string) *reply {
	if rep := x.method(http.MethodGet); rep != nil {
		return rep
	}
	x.sim.log.tally(func(s *Stats) { s.Searches++ })
	k, _ := kindOf(collection)
	query := x.r.URL.Query()
	var body map[string]any
	var refused *refusal
	if id != "" {
		body, refused = x.one(org, k, strings.ToLower(id), query)
	} else {
		body, refused = x.search(org, k, query)
	}
	if refused != nil {
		return x.refusedReply(refused)
	}
	rep := jsonReply(http.StatusOK, encode(nil, body))
	rep.header.Set("trackingId", trackingID(x.file.Number, -1))
	return rep
}

func (x *exchange) one(org string, k kind, id string, query url.Values) (map[string]any, *refusal) {
	x.sim.mu.Lock()
	r := x.sim.visible(org, k).byID[id]
	x.sim.mu.Unlock()
	if r == nil {
		return nil, refuse(http.StatusNotFound, "", "there is no such resource in %s", k.segment())
	}
	return project(r.show(x.sim.cfg.base(x.r)), query), nil
}

// maxShown is how many members of a group a GET shows, as documented.
const maxShown = 500

// visible returns the shelf that GET reads. The lock is held.
func (s *Simulator) visible(org string, k kind) *shelf {
	d := s.directory(org)
	d.catchUp(s.cfg.Now())
	return d.seen[k]
}

// search answers a page of what fits the filter (RFC 7644, section 3.4.2).
func (x *exchange) search(org string, k kind, query url.Values) (map[string]any, *refusal) {
	for _, name := range truths[k] {
		if text := query.Get(name); query.Has(name) && text != "true" && text != "false" {
			return nil, refuse(http.StatusBadRequest, "invalidValue", "%s must be true or false", name)
		}
	}
	start, count, refused := x.page(query)
	if refused != nil {
		return nil, refused
	}
	fits, refused := x.matches(org, k, query.Get("filter"))
	if refused != nil {
		return nil, refused
	}
	if x.sim.cfg.RepeatFound {
		fits = slices.Repeat(fits, 2)
	}
	total := len(fits)
	fits = fits[min(start-1, total):]
	fits = fits[:min(count, len(fits))]
	if k == groups && query.Get("includeMembers") != "true" {
		query.Add("excludedAttributes", "members") // a search leaves them out unless asked
	}
	list := make([]any, len(fits))
	for i, r := range fits {
		list[i] = project(r.show(x.sim.cfg.base(x.r)), query)
	}
	return map[string]any{
		"schemas": []string{schemaList}, "totalResults": total, "startIndex": start,
		"itemsPerPage": len(list), "Resources": list,
	}, nil
}

// page reads startIndex, which counts from 1, and count.
func (x *exchange) page(query url.Values) (start, count int, refused *refusal) {
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
	count = min(max(read("count", x.sim.cfg.PageSize), 0), x.sim.cfg.PageSize)
	return start, count, refused
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

// project leaves out attributes that are not wanted: "attributes" names those
// that are, "excludedAttributes" those that are not. id and schemas stay.
func project(doc map[string]any, query url.Values) map[string]any {
	if members, ok := doc["members"].([]any); ok && len(members) > maxShown {
		doc["members"] = members[:maxShown]
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
