package client_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// Answers of every shape are read right: what was done is known to be done, to
// the right resource, what failed has failed for its own reason, and nothing is
// done twice.
func TestAnswersOfEveryShape(t *testing.T) {
	shapes := map[string]webextest.Shape{
		"none": webextest.Shapes(), "BothKeys": webextest.BothKeys, "CapitalKey": webextest.CapitalKey, "Foreign": webextest.Foreign,
		"ListResponses": webextest.ListResponses, "LowerMethods": webextest.LowerMethods, "NoBulkIDs": webextest.NoBulkIDs,
		"NoList": webextest.NoList, "NoLocations": webextest.NoLocations, "NoResponses": webextest.NoResponses, "NoStatus": webextest.NoStatus,
		"NullList": webextest.NullList, "NullLocations": webextest.NullLocations, "NullResponses": webextest.NullResponses,
		"NumericStatus": webextest.NumericStatus, "ObjectStatus": webextest.ObjectStatus, "OddStatus": webextest.OddStatus,
		"PlainErrors": webextest.PlainErrors, "PostBulkIDs": webextest.PostBulkIDs, "QueriedLocations": webextest.QueriedLocations,
		"RelativeLocations": webextest.RelativeLocations, "Repeated": webextest.Repeated, "ShortLocations": webextest.ShortLocations,
		"Shuffled": webextest.Shuffled, "SlashedLocations": webextest.SlashedLocations, "TextErrorCodes": webextest.TextErrorCodes,
		"TextResponses": webextest.TextResponses, "WebexErrors": webextest.WebexErrors,
		"ForeignLocations": webextest.ForeignLocations("evil.example"), "Fewer": webextest.Fewer(3), "InStatus 400": webextest.InStatus(400),
		"InStatus 412":             webextest.InStatus(412),
		"NoStatus in 400":          webextest.Shapes(webextest.NoStatus, webextest.NoResponses, webextest.InStatus(400)),
		"OddStatus in 412":         webextest.Shapes(webextest.OddStatus, webextest.NullResponses, webextest.InStatus(412)),
		"Shuffled without bulkIds": webextest.Shapes(webextest.Shuffled, webextest.PostBulkIDs),
		"Shuffled and Repeated":    webextest.Shapes(webextest.Repeated, webextest.Shuffled, webextest.Foreign, webextest.ObjectStatus),
	}
	for name, shape := range shapes {
		for _, always := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := webextest.New(webextest.Config{Latency: time.Millisecond})
				silent := name == "NoList" || name == "NullList" || name == "Fewer" || strings.Contains(name, "NoStatus") || strings.Contains(name, "OddStatus")
				if always && !silent {
					s = webextest.New(webextest.Config{Latency: time.Millisecond, Shape: shape})
				} else {
					s.Script(webextest.ShapeAnswer(shape))
				}
				patched, deleted := add(t, s, "patched"), add(t, s, "deleted")
				add(t, s, "u3")
				time.Sleep(time.Hour)
				ops := append(users(10), group("g", `,"externalId":"x"`, "u1", "u2"), create("r", manager("u5")),
					patch("/Users/"+patched, "title", `"Chair"`), remove("/Users/"+deleted), patch("/Users/00000000-0000-4000-8000-000000000000", "title", `"x"`),
					patch("/Users/bulkId:u1", "title", `"Clerk"`))
				results, err := newClient(t, s, nil).Do(t.Context(), ops...)
				if err != nil {
					t.Fatal(name, err)
				}
				checkShape(t, fmt.Sprint(name, ", always ", always), silent, s, results)
				if _, ok := s.User(deleted); ok {
					t.Errorf("%s: not deleted", name)
				}
			})
		}
	}
}

// checkShape checks the results and what the service holds; lost tells that the
// answer said nothing.
func checkShape(t *testing.T, name string, lost bool, s *webextest.Simulator, results []client.Result) {
	t.Helper()
	wantNothingTwice(t, s)
	refused := map[int]int{3: 409, 14: 404}
	for i, r := range results {
		if status := refused[i]; status > 0 {
			said, ok := errors.AsType[*client.ResponseError](r.Err)
			if i == 14 && lost && r.Outcome == client.Unknown && strings.Contains(r.Err.Error(), "status 404") {
				continue // somebody may have deleted the user after it was done
			}
			if r.Outcome != client.Failed || r.Status != status || !ok || said.Status != status {
				t.Errorf("%s: operation %d: %v %d: %v", name, i, r.Outcome, r.Status, r.Err)
			}
			continue
		}
		if r.Err != nil {
			t.Errorf("%s: operation %d: %v", name, i, r.Err)
		}
		u, _ := s.User(r.Location.ID)
		if expected := fmt.Sprintf("u%d@example.com", i); i < 10 && u.UserName() != expected {
			t.Errorf("%s: operation %d: %s at %v", name, i, u.UserName(), r.Location)
		}
	}
	boss, _ := s.UserByName("u5@example.com")
	if u, _ := s.UserByName("r@example.com"); u.Manager() != boss.ID() {
		t.Errorf("%s: manager %q", name, u.Manager())
	}
	clerk, _ := s.UserByName("u1@example.com")
	if u, _ := s.UserByName("patched@example.com"); u["title"] != "Chair" || clerk["title"] != "Clerk" {
		t.Errorf("%s: titles %v and %v", name, u["title"], clerk["title"])
	}
}

// Ids may come back in another case than the service keeps them in.
func TestUpperCaseLocations(t *testing.T) {
	sc := scenario{service: webextest.Config{Shape: webextest.UpperLocations}}
	sc.config = func(c *client.Config) { c.ResolveReferences = true }
	sc.all(t, []client.Operation{create("u"), create("r", manager("u"))}, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
		boss, _ := s.UserByName("u@example.com")
		if r, _ := s.UserByName("r@example.com"); !strings.EqualFold(r.Manager(), boss.ID()) {
			t.Errorf("manager %q, expected %q", r.Manager(), boss.ID())
		}
	})
}
