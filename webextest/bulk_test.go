package webextest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// The positions of references are those that have failed with a service or a
// client.
func TestReferencesInEveryPositionAreResolvedOrRefused(t *testing.T) {
	ring := func(n int) []op {
		ops := make([]op, n)
		for i := range ops {
			ops[i] = managed(fmt.Sprintf("u%d", i), fmt.Sprintf("u%d@x.org", i), fmt.Sprintf("bulkId:u%d", (i+1)%n))
		}
		return ops
	}
	for _, c := range []struct {
		name string
		ops  []op
		want string
	}{
		{"backward", []op{user("a", "a@x.org"), group("g", "G", "bulkId:a")}, "201 201"},
		{"forward", []op{group("g", "G", "bulkId:a", "bulkId:b"), user("a", "a@x.org"), user("b", "b@x.org")}, "201 201 201"},
		{"chain of forwards", []op{managed("a", "a@x.org", "bulkId:b"), managed("b", "b@x.org", "bulkId:c"), user("c", "c@x.org")}, "201 201 201"},
		{"itself", []op{managed("a", "a@x.org", "bulkId:a")}, "201"},
		{"group in itself", []op{group("g", "G", "bulkId:g")}, "201"},
		{"cycle of two", ring(2), "201 201"},
		{"cycle of a hundred", ring(100), strings.TrimSpace(strings.Repeat("201 ", 100))},
		{"cycle of groups and who hangs on it", []op{
			group("x", "X", "bulkId:g"), group("g", "G", "bulkId:h"), group("h", "H", "bulkId:g"),
		}, "201 201 201"},
		{"prefix of another", []op{user("u1", "1@x.org"), user("u10", "10@x.org"), group("g", "G", "bulkId:u10", "bulkId:u1")}, "201 201 201"},
		{"odd names", []op{user(`a.*/"\ü`, "a@x.org"), group("g", "G", `bulkId:a.*/"\ü`)}, "201 201"},
		{"unknown", []op{group("g", "G", "bulkId:nobody"), user("a", "a@x.org")}, "400 201"},
		{"failed", []op{user("a", ""), group("g", "G", "bulkId:a"), group("h", "H", "bulkId:g")}, "400 400 400"},
		{"broken cycle", []op{managed("a", "a@x.org", "bulkId:b"), managed("b", "", "bulkId:a"), user("c", "c@x.org")}, "400 400 201"},
		{"one name twice in a cycle", []op{managed("a", "a@x.org", "bulkId:b"), managed("b", "A@x.org", "bulkId:a")}, "400 409"},
		{"manager is a group", []op{group("g", "G"), managed("a", "a@x.org", "bulkId:g")}, "201 400"},
		{"in a path", []op{group("g", "G"), remove("/Groups/bulkId:g")}, "201 204"},
		{"forward in a path", []op{remove("/Users/bulkId:a"), user("a", "a@x.org")}, "204 201"},
		{"escaped in a path", []op{user("a/b c", "a@x.org"), remove("/Users/bulkId:a%2Fb%20c")}, "201 204"},
		{"plain slash in a path", []op{user("a/b", "a@x.org"), remove("/Users/bulkId:a/b")}, "201 204"},
		{"unknown in a path", []op{remove("/Users/bulkId:a")}, "400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(Config{})
			if got := statuses(send(t, s, 0, c.ops...)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if err := s.CheckIntegrity(); err != nil {
				t.Error(err)
			}
			if users, groups := s.Count(); users+groups != strings.Count(c.want, "201")-strings.Count(c.want, "204") {
				t.Errorf("%d users and %d groups are left", users, groups)
			}
		})
	}
}

func TestReferencesBecomeTheIDsOfTheirResources(t *testing.T) {
	s := New(Config{})
	send(t, s, 0,
		group("g", "G", "bulkId:b", "bulkId:a", "bulkId:b"),
		managed("a", "a@x.org", "bulkId:b"), managed("b", "b@x.org", "bulkId:a"))
	a, _ := s.UserByName("A@X.org")
	b, _ := s.UserByName("b@x.org")
	if a.Manager() != b.ID() || b.Manager() != a.ID() {
		t.Errorf("managers are %s and %s", a.Manager(), b.Manager())
	}
	if got := s.GroupsByName("g")[0].Members(); !slices.Equal(got, []string{b.ID(), a.ID()}) {
		t.Errorf("members are %v, and should be b and a once each", got)
	}
	checkSound(t, s)
}

// A text with the name of a bulkId is a reference anywhere; other texts stay.
func TestTextThatLooksLikeAReferenceStays(t *testing.T) {
	s := New(Config{})
	text := user("a", "a@x.org")
	text.Data.(obj)["displayName"] = "bulkId:hello"
	known := user("b", "b@x.org")
	known.Data.(obj)["nickName"] = "bulkId:a"
	known.Data.(obj)["title"] = "see bulkId:a"
	if got := statuses(send(t, s, 0, text, known)); got != "201 201" {
		t.Fatal(got)
	}
	a, _ := s.UserByName("a@x.org")
	b, _ := s.UserByName("b@x.org")
	if a.DisplayName() != "bulkId:hello" || b["nickName"] != a.ID() || b["title"] != "see bulkId:a" {
		t.Errorf("stored %v and %v", a, b)
	}
	checkSound(t, s, "bulkId:hello")
	if s.CheckIntegrity() == nil {
		t.Error("CheckIntegrity misses an unresolved reference")
	}
}

func TestFailOnErrorsStopsTheRequest(t *testing.T) {
	ops := []op{user("a", "a@x.org"), user("b", "A@x.org"), user("c", ""), user("d", "d@x.org")}
	for n, want := range []string{"201 409 400 201", "201 409", "201 409 400", "201 409 400 201"} {
		s := New(Config{})
		if got := statuses(send(t, s, n, ops...)); got != want {
			t.Errorf("failOnErrors %d: got %s, want %s", n, got, want)
		}
	}
	s := New(Config{UnattemptedStatus: 412})
	if got := statuses(send(t, s, 1, ops...)); got != "201 409 412 412" {
		t.Errorf("unattempted: %s", got)
	}
	if got := s.Ledger()[3]; got.Effect != Unattempted || s.Stats().Operations != 2 {
		t.Errorf("the ledger has %v", got)
	}
	// A broken cycle fails no more than the budget.
	s = New(Config{})
	cycle := []op{managed("a", "", "bulkId:b"), managed("b", "b@x.org", "bulkId:a")}
	if got := statuses(send(t, s, 1, cycle...)); got != "400" {
		t.Errorf("broken cycle: %s", got)
	}
}

func TestUserNamesAreUnique(t *testing.T) {
	const other = "11111111-2222-4333-8444-555555555555"
	s := New(Config{AnyOrg: true})
	send(t, s, 0, user("a", "Ann@x.org"))
	res, body := call(t, s.Client(), "POST", strings.Replace(bulkURL, DefaultOrgID, other, 1), bulkRequest(0, user("a", "aNN@X.org"), user("b", "b@x.org")))
	if res.StatusCode != 200 || !strings.Contains(body, `"409"`) || !strings.Contains(body, `"uniqueness"`) || !strings.Contains(body, `"errorCode":990409`) {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	// Freed by a deletion, in the same request.
	ann, _ := s.UserByName("ann@x.org")
	if got := statuses(send(t, s, 0, remove("/Users/"+ann.ID()), user("a", "ann@x.org"))); got != "204 201" {
		t.Error(got)
	}
	if n := s.Created("ANN@x.org"); n != 2 {
		t.Errorf("ann was created %d times, and was twice", n)
	}
	checkSound(t, s)
}

func TestGroupNamesAreUniqueIfConfigured(t *testing.T) {
	ops := []op{group("a", "Team"), group("b", "team")}
	if got := statuses(send(t, New(Config{}), 0, ops...)); got != "201 201" {
		t.Error(got)
	}
	if got := statuses(send(t, New(Config{UniqueGroupNames: true}), 0, ops...)); got != "201 409" {
		t.Error(got)
	}
}

func TestDeleteRemovesMembershipsAndManagers(t *testing.T) {
	s := New(Config{})
	send(t, s, 0, user("a", "a@x.org"), managed("b", "b@x.org", "bulkId:a"), group("g", "G", "bulkId:a", "bulkId:b"))
	a, _ := s.UserByName("a@x.org")
	b, _ := s.UserByName("b@x.org")
	got := send(t, s, 0, remove("/Users/"+strings.ToUpper(a.ID())), remove("/Users/"+a.ID()))
	if statuses(got) != "204 404" || !strings.HasSuffix(got[0].Location, "/Users/"+a.ID()) {
		t.Errorf("%+v", got)
	}
	g := s.GroupsByName("G")[0]
	if b, _ = s.User(b.ID()); b.Manager() != "" || !slices.Equal(g.Members(), []string{b.ID()}) {
		t.Errorf("left: manager %q, members %v", b.Manager(), g.Members())
	}
	checkSound(t, s)
}

func TestPatchChangesAllOrNothing(t *testing.T) {
	s := New(Config{})
	send(t, s, 0, user("a", "a@x.org"), user("b", "b@x.org"), group("g", "G"))
	a, _ := s.UserByName("a@x.org")
	g := s.GroupsByName("G")[0]
	path := "/Users/" + a.ID()
	got := send(t, s, 0,
		patch(path, obj{"op": "replace", "path": "title", "value": "Chief"}, obj{"op": "add", "value": obj{"nickName": "Al"}}),
		patch(path, obj{"op": "replace", "path": "title", "value": "Chief"}),
		patch(path, obj{"op": "replace", "path": "title", "value": "Gone"}, obj{"op": "replace", "path": "userName", "value": "B@x.org"}),
		patch(path, obj{"op": "add", "path": "id", "value": "x"}),
		patch(path, obj{"op": "add", "path": scim.EnterpriseUser + ":manager", "value": obj{"value": "nobody"}}),
		patch("/Groups/"+g.ID(), obj{"op": "add", "path": "members", "value": []obj{{"value": a.ID(), "type": "user"}, {"value": "bulkId:c", "type": "user"}}}),
		user("c", "c@x.org"),
		patch("/Groups/"+g.ID(), obj{"op": "remove", "path": `members[value eq "` + a.ID() + `"]`}),
		patch("/Users/"+g.ID(), obj{"op": "add", "path": "title", "value": "x"}),
	)
	if want := "200 200 409 400 400 200 201 200 404"; statuses(got) != want {
		t.Errorf("got %s, want %s", statuses(got), want)
	}
	if got[0].Version != `W/"2"` || got[1].Version != `W/"2"` {
		t.Errorf("versions %s and %s: a patch that changes nothing leaves the version", got[0].Version, got[1].Version)
	}
	a, _ = s.User(a.ID())
	c, _ := s.UserByName("c@x.org")
	g, _ = s.Group(g.ID())
	if a["title"] != "Chief" || a["nickName"] != "Al" || a.UserName() != "a@x.org" {
		t.Errorf("a failed patch left a trace: %v", a)
	}
	if !slices.Equal(g.Members(), []string{c.ID()}) {
		t.Errorf("members %v", g.Members())
	}
	checkSound(t, s)
}

// An operation that waits for a reference stays before later operations on its
// resource, and the others keep their order.
func TestOperationsOnOneResourceKeepTheirOrder(t *testing.T) {
	s := New(Config{})
	id, err := s.Add("/Groups", obj{"displayName": "G"})
	if err != nil {
		t.Fatal(err)
	}
	old, _ := s.Add("/Users", obj{"userName": "a@x.org"})
	got := send(t, s, 0,
		patch("/Groups/"+id, obj{"op": "replace", "path": "members", "value": []obj{{"value": "bulkId:a", "type": "user"}}}),
		patch("/Groups/"+id, obj{"op": "replace", "path": "displayName", "value": "H"}),
		remove("/Users/"+old), user("a", "A@x.org"), remove("/Groups/"+id))
	if statuses(got) != "200 200 204 201 204" {
		t.Errorf("%+v", got)
	}
	checkSound(t, s)
}
