package scimdiff_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/scimdiff"
)

const (
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	webex      = "urn:scim:schemas:extension:cisco:webexidentity:2.0:User"
)

// text writes differences one after the other, as op path old -> new, with the
// op of the PATCH.
func text(differences []scimdiff.AttributeDifference) string {
	var patch struct{ Operations []struct{ Op string } }
	_ = json.Unmarshal(scimdiff.Patch(differences), &patch)
	var all []string
	for i, d := range differences {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s -> %s", patch.Operations[i].Op, d.Path, d.Old, d.New)))
	}
	return strings.Join(all, "; ")
}

func TestCompareFindsWhatDiffersByMeaning(t *testing.T) {
	for _, c := range []struct{ name, given, stored, want string }{
		{"equal", `{"title":"Chair"}`, `{"title":"Chair","nickName":"A"}`, ``},
		{"differs", `{"title":"Chair"}`, `{"title":"Boss"}`, `replace title "Boss" -> "Chair"`},
		{"missing", `{"title":"Chair"}`, `{}`, `add title  -> "Chair"`},
		{"case, space and composition", `{"userName":"ADA@Example.com","title":" the  Chair","name":{"familyName":"e\u0301"}}`,
			`{"userName":"ada@example.com","title":"The Chair","name":{"familyName":"\u00e9"}}`, ``},
		{"externalId keeps its case", `{"externalId":"a1"}`, `{"externalId":"A1"}`, `replace externalId "A1" -> "a1"`},
		{"attribute names have no case", `{"USERNAME":"a@example.com","Name":{"GIVENNAME":"A"}}`, `{"userName":"a@example.com","name":{"givenName":"A"}}`, ``},
		{"numbers by value", `{"n":1.0,"m":12345678901234567890}`, `{"n":1,"m":12345678901234567890}`, ``},
		{"long numbers", `{"m":12345678901234567891}`, `{"m":12345678901234567890}`, `replace m 12345678901234567890 -> 12345678901234567891`},
		{"of another type", `{"active":true}`, `{"active":"true"}`, `replace active "true" -> true`},
		{"made by the service", `{"schemas":["x"],"id":"1","meta":{"version":"2"},"password":"p","groups":[{"value":"g"}]}`, `{"id":"2"}`, ``},
		{"not told", `{"active":true,"` + webex + `":{"accountStatus":["active"],"provisionSource":"x"}}`, `{"` + webex + `":{}}`, ``},
		{"inactive", `{"active":false}`, `{"active":true}`, `replace active true -> false`},
		{"null is not given", `{"title":null,"nickName":"","emails":[],"name":{"givenName":null},"phoneNumbers":[{"type":"work","value":""}]}`,
			`{"title":"Chair","nickName":"A","emails":[{"value":"a"}],"name":{"givenName":"A"},"phoneNumbers":[{"type":"work","value":"1"}]}`, ``},

		{"sub-attribute", `{"name":{"givenName":"Ada","formatted":"A L"}}`, `{"name":{"givenName":"Eva","familyName":"L","formatted":"E L"}}`, `replace name.givenName "Eva" -> "Ada"`},
		{"whole name", `{"name":{"givenName":"Ada"}}`, `{}`, `add name  -> {"givenName":"Ada"}`},
		{"formatted alone", `{"name":{"formatted":"A L"}}`, `{}`, ``},
		{"extension", `{"` + enterprise + `":{"department":"R&D"}}`, `{"` + enterprise + `":{"department":"Sales"}}`, `replace ` + enterprise + `:department "Sales" -> "R&D"`},
		{"no extension yet", `{"` + enterprise + `":{"department":"R&D"}}`, `{}`, `add ` + enterprise + `:department  -> "R&D"`},
		{"manager", `{"` + enterprise + `":{"manager":{"value":"m1"}}}`, `{"` + enterprise + `":{"manager":{"value":"M1","displayName":"Mia","$ref":"x"}}}`, ``},
		{"other manager", `{"` + enterprise + `":{"manager":{"value":"m2"}}}`, `{"` + enterprise + `":{"manager":{"value":"m1"}}}`, `replace ` + enterprise + `:manager {"value":"m1"} -> {"value":"m2"}`},
		{"manager's name", `{"` + enterprise + `":{"manager":{"value":"m1","displayName":"A"}}}`, `{"` + enterprise + `":{"manager":{"value":"m1","displayName":"B"}}}`, ``},

		{"order", `{"emails":[{"value":"a","type":"work"},{"value":"b","type":"home"}]}`, `{"emails":[{"value":"B","type":"home"},{"value":"A","type":"Work","primary":true,"display":"A"}]}`, ``},
		{"more values", `{"emails":[{"value":"a","type":"work"}]}`, `{"emails":[{"value":"b","type":"home"},{"value":"a","type":"work"}]}`, ``},
		{"no type given", `{"emails":[{"value":"a"}]}`, `{"emails":[{"value":"b","type":"home"},{"value":"a","type":"work"}]}`, ``},
		{"one value, no list", `{"emails":{"value":"a"}}`, `{"emails":[{"value":"a","type":"work"}]}`, ``},
		{"another of its type", `{"emails":[{"value":"a","type":"work"}]}`, `{"emails":[{"value":"b","type":"work"},{"value":"c","type":"home"}]}`, `replace emails[type eq "work"].value "b" -> "a"`},
		{"new type", `{"phoneNumbers":[{"value":"+1","type":"mobile"}]}`, `{"phoneNumbers":[{"value":"+2","type":"work"}]}`, `add phoneNumbers  -> [{"value":"+1","type":"mobile"}]`},
		{"two of the type stored", `{"emails":[{"value":"a","type":"other"}]}`, `{"emails":[{"value":"b","type":"other"},{"value":"c","type":"other"}]}`, `add emails  -> [{"value":"a","type":"other"}]`},
		{"two of the type given", `{"emails":[{"value":"a","type":"other"},{"value":"b","type":"other"}]}`, `{"emails":[{"value":"b","type":"other"}]}`, `add emails  -> [{"value":"a","type":"other"}]`},
		{"given twice", `{"emails":[{"value":"a","type":"other"},{"value":"a","type":"other"}]}`, `{}`, `add emails  -> [{"value":"a","type":"other"}]`},
		{"stored without a type", `{"emails":[{"value":"a","type":"work"}]}`, `{"emails":[{"value":"b"}]}`, `replace emails [{"value":"b"}] -> [{"value":"a","type":"work"}]`},
		{"stored without a type, and another", `{"emails":[{"value":"a","type":"work"}]}`, `{"emails":[{"value":"b"},{"value":"c","type":"home"}]}`, `add emails  -> [{"value":"a","type":"work"}]`},
		{"telephone", `{"phoneNumbers":[{"value":"+1 (408) 555-0100","type":"work"}]}`, `{"phoneNumbers":[{"value":"tel:+14085550100","type":"work"}]}`, ``},
		{"primary by the service", `{"emails":[{"value":"a","type":"work","primary":false}]}`, `{"emails":[{"value":"a","type":"work","primary":true}]}`, ``},
		{"primary that was asked for", `{"emails":[{"value":"a","type":"work","primary":true}]}`, `{"emails":[{"value":"a","type":"work","primary":false}]}`, `replace emails[type eq "work"].primary false -> true`},
		{"address", `{"addresses":[{"type":"work","locality":"Bonn","formatted":"x"}]}`, `{"addresses":[{"type":"work","locality":"Köln","country":"DE"}]}`, `replace addresses[type eq "work"].locality "Köln" -> "Bonn"`},
		{"address, new part", `{"addresses":[{"type":"work","region":"NRW"}]}`, `{"addresses":[{"type":"work","country":"DE"}]}`, `add addresses[type eq "work"].region  -> "NRW"`},
		{"photo keeps its case", `{"photos":[{"type":"photo","value":"https://x/A"}]}`, `{"photos":[{"type":"photo","value":"https://x/a"}]}`, `replace photos[type eq "photo"].value "https://x/a" -> "https://x/A"`},
		{"texts in a list", `{"` + webex + `":{"extensionAttribute1":["a"]}}`, `{"` + webex + `":{"extensionAttribute1":["b"]}}`, `replace ` + webex + `:extensionAttribute1 ["b"] -> ["a"]`},
		{"texts in a list, equal", `{"` + webex + `":{"extensionAttribute1":"a"}}`, `{"` + webex + `":{"extensionAttribute1":["b","A"]}}`, ``},
		{"external attributes by source", `{"` + webex + `":{"externalAttribute1":[{"source":"hr","value":"a"}]}}`, `{"` + webex + `":{"externalAttribute1":[{"source":"hr","value":"A"},{"source":"x","value":"y"}]}}`,
			`replace ` + webex + `:externalAttribute1[source eq "hr"].value "A" -> "a"`},
		{"odd type", `{"emails":[{"value":"a","type":"x\"&\\"}]}`, `{"emails":[{"value":"b","type":"x\"&\\"}]}`, `replace emails[type eq "x\"&\\"].value "b" -> "a"`},

		{"members", `{"members":[{"value":"u1","type":"user"},{"value":"u2","type":"user"}]}`, `{"members":[{"value":"U2","type":"User","display":"B","$ref":"x"},{"value":"u3"}]}`, `add members  -> [{"value":"u1","type":"user"}]`},
		{"members, no list yet", `{"members":[{"value":"u1","type":"user"}]}`, `{}`, `add members  -> [{"value":"u1","type":"user"}]`},
		{"roles are a set", `{"roles":[{"value":"r1","type":"cirole"}]}`, `{"roles":[{"value":"r2","type":"cirole"}]}`, `add roles  -> [{"value":"r1","type":"cirole"}]`},
		{"elements without a value", `{"` + webex + `":{"managedOrgs":[{"orgId":"o1","role":"a"},{"orgId":"o2","role":"a"}]}}`, `{"` + webex + `":{"managedOrgs":[{"orgId":"o1","role":"A"}]}}`,
			`add ` + webex + `:managedOrgs  -> [{"orgId":"o2","role":"a"}]`},
	} {
		differences, err := scimdiff.Compare([]byte(c.given), []byte(c.stored), scimdiff.Options{})
		if got := text(differences); err != nil || got != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, got, c.want)
		}
	}
}

func TestOptionsRemoveValuesAndMembers(t *testing.T) {
	for _, c := range []struct{ name, given, stored, want string }{
		{"clear", `{"title":null,"nickName":"","emails":[],"name":{"givenName":null}}`, `{"title":"Chair","emails":[{"value":"a"}],"name":{"givenName":"A"}}`,
			`remove emails [{"value":"a"}] ->; remove name.givenName "A" ->; remove title "Chair" ->`},
		{"clear one of a type", `{"phoneNumbers":[{"type":"work","value":null}]}`, `{"phoneNumbers":[{"type":"work","value":"1"},{"type":"home","value":"2"}]}`,
			`remove phoneNumbers[type eq "work"] {"type":"work","value":"1"} ->`},
		{"clear a part", `{"addresses":[{"type":"work","locality":"","country":"DE"}]}`, `{"addresses":[{"type":"work","locality":"Bonn","country":"DE"}]}`,
			`remove addresses[type eq "work"].locality "Bonn" ->`},
		{"nothing to clear", `{"title":null,"phoneNumbers":[{"type":"work","value":null}]}`, `{}`, ``},
		{"exact members", `{"members":[{"value":"u1"}]}`, `{"members":[{"value":"u2"},{"value":"u1"}]}`, `remove members[value eq "u2"] {"value":"u2"} ->`},
		{"no members given", `{"displayName":"x"}`, `{"displayName":"x","members":[{"value":"u2"}]}`, ``},
	} {
		differences, err := scimdiff.Compare([]byte(c.given), []byte(c.stored), scimdiff.Options{Clear: true, ExactMembers: true})
		if got := text(differences); err != nil || got != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, got, c.want)
		}
	}
}

func TestCompareRefusesOtherJSONThanObjects(t *testing.T) {
	for _, c := range [][2]string{{``, `{}`}, {`[]`, `{}`}, {`{}`, `null`}, {`{`, `{}`}, {`{}`, `"x"`}} {
		if differences, err := scimdiff.Compare([]byte(c[0]), []byte(c[1]), scimdiff.Options{}); err == nil {
			t.Errorf("%s with %s: %v", c[0], c[1], differences)
		}
	}
}

func TestPatchKeepsValuesByteForByte(t *testing.T) {
	got := string(scimdiff.Patch([]scimdiff.AttributeDifference{
		{Path: "title", Old: json.RawMessage(`"a"`), New: json.RawMessage(`"<b>\u0041"`)},
		{Path: `members[value eq "u"]`, Old: json.RawMessage(`{}`)},
	}))
	want := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` +
		`{"op":"replace","path":"title","value":"<b>\u0041"},{"op":"remove","path":"members[value eq \"u\"]"}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// resources draws users.
func resources() *rapid.Generator[string] {
	word := rapid.SampledFrom([]string{`"a"`, `"A "`, `"b"`, `""`, `null`, `"é"`, `1`})
	email := rapid.Custom(func(t *rapid.T) string {
		kind := rapid.SampledFrom([]string{`"work"`, `"Home"`, `"other"`, `null`}).Draw(t, "type")
		return fmt.Sprintf(`{"type":%s,"value":%s,"primary":%v}`, kind, word.Draw(t, "value"), rapid.Bool().Draw(t, "primary"))
	})
	list := func(of *rapid.Generator[string]) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			return "[" + strings.Join(rapid.SliceOfN(of, 0, 3).Draw(t, "list"), ",") + "]"
		})
	}
	return rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf(`{"title":%s,"externalId":%s,"name":{"givenName":%s,"familyName":%s},"emails":%s,"roles":%s,"x":%s,%q:{"manager":{"value":%s}}}`,
			word.Draw(t, "title"), word.Draw(t, "externalId"), word.Draw(t, "givenName"), word.Draw(t, "familyName"), list(email).Draw(t, "emails"),
			list(rapid.SampledFrom([]string{`{"value":"r1"}`, `{"value":"R2"}`, `"r3"`})).Draw(t, "roles"), list(word).Draw(t, "x"), enterprise, word.Draw(t, "manager"))
	})
}

// A resource does not differ from itself.
func TestNothingDiffersFromItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := resources().Draw(t, "resource")
		if differences, err := scimdiff.Compare([]byte(r), []byte(r), scimdiff.Options{ExactMembers: true}); err != nil || len(differences) > 0 {
			t.Fatalf("%s: %s %v", r, text(differences), err)
		}
	})
}

func FuzzCompare(f *testing.F) {
	f.Add(`{"emails":[{"value":"a","type":"work"},null,1]}`, `{"emails":{"value":"b"}}`)
	f.Add(`{"urn:x":{"manager":{"value":"a"}},"name":1}`, `{"urn:x":[],"name":{"a":[]}}`)
	f.Fuzz(func(t *testing.T, given, stored string) {
		for _, opt := range []scimdiff.Options{{}, {Clear: true, ExactMembers: true}} {
			differences, err := scimdiff.Compare([]byte(given), []byte(stored), opt)
			if err == nil && len(differences) > 0 && !json.Valid(scimdiff.Patch(differences)) {
				t.Errorf("the PATCH is no JSON: %s", scimdiff.Patch(differences))
			}
		}
		if differences, err := scimdiff.Compare([]byte(given), []byte(given), scimdiff.Options{}); err == nil && len(differences) > 0 {
			t.Errorf("%s differs from itself: %s", given, text(differences))
		}
	})
}
