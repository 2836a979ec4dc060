package difference_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/difference"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/reconcile"
)

func TestValueIsShownForAPerson(t *testing.T) {
	nameOf := func(id string) (string, bool) { return "boss@example.com", id == "1" }
	for value, want := range map[string]string{
		``:                                  "(none)",
		`"1"`:                               "boss@example.com",
		`"Analyst"`:                         "Analyst",
		`true`:                              "true",
		`12345678901234567890`:              "12345678901234567890",
		`[]`:                                "[]",
		`[{"value":"1"},{"value":"b"}]`:     "boss@example.com, b",
		`["a","b","c","d","e"]`:             "a, b, c, and 2 more",
		`{"value":"1","display":"Boss"}`:    "boss@example.com",
		`{"locality":"London"}`:             `{"locality":"London"}`,
		`"` + strings.Repeat("é", 90) + `"`: strings.Repeat("é", 80) + "…",
	} {
		if got := difference.Value(json.RawMessage(value), nameOf); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

func TestShortPathHasNoSchemaAndNoValues(t *testing.T) {
	for path, want := range map[string]string{
		"title": "title",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value": "manager.value",
		`phoneNumbers[type eq "work"].value`:                                       `phoneNumbers[type eq "work"].value`,
		`phoneNumbers[value eq "+1 555 \"0100"]`:                                   `phoneNumbers[value eq "…"]`,
		`urn:x:2.0:User:externalAttribute1[source eq "a:b"].value`:                 `externalAttribute1[source eq "a:b"].value`,
		`members[value eq "1"]`:                                                    `members[value eq "1"]`,
	} {
		if got := difference.ShortPath(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// A user who is created and a leaver of the same first and last name may be one
// person; of two such leavers nobody knows which.
func TestSameNameIsTold(t *testing.T) {
	user := func(name, given, family string) string {
		raw, _ := json.Marshal(map[string]any{"userName": name, "name": map[string]any{"givenName": given, "familyName": family}})
		return string(raw)
	}
	leaver := func(id, name, given, family string) client.Resource {
		return client.Resource{Type: reconcile.Users, ID: id, Name: name, Data: json.RawMessage(user(name, given, family))}
	}
	org := &reconcile.Organization{Type: reconcile.Users, Resources: []client.Resource{
		leaver("1", "ada@old.example", "Ada", "Lovelace"),
		leaver("2", "bob@old.example", "Bob", "Builder"), leaver("3", "bb@old.example", "bob", "builder"),
	}}
	var rows []reconcile.Row
	for i, data := range []string{user("ada@example.com", "ADA", "Lovelace"), user("bob@example.com", "Bob", "Builder"), user("cy@example.com", "Cy", "")} {
		op := client.Operation{Method: client.MethodPost, Path: "/Users", Data: json.RawMessage(data)}
		rows = append(rows, reconcile.Row{Line: i + 2, Operation: op})
	}
	d, err := reconcile.Compare(rows, org, reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := terminal.NewWriter(&out)
	if err := (difference.Text{}).Write(w, d, len(rows)); err != nil {
		t.Fatal(err)
	}
	_ = w.Flush()
	const hint = "line 2: ada@example.com\n      has the name of ada@old.example, who is not in the sheet"
	if text := out.String(); strings.Count(text, "has the name of") != 1 || !strings.Contains(text, hint) {
		t.Error(text)
	}
}
