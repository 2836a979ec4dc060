package client_test

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// Names of all sorts refer to what they name and to nothing else.
func TestNamesMatchWhole(t *testing.T) {
	names := []string{
		"u1", "u10", "u1.*", "(", `quo"te`, `back\slash`, "sla/sh", "perc%41ent", "100%", "Ünïcode", "名前", "🙂", " space ", "a:b", "bulkId:x",
		"u1\u2028", "<&>", "$1", "new\nline", "null",
	}
	for _, separate := range []bool{false, true} {
		var ops []client.Operation
		for i, name := range names {
			ops = append(ops, client.Operation{Method: "POST", Path: "/Users", BulkID: name, Data: user(fmt.Sprintf("m%d", i))})
			ops = append(ops, client.Operation{Method: "POST", Path: "/Users", Data: user(fmt.Sprintf("r%d", i), manager(name))})
			ops = append(ops, client.Users.Patch(client.Ref(name), client.Replace("title", "known")))
		}
		sc := scenario{config: func(c *client.Config) { c.ResolveReferences = separate }}
		sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			for i, name := range names {
				m, _ := s.UserByName(fmt.Sprintf("m%d@example.com", i))
				if r, _ := s.UserByName(fmt.Sprintf("r%d@example.com", i)); r.Manager() != m.ID() {
					t.Errorf("%q: manager %s, expected %s", name, r.Manager(), m.ID())
				}
				if m["title"] != "known" {
					t.Errorf("%q: the PATCH by path went elsewhere", name)
				}
			}
		})
	}
}

// A name is taken by the first operation that has it, whatever becomes of it.
func TestNamesAreUnique(t *testing.T) {
	second := create("x")
	second.Data = user("another")
	sc := scenario{}
	sc.run(t, []client.Operation{create("x"), second, create("y", manager("x"))}, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		y, _ := s.UserByName("y@example.com")
		if !errors.Is(results[1].Err, client.ErrInvalid) || y.Manager() != results[0].Location.ID || results[2].Err != nil {
			t.Errorf("%v, %v", results[1].Err, results[2].Err)
		}
	})
	// PATCH and DELETE may bear any bulkId, or all the same, or one of a create.
	for _, bulkID := range []string{"", "same", "u1", "op-3"} {
		probe := webextest.New(webextest.Config{}) // ids are drawn from the seed
		ops := users(2)
		for i := range 98 {
			op := patch("/Users/"+add(t, probe, fmt.Sprint("there", i)), "title", fmt.Sprintf(`"%d"`, i))
			op.BulkID = bulkID
			ops = append(ops, op)
		}
		sc := scenario{config: func(c *client.Config) { c.Limits.Bytes = 30_000 }}
		sc.prepare = func(t *testing.T, s *webextest.Simulator) {
			for i := range 98 {
				add(t, s, fmt.Sprint("there", i))
			}
		}
		sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			seen := map[string]bool{}
			for _, e := range s.Ledger() {
				seen[e.BulkID] = true
			}
			u, _ := s.UserByName("there97@example.com")
			if u["title"] != "97" || requests(s) != 1 || len(seen) != 100 {
				t.Errorf("title %v, %d requests, bulkIds %v", u["title"], requests(s), slices.Sorted(maps.Keys(seen)))
			}
		})
	}
}

// A bulkId belongs to the first operation that has it, with a journal too, and
// also where an earlier run has done the second.
func TestNamesAreUniqueWithAJournal(t *testing.T) {
	t.Parallel()
	for _, lite := range []bool{false, true} {
		for _, doneBefore := range []bool{false, true} {
			first, second := create("x"), create("x")
			second.Data = user("another")
			check := func(t *testing.T, s *webextest.Simulator, j client.Journal) {
				config := func(c *client.Config) { c.Limits.Operations, c.Concurrency = 1, 1 }
				if doneBefore {
					if _, err := newClient(t, s, config).DoJob(t.Context(), &client.Job{Journal: j}, second); err != nil {
						t.Fatal(err)
					}
				}
				ops := []client.Operation{first}
				for i := range 100 { // more than are claimed at once
					ops = append(ops, create(fmt.Sprint("f", i)))
				}
				ops = append(ops, second, create("y", manager("x")))
				for i := range 100 { // more than are claimed at once
					ops = append(ops, create(fmt.Sprint("g", i)))
				}
				ops = append(ops, create("z", manager("x")))
				results, err := newClient(t, s, config).DoJob(t.Context(), &client.Job{Journal: j}, ops...)
				if err != nil {
					t.Fatal(err)
				}
				for _, at := range []int{102, 203} {
					u, _ := s.User(results[at].Location.ID)
					if results[at].Err != nil || u.Manager() != results[0].Location.ID {
						t.Errorf("sqlite %v, done before %v: %v, manager %q, expected %q", lite, doneBefore, results[at].Err, u.Manager(), results[0].Location.ID)
					}
				}
			}
			if lite {
				s := webextest.New(webextest.Config{})
				j, err := journal.Open(filepath.Join(t.TempDir(), "j"))
				if err != nil {
					t.Fatal(err)
				}
				check(t, s, j)
				j.Close()
				continue
			}
			synctest.Test(t, func(t *testing.T) { check(t, webextest.New(webextest.Config{}), newMemoryJournal()) })
		}
	}
}

// A reference in a path that is left to the service is spelled in one way, with
// the escapes that keep its name one segment, however it was written.
func TestReferencesInPathsAreSpeltInOneWay(t *testing.T) {
	for written, c := range map[string]struct{ name, travels string }{
		"bulkId:ann":             {"ann", "bulkId:ann"},
		"bulkId%3Aann":           {"ann", "bulkId:ann"},
		"%62ulkId:%61nn":         {"ann", "bulkId:ann"},
		"bulkId:o'neil (2)":      {"o'neil (2)", "bulkId:o'neil (2)"},
		"bulkId%3ao%27neil":      {"o'neil", "bulkId:o'neil"},
		"bulkId:a%2fb":           {"a/b", "bulkId:a%2Fb"},
		"bulkId:100%":            {"100%", "bulkId:100%25"},
		"bulkId:%31%2541":        {"1%41", "bulkId:1%2541"},
		"bulkId%3A%E5%90%8D前":    {"名前", "bulkId:名前"},
		"bulkId:ann?x=1#top":     {"ann?x=1#top", "bulkId:ann%3Fx=1%23top"},
		"bulkId:bulkId%3Aann":    {"bulkId:ann", "bulkId:bulkId:ann"},
		"bulkId:ann%3Fx=1%23top": {"ann?x=1#top", "bulkId:ann%3Fx=1%23top"},
	} {
		for _, separate := range []bool{false, true} {
			first := client.Operation{Method: "POST", Path: "/Users", BulkID: c.name, Data: user("u")}
			ops := []client.Operation{first, patch("/Users/"+written, "title", `"known"`), remove("/Users/" + written)}
			sc := scenario{config: func(cfg *client.Config) { cfg.ResolveReferences = separate }}
			sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
				for i, e := range s.Ledger() {
					travels := "/Users/" + c.travels
					if separate || e.Method == "DELETE" { // which is sent once the create is done
						travels = "/Users/" + results[0].Location.ID
					}
					if i > 0 && e.Path != travels || results[i].Operation.Path != ops[i].Path {
						t.Errorf("%s: %s traveled as %s", written, results[i].Operation.Path, e.Path)
					}
				}
			})
		}
	}
}

// Escapes count where requests are filled.
func TestSpeltReferencesKeepTheLimit(t *testing.T) {
	ops := []client.Operation{{Method: "POST", Path: "/Users", BulkID: strings.Repeat("%", 200), Data: user("u")}}
	for i := range 20 {
		ops = append(ops, patch("/Users/"+client.Ref(ops[0].BulkID), "title", fmt.Sprintf(`"%d"`, i)))
	}
	sc := scenario{config: func(c *client.Config) { c.Limits.Bytes = 5000 }}
	sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, _ []client.Result) {
		for _, x := range s.Exchanges() {
			if x.Bytes > 5000 {
				t.Errorf("%d bytes", x.Bytes)
			}
		}
	})
}
