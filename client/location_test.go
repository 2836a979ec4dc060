package client_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
)

func ExampleParseLocation() {
	l, err := client.ParseLocation("https://webexapis.com/identity/scim/1eb65fdf-9643-417f-9974-ad72cae0e10f/v2/Users/3426a8e3")
	fmt.Println(l.OrgID, l.ResourceType, l.ID, err)

	_, err = client.ParseLocation("https://webexapis.com/identity/scim/1eb65fdf-9643-417f-9974-ad72cae0e10f/v2/Users/")
	fmt.Println(err)
	// Output:
	// 1eb65fdf-9643-417f-9974-ad72cae0e10f Users 3426a8e3 <nil>
	// location: no id found, expected a url that ends in {resource type}/{id}
}

func TestParseLocation(t *testing.T) {
	for _, c := range []struct{ in, org, kind, id string }{
		{"https://webexapis.com/identity/scim/" + orgUUID + "/v2/Users/" + personID, orgUUID, "Users", personID},
		{"http://integration.webexapis.com/identity/scim/" + orgUUID + "/v2/Groups/g1", orgUUID, "Groups", "g1"},
		{"https://example.com/v2/Users/2819c223", "", "Users", "2819c223"},
		{"/identity/scim/" + orgUUID + "/v2/Users/u1", orgUUID, "Users", "u1"},
		{"/v2/Users/u1", "", "Users", "u1"}, {"v2/Users/u1", "", "Users", "u1"},
		{"/Users/u1", "", "Users", "u1"}, {"Users/u1", "", "Users", "u1"}, {"../Users/u1", "", "Users", "u1"},
		{"https://example.com/Users/u1", "", "Users", "u1"}, {"https://example.com/scim/v2/Users/u1", "", "Users", "u1"},
		{"https://example.com:8443/proxy/scim/Users/u1", "", "Users", "u1"}, {"//example.com/v2/Users/u1", "", "Users", "u1"},
		{"https://example.com/scim/acme/v2/Users/u1", "acme", "Users", "u1"}, {"/SCIM/Acme/v2/Users/u1", "Acme", "Users", "u1"},
		{"/scim/%2e%2e/v2/Users/u1", "", "Users", "u1"},
		{orgUUID + "/v2/Users/u1", orgUUID, "Users", "u1"}, {"/identity/scim/" + orgUUID + "/Users/u1", orgUUID, "Users", "u1"},
		{"/identity/scim/" + orgHydra + "/v2/Users/u1", orgUUID, "Users", "u1"},
		{"/v2/Users/u1/", "", "Users", "u1"}, {"/v2//Users///u1//", "", "Users", "u1"}, {" /v2/Users/u1\n", "", "Users", "u1"},
		{"/v2/Users/u1?attributes=id/userName#x/y", "", "Users", "u1"}, {"/v2/Users/u1#a?b", "", "Users", "u1"},
		{"/v2/Users/u1/?a=https://h/v2/Groups/g", "", "Users", "u1"},
		{"/v2/Users/a%20b%3F", "", "Users", "a b?"}, {"/v2/Users/a%252e", "", "Users", "a%2e"}, {"/v2/%55sers/%75%31", "", "Users", "u1"},
		{"/v2/Users/100%", "", "Users", "100%"}, {"/v2/Users/ñ木", "", "Users", "ñ木"}, {"/v2/Users/a+b@c:d", "", "Users", "a+b@c:d"},
		{strings.ToUpper("https://webexapis.com/identity/scim/" + orgUUID + "/v2/Users/u1"), orgUUID, "Users", "U1"},
		{"/V2/USERS/aB", "", "Users", "aB"}, {"/V2/groups/g", "", "Groups", "g"}, {"/v1/Users/u1", "", "Users", "u1"},
		{"/v1/users/v2/Users/u1", "", "Users", "u1"}, {"/v1/proxy/scim/Users/u1", "", "Users", "u1"},
		{"/v2/Devices/d1", "", "Devices", "d1"}, {"/v2/service-accounts_2/d1", "", "service-accounts_2", "d1"},
		{"/v2/Users/" + orgUUID, "", "Users", orgUUID}, {"mailto://Users/v2/Groups/g", "", "Groups", "g"},
	} {
		l, err := client.ParseLocation(c.in)
		if want := (client.Location{URL: c.in, OrgID: c.org, ResourceType: c.kind, ID: c.id}); l != want || err != nil {
			t.Errorf("%q: got %+v, %v\nwant %+v", c.in, l, err, want)
		}
		if l.String() != c.in {
			t.Errorf("%q shows as %q", c.in, l)
		}
	}
}

// A location without an id is refused: what stands before the id is never
// taken for it. The error repeats nothing.
func TestParseLocationRefuses(t *testing.T) {
	for _, in := range []string{
		"", " ", "/", "//", "?", "#", "null", "u1", "/u1", "Users", "/Users/", "/v2/Users", "/V2/USERS/", "/v2/Users/?x=/y/z", "/v2/",
		"https://", "https://example.com", "https://example.com/", "https://example.com/Users", "https://example.com/u1",
		"//Users/u1", "/identity/scim", "/identity/u1", "/identity/scim/" + orgUUID, "/identity/scim/" + orgUUID + "/v2",
		"/identity/scim/" + orgUUID + "/v2/Users", "/identity/scim/" + orgUUID + "/Users", "/identity/scim/" + orgHydra + "/Users",
		"/scim/acme/Users", "/scim/acme/v2/", "/scim/v2/Devices", orgUUID + "/u1", orgHydra + "/u1",
		"/v2/Users/%20", "/v2/Users/..", "/v2/Users/.", "/v2/Users/%2e%2E", "/v2/Users/bulkId:u1", "/v2/Users/bulkId%3Au1",
		"/v2/Users/a%00", "/v2/Users/a%0Ab", "/v2/Users/%FF", "/v2/Users/\xff", "/v2/Us ers/u1", "/v2/2Users/u1", "urn:x/u1", "/v2/Üser/u1",
		"/v2/Groups/g1/members/", "/Groups/g1/members", "/v2/Devices/d1/members/m1", "/groups/g1/members/m1",
		"/v2/Users/secret\x01", "/v2/Users/..%2f..%2fGroups%2fx", "/v2/Users/a%2Fb", "/v2/Users/a%5cb", `/v2/Users/a\b`, "/v2/Users/%252e%252E", "/v2/Users/x%25252Fy",
	} {
		l, err := client.ParseLocation(in)
		if !l.IsZero() || err == nil {
			t.Errorf("%q: got %+v, %v", in, l, err)
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "u1") {
			t.Errorf("%q: the error repeats it: %v", in, err)
		}
	}
}

func TestLocationZero(t *testing.T) {
	var l client.Location
	if !l.IsZero() || l.String() != "" || l.WebexID() != "" || (client.Location{ID: "a"}).IsZero() {
		t.Errorf("zero value is %q, %v", l, l.IsZero())
	}
}

func TestLocationWebexID(t *testing.T) {
	for _, c := range []struct {
		l    client.Location
		want string // before base64
	}{
		{client.Location{ResourceType: "Users", ID: personID}, "ciscospark://us/PEOPLE/" + personID},
		{client.Location{ResourceType: "Groups", ID: "g1", OrgID: orgUUID}, "ciscospark://us/SCIM_GROUP/g1:" + orgUUID},
		{client.Location{ResourceType: "Groups", ID: "g1"}, ""},
		{client.Location{ResourceType: "Groups", OrgID: orgUUID}, ""},
		{client.Location{ResourceType: "Devices", ID: "d1", OrgID: orgUUID}, ""},
	} {
		got, err := base64.RawURLEncoding.DecodeString(c.l.WebexID())
		if string(got) != c.want || err != nil {
			t.Errorf("%+v: got %q, %v, want %q", c.l, got, err, c.want)
		}
	}
}

// A location made of its parts reads back as these parts, whatever the id.
func TestLocationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := client.Location{
			OrgID:        rapid.SampledFrom([]string{"", orgUUID}).Draw(t, "org"),
			ResourceType: rapid.SampledFrom([]string{"Users", "Groups", "Devices"}).Draw(t, "type"),
			ID:           rapid.StringMatching(`[!-$&-.0-[\]-~ñ木]{0,20}-x`).Draw(t, "id"), // no fixed word ends in -x
		}
		if strings.HasPrefix(l.ID, "bulkId:") {
			l.ID = "x" + l.ID // a reference is no id
		}
		got, err := client.ParseLocation(l.String() + rapid.SampledFrom([]string{"", "/", "?a=b/c", "/#d"}).Draw(t, "tail"))
		got.URL = ""
		if got != l || err != nil {
			t.Fatalf("%+v came back as %+v, %v", l, got, err)
		}
	})
}

// Nothing panics; an error comes with a zero Location and short text; a result
// has an id and type, and written out again gives the same parts.
func FuzzParseLocation(f *testing.F) {
	for _, s := range []string{
		"", "null", "/v2/Users/u1", "Users/u1/", "https://webexapis.com/identity/scim/" + orgUUID + "/v2/Users/" + personID + "/?a=b#c",
		strings.ToUpper("https://h/identity/scim/" + orgUUID + "/v2/Groups/g"), "/v2/Users/", "/v2/Users", "https://other.example/v2/Users/u1",
		"/v2/Users/%2F%", "/v2/Groups/a%20b", "//h//v2//Users//u", "/identity/scim/" + orgHydra + "/v2/Users/u1", "/v2/Users/%00", "..",
		"/scim/acme/v2/Users/v2", "/v2/Users/..%2fx", "/v2/Users/a%25252fb", "/v2/Users/bulkId:u1", "https://h/Users", "%2f/%2e%2e",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := client.ParseLocation(s)
		if err != nil {
			if !l.IsZero() || len(err.Error()) > 120 {
				t.Fatalf("%q: %+v, %v", s, l, err)
			}
			return
		}
		for id, plain := l.ID, ""; id != plain; id, _ = url.PathUnescape(id) {
			if plain = id; strings.ContainsAny(id, `/\`) || id == "." || id == ".." {
				t.Fatalf("%q: the id leads elsewhere: %+v", s, l)
			}
		}
		if strings.TrimSpace(l.ID) == "" || l.ResourceType == "" || !utf8.ValidString(l.ID) || l.String() != s || l.IsZero() {
			t.Fatalf("%q: %+v", s, l)
		}
		parts := l
		parts.URL = ""
		again, err := client.ParseLocation(parts.String())
		again.URL = ""
		if again != parts || err != nil {
			t.Fatalf("%q: %+v, then %+v, %v", s, parts, again, err)
		}
	})
}

const (
	orgUUID   = "1eb65fdf-9643-417f-9974-ad72cae0e10f"
	personID  = "3426a8e3-d414-4bf0-a493-4f6787632a13"
	orgHydra  = "Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi8xZWI2NWZkZi05NjQzLTQxN2YtOTk3NC1hZDcyY2FlMGUxMGY"
	wantsUUID = "expected a UUID"
)

func ExampleParseOrgID() {
	fmt.Println(client.ParseOrgID("Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi8xZWI2NWZkZi05NjQzLTQxN2YtOTk3NC1hZDcyY2FlMGUxMGY"))
	fmt.Println(client.ParseOrgID("1EB65FDF-9643-417F-9974-AD72CAE0E10F"))
	fmt.Println(client.ParseOrgID("example"))
	// Output:
	// 1eb65fdf-9643-417f-9974-ad72cae0e10f <nil>
	// 1eb65fdf-9643-417f-9974-ad72cae0e10f <nil>
	//  organization id: expected a UUID, or the Webex API's base64 form of one
}

func ExampleWebexID() {
	fmt.Println(client.WebexID(client.KindPerson, "3426a8e3-d414-4bf0-a493-4f6787632a13"))
	// Output: Y2lzY29zcGFyazovL3VzL1BFT1BMRS8zNDI2YThlMy1kNDE0LTRiZjAtYTQ5My00ZjY3ODc2MzJhMTM
}

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestParseOrgIDAccepts(t *testing.T) {
	for _, s := range []string{
		orgUUID, strings.ToUpper(orgUUID), " " + orgUUID + "\n", orgHydra, orgHydra + "\n",
		base64Of("ciscospark://us/ORGANIZATION/" + orgUUID),
		base64Of("ciscospark://us/ORGANIZATION/" + strings.ToUpper(orgUUID)),
		base64Of("ciscospark://urn:TEAM:eu-central-1_k/ORGANIZATION/" + orgUUID),
		base64Of("ciscospark://>>>???/ORGANIZATION/" + orgUUID), // + and / in the standard alphabet
		base64.URLEncoding.EncodeToString([]byte("ciscospark://>>>???/ORGANIZATION/" + orgUUID)),
	} {
		if got, err := client.ParseOrgID(s); got != orgUUID || err != nil {
			t.Errorf("%q: got %q, %v", s, got, err)
		}
	}
}

func TestParseOrgIDRefuses(t *testing.T) {
	for s, reason := range map[string]string{
		"": "empty", " \t": "empty", "..": wantsUUID, "example": wantsUUID, "example_org-1": wantsUUID, "{" + orgUUID + "}": wantsUUID,
		orgUUID[:35]: wantsUUID, orgUUID + "0": wantsUUID, "g" + orgUUID[1:]: wantsUUID,
		strings.ReplaceAll(orgUUID, "-", ""): wantsUUID, "1eb65fdf-9643-417f-9974aad72cae0e10f0": wantsUUID,
		"1eb65fdf09643-417f-9974-ad72cae0e10f":    wantsUUID,
		"ciscospark://us/ORGANIZATION/" + orgUUID: wantsUUID,
		// padding that no encoder writes: too much for a full text, too little for this one
		base64Of("ciscospark://eu1/ORGANIZATION/"+orgUUID) + "=": wantsUUID, base64Of("ciscospark://us/ORGANIZATION/"+orgUUID) + "====": wantsUUID,
		orgHydra + "===":                                      wantsUUID,
		orgHydra[:40] + "\n" + orgHydra[40:]:                  wantsUUID,
		base64Of("ciscospark://us/" + orgUUID):                wantsUUID,
		base64Of("ciscospark:///ORGANIZATION/" + orgUUID):     wantsUUID,
		base64Of("https://us/ORGANIZATION/" + orgUUID):        wantsUUID,
		base64Of("ciscospark://us/PEOPLE/" + orgUUID):         "something else",
		base64Of("ciscospark://us/ORGANIZATION/"):             wantsUUID,
		base64Of("ciscospark://us/ORGANIZATION/a/" + orgUUID): wantsUUID,
		base64Of("ciscospark://us/ORGANIZATION/a"):            "no UUID",
	} {
		got, err := client.ParseOrgID(s)
		if got != "" || err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: got %q, %v, want %q", s, got, err, reason)
		}
	}
}

func TestWebexID(t *testing.T) {
	if got := client.WebexID(client.KindOrganization, orgUUID); got != orgHydra {
		t.Errorf("got %q", got)
	}
	if got := client.WebexID("", "a") + client.WebexID(client.KindPerson, ""); got != "" {
		t.Errorf("nothing gave %q", got)
	}
}

// An organization's id survives the way to the other form and back.
func TestWebexIDRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`).Draw(t, "id")
		hydra := client.WebexID(client.KindOrganization, id)
		if strings.ContainsAny(hydra, "+/=") {
			t.Fatalf("%q is not base64url without padding", hydra)
		}
		for _, form := range []string{id, hydra, hydra + strings.Repeat("=", (4-len(hydra)%4)%4)} {
			if got, err := client.ParseOrgID(form); got != strings.ToLower(id) || err != nil {
				t.Fatalf("%q: got %q, %v", form, got, err)
			}
		}
	})
}

// What comes out is a UUID in lower case that gives itself, or an error that
// does not repeat the input.
func FuzzParseOrgID(f *testing.F) {
	for _, s := range []string{"", "..", orgUUID, strings.ToUpper(orgUUID), orgHydra, orgHydra + "=", orgHydra + "==", "null",
		base64Of("ciscospark://us/PEOPLE/" + personID), base64Of("ciscospark://us/SCIM_GROUP/a:b"), "ciscospark://us/ORGANIZATION/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := client.ParseOrgID(s)
		if err != nil {
			if got != "" || len(err.Error()) > 120 {
				t.Fatalf("%q: %q, %v", s, got, err)
			}
			return
		}
		if again, err := client.ParseOrgID(got); len(got) != 36 || got != strings.ToLower(got) || again != got || err != nil {
			t.Fatalf("%q: %q, then %q, %v", s, got, again, err)
		}
		if back, err := client.ParseOrgID(client.WebexID(client.KindOrganization, got)); back != got || err != nil {
			t.Fatalf("%q: %q comes back as %q, %v", s, got, back, err)
		}
	})
}
