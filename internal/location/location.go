// Package location parses the location of a resource, a url.
//
//	l, err := location.Parse("https://webexapis.com/identity/scim/{org}/v2/Users/{id}")
//	if err == nil && l.IsOf("Users", orgID) {
//		use(l.ID)
//	}
//
// The host in a location is ignored and never contacted.
package location

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/webexscim/bulk/internal/apiid"
)

// Location identifies a resource. The zero value identifies none.
type Location struct {
	// Org is the id of the organization, in lower case if it is a UUID; "" if
	// the url does not name one.
	Org string
	// Type is "Users" or "Groups", in any case in the url, or another type as it
	// was written.
	Type string
	// ID is the id of the resource, unescaped.
	ID string

	before string // the segments before the type, unless Org is all that they name
}

// Reasons why a text is not a location. The errors do not quote it.
var (
	ErrNoID  = errors.New("location: no id found, expected a url that ends in {resource type}/{id}")
	ErrBadID = errors.New("location: invalid resource id")
)

// Parse reads the url of a resource, absolute or relative, in any case, with or
// without organization, query and fragment. Type and id are the last two
// segments of the path. The url of a part of a resource (Groups/{id}/members)
// is an error.
func Parse(text string) (Location, error) {
	if l, ok := parseUsual(text); ok {
		return l, nil
	}
	return parse(text)
}

// parse is Parse for any form.
func parse(text string) (Location, error) {
	before, kind, id := Split(text)
	if !IsKnown(kind) && !isType(kind) || isFixed(id) || IsKnown(id) || isInside(before) {
		return Location{}, ErrNoID
	}
	if !IsID(id) {
		return Location{}, ErrBadID
	}
	return Location{Org: orgOf(before), Type: TypeOf(kind), ID: id, before: before}, nil
}

// parseUsual reads the form that Webex gives, which most locations have, in one
// pass: https://host/identity/scim/{org}/v2/{type}/{id}.
func parseUsual(text string) (l Location, ok bool) {
	rest, ok := strings.CutPrefix(text, "https://")
	host, rest, found := strings.Cut(rest, "/identity/scim/")
	if !ok || !found || strings.ContainsAny(host, "/?#") || len(rest) < orgLength || !apiid.IsUUID(rest[:orgLength]) {
		return Location{}, false
	}
	path, ok := strings.CutPrefix(rest[orgLength:], "/v2/")
	kind, id, _ := strings.Cut(path, "/")
	ok = ok && (kind == "Users" || kind == "Groups") && isPlain(id) && IsID(id) && !isFixed(id) && !IsKnown(id)
	return Location{Org: strings.ToLower(rest[:orgLength]), Type: kind, ID: id}, ok
}

// orgLength is the length of a UUID.
const orgLength = 36

// IsOf reports whether a location is a resource of a type in an organization.
// It is not if the url names another organization, or a resource that contains
// this one. An id with "?" or "#" is not accepted, because it could end the
// path of a url.
func (l Location) IsOf(kind, orgID string) bool {
	if l.Org != "" && !strings.EqualFold(l.Org, orgID) {
		return false
	}
	if !strings.EqualFold(l.Type, kind) || l.ID == "" || !isPlain(l.ID) && strings.ContainsAny(unescapeAll(l.ID), "?#") {
		return false
	}
	for before, segment := cutLast(l.before); segment != ""; before, segment = cutLast(before) {
		_, parent := cutLast(before)
		org, isOrg := ParseOrg(segment)
		isOrg = isOrg || strings.EqualFold(parent, "scim") && !isVersion(segment)
		if isOrg && !strings.EqualFold(org, orgID) || IsKnown(segment) {
			return false
		}
	}
	return true
}

// Split returns the last two segments of the path of a url, unescaped, and the
// path before them. A missing part is "".
func Split(text string) (before, kind, id string) {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "?")
	text, _, _ = strings.Cut(text, "#")
	if scheme, rest, ok := strings.Cut(text, "//"); ok && (scheme == "" || isScheme(scheme)) {
		_, text, _ = strings.Cut(rest, "/")
	}
	before, id = cutLast(text)
	before, kind = cutLast(before)
	return before, kind, id
}

// cutLast returns the last segment that is not empty, unescaped, and the path
// before it.
func cutLast(path string) (before, segment string) {
	path = strings.TrimRight(path, "/")
	i := strings.LastIndexByte(path, '/') + 1
	return path[:i], Unescape(path[i:])
}

// isScheme reports whether s is a scheme such as "https:".
func isScheme(s string) bool {
	name, ok := strings.CutSuffix(s, ":")
	return ok && name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !isLetter(r) && !isDigit(r) && r != '+' && r != '-' && r != '.'
	})
}

// orgOf finds the organization in the path before a type: the segment between
// "scim" and the version, or the id of an organization before the version.
func orgOf(path string) string {
	before, segment := cutLast(path)
	if isVersion(segment) {
		before, segment = cutLast(before)
	}
	if org, ok := ParseOrg(segment); ok {
		return org
	}
	if _, parent := cutLast(before); strings.EqualFold(parent, "scim") && IsID(segment) {
		return segment
	}
	return ""
}

// ParseOrg reads the id of an organization, a UUID or the base64 form of the
// other Webex APIs, and returns the UUID in lower case. If ok is false, it
// returns s.
func ParseOrg(s string) (org string, ok bool) {
	id := s
	if !apiid.IsUUID(id) {
		var kind string
		if kind, id, ok = apiid.Parse(s); !ok || kind != apiid.Organization || !apiid.IsUUID(id) {
			return s, false
		}
	}
	return strings.ToLower(id), true
}

// isInside reports whether the path before a type and id already names a
// resource, so that they are a part of that resource.
func isInside(path string) bool {
	before, segment := cutLast(path)
	if isVersion(segment) || strings.EqualFold(segment, "scim") {
		return false
	}
	for ; segment != ""; before, segment = cutLast(before) {
		if isVersion(segment) || IsKnown(segment) {
			return true
		}
	}
	return false
}

// isType reports whether s can be a type. Other words of a SCIM url cannot, so
// that a url without an id, such as .../v2/Users, is not misread.
func isType(s string) bool {
	if strings.ContainsFunc(s, func(r rune) bool { return !isLetter(r) && !isDigit(r) && r != '-' && r != '_' }) {
		return false
	}
	_, isOrg := ParseOrg(s)
	return s != "" && isLetter(rune(s[0])) && !isOrg && !isFixed(s)
}

// isFixed reports whether s is a fixed word before the type in SCIM urls.
func isFixed(s string) bool {
	return strings.EqualFold(s, "identity") || strings.EqualFold(s, "scim") || isVersion(s)
}

// isVersion reports whether s is a version such as "v2".
func isVersion(s string) bool {
	return len(s) > 1 && s[0]|0x20 == 'v' && !strings.ContainsFunc(s[1:], func(r rune) bool { return !isDigit(r) })
}

func isLetter(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// IsKnown reports whether s is the type of users or groups, in any case.
func IsKnown(s string) bool { return strings.EqualFold(s, "Users") || strings.EqualFold(s, "Groups") }

// TypeOf returns "Users" or "Groups" for these in any case, any other type as
// it is.
func TypeOf(s string) string {
	switch {
	case strings.EqualFold(s, "Users"):
		return "Users"
	case strings.EqualFold(s, "Groups"):
		return "Groups"
	}
	return s
}

// longestID is the maximum length of an id in bytes.
const longestID = 1024

// IsID reports whether s can be an id, however often it is unescaped on its
// way: one segment of a path, and not a dot segment, which would lead to
// another resource. A reference such as bulkId:u1 is not an id: RFC 7643
// section 3.1 reserves the word.
func IsID(s string) bool {
	switch {
	case len(s) > longestID:
		return false
	case isPlain(s):
		return s != ""
	}
	plain := unescapeAll(s)
	return strings.TrimSpace(plain) != "" && plain != "." && plain != ".." && !strings.ContainsAny(plain, `/\`) &&
		utf8.ValidString(plain) && !strings.ContainsFunc(plain, unicode.IsControl) &&
		!strings.HasPrefix(strings.ToLower(plain), "bulkid:")
}

// IsSegment reports whether s, as a person writes it in a path, can be an id:
// IsID, with nothing in it that ends a path, that does not show, or that is no
// escape.
func IsSegment(s string) bool {
	if _, err := url.PathUnescape(s); err != nil || !IsID(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r == '?' || r == '#' || r == utf8.RuneError || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)
	})
}

// isPlain reports whether s has only letters, digits and hyphens, as the ids of
// Webex have.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := rune(s[i]); !isLetter(c) && !isDigit(c) && c != '-' {
			return false
		}
	}
	return true
}

// unescapeAll unescapes a text until it does not change anymore.
func unescapeAll(text string) string {
	for {
		next := Unescape(text)
		if next == text {
			return text
		}
		text = next
	}
}

// Unescape replaces the escapes of RFC 3986 section 2.1 once. An invalid escape
// stays as it is.
func Unescape(text string) string {
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if len(after) >= 2 {
			if c, err := strconv.ParseUint(after[:2], 16, 8); err == nil {
				b.WriteByte(byte(c))
				text = after[2:]
				continue
			}
		}
		b.WriteByte('%')
		text = after
	}
}
