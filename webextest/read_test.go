package webextest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// fetch returns the answer to a GET below the organization.
func fetch(t testing.TB, s *Simulator, target string) (int, obj) {
	t.Helper()
	if !strings.HasPrefix(target, "https:") {
		target = strings.TrimSuffix(bulkURL, "Bulk") + target
	}
	res, body := call(t, s.Client(), "GET", target, "")
	var answer obj
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%s: %v: %s", target, err, body)
	}
	return res.StatusCode, answer
}

// texts are a member of each element of a list, as one text.
func texts(list any, name string) string {
	var all []string
	elements, _ := list.([]any)
	for _, element := range elements {
		all = append(all, fmt.Sprint(element.(obj)[name]))
	}
	return strings.Join(all, " ")
}

func TestMembersAreReturnedInPages(t *testing.T) {
	s := New(Config{})
	var members []obj
	for i := range 3 {
		id, err := s.Add("/Users", obj{"userName": fmt.Sprintf("u%d@x.org", i), "displayName": fmt.Sprint("U", i)})
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, obj{"value": id, "type": "user"})
	}
	inner, _ := s.Add("/Groups", obj{"displayName": "Inner"})
	members = append(members, obj{"value": inner, "type": "Group"})
	id, err := s.Add("/Groups", obj{"displayName": "Team", "members": members})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		query       string
		size, start float64
		names       string
	}{
		{"", 4, 1, "U0 U1 U2 Inner"},
		{"startIndex=2&count=2", 4, 2, "U1 U2"},
		{"startIndex=0&count=1", 4, 1, "U0"},
		{"startIndex=9", 4, 9, ""},
		{"count=0", 4, 1, ""},
		{"memberType=user&startIndex=3", 3, 3, "U2"},
		{"memberType=group", 1, 1, "Inner"},
		{"memberType=machine", 0, 1, ""},
	} {
		status, got := fetch(t, s, "Groups/"+strings.ToUpper(id)+"/Members?"+c.query)
		names := texts(got["members"], "display")
		if status != 200 || got["memberSize"] != c.size || got["startIndex"] != c.start || names != c.names || got["displayName"] != "Team" {
			t.Errorf("%s: %d %v", c.query, status, got)
		}
		if list, ok := got["members"].([]any); !ok || got["itemsPerPage"] != float64(len(list)) {
			t.Errorf("%s: %v", c.query, got)
		}
	}
	if got := search(t, s, "Groups", "includeMembers=true&memberType=group&"+filter(`displayName eq "team"`)).Resources; texts(got[0]["members"], "value") != inner {
		t.Errorf("by type: %v", got)
	}
	checkSound(t, s)
	for target, want := range map[string]int{
		"Groups/x/Members": 404, "Users/" + members[0]["value"].(string) + "/Members": 404, "Groups/" + id + "/members": 404,
		"Groups/" + id + "/Members?count=x": 400, "Groups/" + id + "/Members?startIndex=1.5": 400,
	} {
		if status, got := fetch(t, s, target); status != want {
			t.Errorf("%s: %d %v", target, status, got)
		}
	}
	if n := len(s.Violations()); n != 4 { // two paths, two parameters
		t.Errorf("%v", s.Violations())
	}
}

func TestManyMembersNeedSeveralPages(t *testing.T) {
	s := New(Config{})
	var members []obj
	for i := range 500 + 1 {
		id, _ := s.Add("/Users", obj{"userName": fmt.Sprint("u", i)})
		members = append(members, obj{"value": id, "type": "user"})
	}
	id, err := s.Add("/Groups", obj{"displayName": "Team", "members": members[:500]})
	if err != nil {
		t.Fatal(err)
	}
	send(t, s, 0, patch("/Groups/"+id, obj{"op": "add", "path": "members", "value": members[500:]}))
	for query, want := range map[string]int{"": 500, "count=1000": 500, "startIndex=500": 2} {
		if _, got := fetch(t, s, "Groups/"+id+"/Members?"+query); got["memberSize"] != float64(500+1) || len(got["members"].([]any)) != want {
			t.Errorf("%s: %v of %v", query, got["itemsPerPage"], got["memberSize"])
		}
	}
	if _, got := fetch(t, s, "Groups/"+id); len(got["members"].([]any)) != 500 {
		t.Error("a group shows more than a page of members")
	}
}

func TestUsersMeIsTheOwner(t *testing.T) {
	const me = "https://webexapis.com/identity/scim/v2/Users/me"
	s := New(Config{})
	status, got := fetch(t, s, me)
	meta, _ := got["meta"].(obj)
	extension, _ := got[scim.WebexUser].(obj)
	if status != 200 || got["id"] != "00000000-0000-4000-8000-000000000001" || meta["organizationID"] != DefaultOrgID || fmt.Sprint(extension["meta"]) != "map[organizationId:"+DefaultOrgID+"]" {
		t.Errorf("%d %v", status, got)
	}
	if n := search(t, s, "Users", "").TotalResults; n != 0 {
		t.Errorf("a search finds %d users", n)
	}
	s = New(Config{Owner: "Ann@x.org"})
	if status, got := fetch(t, s, me); status != 404 {
		t.Errorf("before there is such a user: %d %v", status, got)
	}
	id, err := s.Add("/Users", obj{"userName": "ann@x.org", scim.WebexUser: obj{"userNameType": "email"}})
	if err != nil {
		t.Fatal(err)
	}
	status, got = fetch(t, s, me)
	extension, _ = got[scim.WebexUser].(obj)
	if status != 200 || got["id"] != id || extension["userNameType"] != "email" || extension["meta"] == nil {
		t.Errorf("%d %v", status, got)
	}
	checkSound(t, s)
	if res, _ := call(t, s.Client(), "POST", me, "{}"); res.StatusCode != 405 || len(s.Violations()) != 1 {
		t.Errorf("a POST: %d, %v", res.StatusCode, s.Violations())
	}
}

func TestSearchesSort(t *testing.T) {
	s := New(Config{Seed: 3})
	for _, name := range []string{"b@x.org", "C@x.org", "a@x.org"} {
		if _, err := s.Add("/Users", obj{"userName": name}); err != nil {
			t.Fatal(err)
		}
	}
	c, _ := s.UserByName("c@x.org")
	send(t, s, 0, patch("/Users/"+c.ID(), obj{"op": "replace", "path": "title", "value": "x"}))
	for query, want := range map[string]string{
		"":                                     "b@x.org C@x.org a@x.org",
		"sortOrder=descending":                 "b@x.org C@x.org a@x.org",
		"sortBy=userName":                      "a@x.org b@x.org C@x.org",
		"sortBy=userName&sortOrder=descending": "C@x.org b@x.org a@x.org",
		"sortBy=meta.lastModified":             "b@x.org a@x.org C@x.org",
		"sortBy=meta.lastModified&sortOrder=descending&count=1": "C@x.org",
		"sortBy=userName&startIndex=2&count=1":                  "b@x.org",
	} {
		_, got := fetch(t, s, "Users?"+query)
		if names := texts(got["Resources"], "userName"); names != want {
			t.Errorf("%s: %s, want %s", query, names, want)
		}
	}
	_, got := fetch(t, s, "Users?sortBy=id&attributes=id")
	if ids := strings.Fields(texts(got["Resources"], "id")); len(ids) != 3 || ids[0] > ids[1] || ids[1] > ids[2] {
		t.Errorf("by id: %v", ids)
	}
	checkSound(t, s)
	_, got = fetch(t, s, "Users?sortBy=username&sortOrder=Descending") // taken, and a violation
	if names := texts(got["Resources"], "userName"); names != "C@x.org b@x.org a@x.org" {
		t.Errorf("in another case: %s", names)
	}
	for _, query := range []string{"sortBy=title", "sortBy=displayName", "sortBy=userName&sortOrder=up"} {
		if status, got := fetch(t, s, "Users?"+query); status != 400 || got["scimType"] != "invalidValue" {
			t.Errorf("%s: %d %v", query, status, got)
		}
	}
}

func TestSearchesReturnTheGroupsOfUsers(t *testing.T) {
	s := New(Config{})
	send(t, s, 0, user("a", "a@x.org"), user("b", "b@x.org"), group("g", "G", "bulkId:a"), group("h", "H", "bulkId:a"))
	h := s.GroupsByName("H")[0].ID()
	send(t, s, 0, patch("/Groups/"+h, obj{"op": "add", "path": scim.WebexGroup + ":usage", "value": "location"}))
	for query, want := range map[string]string{
		"":                         "",
		"returnGroups=false":       "",
		"returnGroups=true":        "<nil> <nil>",
		"includeGroupDetails=true": "G H",
		"includeGroupDetails=true&groupUsageTypes=location,policy": "H",
	} {
		_, got := fetch(t, s, "Users?"+query)
		list := got["Resources"].([]any)
		if names := texts(list[0].(obj)["groups"], "display"); names != want {
			t.Errorf("%s: %s, want %s", query, names, want)
		}
		if others, _ := list[1].(obj)["groups"].([]any); len(others) != 0 {
			t.Errorf("%s: %v", query, others)
		}
	}
	checkSound(t, s)
}
