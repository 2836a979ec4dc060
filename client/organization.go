package client

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/location"
)

// The kinds of resources that WebexID can name.
const (
	KindPerson       = "PEOPLE"
	KindOrganization = "ORGANIZATION"
	// KindGroup is followed by two ids, "{group}:{organization}".
	KindGroup = "SCIM_GROUP"
)

// ParseOrgID reads the id of an organization as a UUID or in the form of the
// Webex API, the base64 of ciscospark://us/ORGANIZATION/{uuid} in either
// alphabet, padded or not. It returns the UUID in lower case, as SCIM urls hold
// it. Space around the id is ignored; anything else is an error, which does not
// repeat the text.
func ParseOrgID(s string) (string, error) {
	s = strings.TrimSpace(s)
	if org, ok := location.ParseOrg(s); ok {
		return org, nil
	}
	kind, _, ok := apiid.Parse(s)
	switch {
	case s == "":
		return "", errors.New("organization id: empty")
	case !ok:
		return "", errors.New("organization id: expected a UUID, or the Webex API's base64 form of one")
	case kind != KindOrganization:
		return "", errors.New("organization id: this is the Webex API's id of something else, expected one of an organization")
	}
	return "", errors.New("organization id: the Webex API's base64 form holds no UUID")
}

// WebexID turns the id of a SCIM resource into the id that other Webex APIs
// use: base64, url alphabet, no padding, of ciscospark://us/{kind}/{id}. For
// KindGroup the id is "{group}:{organization}"; see also [Location.WebexID]. An
// empty kind or id gives "".
func WebexID(kind, id string) string {
	if kind == "" || id == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte("ciscospark://us/" + kind + "/" + id))
}
