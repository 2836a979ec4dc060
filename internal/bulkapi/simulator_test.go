package bulkapi

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/lookup"
	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/internal/transporttest"
	"github.com/webexscim/bulk/webextest"
)

// TestItemsAgreeWithLedger: whatever an answer looks like, what is read out of
// it is what the service did; and where it says enough, nothing stays unknown.
func TestItemsAgreeWithLedger(t *testing.T) {
	const (
		all  = iota // every operation is known
		some        // what is known is true
	)
	for _, tt := range []struct {
		name  string
		fault *webextest.Fault
		knows int
	}{
		{"plain", nil, all}, {"gzip", webextest.Gzip(), all},
		{"Operations", webextest.ShapeAnswer(webextest.CapitalKey), all}, {"both", webextest.ShapeAnswer(webextest.BothKeys), all},
		{"shuffled", webextest.ShapeAnswer(webextest.Shuffled), all}, {"repeated", webextest.ShapeAnswer(webextest.Repeated), all},
		{"foreign", webextest.ShapeAnswer(webextest.Foreign), all}, {"numbers", webextest.ShapeAnswer(webextest.NumericStatus), all},
		{"objects", webextest.ShapeAnswer(webextest.ObjectStatus), all}, {"lower-case methods", webextest.ShapeAnswer(webextest.LowerMethods), all},
		{"no bulkIds", webextest.ShapeAnswer(webextest.NoBulkIDs), some}, {"bulkIds of POST", webextest.ShapeAnswer(webextest.PostBulkIDs), all},
		{"bulkIds of POST, shuffled", webextest.ShapeAnswer(webextest.PostBulkIDs, webextest.Shuffled), all},
		{"bulkIds of POST, repeated, foreign", webextest.ShapeAnswer(webextest.PostBulkIDs, webextest.Repeated, webextest.Foreign, webextest.Shuffled), all},
		{"bulkIds of POST, short upper-case locations", webextest.ShapeAnswer(webextest.PostBulkIDs, webextest.ShortLocations, webextest.UpperLocations), all},
		{"bulkIds of POST, slashed, queried, foreign host", webextest.ShapeAnswer(webextest.PostBulkIDs, webextest.SlashedLocations, webextest.QueriedLocations, webextest.ForeignLocations("evil.example")), all},
		{"no locations", webextest.ShapeAnswer(webextest.NoLocations), all}, {"null locations", webextest.ShapeAnswer(webextest.NullLocations), all},
		{"within 400", webextest.ShapeAnswer(webextest.InStatus(400)), all}, {"within 412", webextest.ShapeAnswer(webextest.InStatus(412)), all},
		{"odd statuses", webextest.ShapeAnswer(webextest.OddStatus), some}, {"no statuses", webextest.ShapeAnswer(webextest.NoStatus), some},
		{"text responses", webextest.ShapeAnswer(webextest.TextResponses), all}, {"list responses", webextest.ShapeAnswer(webextest.ListResponses), all},
		{"null responses", webextest.ShapeAnswer(webextest.NullResponses), all}, {"no responses", webextest.ShapeAnswer(webextest.NoResponses), all},
		{"plain errors", webextest.ShapeAnswer(webextest.PlainErrors), all}, {"webex errors", webextest.ShapeAnswer(webextest.WebexErrors), all},
	} {
		for _, failOnErrors := range []int{0, 1} {
			for _, unattempted := range []int{0, 409, 412} {
				sim := webextest.New(webextest.Config{UnattemptedStatus: unattempted})
				ops := simulated(t, sim)
				if tt.fault != nil {
					sim.Script(tt.fault)
				}
				cfg := sim.Config()
				b := transporttest.New(t, "https://webexapis.com", func(c *transport.Config) {
					c.OrgID, c.HTTP = cfg.OrgID, sim.Client()
					c.Token = func(context.Context, string) (string, error) { return cfg.Token, nil }
				})
				a := send(t.Context(), b, ops, failOnErrors)
				if a.Kind != transport.Answered {
					t.Fatalf("%s: %v %v", tt.name, a.Kind, a.Err)
				}
				unknown := compare(t, tt.name, sim, ops, a.Items)
				if tt.knows == all && unknown > 0 {
					t.Errorf("%s, failOnErrors %d, unattempted %d: %d unknown in %+v", tt.name, failOnErrors, unattempted, unknown, a.Items)
				}
				if failOnErrors == 0 && unattempted == 0 {
					findAgain(t, b, sim)
				}
				if v := sim.Violations(); len(v) > 0 {
					t.Errorf("%s: %v", tt.name, v)
				}
			}
		}
	}
}

// simulated is a request of which a part fails.
func simulated(t *testing.T, sim *webextest.Simulator) []Operation {
	t.Helper()
	add := func(path string, data map[string]any) string {
		id, err := sim.Add(path, data)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	user := func(name string) json.RawMessage {
		return json.RawMessage(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userType":"user","userName":"` + name + `"}`)
	}
	ada := add("/Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userType": "user", "userName": secret})
	bob := add("/Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userType": "user", "userName": "bob@example.com"})
	patch := json.RawMessage(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"Boss"}]}`)
	return []Operation{
		{Method: "POST", Path: "/Users", BulkID: "new", Data: user("new@example.com")},
		{Method: "PATCH", Path: "/Users/" + ada, BulkID: "patch", Data: patch},
		{Method: "POST", Path: "/Users", BulkID: "taken", Data: user(strings.ToUpper(secret))},
		{Method: "DELETE", Path: "/Users/" + bob, BulkID: "delete"},
		{Method: "DELETE", Path: "/Users/7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de002", BulkID: "nobody"},
	}
}

// compare holds what is known against what was done, and counts what is
// unknown.
func compare(t *testing.T, name string, sim *webextest.Simulator, ops []Operation, items []Item) (unknown int) {
	t.Helper()
	did := map[string]webextest.Entry{}
	for _, e := range sim.Ledger() {
		did[e.BulkID] = e
	}
	for i, it := range items {
		e := did[ops[i].BulkID]
		switch {
		case it.LeftOut:
			if e.Effect != webextest.Unattempted {
				t.Errorf("%s: %s is called unattempted, it was %s", name, e.BulkID, e.Effect)
			}
		case !it.Found:
			unknown++
		case it.Err == nil:
			if e.Effect == webextest.Failed || e.Effect == webextest.Unattempted || it.Status != e.Status ||
				it.Location != "" && !strings.Contains(strings.ToLower(it.Location), strings.ToLower(e.ID)) {
				t.Errorf("%s: %s is called done, it was %+v", name, e.BulkID, e)
			}
		default:
			if e.Effect != webextest.Failed || it.Status != e.Status {
				t.Errorf("%s: %s is called failed, it was %+v: %v", name, e.BulkID, e, it.Err)
			}
			transporttest.WantClean(t, name, it.Err.Error())
		}
	}
	return unknown
}

// findAgain looks for what was there before and what was made.
func findAgain(t *testing.T, b *transporttest.Bench, sim *webextest.Simulator) {
	t.Helper()
	found, err := lookup.Find(t.Context(), b.Client, "Users", []string{"NEW@example.com", secret, "absent@example.com", "bob@example.com"})
	if err != nil || len(found) != 2 {
		t.Fatalf("%+v %v", found, err)
	}
	for _, r := range found {
		if u, ok := sim.User(r.ID); !ok || u.UserName() != r.Name {
			t.Errorf("%+v is not in the store", r)
		}
	}
}
