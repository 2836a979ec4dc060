package client_test

import (
	"encoding/json"
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

// A reference is one wherever its value stands and however it is written.
func TestReferencesStandAnywhere(t *testing.T) {
	webex := quote(client.SchemaWebexUser)
	ops := []client.Operation{
		create("late", manager("u")), // before its definition
		create("escaped", fmt.Sprintf(`%q:{"manager":{"value":"\u0062ulkId:\u0075"}}`, client.SchemaEnterpriseUser)),
		create("extension", webex+`:{"extensionAttribute1":["bulkId:u","bulkId:hello"]}`),
		create("u"),
		group("g", "", "u"),
		{Method: "PATCH", Path: "/Groups/bulkId:g", Data: json.RawMessage(
			`{"schemas":["` + client.SchemaPatchOp + `"],"Operations":[{"op":"add","path":"members","value":[{"type":"user","value":"bulkId:late"}]}]}`)},
		{Method: "PATCH", Path: "/Users/bulkId:extension", Data: json.RawMessage(
			`{"schemas":["` + client.SchemaPatchOp + `"],"Operations":[{"op":"replace","path":"` + client.SchemaEnterpriseUser + `:manager.value","value":"bulkId:u"}]}`)},
		create("title", `"title":"bulkId:hello"`),
	}
	for _, separate := range []bool{false, true} {
		for _, capacity := range []int{1, 3, 100} {
			sc := scenario{raw: []string{"bulkId:hello"}}
			sc.config = func(c *client.Config) { c.ResolveReferences, c.Limits.Operations = separate, capacity }
			sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
				u := results[3].Location.ID
				for _, name := range []string{"late", "escaped", "extension"} {
					if r, _ := s.UserByName(name + "@example.com"); r.Manager() != u {
						t.Errorf("%s: manager %q", name, r.Manager())
					}
				}
				x, _ := s.UserByName("extension@example.com")
				if text, _ := json.Marshal(x); !strings.Contains(string(text), `["`+u+`","bulkId:hello"]`) {
					t.Errorf("the extension holds %s", text)
				}
				g, _ := s.Group(results[4].Location.ID)
				if got, want := sorted(g.Members()), sorted([]string{u, results[0].Location.ID}); !slices.Equal(got, want) {
					t.Errorf("members %v, expected %v", got, want)
				}
			})
		}
	}
}

// What is not replaced travels as it was written, to the byte.
func TestDataTravelsAsItIs(t *testing.T) {
	odd := `{ "schemas" : ["` + client.SchemaUser + `"],"userName":"odd@example.com","externalId":"<&>\u00e9é\/","title":null,` +
		`"costCenter":12345678901234567890,"n":1.0e+2,"z":0,"a":{"b":[ ]},` + manager("boss") + ` }`
	for _, separate := range []bool{false, true} {
		sc := scenario{service: webextest.Config{KeepData: true}}
		sc.config = func(c *client.Config) { c.ResolveReferences = separate }
		ops := []client.Operation{create("boss"), {Method: "POST", Path: "/Users", BulkID: "odd", Data: json.RawMessage(odd)}}
		sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			for _, e := range s.Ledger() {
				expected := odd
				if separate {
					expected = strings.Replace(odd, "bulkId:boss", results[0].Location.ID, 1)
				}
				if e.BulkID == "odd" && string(e.Data) != expected {
					t.Errorf("%s\ntraveled as\n%s", expected, e.Data)
				}
			}
		})
	}
}

// A source may use one buffer for all: what it gave was copied when it gave it.
func TestDataIsTakenWhenItIsGiven(t *testing.T) {
	sc := scenario{}
	sc.run(t, nil, func(t *testing.T, s *webextest.Simulator, _ []client.Result, _ error) {
		buffer := make([]byte, 0, 200)
		results, err := run(t, newClient(t, s, nil), &client.Job{Source: func(yield func(client.Operation, error) bool) {
			for i := range 250 {
				buffer = append(buffer[:0], user(fmt.Sprintf("u%03d", i))...)
				if !yield(client.Operation{Method: "POST", Path: "/Users", Data: json.RawMessage(buffer)}, nil) {
					return
				}
			}
		}})
		for i, r := range results {
			if u, _ := s.User(r.Location.ID); u.UserName() != fmt.Sprintf("u%03d@example.com", i) {
				t.Fatalf("%d: %v, %v", i, r, err)
			}
		}
	})
}

func TestGroupOf150NewUsers(t *testing.T) {
	var members []string
	for i := range 150 {
		members = append(members, fmt.Sprintf("u%d", i))
	}
	for _, ops := range [][]client.Operation{append(users(150), group("g", "", members...)), append([]client.Operation{group("g", "", members...)}, users(150)...)} {
		sc := scenario{}
		sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			if n := len(s.GroupsByName("g")[0].Members()); n != 150 || requests(s) != 2 {
				t.Errorf("%d members after %d requests", n, requests(s))
			}
		})
	}
}

// A chain over many requests, in either direction: definitions come first, each
// manager is the right one.
func TestChainsKeepTheirManagers(t *testing.T) {
	for _, backwards := range []bool{false, true} {
		ops := []client.Operation{create("u0")}
		for i := range 349 {
			ops = append(ops, create(fmt.Sprintf("u%d", i+1), manager(fmt.Sprintf("u%d", i))))
		}
		if backwards {
			slices.Reverse(ops)
		}
		sc := scenario{}
		sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			at := positions(s)
			for i := range 349 {
				boss, _ := s.UserByName(fmt.Sprintf("u%d@example.com", i))
				if u, _ := s.UserByName(fmt.Sprintf("u%d@example.com", i+1)); u.Manager() != boss.ID() {
					t.Errorf("u%d: manager %s", i+1, u.Manager())
				}
				a, b := at[fmt.Sprintf("u%d", i)], at[fmt.Sprintf("u%d", i+1)]
				if a[0] > b[0] || a[0] == b[0] && a[1] > b[1] {
					t.Errorf("u%d at %v, what refers to it at %v", i, a, b)
				}
			}
			if requests(s) != 4 {
				t.Errorf("%d requests", requests(s))
			}
		})
	}
}

func TestCyclesAreCreated(t *testing.T) {
	cycle := func(name string, n int) (ops []client.Operation) {
		for i := range n {
			ops = append(ops, create(fmt.Sprintf("%s%d", name, i), manager(fmt.Sprintf("%s%d", name, (i+1)%n))))
		}
		return ops
	}
	for _, n := range []int{1, 2, 3, 99, 100, 101} {
		sc := scenario{}
		ops := slices.Concat(cycle("c", n), users(50), cycle("d", 2))
		sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			expected := map[client.Outcome]int{client.Succeeded: n + 52}
			if n > 100 {
				expected = map[client.Outcome]int{client.Succeeded: 52, client.Failed: n}
				if e := results[0].Err; !errors.Is(e, client.ErrCycle) || !strings.Contains(e.Error(), `"c0"`) {
					t.Errorf("%v", e)
				}
			}
			want(t, results, expected)
			for i := range n {
				u, _ := s.User(results[i].Location.ID)
				if boss := results[(i+1)%n].Location.ID; n <= 100 && (u.Manager() != boss || boss == "") {
					t.Errorf("c%d: manager %q, expected %q", i, u.Manager(), boss)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// What refers to something that does not come about is not sent; it is told
// why, through any depth, whatever the reason, earlier or later in the input.
func TestCauseReachesThroughAnyDepth(t *testing.T) {
	refused := create("bad")
	invalid := create("bad")
	invalid.Path = "/Users/"
	huge := create("bad", fmt.Sprintf(`"title":%q`, strings.Repeat("x", 5000)))
	for _, c := range []struct {
		name string
		bad  client.Operation
		is   func(error) bool
	}{
		{"refused by the service", refused, func(err error) bool {
			e, ok := errors.AsType[*client.ResponseError](err)
			return ok && e.Status == 409
		}},
		{"invalid", invalid, func(err error) bool { return errors.Is(err, client.ErrInvalid) }},
		{"too large", huge, func(err error) bool { return errors.Is(err, client.ErrTooLarge) }},
		{"nothing to refer to", create("bad", manager("nobody")), func(err error) bool { return errors.Is(err, client.ErrReference) }},
	} {
		for _, order := range [][]int{{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}} {
			for _, journal := range []client.Journal{nil, newMemoryJournal()} {
				chain := []client.Operation{c.bad, create("a", manager("bad")), create("b", manager("a")), group("g", "", "b"), create("t", `"title":"bulkId:bad"`)}
				ops, bulkIDs := make([]client.Operation, 5), map[string]int{}
				for at, i := range order {
					ops[at] = chain[i]
					bulkIDs[ops[at].BulkID] = at
				}
				sc := scenario{prepare: func(t *testing.T, s *webextest.Simulator) { add(t, s, "bad") }, job: client.Job{Journal: journal}}
				sc.config = func(c *client.Config) { c.ResolveReferences, c.Limits.Bytes = true, 4000 }
				sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
					want(t, results, map[client.Outcome]int{client.Failed: 1, client.Skipped: 4})
					for _, r := range results {
						if !c.is(r.Err) {
							t.Errorf("%s, order %v: %s: %v", c.name, order, r.Operation.BulkID, r.Err)
						}
						skip, ok := errors.AsType[*client.SkippedError](r.Err)
						if r.Outcome == client.Skipped && (!ok || skip.Index != bulkIDs[skip.BulkID]) {
							t.Errorf("%s, order %v: %s: %#v", c.name, order, r.Operation.BulkID, skip)
						}
					}
				})
			}
		}
	}
}

// An unknown name is an error where only an id can stand, and text elsewhere.
func TestUnknownNamesAreRefusedWhereAnIDMustStand(t *testing.T) {
	for _, c := range []struct {
		name string
		op   client.Operation
		ok   bool
	}{
		{"under value", create("a", manager("nobody")), false},
		{"in a list of members", group("g", "", "u", "nobody"), false},
		{"in a path", remove("/Users/bulkId:nobody"), false},
		{"under $ref", create("a", fmt.Sprintf(`%q:{"manager":{"value":"bulkId:u","$ref":"bulkId:nobody"}}`, client.SchemaEnterpriseUser)), false},
		{"a display name", create("a", `"displayName":"bulkId:hello"`), true},
		{"u1 beside u", create("a", `"displayName":"bulkId:u1"`), true},
		{"within a text", create("a", `"displayName":"see bulkId:u"`), true},
		{"a key", create("a", `"bulkId:u":"x"`), true},
	} {
		sc := scenario{raw: []string{"bulkId:hello", "bulkId:u1"}}
		sc.run(t, []client.Operation{create("u"), c.op}, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			if err != nil || (results[1].Outcome == client.Succeeded) != c.ok {
				t.Errorf("%s: %v: %v, %v", c.name, results[1].Outcome, results[1].Err, err)
			}
			if !c.ok && (!errors.Is(results[1].Err, client.ErrReference) || len(s.Ledger()) != 1) {
				t.Errorf("%s: %v", c.name, results[1].Err)
			}
		})
	}
}

// A create whose id nobody knows can't be referred to; the service's own
// resolution within a request is another matter.
func TestReferenceToAnUnknownIDFails(t *testing.T) {
	ops := []client.Operation{{Method: "POST", Path: "/Devices", BulkID: "d", Data: user("d")}, group("g", "", "d")}
	for _, journal := range []client.Journal{nil, newMemoryJournal()} {
		sc := scenario{service: webextest.Config{Shape: webextest.NoLocations}, job: client.Job{Journal: journal}}
		sc.config = func(c *client.Config) {
			c.ResolveReferences = true
			takeDevices(c)
		}
		sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			if results[0].Err != nil || !errors.Is(results[1].Err, client.ErrNoID) || results[1].Outcome != client.Skipped {
				t.Errorf("%v; %v %v", results[0].Err, results[1].Outcome, results[1].Err)
			}
			if !strings.Contains(results[1].Err.Error(), `"d"`) {
				t.Errorf("%v", results[1].Err)
			}
		})
	}
}

func TestReferencesLeftToAServiceThatGetsThemWrong(t *testing.T) {
	sc := scenario{service: webextest.Config{LastReferenceOnly: true}}
	sc.config = func(c *client.Config) { c.ResolveReferences = true }
	sc.all(t, append([]client.Operation{group("g", "", "u1", "u2", "u3")}, users(5)...), nil)
}

func TestPathReferencesForAServiceWithoutThem(t *testing.T) {
	sc := scenario{service: webextest.Config{NoPathReferences: true}}
	sc.config = func(c *client.Config) { c.ResolveReferences = true }
	sc.all(t, append(users(3), patch("/Users/bulkId:u1", "title", `"Chair"`), remove("/Users/bulkId:u2")), nil)
}

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

// A bulkId that we assign is never one that an operation of the same request
// refers to: a text that looks like a reference stays a text.
func TestAssignedNamesMeanNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		results, err := newClient(t, s, nil).Do(t.Context(), create("ann", `"title":"bulkId:op-1"`), create("", `"title":"bulkId:op-0"`))
		if err != nil || requests(s) != 1 {
			t.Fatalf("%v, %d requests", err, requests(s))
		}
		for i, title := range []string{"bulkId:op-1", "bulkId:op-0"} {
			if u, _ := s.User(results[i].Location.ID); u["title"] != title {
				t.Errorf("the title is %v", u["title"])
			}
		}
	})
}
