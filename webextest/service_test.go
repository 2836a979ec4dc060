package webextest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/webextest/internal/contract"
)

func TestSearchFiltersAndPages(t *testing.T) {
	s := New(Config{PageSize: 4})
	for i := range 10 {
		o := user("u", fmt.Sprintf("User%d@x.org", i))
		o.Data.(obj)["title"] = []string{"Chief", "Staff"}[i%2]
		send(t, s, 0, o)
	}
	a, _ := s.UserByName("user3@x.org")
	send(t, s, 0, group("g", "Team", a.ID()), group("h", "team"))
	for _, c := range []struct {
		collection, query string
		total, items      int
	}{
		{"Users", "", 10, 4},
		{"Users", "startIndex=9", 10, 2},
		{"Users", "startIndex=11", 10, 0},
		{"Users", "startIndex=1&count=3", 10, 3},
		{"Users", "count=0", 10, 0},
		{"Users", "count=1000", 10, 4},
		{"Users", filter(`userName eq "USER3@x.org"`), 1, 1},
		{"Users", filter(`userName Eq "user3@x.org" or userName eq "user4@X.org" or userName eq "nobody"`), 2, 2},
		{"Users", filter(`userName eq "user3@x.org" or username eq "user3@x.org"`), 1, 1},
		{"Users", filter(`id eq "` + a.ID() + `"`), 1, 1},
		{"Users", filter(`userName eq "user3@x.org" and title eq "chief"`), 0, 0},
		{"Users", filter(`title eq "staff" and not (userName sw "user1")`), 4, 4},
		{"Users", filter(`title pr`) + "&startIndex=8", 10, 3},
		{"Users", filter(`title eq "externalId"`), 0, 0},
		{"Groups", filter(`displayName eq "TEAM"`), 2, 2},
	} {
		got := search(t, s, c.collection, c.query)
		if got.TotalResults != c.total || got.ItemsPerPage != c.items || len(got.Resources) != c.items {
			t.Errorf("%s?%s: %d in all, %d here (%d), want %d and %d", c.collection, c.query,
				got.TotalResults, got.ItemsPerPage, len(got.Resources), c.total, c.items)
		}
	}
	if got := search(t, s, "Groups", filter(`displayName eq "team"`)).Resources; got[0]["members"] != nil {
		t.Error("members come unasked")
	}
	if got := search(t, s, "Groups", "includeMembers=true").Resources; got[0]["members"] == nil {
		t.Error("members do not come")
	}
	only := search(t, s, "Users", "count=1&attributes=userName,meta.version").Resources[0]
	if len(only) != 4 || only["id"] == nil || only["schemas"] == nil || only["meta"] == nil {
		t.Errorf("attributes: %v", only)
	}
	for query, status := range map[string]int{
		filter(`userName eq`): 400, filter(`externalId pr`): 400, filter(`externalId eq "x"`): 400,
	} {
		if res, body := call(t, s.Client(), "GET", strings.TrimSuffix(bulkURL, "Bulk")+"Users?"+query, ""); res.StatusCode != status {
			t.Errorf("%s: %d %s", query, res.StatusCode, body)
		}
	}
	checkSound(t, s)
}

func TestGetReturnsOneResource(t *testing.T) {
	s := New(Config{BaseURL: "https://webexapis.com"})
	location := send(t, s, 0, user("a", "a@x.org"))[0].Location
	res, body := call(t, s.Client(), "GET", location, "")
	var got Resource
	if err := json.Unmarshal([]byte(body), &got); err != nil || res.StatusCode != 200 {
		t.Fatalf("%d %v %s", res.StatusCode, err, body)
	}
	meta, _ := got["meta"].(map[string]any)
	if got.UserName() != "a@x.org" || meta["location"] != location || meta["version"] != `W/"1"` || meta["resourceType"] != "User" {
		t.Errorf("%s", body)
	}
	if res, _ := call(t, s.Client(), "GET", strings.Replace(location, "Users", "Groups", 1), ""); res.StatusCode != 404 {
		t.Errorf("a user among groups: %d", res.StatusCode)
	}
}

func TestReadLagDelaysReadsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{ReadLag: 5 * time.Second})
		find := func(name string) int { return search(t, s, "Users", filter(`userName eq "`+name+`"`)).TotalResults }
		send(t, s, 0, user("a", "a@x.org"))
		a, ok := s.UserByName("a@x.org")
		if !ok || find("a@x.org") != 0 || search(t, s, "Users", "").TotalResults != 0 {
			t.Error("a read does not lag")
		}
		got := send(t, s, 0, user("b", "a@x.org"), patch("/Users/"+a.ID(), obj{"op": "replace", "path": "userName", "value": "z@x.org"}))
		if statuses(got) != "409 200" {
			t.Errorf("a write lags: %+v", got)
		}
		time.Sleep(4 * time.Second)
		send(t, s, 0, remove("/Users/"+a.ID()))
		if find("a@x.org")+find("z@x.org") != 0 {
			t.Error("visible after four seconds")
		}
		time.Sleep(time.Second)
		if find("a@x.org") != 0 || find("z@x.org") != 1 {
			t.Error("not visible after five seconds")
		}
		time.Sleep(4 * time.Second)
		if find("z@x.org") != 0 || search(t, s, "Users", "").TotalResults != 0 {
			t.Error("visible five seconds after it was deleted")
		}
		if _, err := s.Add("/Users", obj{"userName": "c@x.org"}); err != nil || find("c@x.org") != 1 {
			t.Errorf("what a test adds is there at once: %v", err)
		}
	})
}

func TestRateLimitRefusesInItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Rate: RateLimit{Requests: 3, Window: 10 * time.Second}})
		s.Script(Refuse(503, ""))
		var got []string
		send := func() {
			status, _, header, _ := ask(t.Context(), s.Client(), "https://webexapis.com", bulkRequest(0, user("a", "a@x.org")))
			got = append(got, fmt.Sprintf("%d%v", status, header["Retry-After"]))
			time.Sleep(1500 * time.Millisecond)
		}
		for range 8 {
			send()
		}
		want := "503[] 200[] 200[] 429[6] 429[4] 429[3] 429[1] 200[]"
		if strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", got, want)
		}
		if st := s.Stats(); st.Limited != 4 || st.Requests != 8 || st.Faults != 1 {
			t.Errorf("%+v", st)
		}
	})
	s := New(Config{Rate: RateLimit{Requests: 1, RetryAfter: func(left time.Duration) string { return "rand(30),add(30)" }}})
	search(t, s, "Users", "")
	res, body := call(t, s.Client(), "GET", strings.TrimSuffix(bulkURL, "Bulk")+"Users", "")
	if res.StatusCode != 429 || res.Header.Get("Retry-After") != "rand(30),add(30)" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	wantError(t, res, body, 429)
}

func TestTokensExpireAndAreRefreshed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{TokenUses: 2, TokenLife: time.Hour, Tokens: []string{"second"}, OAuth: OAuth{"id", "secret", "refresh"}})
		try := func(token string) int {
			req, _ := http.NewRequest("GET", strings.TrimSuffix(bulkURL, "Bulk")+"Users", nil)
			req.Header.Set("Authorization", "Bearer "+token)
			res, err := s.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			return res.StatusCode
		}
		if got := []int{try(DefaultToken), try(DefaultToken), try(DefaultToken)}; fmt.Sprint(got) != "[200 200 401]" {
			t.Errorf("by uses: %v", got)
		}
		first := try("second")
		time.Sleep(time.Hour)
		if second := try("second"); first != 200 || second != 401 {
			t.Errorf("by time: %d, %d", first, second)
		}
		refresh := func(token, secret string) (answer obj) {
			form := url.Values{"grant_type": {"refresh_token"}, "client_id": {"id"}, "client_secret": {secret}, "refresh_token": {token}}
			_, body := call(t, s.Client(), "POST", "https://webexapis.com/v1/access_token", form.Encode())
			if err := json.Unmarshal([]byte(body), &answer); err != nil {
				t.Fatal(err)
			}
			return answer
		}
		if got := refresh("refresh", "wrong"); got["error"] != "invalid_client" {
			t.Errorf("wrong secret: %v", got)
		}
		answer := refresh("refresh", "secret")
		if access, _ := answer["access_token"].(string); try(access) != 200 || answer["expires_in"] != 3600.0 {
			t.Errorf("%v", answer)
		}
		if got := refresh("refresh", "secret"); got["error"] != "invalid_grant" {
			t.Errorf("an old refresh token: %v", got)
		}
		next, _ := answer["refresh_token"].(string)
		if got := refresh(next, "secret"); got["access_token"] == answer["access_token"] || got["error"] != nil {
			t.Errorf("the new refresh token: %v", got)
		}
	})
}

func TestTransportCallsTheHooksOfHTTPTrace(t *testing.T) {
	for _, c := range []struct {
		fault *Fault
		want  string
	}{
		{nil, "get got headers wrote first"},
		{CutAt(OnDial), "get"},
		{CutAt(BeforeBody), "get got headers broken"},
		{CutAt(BeforeWork), "get got headers wrote"},
		{CutAt(AfterWork), "get got headers wrote"},
		{CutAt(InAnswer), "get got headers wrote first"},
	} {
		s := New(Config{})
		s.Script(c.fault)
		var got []string
		add := func(what string) { got = append(got, what) }
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			GetConn:      func(string) { add("get") },
			GotConn:      func(httptrace.GotConnInfo) { add("got") },
			WroteHeaders: func() { add("headers") },
			WroteRequest: func(info httptrace.WroteRequestInfo) {
				if info.Err != nil {
					add("broken")
				} else {
					add("wrote")
				}
			},
			GotFirstResponseByte: func() { add("first") },
		})
		_, _, _, _ = ask(ctx, s.Client(), "https://webexapis.com", bulkRequest(0, user("a", "a@x.org")))
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: got %v, want %s", c.fault, got, c.want)
		}
	}
}

func TestIDsAreUUIDsOfTheSeed(t *testing.T) {
	id := func(seed int64) string {
		s := New(Config{Seed: seed})
		id, err := s.Add("/Users", obj{"userName": "a"})
		if err != nil || !contract.IsUUID(id) || id[14] != '4' {
			t.Errorf("%s %v", id, err)
		}
		return id
	}
	if again, other := id(1), id(2); again != id(1) || again == other {
		t.Error("ids do not follow the seed")
	}
	if _, err := New(Config{}).Add("/Users", obj{"displayName": "x"}); err == nil {
		t.Error("a user without userName was added")
	}
}
