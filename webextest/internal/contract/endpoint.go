package contract

import (
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// Endpoint is the target of a path.
type Endpoint struct {
	Place Place
	Org   string    // as written; "" for the owner of the token
	Kind  scim.Kind // of a collection, one resource, or members
	ID    string    // of one resource, or of the group of Members
}

// Place is a kind of path.
type Place int

// The kinds of paths. Nowhere is a path that the contract does not have.
const (
	Nowhere    Place = iota
	Bulk             // …/v2/Bulk
	Collection       // …/v2/Users
	Resource         // …/v2/Users/{id}
	Members          // …/v2/Groups/{id}/Members
	Owner            // /identity/scim/v2/Users/me
)

// Route parses a path:
// /identity/scim/{org}/v2/{collection}[/{id}[/Members]] and
// /identity/scim/v2/Users/me.
func Route(path string) Endpoint {
	rest, ok := strings.CutPrefix(path, "/identity/scim/")
	if !ok {
		return Endpoint{}
	}
	if rest == "v2/Users/me" {
		return Endpoint{Place: Owner, Kind: scim.Users}
	}
	parts := strings.Split(rest, "/")
	if len(parts) < 3 || len(parts) > 5 || parts[1] != "v2" {
		return Endpoint{}
	}
	at := Endpoint{Org: parts[0]}
	var listed bool
	at.Kind, listed = scim.KindOf(parts[2])
	if len(parts) > 3 {
		at.ID = parts[3]
	}
	switch {
	case len(parts) == 3 && parts[2] == "Bulk":
		at.Place = Bulk
	case len(parts) == 3 && listed:
		at.Place = Collection
	case len(parts) == 4 && listed && at.ID != "":
		at.Place = Resource
	case len(parts) == 5 && listed && at.Kind == scim.Groups && at.ID != "" && parts[4] == "Members":
		at.Place = Members
	}
	return at
}

// Method returns the method of the endpoint.
func (at Endpoint) Method() string {
	if at.Place == Bulk {
		return http.MethodPost
	}
	return http.MethodGet
}

// Texts of violations and answers.
const (
	NoPath      = "there is nothing at this path"
	NoUUID      = "the organization is not a UUID"
	WrongMethod = "the method must be "
	NoToken     = "the request has no bearer token"
	NotJSON     = "the body must be application/json, without a Content-Encoding"
)

// Violations returns the violations of a request to the endpoint, except in its
// body.
func (at Endpoint) Violations(r *http.Request) (list []string) {
	if at.Place == Nowhere {
		return []string{NoPath}
	}
	if BearerToken(r) == "" {
		list = append(list, NoToken)
	}
	if at.Place != Owner && !IsUUID(strings.ToLower(at.Org)) {
		list = append(list, NoUUID)
	}
	switch {
	case r.Method != at.Method():
		return append(list, WrongMethod+at.Method())
	case at.Place != Bulk:
		return append(list, at.queryViolations(r.URL.Query())...)
	case !IsJSON(r):
		return append(list, NotJSON)
	}
	return list
}

// IsJSON reports whether the body is JSON, according to its Content-Type, and
// not compressed.
func IsJSON(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == "application/json" && r.Header.Get("Content-Encoding") == ""
}

// BearerToken returns the bearer token of a request, "" if there is none. The
// name of the scheme has no case, and more than one space may follow it (RFC
// 9110, sections 11.1 and 11.4).
func BearerToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(token, " ")
}

// IsUUID reports whether s is a UUID in its usual form, in lower case.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
		default:
			return false
		}
	}
	return true
}

// numbers returns the parameters of a GET that are integers of at least 0.
func (at Endpoint) numbers() []string {
	if at.Place == Collection || at.Place == Members {
		return []string{"startIndex", "count"}
	}
	return nil
}

// Booleans returns the parameters that are true or false.
func (at Endpoint) Booleans() []string {
	switch {
	case at.Place != Collection:
		return nil
	case at.Kind == scim.Groups:
		return []string{"includeMembers"}
	}
	return []string{"returnGroups", "includeGroupDetails"}
}

// Choices returns the valid values of a parameter, nil if it has no fixed
// values.
func (at Endpoint) Choices(name string) []string {
	switch {
	case at.Place != Collection:
		return nil
	case name == "sortBy":
		return []string{at.Kind.NameAttribute(), "id", "meta.lastModified"}
	case name == "sortOrder":
		return []string{"ascending", "descending"}
	}
	return nil
}

// WrongChoice returns the text for a parameter whose value is not one of its
// choices.
func WrongChoice(name string, choices []string) string {
	return name + " must be one of " + strings.Join(choices, ", ")
}

// queryViolations returns the violations in the parameters of a GET. Unknown
// parameters are allowed.
func (at Endpoint) queryViolations(query url.Values) (violations []string) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		text := query.Get(name)
		if slices.Contains(at.numbers(), name) {
			if n, err := strconv.ParseInt(text, 10, 64); err != nil || n < 0 {
				violations = append(violations, name+" must be an integer of at least 0")
			}
		}
		if slices.Contains(at.Booleans(), name) && text != "true" && text != "false" {
			violations = append(violations, name+" must be true or false")
		}
		if choices := at.Choices(name); choices != nil && !slices.Contains(choices, text) {
			violations = append(violations, WrongChoice(name, choices))
		}
	}
	return violations
}
