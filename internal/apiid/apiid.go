// Package apiid parses the resource ids of the other Webex APIs. Such an id is
// the base64 form of ciscospark://us/PEOPLE/{uuid}; people copy them into
// sheets.
//
//	kind, id, ok := apiid.Parse("Y2lzY29zcGFyazovL3VzL1BFT1BMRS83YzViMWYwZS01MWE0LTRjM2ItOGYwZC0yYjlmNmE1ZGUwMDE")
//	// "PEOPLE", "7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001", true
package apiid

import (
	"encoding/base64"
	"slices"
	"strings"
)

// Kinds of resources that SCIM also has.
const (
	People       = "PEOPLE"
	Group        = "GROUP"
	Organization = "ORGANIZATION"
)

// prefix begins each id before encoding.
const prefix = "ciscospark://"

// Is reports whether text begins like an id of the other Webex APIs.
func Is(text string) bool { return strings.HasPrefix(text, "Y2lzY29zcGFyazovL") }

// Parse returns the kind of the resource and its SCIM id. The SCIM id of a
// group does not include the organization that follows it in text. ok is false
// if text is not an id of the other Webex APIs.
func Parse(text string) (kind, id string, ok bool) {
	if !Is(text) {
		return "", "", false
	}
	body := strings.NewReplacer("+", "-", "/", "_").Replace(text)
	if bare := strings.TrimRight(body, "="); len(body)%4 == 0 && len(body)-len(bare) <= 2 {
		body = bare
	}
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if strings.ContainsAny(text, "\r\n") { // the decoder ignores them
		return "", "", false
	}
	rest, isOne := strings.CutPrefix(string(raw), prefix)
	parts := strings.Split(rest, "/")
	if err != nil || !isOne || len(parts) != 3 || slices.Contains(parts, "") {
		return "", "", false
	}
	id, _, _ = strings.Cut(parts[2], ":")
	if strings.HasSuffix(parts[1], Group) {
		parts[1] = Group // SCIM_GROUP
	}
	return parts[1], id, id != ""
}

// IsUUID reports whether text is 8-4-4-4-12 hexadecimal digits, in any case.
func IsUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
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
