package webextest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

const host = "https://webexapis.com"

// get sends a GET with the default token.
func get(t testing.TB, s *Simulator, target string) (*http.Response, string) {
	t.Helper()
	return call(t, s.Client(), "GET", strings.TrimSuffix(bulkURL, "Bulk")+target, "")
}

func TestLateWorkIsDoneInTimeWithoutTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{})
		exists := func(name string) bool { _, ok := s.UserByName(name); return ok }

		s.Script(CutThenWork(90 * time.Second))
		start := time.Now()
		if _, _, _, err := ask(t.Context(), s.Client(), host, bulkRequest(0, user("a", "a@x.org"))); err == nil || time.Since(start) != 0 {
			t.Errorf("the answer is not lost at once: %v after %v", err, time.Since(start))
		}
		time.Sleep(89 * time.Second)
		if exists("a@x.org") || len(s.Ledger()) != 0 {
			t.Errorf("done too early: %+v", s.Ledger())
		}
		time.Sleep(2 * time.Second)
		if e := s.Ledger(); !exists("a@x.org") || len(e) != 1 || e[0].Effect != Created || e[0].At.Sub(start) != 90*time.Second {
			t.Errorf("the ledger has %+v", e)
		}

		// A service that takes longer than the client waits.
		s.Script(DelayWork(90*time.Second), DelayWork(time.Second), CutThenWork(time.Minute))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, _, _, err := ask(ctx, s.Client(), host, bulkRequest(0, user("b", "b@x.org"))); err == nil || exists("b@x.org") {
			t.Errorf("an answer after the timeout: %v", err)
		}
		time.Sleep(31 * time.Second)
		if !exists("b@x.org") {
			t.Error("the work ended with the client")
		}
		if status, body, _, err := ask(t.Context(), s.Client(), host, bulkRequest(0, user("c", "c@x.org"))); status != 200 || err != nil {
			t.Errorf("a client that waits: %d %v %s", status, err, body)
		}

		// A refusal is late, too.
		_, _, _, _ = ask(t.Context(), s.Client(), host, message1(`{"method":"PUT","path":"/Users/1"}`))
		n := len(s.Ledger())
		time.Sleep(2 * time.Minute)
		if late := s.Ledger()[n:]; len(late) != 1 || late[0].Effect != Refused {
			t.Errorf("a late refusal is in the ledger as %+v", late)
		}
		if got := s.Stats(); got.InFlight != 0 || got.Faults != 4 {
			t.Errorf("%+v", got)
		}
	})
}

func TestLateWorkOverlapsWithLaterChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{})
		id, err := s.Add("/Users", obj{"userName": "a@x.org"})
		if err != nil {
			t.Fatal(err)
		}
		title := func(value string) string {
			return bulkRequest(0, patch("/Users/"+id, obj{"op": "replace", "path": "title", "value": value}))
		}
		s.Script(CutThenWork(time.Minute))
		_, _, _, _ = ask(t.Context(), s.Client(), host, title("first"))
		_, _, _, _ = ask(t.Context(), s.Client(), host, title("second"))
		time.Sleep(2 * time.Minute)
		_, _, _, _ = ask(t.Context(), s.Client(), host, title("third"))
		if got := fmt.Sprint(s.Overlaps()); got != "[{Users/"+id+" 1 2}]" {
			t.Errorf("overlaps: %s", got)
		}
		var done []string
		for _, e := range s.History(id) {
			done = append(done, fmt.Sprint(e.Request))
		}
		if got := strings.Join(done, " "); got != "2 1 3" {
			t.Errorf("requests in the order of the work: %s", got)
		}
		checkSound(t, s)
	})
}

func TestServerDoesLateWork(t *testing.T) {
	s := Start(t, Config{})
	s.Script(CutThenWork(20 * time.Millisecond))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if _, _, _, err := ask(t.Context(), client, s.URL, bulkRequest(0, user("a", "a@x.org"))); err == nil {
		t.Error("there is an answer")
	}
	for start := time.Now(); s.Created("a@x.org") == 0; time.Sleep(time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatal("the work is never done")
		}
	}
}

// Lags and the ledger use the real clock.
func TestStoreClockAndShiftClockChangeTimesInAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{StoreClock: -2 * time.Minute, ReadLag: time.Second})
		start := time.Now()
		clocks := func(name string) (date, created time.Duration) {
			location := send(t, s, 0, user("a", name))[0].Location
			time.Sleep(time.Second)
			res, body := call(t, s.Client(), "GET", location, "")
			var r struct{ Meta struct{ Created time.Time } }
			at, err := http.ParseTime(res.Header.Get("Date"))
			if err != nil || json.Unmarshal([]byte(body), &r) != nil || res.StatusCode != 200 {
				t.Fatalf("%v %d %s", err, res.StatusCode, body)
			}
			return at.Sub(start), r.Meta.Created.Sub(start)
		}
		if date, created := clocks("a@x.org"); date != time.Second || created != -2*time.Minute {
			t.Errorf("Date is off by %v, created by %v", date, created)
		}
		s.ShiftClock(-time.Hour)
		if date, created := clocks("b@x.org"); date != 2*time.Second-time.Hour || created != time.Second-time.Hour-2*time.Minute {
			t.Errorf("set back: Date is off by %v, created by %v", date, created)
		}
		if e := s.Ledger()[1]; e.At.Sub(start) != time.Second {
			t.Errorf("the ledger has the time of the service: %v", e.At)
		}
	})
	s := Start(t, Config{})
	s.ShiftClock(-24 * time.Hour)
	for _, fault := range []*Fault{nil, Refuse(503, ""), Intercept(502)} {
		s.Script(fault)
		_, _, header, _ := ask(t.Context(), http.DefaultClient, s.URL, bulkRequest(0, user("a", "a@x.org")))
		if at, err := http.ParseTime(header.Get("Date")); err != nil || time.Since(at) < 23*time.Hour {
			t.Errorf("%v: Date over a socket is %q", fault, header.Get("Date"))
		}
	}
}

func TestNormalizedNamesAreStoredUniqueAndFound(t *testing.T) {
	s := New(Config{UniqueGroupNames: true, Normalize: func(name string) string { return norm.NFC.String(TrimSpaces(name)) }})
	const composed, decomposed = "Zo\u00eb  Team", " Zoe\u0308\tTeam "
	got := send(t, s, 0,
		group("g", decomposed), group("h", composed), user("a", " ann@x.org "), user("b", "ANN@x.org"))
	if statuses(got) != "201 409 201 409" {
		t.Errorf("names: %s", statuses(got))
	}
	g := s.GroupsByName(composed)
	if len(g) != 1 || g[0].DisplayName() != "Zo\u00eb Team" || s.GroupsCreated("Zo\u00eb Team") != 1 || s.Created("ann@x.org") != 1 {
		t.Errorf("stored %v", g)
	}
	for _, expression := range []string{`displayName eq "%s"`, `displayName eq "%s" and displayName pr`} {
		for _, name := range []string{"Zo\u00eb Team", `\tZoe\u0308 Team`} {
			if n := search(t, s, "Groups", filter(fmt.Sprintf(expression, name))).TotalResults; n != 1 {
				t.Errorf("%s of %q finds %d", expression, name, n)
			}
		}
	}
	send(t, s, 0, patch("/Groups/"+g[0].ID(), obj{"op": "replace", "path": "displayName", "value": "New  name"}))
	if g, _ := s.Group(g[0].ID()); g.DisplayName() != "New name" {
		t.Errorf("after a PATCH: %v", g)
	}
	checkSound(t, s)
}

// LoseItems does the operations, RefuseItems does not.
func TestLostAndRefusedItemsHaveTheStatusOfTheFault(t *testing.T) {
	for _, status := range []int{408, 500, 502, 504} {
		s := New(Config{})
		id, err := s.Add("/Users", obj{"userName": "old@x.org"})
		if err != nil {
			t.Fatal(err)
		}
		title := patch("/Users/"+id, obj{"op": "replace", "path": "title", "value": "x"})
		title.BulkID = "p"
		ops := []op{user("a", "a@x.org"), group("g", "G", "bulkId:a"), user("b", "b@x.org"), title, user("c", "A@x.org")}

		s.Script(RefuseItems(status, "a", "p"))
		if got, want := statuses(send(t, s, 0, ops[:4]...)), fmt.Sprintf("%[1]d 400 201 %[1]d", status); got != want {
			t.Errorf("not done: got %s, want %s", got, want)
		}
		if s.Created("a@x.org") != 0 {
			t.Error("done nevertheless")
		}
		send(t, s, 0, remove("/Users/"+userID(s, "b@x.org")))

		s.Script(LoseItems(status, "a", "p"))
		got := send(t, s, 0, ops...)
		if want := fmt.Sprintf("%[1]d 400 201 %[1]d 409", status); statuses(got) != want {
			t.Errorf("done: got %s, want %s", statuses(got), want)
		}
		if got[0].Location != "" || got[0].Response["detail"] == nil || got[0].Version != "" {
			t.Errorf("%+v tells more than an error", got[0])
		}
		if u, _ := s.User(id); s.Created("a@x.org") != 1 || u["title"] != "x" {
			t.Error("not done")
		}
		for _, e := range s.Ledger()[len(s.Ledger())-5:] {
			if want := map[string]Effect{"a": Created, "g": Failed, "b": Created, "p": Patched, "c": Failed}[e.BulkID]; e.Effect != want {
				t.Errorf("the ledger has %s as %s", e.BulkID, e.Effect)
			}
		}

		s.Script(LoseItems(status, "d"))
		if got := statuses(send(t, s, 1, user("d", "d@x.org"), user("e", "e@x.org"))); got != fmt.Sprint(status) {
			t.Errorf("failOnErrors 1: %s", got)
		}
		// All of a cycle are there, whoever has lost its answer.
		s.Script(LoseItems(status, "x"))
		if got := statuses(send(t, s, 0, managed("x", "x@x.org", "bulkId:y"), managed("y", "y@x.org", "bulkId:x"))); got != fmt.Sprintf("%d 201", status) {
			t.Errorf("a cycle: %s", got)
		}
		checkSound(t, s)
	}
}

func userID(s *Simulator, name string) string {
	u, _ := s.UserByName(name)
	return u.ID()
}

// So a client can send them again, too.
func TestDependentsOfARefusedItemHaveItsStatus(t *testing.T) {
	for _, status := range []int{423, 425, 429, 503} {
		s := New(Config{})
		s.Script(RefuseItems(status, "a"), Refuse(status, ""))
		if got, want := statuses(send(t, s, 0, user("a", "a@x.org"), group("g", "G", "bulkId:a"))), fmt.Sprintf("%[1]d %[1]d", status); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got, _, _, _ := ask(t.Context(), s.Client(), host, bulkRequest(0, user("a", "a@x.org"))); got != status {
			t.Errorf("the request is answered with %d", got)
		}
	}
}

func TestWriteLagHidesNewResourcesFromOtherRequests(t *testing.T) {
	for status, want := range map[int]string{0: "404 404 400 400 409 201", 404: "404 404 404 404 409 201"} {
		synctest.Test(t, func(t *testing.T) {
			s := New(Config{WriteLag: 5 * time.Second, UnknownReferenceStatus: status})
			old, err := s.Add("/Users", obj{"userName": "old@x.org"})
			if err != nil {
				t.Fatal(err)
			}
			got := send(t, s, 0, user("a", "a@x.org"), group("g", "G", "bulkId:a", old), managed("b", "b@x.org", "bulkId:a"),
				patch("/Groups/bulkId:g", obj{"op": "replace", "path": "displayName", "value": "H"}))
			if statuses(got) != "201 201 201 200" {
				t.Errorf("within one request: %s", statuses(got))
			}
			a := userID(s, "a@x.org")
			ops := []op{
				patch("/Groups/"+s.GroupsByName("H")[0].ID(), obj{"op": "add", "path": "members", "value": []obj{{"value": old, "type": "user"}}}),
				remove("/Users/" + userID(s, "b@x.org")),
				group("h", "I", a),
				managed("c", "c@x.org", a),
				user("d", "A@x.org"),
				managed("e", "e@x.org", old),
			}
			if got := statuses(send(t, s, 0, ops...)); got != want {
				t.Errorf("at once: got %s, want %s", got, want)
			}
			time.Sleep(5 * time.Second)
			ops[5] = user("e", "f@x.org")
			if got := statuses(send(t, s, 0, ops...)); got != "200 204 201 201 409 201" {
				t.Errorf("later: %s", got)
			}
			checkSound(t, s)
		})
	}
}

// A change of an old group does not check its new members again.
func TestWriteLagKeepsNewMembersOfOldGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{WriteLag: time.Minute})
		g, err := s.Add("/Groups", obj{"displayName": "G"})
		if err != nil {
			t.Fatal(err)
		}
		add := patch("/Groups/"+g, obj{"op": "add", "path": "members", "value": []obj{{"value": "bulkId:a", "type": "user"}}})
		send(t, s, 0, user("a", "a@x.org"), add)
		if got := statuses(send(t, s, 0, patch("/Groups/"+g, obj{"op": "replace", "path": "externalId", "value": "1"}))); got != "200" {
			t.Error(got)
		}
		checkSound(t, s)
	})
}

func TestGatewayAnswersInsteadOfTheService(t *testing.T) {
	for _, status := range []int{502, 511, 200} {
		s := New(Config{OAuth: OAuth{RefreshToken: "r"}, Rate: RateLimit{Requests: 2}})
		s.Script(Refuse(503, ""))
		s.SetGateway(Intercept(status), 3)
		sendAll := func(want int, html bool) {
			t.Helper()
			bulkRes, bulkBody := call(t, s.Client(), "POST", bulkURL, bulkRequest(0, user("a", "a@x.org")))
			searchRes, searchBody := get(t, s, "Users")
			tokenRes, _ := call(t, s.Client(), "POST", host+"/v1/access_token", "grant_type=refresh_token")
			for _, res := range []*http.Response{bulkRes, searchRes, tokenRes} {
				if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") != html || html && res.StatusCode != want {
					t.Errorf("%d %v", res.StatusCode, res.Header)
				}
			}
			if html && (!strings.Contains(bulkBody, "<!DOCTYPE html>") || !strings.Contains(searchBody, "<!DOCTYPE html>")) {
				t.Errorf("%s %s", bulkBody, searchBody)
			}
		}
		sendAll(status, true)
		if users, _ := s.Count(); users != 0 || s.Ledger()[0].Effect != Refused {
			t.Errorf("the service was reached: %+v", s.Ledger())
		}
		sendAll(0, false)
		if s.Stats().Limited != 1 || s.Exchanges()[3].Status != 503 {
			t.Errorf("the gateway used up what is the service's: %+v, %+v", s.Stats(), s.Exchanges())
		}
		s.SetGateway(CutAt(OnDial), 0)
		for range 3 {
			if _, _, _, err := ask(t.Context(), s.Client(), host, bulkRequest(0, user("a", "a@x.org"))); err == nil {
				t.Error("connected")
			}
		}
		s.SetGateway(nil, 0)
		if _, _, _, err := ask(t.Context(), s.Client(), host, bulkRequest(0, user("a", "a@x.org"))); err != nil {
			t.Error(err)
		}
	}
}

func TestFirewallRefusesATextAnywhere(t *testing.T) {
	s := New(Config{Firewall: "<script"})
	bad := user("a", "a@x.org")
	bad.Data.(obj)["title"] = "x"
	body := strings.Replace(bulkRequest(0, bad), `"x"`, `"<script>"`, 1)
	for _, send := range []func() (*http.Response, string){
		func() (*http.Response, string) { return call(t, s.Client(), "POST", bulkURL, body) },
		func() (*http.Response, string) { return get(t, s, "Users?"+filter(`userName eq "<script>"`)) },
	} {
		if res, page := send(); res.StatusCode != 403 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") || !strings.Contains(page, "Forbidden") {
			t.Errorf("%d %v %s", res.StatusCode, res.Header, page)
		}
	}
	if got := statuses(send(t, s, 0, user("a", "a@x.org"))); got != "201" {
		t.Error(got)
	}
}

// These are IgnoreFilter, RepeatFound and MaxSearch.
func TestSearchesIgnoreFiltersRepeatAndHaveAMaximumLength(t *testing.T) {
	for _, c := range []struct {
		cfg   Config
		total int
	}{{Config{}, 1}, {Config{IgnoreFilter: true}, 3}, {Config{RepeatFound: true}, 2}, {Config{IgnoreFilter: true, RepeatFound: true}, 6}} {
		s := New(c.cfg)
		send(t, s, 0, user("a", "a@x.org"), user("b", "b@x.org"), user("c", "c@x.org"))
		got := search(t, s, "Users", filter(`userName eq "b@x.org"`))
		if got.TotalResults != c.total || len(got.Resources) != c.total {
			t.Errorf("%+v: %d", c.cfg, got.TotalResults)
		}
	}
	const target = "/identity/scim/" + DefaultOrgID + "/v2/Users"
	for _, status := range []int{0, 414, 431} {
		s := New(Config{MaxSearch: len(target), MaxSearchStatus: status})
		if res, _ := get(t, s, "Users"); res.StatusCode != 200 {
			t.Errorf("within the limit: %d", res.StatusCode)
		}
		if res, body := get(t, s, "Users?"); res.StatusCode != cmp.Or(status, 414) || json.Valid([]byte(body)) {
			t.Errorf("beyond the limit: %d %s", res.StatusCode, body)
		}
	}
}

func TestXGzipIsNotDecompressed(t *testing.T) {
	s := New(Config{})
	s.Script(XGzip())
	status, body, header, err := ask(t.Context(), s.Client(), host, bulkRequest(0, user("a", "a@x.org")))
	if err != nil || status != 200 || header.Get("Content-Encoding") != "x-gzip" || !strings.HasPrefix(body, "\x1f\x8b") {
		t.Errorf("%d %v %v %.20q", status, err, header, body)
	}
}

// It does not apply to paths with a filter and to members.
func TestAppendDoublesRepeatsValues(t *testing.T) {
	mail := obj{"value": "a@x.org", "type": "work"}
	for doubles, want := range map[bool]int{false: 1, true: 3} {
		s := New(Config{AppendDoubles: doubles})
		send(t, s, 0, user("a", "a@x.org"))
		path := "/Users/" + userID(s, "a@x.org")
		for range 2 {
			send(t, s, 0, patch(path, obj{"op": "add", "path": "emails", "value": []obj{mail}}))
			send(t, s, 0, patch(path, obj{"op": "add", "path": `emails[type eq "work"].display`, "value": "x"}))
		}
		send(t, s, 0, patch(path, obj{"op": "Add", "value": obj{"emails": []obj{mail}}}))
		a, _ := s.UserByName("a@x.org")
		if list, _ := a["emails"].([]any); len(list) != want {
			t.Errorf("doubles %v: %v", doubles, list)
		}
		g, err := s.Add("/Groups", obj{"displayName": "G", "members": []obj{{"value": a.ID()}}})
		if err != nil {
			t.Fatal(err)
		}
		send(t, s, 0, patch("/Groups/"+g, obj{"op": "add", "path": "members", "value": []obj{{"value": a.ID(), "type": "user"}}}))
		if group, _ := s.Group(g); len(group.Members()) != 1 {
			t.Errorf("members: %v", group.Members())
		}
	}
}

func TestMembersWithoutATypeAreRefused(t *testing.T) {
	for _, c := range []struct {
		operation string
		typed     bool
	}{
		{`{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"H","members":[{"value":"ID"}]}}`, false},
		{`{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"H","Members":[{"value":"ID","type":"user"},{"value":"ID","type":""}]}}`, false},
		{`{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"H","members":[{"value":"ID","Type":"User"}]}}`, true},
		{`{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"H","members":[]}}`, true},
		{`{"method":"POST","path":"/Users","bulkId":"g","data":{"userName":"H","members":[{"value":"ID"}]}}`, true},
		{`{"op":"add","path":"members","value":[{"value":"ID"}]}`, false},
		{`{"op":"add","path":"Members","value":{"value":"ID"}}`, false},
		{`{"op":"replace","path":"` + scim.GroupSchema + `:members","value":[{"value":"ID"}]}`, false},
		{`{"op":"add","value":{"members":[{"value":"ID"}]}}`, false},
		{`{"op":"replace","path":"members","value":[{"value":"ID","type":"group"}]}`, true},
		{`{"op":"add","value":{"members":[{"value":"ID","type":"user"}]}}`, true},
		{`{"op":"remove","path":"members[value eq \"ID\"]"}`, true},
		{`{"op":"remove","path":"members"}`, true},
	} {
		for _, untyped := range []bool{false, true} {
			s := New(Config{UntypedMembers: untyped})
			id, _ := s.Add("/Users", obj{"userName": "a@x.org"})
			g, err := s.Add("/Groups", obj{"displayName": "G", "members": []obj{{"value": id}}})
			if err != nil {
				t.Fatal(err)
			}
			operation := c.operation
			if strings.HasPrefix(operation, `{"op"`) {
				operation = `{"method":"PATCH","path":"/Groups/` + g + `","data":{` + patchPart + `,"Operations":[` + operation + `]}}`
			}
			_, body := call(t, s.Client(), "POST", bulkURL, message1(strings.ReplaceAll(operation, "ID", id)))
			ok := c.typed || untyped
			if strings.Contains(body, `"scimType":"invalidValue"`) == ok || (len(s.Violations()) == 0) != ok {
				t.Errorf("%s, switched off %v: %s, violations %v", c.operation, untyped, body, s.Violations())
			}
		}
	}
}

func TestChaosDrawsLateWorkAndLostItems(t *testing.T) {
	run := func() (trace string) {
		synctest.Test(t, func(t *testing.T) {
			s := New(Config{Seed: 5, Chaos: Chaos{LateWork: .3, MaxLateWork: time.Minute, LostItems: .3, TooEarly: .2}})
			for i := range 40 {
				_, _, _, _ = ask(t.Context(), s.Client(), host, bulkRequest(0, user("u", fmt.Sprintf("u%d@x.org", i))))
			}
			time.Sleep(time.Hour)
			for _, x := range s.Exchanges() {
				trace += fmt.Sprint(x.Status, x.Fault, " ")
			}
			if users, _ := s.Count(); users < 25 || users == 40 {
				t.Errorf("%d users", users)
			}
		})
		return trace
	}
	trace := run()
	if trace != run() {
		t.Error("one seed, two runs")
	}
	for _, part := range []string{"work after", "items lost", "425"} {
		if !strings.Contains(trace, part) {
			t.Errorf("no %s in %s", part, trace)
		}
	}
}
