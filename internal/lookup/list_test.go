package lookup

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/throttle"
	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/internal/transporttest"
	"github.com/webexscim/bulk/webextest"
)

// shiftingList is a list in the order of its keys that changes between two
// pages.
type shiftingList struct {
	keys []string
	size int
}

func (s *shiftingList) page(start int) page[string] {
	rest := s.keys[min(start-1, len(s.keys)):]
	return page[string]{items: slices.Clone(rest[:min(s.size, len(rest))]), total: len(s.keys)}
}

// TestWalkLeavesNothingOut: whatever is created and deleted while a list is
// read, what was there all the time is yielded, once.
func TestWalkLeavesNothingOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &shiftingList{size: rapid.IntRange(2, 7).Draw(t, "page")}
		for i := range rapid.IntRange(0, 60).Draw(t, "entries") {
			s.keys = append(s.keys, fmt.Sprintf("%04d", i*10))
		}
		always := slices.Clone(s.keys)
		changes := rapid.IntRange(0, 30).Draw(t, "changes")
		fetch := func(start int) (page[string], error) {
			p := s.page(start)
			for range min(changes, rapid.IntRange(0, 4).Draw(t, "at once")) {
				changes--
				if len(s.keys) > 0 && rapid.Bool().Draw(t, "delete") {
					i := rapid.IntRange(0, len(s.keys)-1).Draw(t, "which")
					gone := s.keys[i]
					s.keys = slices.Delete(s.keys, i, i+1)
					always = slices.DeleteFunc(always, func(k string) bool { return k == gone })
				} else {
					s.keys = append(s.keys, fmt.Sprintf("%04d", rapid.IntRange(0, 999).Draw(t, "new")*10+5))
					slices.Sort(s.keys)
					s.keys = slices.Compact(s.keys)
				}
			}
			return p, nil
		}
		seen := map[string]bool{}
		for key, err := range walk(fetch, func(s string) string { return s }) {
			if err != nil {
				if errors.Is(err, errChanging) {
					return
				}
				t.Fatal(err)
			}
			if seen[key] {
				t.Fatalf("%s twice", key)
			}
			seen[key] = true
		}
		for _, key := range always {
			if !seen[key] {
				t.Fatalf("%s left out", key)
			}
		}
	})
}

// TestWalkGoesBack: after a deletion in front of a page, the list is read again
// from a page further in front, not from its beginning.
func TestWalkGoesBack(t *testing.T) {
	s := &shiftingList{size: pageSize}
	for i := range 2000 {
		s.keys = append(s.keys, fmt.Sprintf("%04d", i))
	}
	fetched, n := 0, 0
	for _, err := range walk(func(start int) (page[string], error) {
		if fetched++; fetched == 16 {
			s.keys = s.keys[250:]
		}
		return s.page(start), nil
	}, func(s string) string { return s }) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 2000 || fetched > 24 {
		t.Errorf("%d entries of %d pages", n, fetched)
	}
	for range walk(func(start int) (page[string], error) { return s.page(start), nil }, func(s string) string { return s }) {
		break // the end of a loop is the end of the list
	}
}

// TestShortListIsAnError: a list that is shorter than it says is an error,
// never a short list.
func TestShortListIsAnError(t *testing.T) {
	all := strings.Fields("a b c d e f g h i")
	for name, list := range map[string]func(start int) page[string]{
		"an empty page":      func(int) page[string] { return page[string]{total: 9} },
		"the same page":      func(int) page[string] { return page[string]{items: all[:4], total: 9} },
		"pages of one":       func(start int) page[string] { return page[string]{items: all[start-1 : start], total: 9} },
		"a hole in the list": func(start int) page[string] { return page[string]{items: all[min(start-1, 9):], total: 12} },
		"no order": func(start int) page[string] {
			return page[string]{items: []string{fmt.Sprint(start), all[0], fmt.Sprint(-start)}, total: 90}
		},
	} {
		fetched, n, last := 0, 0, error(nil)
		fetch := func(start int) (page[string], error) { fetched++; return list(start), nil }
		for _, err := range walk(fetch, func(s string) string { return s }) {
			if n++; err != nil {
				last = err
			}
		}
		if last == nil || fetched > 10 && name != "no order" {
			t.Errorf("%s: %d entries of %d pages, %v", name, n, fetched, last)
		}
	}
}

// people is a service with n users, of which ids ascend.
func people(n int, changes ...func(q map[string]string, page *string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		start, _ := strconv.Atoi(q.Get("startIndex"))
		count, _ := strconv.Atoi(q.Get("count"))
		var list []string
		for i := start; i < start+count && i <= n; i++ {
			list = append(list, fmt.Sprintf(`{"id":"id-%04d","userName":"u%d@example.com"}`, i, i))
		}
		page := fmt.Sprintf(`{"totalResults":%d,"Resources":[%s]}`, n, strings.Join(list, ","))
		asked := map[string]string{}
		for name := range q {
			asked[name] = q.Get(name)
		}
		for _, change := range changes {
			change(asked, &page)
		}
		fmt.Fprint(w, page)
	}
}

// TestList: all pages are read, sorted by id, with filter and attributes.
func TestList(t *testing.T) {
	var asked map[string]string
	b := transporttest.Serve(t, people(250, func(q map[string]string, _ *string) { asked = q }))
	n := 0
	for res, err := range List(t.Context(), b.Client, "Users", Query{Filter: `userName sw "u"`, Attributes: "id,userName"}) {
		if n++; err != nil || res.ID != fmt.Sprintf("id-%04d", n) || res.Raw == nil {
			t.Fatalf("%d: %+v %v", n, res, err)
		}
	}
	if n != 250 || asked["sortBy"] != "id" || asked["sortOrder"] != "ascending" || asked["count"] != "100" ||
		asked["filter"] != `userName sw "u"` || asked["attributes"] != "id,userName" {
		t.Errorf("%d users, asked %v", n, asked)
	}
}

// TestUnreadablePageIsAnError: a page that cannot be read in full is an error.
func TestUnreadablePageIsAnError(t *testing.T) {
	for name, spoil := range map[string]func(map[string]string, *string){
		"no id":                func(_ map[string]string, p *string) { *p = strings.Replace(*p, `"id":"id-0002",`, "", 1) },
		"an id that is a path": func(_ map[string]string, p *string) { *p = strings.Replace(*p, "id-0002", "../x", 1) },
		"no total":             func(_ map[string]string, p *string) { *p = strings.Replace(*p, "totalResults", "other", 1) },
		"another organization": func(_ map[string]string, p *string) {
			*p = strings.Replace(*p, `"id":"id-0002",`, `"id":"id-0002","meta":{"location":"https://h/identity/scim/00000000-0000-4000-8000-000000000009/v2/Users/id-0002"},`, 1)
		},
		"the token": func(_ map[string]string, p *string) {
			*p = strings.Replace(*p, "u2@example.com", transporttest.Token, 1)
		},
		"html":      func(_ map[string]string, p *string) { *p = "<html>" },
		"truncated": func(_ map[string]string, p *string) { *p = (*p)[:len(*p)/2] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each failure is repeated a few times, after a wait
			b := transporttest.Serve(t, people(3, spoil))
			var last error
			for _, err := range List(t.Context(), b.Client, "Users", Query{}) {
				last = err
			}
			if _, ok := errors.AsType[*Error](last); !ok {
				t.Error(last)
			}
		})
	}
}

// TestMembersAndMe: the members of a group in pages of 500, and the owner of
// the token.
func TestMembersAndMe(t *testing.T) {
	b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/identity/scim/v2/Users/me" {
			fmt.Fprint(w, `{"id":"me-1","userName":"admin@example.com"}`)
			return
		}
		if r.URL.Path != "/identity/scim/"+transporttest.Org+"/v2/Groups/g-1/Members" {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"no group"}`)
			return
		}
		start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
		var list []string
		for i := start; i < start+500 && i <= 1200; i++ {
			list = append(list, fmt.Sprintf(`{"value":"m%d","type":"user","display":"M %d"}`, i, i))
		}
		fmt.Fprintf(w, `{"memberSize":1200,"members":[%s]}`, strings.Join(list, ","))
	})
	n := 0
	for m, err := range Members(t.Context(), b.Client, "g-1") {
		if n++; err != nil || m.ID != fmt.Sprintf("m%d", n) || m.Type != "user" {
			t.Fatalf("%+v %v", m, err)
		}
	}
	me, err := Me(t.Context(), b.Client)
	if n != 1200 || err != nil || me.ID != "me-1" {
		t.Errorf("%d members; me %+v %v", n, me, err)
	}
	for _, err := range Members(t.Context(), b.Client, "../Users") {
		if e, ok := errors.AsType[*Error](err); !ok || e.Kind != transport.Rejected || e.Status != 0 {
			t.Error(err)
		}
	}
	for _, err := range Members(t.Context(), b.Client, "g-2") {
		if e, ok := errors.AsType[*Error](err); !ok || e.Status != http.StatusNotFound {
			t.Error(err)
		}
	}
}

// TestGet: a resource is found, absent by the service's own word, or not known.
func TestGet(t *testing.T) {
	const user = `{"schemas":["x"],"id":"A b/1","userName":"ada","meta":{"created":"2001-02-03T04:05:06.789Z","lastModified":"2002-02-03T05:05:06+01:00"}}`
	for _, tt := range []struct {
		status int
		body   string
		want   string // found, absent, or the kind of the error
	}{
		{200, strings.ReplaceAll(user, "A b/1", "A-1"), "found"}, {200, strings.ReplaceAll(user, "A b/1", "a-1"), "found"},
		{200, user, "no response"}, {200, `{"userName":"ada"}`, "no response"}, {200, `{"totalResults":0}`, "no response"}, {200, transporttest.LoginPage, "no response"}, {200, ``, "no response"},
		{200, `{"id":"A-1","meta":{"location":"https://h/identity/scim/` + transporttest.OtherOrg + `/v2/Users/A-1"}}`, "no response"},
		{500, `{"id":"A-1"}`, "no response"}, {404, transporttest.ScimError, "absent"}, {410, transporttest.WebexError, "absent"}, {404, transporttest.LoginPage, "waiting"}, {404, ``, "denied"},
		{403, transporttest.WebexError, "denied"}, {403, transporttest.LoginPage, "rejected"}, {400, transporttest.WebexError, "rejected"}, {500, ``, "no response"}, {503, ``, "waiting"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
				c.Throttle = throttle.New(throttle.Config{})
				c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if r.URL.Path == "/identity/scim/v2/Users/me" {
						return transporttest.Answer(tt.status, tt.body), nil
					}
					if r.Method != "GET" || r.URL.Path != "/identity/scim/"+transporttest.Org+"/v2/Users/A-1" || r.URL.RawQuery != "" {
						t.Errorf("%s %s", r.Method, r.URL)
					}
					return transporttest.Answer(tt.status, tt.body), nil
				})}
			})
			res, found, err := Get(t.Context(), b.Client, "Users", "A-1")
			got := "absent"
			if le, ok := errors.AsType[*Error](err); ok {
				got = le.Kind.String()
			} else if found {
				got = "found"
				if res.Name != "ada" || !res.Created.Equal(time.Date(2001, 2, 3, 4, 5, 6, 789e6, time.UTC)) ||
					!res.Modified.Equal(time.Date(2002, 2, 3, 4, 5, 6, 0, time.UTC)) || string(res.Raw) != tt.body {
					t.Errorf("%+v", res)
				}
			}
			me, err := Me(t.Context(), b.Client)
			if whose := tt.status == 200 && strings.Contains(strings.ToUpper(tt.body), "A-1"); whose != (err == nil) || whose && me.ID == "" {
				t.Errorf("%d %.40s: me %+v, %v", tt.status, tt.body, me, err)
			}
			if got != tt.want || !found && res.ID != "" {
				t.Errorf("%d %.40s: %s, %+v, %v", tt.status, tt.body, got, res, err)
			}
		})
	}
	b := transporttest.Serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request left") })
	for _, id := range []string{"", ".", "..", "a/b", "a%2fb", "bulkId:x", "a\nb"} {
		if _, _, err := Get(t.Context(), b.Client, "Users", id); err == nil {
			t.Errorf("%q was asked for", id)
		}
	}
	if _, _, err := Get(t.Context(), b.Client, "Devices", "1"); err == nil {
		t.Error("a device was asked for")
	}
}

// TestGetFromSimulator: the strict simulator knows these requests.
func TestGetFromSimulator(t *testing.T) {
	sim := webextest.New(webextest.Config{})
	cfg := sim.Config()
	b := transporttest.New(t, "https://webexapis.com", func(c *transport.Config) {
		c.OrgID, c.HTTP = cfg.OrgID, sim.Client()
		c.Token = func(context.Context, string) (string, error) { return cfg.Token, nil }
	})
	for kind, data := range map[string]map[string]any{
		"Users":  {"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userType": "user", "userName": transporttest.Secret},
		"Groups": {"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": transporttest.Secret},
	} {
		id, err := sim.Add("/"+kind, data)
		if err != nil {
			t.Fatal(err)
		}
		res, found, err := Get(t.Context(), b.Client, kind, id)
		if err != nil || !found || res.ID != id || res.Name != transporttest.Secret || res.Created.IsZero() || res.Date.IsZero() {
			t.Errorf("%s: %+v %v %v", kind, res, found, err)
		}
		if _, found, err := Get(t.Context(), b.Client, kind, "7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de0ff"); found || err != nil {
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
		{`"id":"1","meta":{"location":"/v2/Groups/1"}`, "", "", false, false}, {`"id":"1","meta":{"location":"https://h/scim/` + transporttest.OtherOrg + `/v2/Users/1"}`, "", "", false, false},
		{`"id":"1","meta":{"location":"https://example.com/v2/Users/2"}`, "1", "", false, false}, {`"id":"1","meta":{"location":"odd"}`, "1", "", false, false},
	} {
		b := transporttest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"totalResults":1,"Resources":[{"userName":"a",%s}]}`, tt.members)
		})
		found, err := Find(t.Context(), b.Client, "Users", []string{"a"})
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

// TestReadPage: odd resources cost only themselves, foreign ones are left out,
// and what is no page is no empty page.
func TestReadPage(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{"totalResults":1,"Resources":[{"id":"1","userName":"ADA"}]}`, "1"},
		{`{"totalResults":"1","resources":[{"ID":1,"USERNAME":"ada","meta":null}]}`, "1"},
		{`{"Resources":[{"id":"1","userName":"ada","meta":{"version":7,"location":null}}]}`, "1"},
		{`{"Resources":[null,7,[],{"id":"2"},{"id":"3","userName":["ada"]},{"id":"1","userName":"ada","externalId":{}}]}`, "1"},
		{`{"Resources":[{"id":"1","userName":"ada"},{"id":"1","userName":"ada"},{"id":"2","userName":"adam"},{"id":"3","displayName":"ada"}]}`, "1"},
		{`{"totalResults":0}`, ""}, {`{"totalResults":0,"Resources":null}`, ""}, {`{"Resources":[]}`, ""}, {`{"totalResults":-1}`, "!"},
		{`{"totalResults":5,"Resources":[]}`, ""},
		{`{}`, "!"}, {`{"detail":"x"}`, "!"}, {``, "!"}, {`null`, "!"}, {`[]`, "!"}, {`<html>`, "!"}, {`{"Resources":{}}`, "!"}, {`{"totalResults":0,"Resources":{}}`, "!"},
		{`{"Resources":[{"id":"1","userName":"ada"}`, "!"}, {`{"totalResults":"many"}`, "!"},
	} {
		synctest.Test(t, func(t *testing.T) {
			requests := 0
			b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
				c.Throttle = throttle.New(throttle.Config{})
				c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(*http.Request) (*http.Response, error) {
					requests++
					return transporttest.Answer(200, tt.body), nil
				})}
			})
			found, err := Find(t.Context(), b.Client, "Users", []string{"ada", ""})
			got := ids(found)
			if err != nil {
				got = "!"
				if le, ok := errors.AsType[*Error](err); !ok || le.Status != 200 || le.Kind != transport.NoResponse || requests != mostAttempts {
					t.Errorf("%s: %v after %d requests", tt.body, err, requests)
				}
			}
			if got != tt.want {
				t.Errorf("%s: %q, want %q", tt.body, got, tt.want)
			}
		})
	}
}
