package webextest

import (
	"net/http"
	"strings"
	"testing"
)

const patchPart = `"schemas":["` + schemaPatch + `"]`

// The service understands more changes than the contract allows: those are
// answered as ever, and noted.
func TestLoosePatches(t *testing.T) {
	for data, want := range map[string]string{
		`{` + patchPart + `,"Operations":[{"op":"replace","path":"title","value":"x"}]}`:                     "200 kept",
		`{` + patchPart + `,"Operations":[{"op":"remove"}]}`:                                                 "400 kept",
		`{` + patchPart + `,"Operations":[{"op":"replace","path":"title"}],"more":1}`:                        "400 kept",
		`{` + patchPart + `,"Operations":[{"op":"Replace","path":"title","value":"x"}]}`:                     "200 broken",
		`{"Operations":[{"op":"replace","path":"title","value":"x"}]}`:                                       "400 broken",
		`{"schemas":["` + schemaPatch + `","x"],"Operations":[{"op":"replace","path":"title","value":"x"}]}`: "200 broken",
		`{"schemas":["x"],"Operations":[{"op":"replace","path":"title","value":"x"}]}`:                       "400 broken",
		`{"schemas":[{}],"Operations":[{"op":"replace","path":"title","value":"x"}]}`:                        "400 broken",
		`{` + patchPart + `,"Operations":[{"op":"replace","path":"","value":{"title":"x"}}]}`:                "200 broken",
		`{` + patchPart + `,"Operations":[{"op":"replace","path":null,"value":{"title":"x"}}]}`:              "400 broken",
		`{` + patchPart + `,"Operations":[{"op":"replace","path":"title","value":null}]}`:                    "400 broken",
		`{` + patchPart + `,"Operations":[{"op":"move","path":"title","value":"x"}]}`:                        "400 broken",
		`{` + patchPart + `,"Operations":[{"path":"title","value":"x"}]}`:                                    "400 broken",
		`{` + patchPart + `,"Operations":[{"op":"add","path":"title","value":"x"},1]}`:                       "400 broken",
		`{` + patchPart + `,"Operations":{"op":"add","path":"title","value":"x"}}`:                           "400 broken",
		`{` + patchPart + `,"Operations":null}`:                                                              "400 broken",
		`{` + patchPart + `,"Operations":[]}`:                                                                "400 broken",
		`{` + patchPart + `,"operations":[{"op":"add","path":"title","value":"x"}]}`:                         "400 broken",
		`{` + patchPart + `}`: "400 broken",
		`{"title":"x"}`:       "400 broken",
		`{}`:                  "400 broken",
	} {
		s := New(Config{})
		id, err := s.Add("/Users", obj{"userName": "a@x.org"})
		if err != nil {
			t.Fatal(err)
		}
		_, body := call(t, s.Client(), "POST", bulkURL, message1(`{"method":"PATCH","path":"/Users/`+id+`","data":`+data+`}`))
		status, noting, _ := strings.Cut(want, " ")
		if !strings.Contains(body, `"status":"`+status+`"`) {
			t.Errorf("%s is answered %s, want %s", data, body, status)
		}
		if noted := len(s.Violations()); (noted == 1) != (noting == "broken") || noted > 1 {
			t.Errorf("%s: violations %v", data, s.Violations())
		}
	}
}

// A violation is noted even where nothing of the request is read: behind a wrong
// token, a fault or a limit.
func TestViolationsAreNotedWhateverTheAnswer(t *testing.T) {
	const loose = `{"method":"PATCH","path":"/Users/1","data":{"title":"x"}}`
	for name, s := range map[string]*Simulator{
		"token": New(Config{Token: "another"}),
		"fault": func() *Simulator { s := New(Config{}); s.Script(Refuse(503, "")); return s }(),
		"org":   New(Config{OrgID: "11111111-1111-4111-8111-111111111111"}),
		"stop":  New(Config{}),
	} {
		res, _ := call(t, s.Client(), "POST", bulkURL, strings.Replace(message1(
			`{"method":"DELETE","path":"/Users/2"},`+loose), "{", `{"failOnErrors":1,`, 1))
		if (res.StatusCode == http.StatusOK) != (name == "stop") || len(s.Violations()) != 1 {
			t.Errorf("%s: status %d, violations %v", name, res.StatusCode, s.Violations())
		}
	}
}

// The contract allows a hundred operations. A service that takes fewer refuses
// more, which is no violation; one that takes more notes a violation.
func TestLimitOfOperations(t *testing.T) {
	for _, c := range []struct{ service, sent, status, violations int }{
		{100, 100, 200, 0}, {100, 101, 413, 1}, {20, 20, 200, 0}, {20, 21, 413, 0}, {200, 101, 200, 1},
	} {
		s := New(Config{MaxOperations: c.service})
		res, _ := call(t, s.Client(), "POST", bulkURL, message1(strings.TrimSuffix(strings.Repeat(`{"method":"DELETE","path":"/Users/1"},`, c.sent), ",")))
		if res.StatusCode != c.status || len(s.Violations()) != c.violations {
			t.Errorf("%d to a service that takes %d: status %d, violations %v", c.sent, c.service, res.StatusCode, s.Violations())
		}
	}
}

func TestLooseSearches(t *testing.T) {
	for query, status := range map[string]int{
		"Users?startIndex=-3": 200, "Users?count=-1": 200, "Users?count=": 200,
		"Users?count=x": 400, "Users?startIndex=1.5": 400, "Users?returnGroups=yes": 400, "Groups?includeMembers=": 400,
		"Users?includeGroupDetails=True": 400,
	} {
		s := New(Config{})
		res, body := call(t, s.Client(), "GET", strings.TrimSuffix(bulkURL, "Bulk")+query, "")
		if res.StatusCode != status || len(s.Violations()) != 1 {
			t.Errorf("%s: %d %s, violations %v", query, res.StatusCode, body, s.Violations())
		}
	}
}

// A search from 0 on is one from 1 on (RFC 7644, section 3.4.2.4).
func TestSearchFromZero(t *testing.T) {
	s := New(Config{})
	bulk(t, s, 0, user("a", "a@x.org"), user("b", "b@x.org"))
	if got := search(t, s, "Users", "startIndex=0&count=1"); got.StartIndex != 1 || got.Resources[0]["userName"] != "a@x.org" {
		t.Errorf("%+v", got)
	}
	sound(t, s)
}

// Webex documents that a replace finds what it names. Of add and remove it says
// nothing, and the simulator does what is useful.
func TestFiltersThatSelectNothing(t *testing.T) {
	s := New(Config{})
	id, err := s.Add("/Users", obj{"userName": "a@x.org"})
	if err != nil {
		t.Fatal(err)
	}
	const path = `emails[type eq "other"].value`
	got := bulk(t, s, 0,
		patch("/Users/"+id, obj{"op": "replace", "path": path, "value": "b@x.org"}),
		patch("/Users/"+id, obj{"op": "remove", "path": path}),
		patch("/Users/"+id, obj{"op": "add", "path": path, "value": "b@x.org"}))
	if statuses(got) != "400 200 200" || got[0].Response["scimType"] != "noTarget" {
		t.Errorf("%+v", got)
	}
	sound(t, s)
}

// An id means the same in either case, wherever it stands.
func TestCaseOfIDs(t *testing.T) {
	s := New(Config{})
	bulk(t, s, 0, user("a", "a@x.org"), user("b", "b@x.org"), group("g", "G", "bulkId:a", "bulkId:b"))
	a, _ := s.UserByName("a@x.org")
	b, _ := s.UserByName("b@x.org")
	path := "/Groups/" + strings.ToUpper(s.GroupsByName("G")[0].ID())
	members := func(want ...string) {
		t.Helper()
		if got := s.GroupsByName("G")[0].Members(); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("members are %v, want %v", got, want)
		}
	}
	bulk(t, s, 0, patch(path, obj{"op": "add", "path": "members", "value": []obj{{"value": strings.ToUpper(a.ID()), "type": "user"}}}))
	members(a.ID(), b.ID())
	if list, _ := s.GroupsByName("G")[0]["members"].([]any); list[0].(obj)["type"] != "user" {
		t.Errorf("what is added to a member is lost: %v", list)
	}
	for _, query := range []string{
		filter(`id eq "` + strings.ToUpper(a.ID()) + `"`),
		filter(`id eq "` + strings.ToUpper(a.ID()) + `" and userName pr`),
	} {
		if n := search(t, s, "Users", query).TotalResults; n != 1 {
			t.Errorf("%s finds %d", query, n)
		}
	}
	if n := search(t, s, "Groups", filter(`members[value eq "`+strings.ToUpper(a.ID())+`"]`)).TotalResults; n != 1 {
		t.Errorf("a search by member finds %d", n)
	}
	bulk(t, s, 0, patch(path, obj{"op": "remove", "path": `members[value eq "` + strings.ToUpper(a.ID()) + `"]`}))
	members(b.ID())
	sound(t, s)
}
