package webextest

import (
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// inspect reads a request that arrived whole and notes where it breaks the
// contract, whatever its answer will be.
func (x *exchange) inspect() {
	at := route(x.r.URL.Path)
	x.note(x.violations(at)...)
	if x.tooLong || !isBulk(x.r) {
		return
	}
	x.req, x.refused = parseBulk(x.body, &x.sim.cfg)
	if x.req == nil {
		x.note(x.refused.detail)
		return
	}
	x.note(x.req.violations...)
}

// violations says how a request departs from the contract apart from its body.
func (x *exchange) violations(at endpoint) []string {
	if x.sim.grants(x.r) {
		return nil
	}
	if at.what == nowhere {
		return []string{noPath}
	}
	var list []string
	if bearer(x.r) == "" {
		list = append(list, noToken)
	}
	if at.what != ownerEndpoint && !isUUID(strings.ToLower(at.org)) {
		list = append(list, noUUID)
	}
	switch {
	case x.r.Method != at.method():
		return append(list, wrongMethod+at.method())
	case at.what != bulkEndpoint:
		return append(list, queryViolations(at, x.r.URL.Query())...)
	case !isJSON(x.r):
		return append(list, notJSON)
	}
	return list
}

// The words for what departs from the contract, in violations and in answers.
const (
	noPath      = "there is nothing at this path"
	noUUID      = "the organization is not a UUID"
	wrongMethod = "the method must be "
	noToken     = "the request has no bearer token"
	notJSON     = "the body must be application/json"
)

// isJSON reports whether a body is of the media type that the contract has, and
// not compressed.
func isJSON(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == "application/json" && r.Header.Get("Content-Encoding") == ""
}

// note records violations of the contract.
func (x *exchange) note(violations ...string) {
	for _, violation := range violations {
		x.sim.log.violate(x.file.Number, "%s", violation)
	}
}

// member returns the member of an object of this name, regardless of case.
func member(object any, name string) any {
	members, _ := object.(map[string]any)
	for other, value := range members {
		if len(other) == len(name) && strings.EqualFold(other, name) {
			return value
		}
	}
	return nil
}

// numbers are the parameters of a GET that are numbers of at least 0, truths those
// that are true or false. Other parameters take any text.
func (at endpoint) numbers() []string {
	if at.what == collectionEndpoint || at.what == membersEndpoint {
		return []string{"startIndex", "count"}
	}
	return nil
}

func (at endpoint) truths() []string {
	switch {
	case at.what != collectionEndpoint:
		return nil
	case at.kind == groups:
		return []string{"includeMembers"}
	}
	return []string{"returnGroups", "includeGroupDetails"}
}

// choices are the values of a parameter that takes no others, nil for any other
// parameter.
func (at endpoint) choices(name string) []string {
	switch {
	case at.what != collectionEndpoint:
		return nil
	case name == "sortBy":
		return []string{at.kind.nameAttr(), "id", "meta.lastModified"}
	case name == "sortOrder":
		return []string{"ascending", "descending"}
	}
	return nil
}

func wrongChoice(name string, choices []string) string {
	return name + " must be one of " + strings.Join(choices, ", ")
}

// queryViolations says how the parameters of a GET depart from the contract.
// Unknown ones do not.
func queryViolations(at endpoint, query url.Values) (violations []string) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		text := query.Get(name)
		if slices.Contains(at.numbers(), name) {
			if n, err := strconv.ParseInt(text, 10, 64); err != nil || n < 0 {
				violations = append(violations, name+" must be an integer of at least 0")
			}
		}
		if slices.Contains(at.truths(), name) && text != "true" && text != "false" {
			violations = append(violations, name+" must be true or false")
		}
		if choices := at.choices(name); choices != nil && !slices.Contains(choices, text) {
			violations = append(violations, wrongChoice(name, choices))
		}
	}
	return violations
}
