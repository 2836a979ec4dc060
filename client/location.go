package client

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Location names a resource. The zero value names none.
type Location struct {
	// URL is the location as the service wrote it; in results, where that
	// repeats the access token, only its end. It is for people to read: its host
	// is never contacted.
	URL string
	// OrgID is the organization, its UUID in lower case where it is one; "" if
	// the location does not name it.
	OrgID string
	// ResourceType is "Users" or "Groups", however they were written, or
	// another type as it was.
	ResourceType string
	// ID is the id of the resource, unescaped. Ids are compared with regard to
	// case (RFC 7643, section 3.1), so its case stays.
	ID string
}

var errNoID = errors.New("location: no id found, expected a url that ends in {resource type}/{id}")

// ParseLocation reads the url of a resource: absolute or relative, with or
// without the organization, of any resource type, in any case, with a slash at
// the end, a query, a fragment, escapes:
//
//	https://webexapis.com/identity/scim/{org}/v2/Users/{id}
//	https://example.com/v2/Groups/{id}/
//	Users/{id}
//
// Type and id are the last two segments of the path. Where the id is missing or
// cannot be one (blank, a dot segment such as "..", with a slash or backslash,
// escaped or not, a bulkId reference, control characters), or the url is of a
// part of a resource (/v2/Groups/{id}/members), the Location is zero and the
// error does not repeat the text.
func ParseLocation(s string) (Location, error) {
	segments := pathSegments(s)
	n := len(segments)
	if n < 2 {
		return Location{}, errNoID
	}
	kind, id := segments[n-2], segments[n-1]
	if !isResourceType(kind) || isFixed(id) || isKnownType(id) || isInside(segments[:n-2]) {
		return Location{}, errNoID
	}
	if !isID(id) {
		return Location{}, errors.New("location: invalid resource id")
	}
	return Location{URL: s, OrgID: orgOf(segments[:n-2]), ResourceType: canonicalType(kind), ID: id}, nil
}

// IsZero reports whether l names no resource.
func (l Location) IsZero() bool { return l == Location{} }

// String returns URL, or, where it is empty, a relative url made of the other
// fields.
func (l Location) String() string {
	if l.URL != "" || l.IsZero() {
		return l.URL
	}
	path := "/v2/" + url.PathEscape(l.ResourceType) + "/" + url.PathEscape(l.ID)
	if l.OrgID != "" {
		path = "/identity/scim/" + url.PathEscape(l.OrgID) + path
	}
	return path
}

// WebexID returns the id of a user or group in the form of the other Webex APIs,
// see [WebexID]. It is "" for other types, and for a group whose organization the
// location does not name.
func (l Location) WebexID() string {
	switch {
	case l.ResourceType == "Users":
		return WebexID(KindPerson, l.ID)
	case l.ResourceType == "Groups" && l.ID != "" && l.OrgID != "":
		return WebexID(KindGroup, l.ID+":"+l.OrgID)
	}
	return ""
}

// pathSegments returns the segments of a url's path, unescaped, without empty
// ones. A segment with a broken escape stays as it is.
func pathSegments(s string) []string {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	if scheme, rest, ok := strings.Cut(s, "//"); ok && (scheme == "" || isScheme(scheme)) {
		_, s, _ = strings.Cut(rest, "/")
	}
	var segments []string
	for segment := range strings.SplitSeq(s, "/") {
		if segment == "" {
			continue
		}
		if plain, err := url.PathUnescape(segment); err == nil {
			segment = plain
		}
		segments = append(segments, segment)
	}
	return segments
}

// isScheme reports whether s is "https:" or the like.
func isScheme(s string) bool {
	name, ok := strings.CutSuffix(s, ":")
	return ok && name != "" && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

// orgOf finds the organization in the segments before type and id: between
// "scim" and the version, or a UUID before the version.
func orgOf(segments []string) string {
	if n := len(segments); n > 0 && isVersion(segments[n-1]) {
		segments = segments[:n-1]
	}
	n := len(segments)
	if n == 0 {
		return ""
	}
	if org, err := ParseOrgID(segments[n-1]); err == nil {
		return org
	}
	if n > 1 && strings.EqualFold(segments[n-2], "scim") && isID(segments[n-1]) {
		return segments[n-1]
	}
	return ""
}

// isInside reports whether the segments before a type and id already name a
// resource, so that these are a part of it, as in /v2/Groups/{id}/members.
func isInside(before []string) bool {
	if n := len(before); n > 0 && (isVersion(before[n-1]) || strings.EqualFold(before[n-1], "scim")) {
		return false
	}
	return slices.ContainsFunc(before, func(s string) bool { return isVersion(s) || isKnownType(s) })
}

// isResourceType reports whether s can be a type: a name that is no other part
// of a SCIM url, so that a url without an id, as .../v2/Users, is not misread.
func isResourceType(s string) bool {
	for i := range len(s) {
		letter := 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z'
		if !letter && (i == 0 || s[i] != '-' && s[i] != '_' && (s[i] < '0' || s[i] > '9')) {
			return false
		}
	}
	_, err := ParseOrgID(s)
	return err != nil && !isFixed(s)
}

// isFixed reports whether s is a word that stands before the type in SCIM urls.
func isFixed(s string) bool {
	return strings.EqualFold(s, "identity") || strings.EqualFold(s, "scim") || isVersion(s)
}

// isVersion reports whether s is "v2" or the like.
func isVersion(s string) bool {
	return len(s) > 1 && s[0]|0x20 == 'v' && strings.Trim(s[1:], "0123456789") == ""
}

// isID reports whether s can be an id, however often it is unescaped on its way:
// one segment of a path, and no dot segment, which would lead to another
// resource. A bulkId is not an id: the word is reserved (RFC 7643 section 3.1),
// and would be sent as a reference.
func isID(s string) bool {
	if strings.TrimSpace(s) == "" || s == "." || s == ".." || !utf8.ValidString(s) || strings.HasPrefix(s, "bulkId:") ||
		strings.ContainsAny(s, `/\`) || strings.ContainsFunc(s, unicode.IsControl) {
		return false
	}
	plain, err := url.PathUnescape(s)
	return err != nil || plain == s || isID(plain)
}

// isKnownType reports whether s is the type of users or groups, in any case.
func isKnownType(s string) bool {
	s = canonicalType(s)
	return s == "Users" || s == "Groups"
}

func canonicalType(s string) string {
	for _, known := range [...]string{"Users", "Groups"} {
		if strings.EqualFold(s, known) {
			return known
		}
	}
	return s
}
