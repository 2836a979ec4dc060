package client

import (
	"encoding/base64"
	"errors"
	"strings"
)

// The kinds of resources that WebexID can name.
const (
	KindPerson       = "PEOPLE"
	KindOrganization = "ORGANIZATION"
	// KindGroup is followed by two ids, "{group}:{organization}".
	KindGroup = "SCIM_GROUP"
)

// ParseOrgID reads the id of an organization as a UUID or in the form of the Webex
// API, the base64 of ciscospark://us/ORGANIZATION/{uuid} in either alphabet,
// padded or not. It returns the UUID in lower case, as SCIM urls hold it. Space
// around the id is ignored; anything else is an error, which does not repeat the
// text.
func ParseOrgID(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", errors.New("organization id: empty")
	}
	if isUUID(s) {
		return strings.ToLower(s), nil
	}
	parts, ok := decodeWebexID(s)
	if !ok {
		return "", errors.New("organization id: expected a UUID, or the Webex API's base64 form of one")
	}
	if parts.kind != KindOrganization {
		return "", errors.New("organization id: this is the Webex API's id of something else, expected one of an organization")
	}
	if !isUUID(parts.id) {
		return "", errors.New("organization id: the Webex API's base64 form holds no UUID")
	}
	return strings.ToLower(parts.id), nil
}

// WebexID turns the id of a SCIM resource into the id that other Webex APIs use:
// base64, url alphabet, no padding, of ciscospark://us/{kind}/{id}.
// For KindGroup the id is "{group}:{organization}"; see also
// [Location.WebexID]. An empty kind or id gives "".
func WebexID(kind, id string) string {
	if kind == "" || id == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte("ciscospark://us/" + kind + "/" + id))
}

// webexParts are the parts of an id of the Webex API, without the cluster ("us"
// for people and organizations), which is not needed here.
type webexParts struct{ kind, id string }

func decodeWebexID(s string) (webexParts, bool) {
	s = strings.NewReplacer("+", "-", "/", "_").Replace(s)
	if body := strings.TrimRight(s, "="); len(body) == len(s) || len(s)%4 == 0 && len(s)-len(body) <= 2 {
		s = body
	}
	if strings.ContainsAny(s, "\r\n") { // the decoder would ignore them
		return webexParts{}, false
	}
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return webexParts{}, false
	}
	rest, ok := strings.CutPrefix(string(text), "ciscospark://")
	cluster, rest, ok1 := strings.Cut(rest, "/")
	kind, id, ok2 := strings.Cut(rest, "/")
	return webexParts{kind, id}, ok && ok1 && ok2 && cluster != ""
}

// isUUID reports whether s is 8-4-4-4-12 hexadecimal digits, in any case.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case '0' <= c && c <= '9', 'a' <= c|0x20 && c|0x20 <= 'f':
		default:
			return false
		}
	}
	return true
}
