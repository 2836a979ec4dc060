package location

import (
	"encoding/base64"
	"strings"
	"testing"
)

const (
	testOrg  = "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01"
	otherOrg = "11111111-2222-4333-8444-555555555555"
)

// idAt is the id in the location of a resource of a type and organization.
func idAt(text, kind, orgID string) string {
	if l, err := Parse(text); err == nil && l.IsOf(kind, orgID) {
		return l.ID
	}
	return ""
}

// An id is taken only from a location of the right type and organization, and
// never from one that leads to another path.
func TestIDsAreTakenFromLocationsOfTheTypeAndOrganization(t *testing.T) {
	encoded := func(org string) string {
		return base64.RawStdEncoding.EncodeToString([]byte("ciscospark://us/ORGANIZATION/" + org))
	}
	good := map[string]string{
		"https://webexapis.com/identity/scim/" + testOrg + "/v2/Users/Aa-1":                  "Aa-1",
		"https://evil.example/identity/scim/" + strings.ToUpper(testOrg) + "/v2/users/Aa-1/": "Aa-1",
		"http://h/identity/scim/" + encoded(testOrg) + "/v2/Users/Aa-1?x=/y#z":               "Aa-1",
		"https://h/scim/v2/Users/a": "a", "//h/v2/Users/a": "a",
		"/v2/Users/a%20b": "a b", "Users/a": "a", "/Users/a//": "a", "/v2/Users/%C3%A9": "é", "https://example.com/v2/Users/a": "a", "/Users/user@example.com": "user@example.com",
	}
	for location, want := range good {
		if got := idAt(location, "users", testOrg); got != want {
			t.Errorf("%s: %q, want %q", location, got, want)
		}
	}
	for _, location := range []string{
		"", "/", "Users", "/v2/Users", "/v2/Users/", "https://h/v2/Users?id=1", "https://Users/1",
		"/v2/Groups/1", "/v2/Devices/1", "https://h/identity/scim/" + otherOrg + "/v2/Users/1", "https://h/identity/scim/" + encoded(otherOrg) + "/v2/Users/1",
		"https://h/identity/scim/acme/v2/Users/1", "/" + otherOrg + "/Users/1", "/v2/Groups/1/Users/2", "/v2/Users/1/Users/2",
		"/v2/Users/..%2f..%2fGroups%2fx", "/v2/Users/a%2Fb", "/v2/Users/a%252Fb", "/v2/Users/a%25252fb", `/v2/Users/a\b`, "/v2/Users/a%5cb",
		"/v2/Users/.", "/v2/Users/..", "/v2/Users/%2e%2e", "/v2/Users/%252e", "/v2/Users/a%3Fb", "/v2/Users/a%23b", "/v2/Users/%20", "/v2/Users/a%0ab",
		"/v2/Users/bulkId:a", "/v2/Users/%62ulkid%3Aa", "/v2/Users/%ff", "/v2/Users/" + strings.Repeat("a", longestID+1), "/v2/Users/" + strings.Repeat("%25", 1<<20),
	} {
		if got := idAt(location, "users", testOrg); got != "" {
			t.Errorf("%.80s: %q", location, got)
		}
	}
}

// The id of any location has no slash and is no dot segment, also after
// unescaping it several times, and parseUsual agrees with parse.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"/v2/Users/..%2f..%2fGroups%2fx", "https://h/identity/scim/" + testOrg + "/v2/Users/a%20b?c", "Users/%252e%252e", "//h//Users/a",
		"https://h/identity/scim/" + testOrg + "/v2/Users/Aa-1", "https://h/identity/scim/" + strings.ToUpper(otherOrg) + "/v2/Groups/1",
		"https://h/identity/scim/" + testOrg + "/v2/Users/v2", "https://h/identity/scim/" + testOrg + "/v2/Users/Groups",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, location string) {
		if usual, ok := parseUsual(location); ok {
			l, err := parse(location)
			if err != nil || usual.Org != l.Org || usual.Type != l.Type || usual.ID != l.ID {
				t.Fatalf("%q: %+v, not %+v, %v", location, usual, l, err)
			}
			for _, kind := range []string{"Users", "Groups", "Devices"} {
				for _, org := range []string{testOrg, otherOrg, ""} {
					if usual.IsOf(kind, org) != l.IsOf(kind, org) {
						t.Fatalf("%q: of %s in %s", location, kind, org)
					}
				}
			}
		}
		id := idAt(location, "Users", testOrg)
		for range 6 {
			if id == "." || id == ".." || strings.ContainsAny(id, "/\\?#\n") {
				t.Fatalf("%q: %q", location, id)
			}
			id = Unescape(id)
		}
	})
}

func TestIsSegmentAcceptsOnlyIDsThatFitInAPath(t *testing.T) {
	for text, want := range map[string]bool{
		"7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001": true, "a%20b": true, "ä": true,
		"": false, ".": false, "..": false, "%2e%2e": false, "a/b": false, `a\b`: false, "a%2fb": false, "a%": false,
		"a?b": false, "a#b": false, "a b": false, "a\u00a0b": false, "a\u200bb": false, "a\ufffd": false, "a\n": false, "bulkId:u1": false,
	} {
		if IsSegment(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
