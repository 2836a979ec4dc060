package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/webexscim/bulk/client"
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
func TestChain(t *testing.T) {
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

func TestCycles(t *testing.T) {
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
func TestUnknownNames(t *testing.T) {
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
func TestReferenceToWhatHasNoID(t *testing.T) {
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
