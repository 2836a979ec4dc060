package bulkapi

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestID bounds an id, in bytes.
const longestID = 1024

// idAt is the id in the location of a resource of this type ("Users"), or "" if the location is of another type or
// organization, or is none. A host in it says nothing.
func idAt(location, kind, orgID string) string {
	before, typ, id := splitLocation(location)
	if !strings.EqualFold(typ, kind) || !isIn(before, orgID) {
		return ""
	}
	return cleanID(id)
}

// isElsewhere reports whether a location names the other type of resources, or another organization.
func isElsewhere(location, kind, orgID string) bool {
	before, typ, _ := splitLocation(location)
	return isType(typ) && !strings.EqualFold(typ, kind) || !isIn(before, orgID)
}

// splitLocation takes the path of a url apart: the last two segments, and what stands before them, all unescaped.
func splitLocation(location string) (before []string, typ, id string) {
	if i := strings.IndexAny(location, "?#"); i >= 0 {
		location = location[:i]
	}
	if scheme, rest, ok := strings.Cut(location, "//"); ok && (scheme == "" || strings.HasSuffix(scheme, ":")) {
		_, location, _ = strings.Cut(rest, "/")
	}
	segments := strings.FieldsFunc(location, func(r rune) bool { return r == '/' })
	for i, s := range segments {
		segments[i] = unescape(s)
	}
	n := len(segments)
	if n < 2 {
		return nil, "", ""
	}
	return segments[:n-2], segments[n-2], segments[n-1]
}

// isIn reports whether the segments before a type and an id name this organization or none, and no other resource.
func isIn(before []string, orgID string) bool {
	for i, s := range before {
		org := organization(s)
		named := uuid.MatchString(org) || i > 0 && strings.EqualFold(before[i-1], "scim") && !strings.EqualFold(s, "v2")
		if named && !strings.EqualFold(org, orgID) || isType(s) {
			return false
		}
	}
	return true
}

func isType(s string) bool { return strings.EqualFold(s, "Users") || strings.EqualFold(s, "Groups") }

// organization is the UUID in the form in which other Webex APIs write it, base64 of ciscospark://us/ORGANIZATION/{UUID}, or
// s as it is.
func organization(s string) string {
	if len(s) <= len("ciscospark:") { // as most segments are
		return s
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
	if path := strings.Split(string(text), "/"); err == nil && len(path) > 1 && path[0] == "ciscospark:" && path[len(path)-2] == "ORGANIZATION" {
		return path[len(path)-1]
	}
	return s
}

// cleanID is an id that leads nowhere else when it stands in a path, else "": it has no slash and is no dot segment, however
// often it is unescaped. A bulkId is none: the word is reserved (RFC 7643 section 3.1).
func cleanID(id string) string {
	if len(id) > longestID {
		return ""
	}
	plain := id
	for next := unescapeAll(plain); next != plain; next = unescapeAll(plain) {
		plain = next
	}
	if strings.TrimSpace(plain) == "" || plain == "." || plain == ".." || strings.ContainsAny(plain, `/\?#`) || !utf8.ValidString(plain) ||
		strings.ContainsFunc(plain, unicode.IsControl) || strings.HasPrefix(strings.ToLower(plain), "bulkid:") {
		return ""
	}
	return id
}
