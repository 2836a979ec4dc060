package bulkapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/internal/throttle"
	"github.com/webexscim/bulk/webextest"
)

// TestGet: a resource is found, absent by the service's own word, or not known.
func TestGet(t *testing.T) {
	const user = `{"schemas":["x"],"id":"A b/1","userName":"ada","meta":{"created":"2001-02-03T04:05:06.789Z","lastModified":"2002-02-03T05:05:06+01:00"}}`
	for _, tt := range []struct {
		status int
		body   string
		want   string // found, absent, or the kind of the error
	}{
		{200, strings.ReplaceAll(user, "A b/1", "A-1"), "found"}, {200, strings.ReplaceAll(user, "A b/1", "a-1"), "found"},
		{200, user, "no response"}, {200, `{"userName":"ada"}`, "no response"}, {200, `{"totalResults":0}`, "no response"}, {200, loginPage, "no response"}, {200, ``, "no response"},
		{200, `{"id":"A-1","meta":{"location":"https://h/identity/scim/` + otherOrg + `/v2/Users/A-1"}}`, "no response"},
		{500, `{"id":"A-1"}`, "no response"}, {404, scimError, "absent"}, {410, webexError, "absent"}, {404, loginPage, "waiting"}, {404, ``, "denied"},
		{403, webexError, "denied"}, {403, loginPage, "rejected"}, {400, webexError, "rejected"}, {500, ``, "no response"}, {503, ``, "waiting"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, "https://webex.example", func(c *Config) {
				c.Throttle = throttle.New(throttle.Config{})
				c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					if r.URL.Path == "/identity/scim/v2/Users/me" {
						return answer(tt.status, tt.body), nil
					}
					if r.Method != "GET" || r.URL.Path != "/identity/scim/"+testOrg+"/v2/Users/A-1" || r.URL.RawQuery != "" {
						t.Errorf("%s %s", r.Method, r.URL)
					}
					return answer(tt.status, tt.body), nil
				})}
			})
			res, found, err := b.Get(t.Context(), "Users", "A-1")
			got := "absent"
			if le, ok := errors.AsType[*LookupError](err); ok {
				got = le.Kind.String()
			} else if found {
				got = "found"
				if res.Name != "ada" || !res.Created.Equal(time.Date(2001, 2, 3, 4, 5, 6, 789e6, time.UTC)) ||
					!res.Modified.Equal(time.Date(2002, 2, 3, 4, 5, 6, 0, time.UTC)) || string(res.Raw) != tt.body {
					t.Errorf("%+v", res)
				}
			}
			me, err := b.Me(t.Context())
			if whose := tt.status == 200 && strings.Contains(strings.ToUpper(tt.body), "A-1"); whose != (err == nil) || whose && me.ID == "" {
				t.Errorf("%d %.40s: me %+v, %v", tt.status, tt.body, me, err)
			}
			if got != tt.want || !found && res.ID != "" {
				t.Errorf("%d %.40s: %s, %+v, %v", tt.status, tt.body, got, res, err)
			}
		})
	}
	b := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request left") })
	for _, id := range []string{"", ".", "..", "a/b", "a%2fb", "bulkId:x", "a\nb"} {
		if _, _, err := b.Get(t.Context(), "Users", id); err == nil {
			t.Errorf("%q was asked for", id)
		}
	}
	if _, _, err := b.Get(t.Context(), "Devices", "1"); err == nil {
		t.Error("a device was asked for")
	}
}

// TestGetFromSimulator: the strict simulator knows these requests.
func TestGetFromSimulator(t *testing.T) {
	sim := webextest.New(webextest.Config{})
	cfg := sim.Config()
	b := newBench(t, "https://webexapis.com", func(c *Config) {
		c.OrgID, c.HTTP = cfg.OrgID, sim.Client()
		c.Token = func(context.Context, string) (string, error) { return cfg.Token, nil }
	})
	for kind, data := range map[string]map[string]any{
		"Users":  {"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userType": "user", "userName": secret},
		"Groups": {"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": secret},
	} {
		id, err := sim.Add("/"+kind, data)
		if err != nil {
			t.Fatal(err)
		}
		res, found, err := b.Get(t.Context(), kind, id)
		if err != nil || !found || res.ID != id || res.Name != secret || res.Created.IsZero() || res.Date.IsZero() {
			t.Errorf("%s: %+v %v %v", kind, res, found, err)
		}
		if _, found, err := b.Get(t.Context(), kind, "7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de0ff"); found || err != nil {
			t.Errorf("%s: %v %v", kind, found, err)
		}
	}
	if v := sim.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

// TestResource: what is told of a resource is what the service says, and absent
// is not null.
func TestResource(t *testing.T) {
	for _, tt := range []struct {
		members, id, externalID string
		has, modified           bool
	}{
		{`"id":"1","externalId":"x","meta":{"lastModified":"2001-02-03T04:05:06Z"}`, "1", "x", true, true}, {`"id":"1"`, "1", "", false, false},
		{`"id":"1","externalId":null,"meta":null`, "1", "", true, false}, {`"id":7,"externalId":7,"meta":{"lastModified":"yesterday"}`, "7", "7", true, false},
		{`"id":"..%2fx"`, "", "", false, false}, {`"id":"bulkId:x"`, "", "", false, false},
		{`"id":"1","meta":{"location":"/v2/Groups/1"}`, "", "", false, false}, {`"id":"1","meta":{"location":"https://h/scim/` + otherOrg + `/v2/Users/1"}`, "", "", false, false},
		{`"id":"1","meta":{"location":"https://example.com/v2/Users/2"}`, "1", "", false, false}, {`"id":"1","meta":{"location":"odd"}`, "1", "", false, false},
	} {
		b := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"totalResults":1,"Resources":[{"userName":"a",%s}]}`, tt.members)
		})
		found, err := b.Find(t.Context(), "Users", []string{"a"})
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v %v", tt.members, found, err)
		}
		r := found[0]
		if r.ID != tt.id || r.ExternalID != tt.externalID || r.HasExternalID != tt.has || r.Modified.IsZero() == tt.modified || !r.Created.IsZero() ||
			string(r.Raw) != `{"userName":"a",`+tt.members+`}` {
			t.Errorf("%s: %+v", tt.members, r)
		}
	}
}
