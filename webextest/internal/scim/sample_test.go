package scim

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// sampleUser has every kind of attribute: simple, complex, multi-valued plain
// and complex, extended, numbers and dates.
const sampleUser = `{
	"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"id": "7f3c-Ab", "externalId": "HR-0815",
	"userName": "Ada.Byron@example.com", "displayName": "Ada Straße", "active": true, "title": "", "nickName": null,
	"loginCount": 9007199254740993, "score": 2.5,
	"name": {"givenName": "Ada", "familyName": "Byron"},
	"emails": [
		{"value": "ada.byron@example.com", "type": "work", "primary": true},
		{"value": "countess@example.org", "type": "home"}
	],
	"phoneNumbers": [],
	"roles": ["author", "Analyst"],
	"meta": {"version": "W/\"Ab1\"", "created": "2026-01-31T23:30:00Z", "lastModified": "2026-02-01T01:00:00.5+01:00"},
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
		"department": "Engines", "manager": {"value": "m-1", "$ref": "../Users/m-1"}
	},
	"urn:scim:schemas:extension:cisco:webexidentity:2.0:User": {
		"accountStatus": ["active"], "extensionAttribute1": ["north", "south"], "meta": {"organizationId": "org-1"}
	}
}`

const sampleGroup = `{
	"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
	"id": "g-1", "displayName": "Analysts",
	"members": [{"value": "u-1", "type": "user"}, {"value": "u-2", "type": "user"}, {"value": "g-2", "type": "group"}]
}`

func decode(t testing.TB, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	return decode(t, text).(map[string]any)
}

func encode(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// typeOf returns the SCIM type of an error, "" for nil; every error of this
// package must be a 400 with a detail.
func typeOf(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	refusal, ok := errors.AsType[*Error](err)
	if !ok || refusal.Status != 400 || refusal.Detail == "" {
		t.Fatalf("%#v is not a complete refusal", err)
	}
	return refusal.Type
}
