package client_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
)

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
