package bulk_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/webextest"
)

// These tests run the client against the simulator, which were written
// independently, and check every message between them against the contract.

func newClient(t *testing.T, w http.RoundTripper, token string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(token),
		HTTPClient: &http.Client{Transport: w}, LookupPatience: 2 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// staff returns operations of every kind for a small organization: users with a
// manager, a group before its members, changes, and a delete.
func staff(n int) (ops []client.Operation) {
	ops = append(ops, client.Groups.Create(gen.Group{
		DisplayName: "everybody", ExternalID: "g1",
		Members: []gen.GroupMember{{Value: client.Ref("u1")}, {Value: client.Ref(fmt.Sprintf("u%d", n-1))}},
	}).Named("g"))
	for i := range n {
		user := gen.User{
			UserName: fmt.Sprintf("u%d@example.com", i), Name: gen.PersonName{GivenName: "U", FamilyName: "N & <sons>"},
			Emails: []gen.Email{{Value: fmt.Sprintf("u%d@example.com", i), Type: "work", Primary: new(true)}},
		}
		if i > 0 {
			user.Enterprise.Manager.Value = client.Ref("u0")
		}
		ops = append(ops, client.Users.Create(user).Named(fmt.Sprintf("u%d", i)))
	}
	return append(ops,
		client.Users.Patch(client.Ref("u1"), client.Replace("title", "Chair"), client.Replace(`emails[type eq "work"].display`, "office")),
		client.Groups.Patch(client.Ref("g"), client.Add("members", []map[string]string{{"value": client.Ref("u2"), "type": "user"}})),
		client.Users.Delete(client.Ref(fmt.Sprintf("u%d", n-2))),
	)
}

func TestEveryMessageKeepsTheContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		w := newWitness(t, s.Transport())
		results, err := newClient(t, w, webextest.DefaultToken).Do(t.Context(), staff(250)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, res := range results {
			if res.Err != nil {
				t.Errorf("%d %s %s: %v", res.Index, res.Operation.Method, res.Operation.Path, res.Err)
			}
		}
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		if w.requests < 3 {
			t.Errorf("the contract was checked for %d requests, expected at least 3", w.requests)
		}
	})
}

func TestRefusalsKeepTheContract(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		cfg    webextest.Config
		fault  *webextest.Fault
		token  string
		want   error
	}{
		{"bad request", 400, webextest.Config{}, webextest.Refuse(400, ""), "", nil},
		{"wrong token", 401, webextest.Config{}, nil, "wrong", client.ErrUnauthorized},
		{"forbidden", 403, webextest.Config{OrgID: "11111111-1111-4111-8111-111111111111"}, nil, "", client.ErrUnauthorized},
		{"not found", 404, webextest.Config{}, webextest.Refuse(404, ""), "", client.ErrEndpoint},
		{"method", 405, webextest.Config{}, webextest.Refuse(405, ""), "", client.ErrEndpoint},
		{"conflict", 409, webextest.Config{}, webextest.Refuse(409, ""), "", nil},
		{"gone", 410, webextest.Config{}, webextest.Refuse(410, ""), "", client.ErrEndpoint},
		{"too large", 413, webextest.Config{MaxOperations: 20}, nil, "", nil},
		{"media type", 415, webextest.Config{}, webextest.Refuse(415, ""), "", client.ErrEndpoint},
		{"content", 422, webextest.Config{}, webextest.Refuse(422, ""), "", nil},
		{"locked", 423, webextest.Config{}, webextest.Refuse(423, "1"), "", nil},
		{"precondition", 428, webextest.Config{}, webextest.Refuse(428, ""), "", client.ErrEndpoint},
		{"too many", 429, webextest.Config{}, webextest.Refuse(429, "1"), "", nil},
		{"internal", 500, webextest.Config{}, webextest.Refuse(500, ""), "", nil},
		{"bad gateway", 502, webextest.Config{}, webextest.Lose(502), "", nil},
		{"unavailable", 503, webextest.Config{}, webextest.Refuse(503, ""), "", nil},
		{"timeout", 504, webextest.Config{}, webextest.Lose(504), "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := webextest.New(c.cfg)
				s.Script(c.fault)
				w := newWitness(t, s.Transport())
				token := webextest.DefaultToken
				if c.token != "" {
					token = c.token
				}
				results, err := newClient(t, w, token).Do(t.Context(), staff(30)...)
				if !errors.Is(err, c.want) {
					t.Errorf("error %v, want %v", err, c.want)
				}
				if w.statuses[c.status] == 0 {
					t.Errorf("no answer had status %d: %v", c.status, w.statuses)
				}
				for _, res := range results {
					if good := res.Outcome == client.Succeeded; good == (c.want != nil) {
						t.Errorf("operation %d: %v, %v", res.Index, res.Outcome, res.Err)
					}
				}
			})
		})
	}
}

// TestFailuresKeepTheContract holds that operations that the service refuses
// become errors with the members of the contract's error extension.
func TestFailuresKeepTheContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		w := newWitness(t, s.Transport())
		ops := []client.Operation{
			client.Users.Create(gen.User{UserName: "a@example.com"}),
			client.Users.Create(gen.User{UserName: "A@Example.com"}),
			client.Users.Delete("5e1fd6a2-0000-4000-8000-000000000000"),
			client.Users.Patch("5e1fd6a2-0000-4000-8000-000000000001", client.Replace("title", "x")),
			client.Users.Create(gen.User{}),
		}
		results, err := newClient(t, w, webextest.DefaultToken).Do(t.Context(), ops...)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []int{201, 409, 404, 404, 400} {
			res := results[i]
			if res.Status != want {
				t.Errorf("operation %d: status %d, want %d", i, res.Status, want)
			}
			if want == 201 {
				continue
			}
			said, ok := errors.AsType[*client.ResponseError](res.Err)
			if !ok || said.Status != want || said.TrackingID == "" || said.ErrorCode == "" || len(said.Details) == 0 {
				t.Errorf("operation %d: %#v", i, res.Err)
			}
		}
	})
}

// TestSearchesKeepTheContract holds that answers to searches match the
// contract, even if they return few attributes of small resources.
func TestSearchesKeepTheContract(t *testing.T) {
	s := webextest.New(webextest.Config{})
	for path, data := range map[string]map[string]any{
		"/Users":  {"userName": "bare@example.com"}, // without schemas
		"/Groups": {"displayName": "bare"},
	} {
		if _, err := s.Add(path, data); err != nil {
			t.Fatal(err)
		}
	}
	w := newWitness(t, s.Transport())
	if _, err := newClient(t, w, webextest.DefaultToken).Do(t.Context(), staff(5)...); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{
		"Users", "Users?attributes=id", "Users?attributes=name.givenName", "Users?excludedAttributes=userName", "Users?excludedAttributes=id,schemas,userName",
		"Groups", "Groups?attributes=id", "Groups?excludedAttributes=displayName", "Groups?includeMembers=true", "Groups?includeMembers=true&attributes=members.display",
	} {
		resp, err := w.RoundTrip(ask(t, http.MethodGet, target, nil))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	team, user := s.Groups()[0].ID(), s.Users()[0].ID()
	for _, target := range []string{
		"Users/" + user, "Groups/" + team, "Groups/" + team + "/Members", "Groups/" + team + "/Members?startIndex=2&count=1&memberType=user",
		"Users?returnGroups=true", "Users?includeGroupDetails=true&groupUsageTypes=location", "Users?sortBy=userName&sortOrder=descending",
		"Groups?includeMembers=true&memberType=group", "Users?filter=externalId%20pr", "Groups/" + user + "/Members",
	} {
		resp, err := w.RoundTrip(ask(t, http.MethodGet, target, nil))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	me := ask(t, http.MethodGet, "", nil)
	me.URL.Path = "/identity/scim/v2/Users/me"
	if resp, err := w.RoundTrip(me); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("Users/me: %v", err)
	}
	if w.statuses[http.StatusOK] < 19 || w.statuses[http.StatusBadRequest] != 1 || w.statuses[http.StatusNotFound] != 1 {
		t.Errorf("statuses %v", w.statuses)
	}
}

// TestExamplesAreUnderstood holds that the simulator accepts the contract's
// examples of requests, and that the client reads its examples of answers.
func TestExamplesAreUnderstood(t *testing.T) {
	post := contract().Paths.Find("/identity/scim/{orgId}/v2/Bulk").Post
	examples := post.RequestBody.Value.Content["application/json"].Examples
	for name, example := range examples {
		t.Run(name, func(t *testing.T) {
			body, err := json.Marshal(example.Value.Value)
			if err != nil {
				t.Fatal(err)
			}
			want := http.StatusOK
			if answers := post.Responses.Value("400").Value; answers.Content["application/json"].Examples[name] != nil {
				want = http.StatusBadRequest // an example of a request that breaks the contract
			}
			simulatorTakes(t, body, want)
			for status, resp := range post.Responses.Map() {
				if answer := resp.Value.Content["application/json"].Examples[name]; answer != nil {
					clientReads(t, status, body, answer.Value.Value)
				}
			}
		})
	}
}
