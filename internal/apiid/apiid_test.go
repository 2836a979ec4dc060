package apiid_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/webexscim/bulk/internal/apiid"
)

func Example() {
	kind, id, ok := apiid.Parse("Y2lzY29zcGFyazovL3VzL1BFT1BMRS83YzViMWYwZS01MWE0LTRjM2ItOGYwZC0yYjlmNmE1ZGUwMDE")
	fmt.Println(kind == apiid.People, id, ok)
	fmt.Println(apiid.IsUUID(id))
	// Output:
	// true 7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001 true
	// true
}

func TestParseReadsAllBase64FormsAndRefusesOtherTexts(t *testing.T) {
	for plain, want := range map[string][2]string{
		"ciscospark://us/PEOPLE/7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001":   {"PEOPLE", "7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001"},
		"ciscospark://us-west-2_r/PEOPLE/x":                             {"PEOPLE", "x"},
		"ciscospark://us/SCIM_GROUP/g1:3f1d2c8a-6f0e-4a57-9a52-9d7a0b6": {"GROUP", "g1"},
		"ciscospark://us/ROOM/r1":                                       {"ROOM", "r1"},
		"ciscospark://us/PEOPLE/":                                       {},
		"ciscospark://us/PEOPLE":                                        {},
		"https://webexapis.com/v1/people":                               {},
	} {
		for _, codec := range []*base64.Encoding{base64.RawURLEncoding, base64.URLEncoding, base64.StdEncoding} {
			kind, id, ok := apiid.Parse(codec.EncodeToString([]byte(plain)))
			if kind != want[0] || id != want[1] || ok != (want[0] != "") {
				t.Errorf("%s: %s, %s, %v", plain, kind, id, ok)
			}
		}
	}
	if _, _, ok := apiid.Parse("Y2lzY29zcGFyazovL!"); ok {
		t.Error("a text that is not base64 is parsed")
	}
}
