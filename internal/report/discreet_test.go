package report

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestDiscreetKeepsWordsOfTheProtocol(t *testing.T) {
	tests := []struct{ text, name, want string }{
		{text: `status 409, uniqueness: user … exists (tracking id ROUTER_5C5510D1-0001)`,
			want: `status 409, uniqueness: user … exists`},
		{text: `status 400, invalidValue: the operation with bulkId "u1142" did not succeed`,
			want: `status 400, invalidValue: the operation with bulkId … did not succeed`},
		{text: `the operation with bulkId u1142 did not succeed`, want: `the operation with bulkId … did not succeed`},
		{text: `bulkId is missing, bulkId=ann; bulkId:bob`, want: `bulkId is missing, bulkId=…; bulkId:…`},
		{text: `no user 8c6f1f9e-5d5b-4a57-9a5e-0c4f2d1b7a10 in this organization`,
			want: `no user … in this organization`},
		{text: `no user Y2lzY29zcGFyazovL3VzL1BFT1BMRS8xMjM0NTY here`, want: `no user … here`},
		{text: `invalid operation: path of a POST, expected a type such as "/Users"`,
			want: `invalid operation: path of a POST, expected a type such as "/Users"`},
		{text: `attribute "userName" is required, not "Ann"`, want: `attribute "userName" is required, not …`},
		{text: `reference to an unknown bulkId "say \"hi\" to O'Brien"`, want: `reference to an unknown bulkId …`},
		{text: `circle: members: ["ann" "bob" "eve"]`, want: `circle: members: […]`},
		{text: `user 'O'Brien' can't log in`, want: `user … can't log in`},
		{text: `user's name isn't given`, want: `user's name isn't given`},
		{text: `a quotation "that is cut o`, want: `a quotation …`},
		{text: "back `ann` “bob” ‘eve’ «pat» done", want: "back … done"},
		{text: `ann.smith@example.com, bob@example.com are taken`, want: `… are taken`},
		{text: `… …, …@… is taken`, want: `… is taken`},
		{text: `Ann Smith was seen, Ann Smithson too`, name: "Ann Smith", want: `… was seen, Ann Smithson too`},
		{text: `status 403, error code 400108: 12 of 100`, want: `status 403, error code 400108: 12 of 100`},
		{text: `urn:ietf:params:scim:api:messages:2.0:Error`, want: `urn:ietf:params:scim:api:messages:2.0:Error`},
		{text: "two\nlines\x1b[31m\u202e", want: `two\nlines\u001b[31m\u202e`},
		{text: "", want: ""},
		{text: strings.Repeat("word ", 1000), want: strings.Repeat("word ", 60) + hidden},
	}
	for _, test := range tests {
		if got := discreet(test.text, test.name); got != test.want {
			t.Errorf("%q:\ngot  %q\nwant %q", test.text, got, test.want)
		}
	}
}

// What is quoted, an address, or called a bulkId does not survive, and so texts
// that differ in it alone become one.
func TestDiscreetHidesNamesAndIDs(t *testing.T) {
	forms := []string{
		`user "%" exists`, "user `%` exists", `user “%” exists`, `user '%' exists`, `('%')`, `="%"`,
		`bulkId "%" exists`, `"%`, `name: '%`, `a "b" and "%"`, `%@example.com exists`, `<%@example.com>`, `bulkId:% exists`,
	}
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom(forms).Draw(t, "form")
		name := rapid.StringMatching(`[xyz]{3,6}`).Draw(t, "name")
		got := discreet(strings.ReplaceAll(form, "%", name))
		if strings.Contains(got, name) {
			t.Fatalf("%s is in %q", name, got)
		}
		if other := discreet(strings.ReplaceAll(form, "%", "zyxzyx")); got != other {
			t.Fatalf("%q and %q", got, other)
		}
	})
}

func FuzzDiscreet(f *testing.F) {
	for _, seed := range []string{
		`the operation with bulkId "u1" did not succeed`, "''", `"`, `\"`, "bulkId:", "@", "\xff'\xff'", "…@…", "(tracking id )",
		strings.Repeat("é", 400),
	} {
		f.Add(seed, "u1")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		got := discreet(text, name)
		if n := utf8.RuneCountInString(got); n > maxShown+1 {
			t.Errorf("%d characters", n)
		}
		if strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("control characters in %q", got)
		}
		if strings.Contains(got, "@") {
			t.Errorf("an address in %q", got)
		}
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q is not UTF-8", got)
		}
	})
}
