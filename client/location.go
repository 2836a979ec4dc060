package client

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/location"
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
	l, err := location.Parse(s)
	if err != nil {
		return Location{}, err
	}
	return Location{URL: s, OrgID: l.Org, ResourceType: l.Type, ID: l.ID}, nil
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

// WebexID returns the id of a user or group in the form of the other Webex
// APIs, see [WebexID]. It is "" for other types, and for a group whose
// organization the location does not name.
func (l Location) WebexID() string {
	switch {
	case l.ResourceType == "Users":
		return WebexID(KindPerson, l.ID)
	case l.ResourceType == "Groups" && l.ID != "" && l.OrgID != "":
		return WebexID(KindGroup, l.ID+":"+l.OrgID)
	}
	return ""
}

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
