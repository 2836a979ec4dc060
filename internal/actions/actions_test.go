package actions

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/reconcile"
	"github.com/webexscim/bulk/webextest"
)

// A service may tell no version of a resource: then the rows of a plan expect
// the present values.
func TestPlanExpectsPresentValuesWithoutVersions(t *testing.T) {
	user := func(id, name, externalID, version string) client.Resource {
		data, _ := json.Marshal(map[string]any{"id": id, "userName": name, "externalId": externalID, "title": "Analyst"})
		return client.Resource{Type: reconcile.Users, ID: id, Name: name, ExternalID: externalID, Version: version, Data: data}
	}
	org := &reconcile.Organization{Type: reconcile.Users, MeErr: client.ErrAbsent, Resources: []client.Resource{
		user("1", "ada@example.com", "a", ""), user("2", "bob@example.com", "b", ""), user("3", "cy@example.com", "c", `W/"1"`),
	}}
	rows := []reconcile.Row{{Operation: client.Operation{Method: client.MethodPost, Path: "/Users", BulkID: "x",
		Data: json.RawMessage(`{"userName":"augusta@example.com","externalId":"a","title":"Author"}`)}}}
	d, err := reconcile.Compare(rows, org, reconcile.Options{Leavers: reconcile.DeleteLeavers, MaxRemovals: reconcile.Limit{Number: new(2)}})
	if err != nil {
		t.Fatal(err)
	}
	p := Plan(d)
	for i, want := range []int{2, 1, 0} {
		if got := len(p.rows[i].Expected); got != want || (p.rows[i].Version == "") != (want > 0) {
			t.Errorf("row %d expects %d values, want %d, version %q", i, got, want, p.rows[i].Version)
		}
	}
}

// Of two rows about one resource, the second is not refused because of the
// change of the first, and a row with another condition is.
func TestSecondRowOfAResourcePassesItsCondition(t *testing.T) {
	sim := webextest.New(webextest.Config{Seed: 1})
	id, err := sim.Add("/Users", map[string]any{"userName": "ada@example.com", "title": "Author", "active": true})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), BaseURL: "http://127.0.0.1",
		HTTPClient: sim.Client(), LookupPatience: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	row := func(title string, expected string) sheet.Row {
		return sheet.Row{Expected: []byte(expected), Operation: client.Operation{Method: client.MethodPatch, Path: "/Users/" + id,
			Data: json.RawMessage(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"` + title + `"}]}`)}}
	}
	check := &Conditions{Client: c}
	first := row("Analyst", `{"title":"Author"}`)
	if err := check.refuse(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	results, err := c.Do(t.Context(), first.Operation)
	if err != nil || client.JoinErrors(results) != nil {
		t.Fatal(err, results)
	}
	second := row("Other", `{"title":"Author"}`)
	if err := check.refuse(t.Context(), second); err != nil {
		t.Error(err)
	}
	if err := (&Conditions{Client: c}).refuse(t.Context(), second); err != ErrChanged {
		t.Error(err)
	}
	if err := check.refuse(t.Context(), row("Other", `{"title":"Countess"}`)); err != ErrChanged {
		t.Error(err)
	}
}
