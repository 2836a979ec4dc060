package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// What is done to one resource is done in the order of the input, by its id or
// by reference, whatever goes wrong on the way: the last word is the last.
func TestOneResourceKeepsItsOrder(t *testing.T) {
	for seed := range int64(6) {
		sc := scenario{service: webextest.Config{Latency: 30 * time.Millisecond, Seed: seed, Chaos: chaos}}
		if seed == 0 {
			sc.service.Chaos = webextest.Chaos{}
		}
		sc.config = func(c *client.Config) { c.Concurrency, c.MaxAttempts, c.Limits.Operations = 8, 30, 7 }
		var there []string
		sc.prepare = func(t *testing.T, s *webextest.Simulator) {
			for i := range there {
				there[i] = add(t, s, fmt.Sprintf("there%d", i))
			}
		}
		there = make([]string, 4)
		ops := users(4)
		// Ids are drawn from the seed, so a first service tells those of the second.
		probe := webextest.New(sc.service)
		for i := range there {
			there[i] = add(t, probe, fmt.Sprintf("there%d", i))
		}
		for i := range 160 {
			path := fmt.Sprintf("/Users/bulkId:u%d", i%4)
			if i%8 >= 4 {
				path = "/Users/" + there[i%4]
			}
			ops = append(ops, patch(path, "title", fmt.Sprintf(`"%03d"`, i)))
		}
		sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			for i := range 4 {
				if u, _ := s.User(results[i].Location.ID); u["title"] != fmt.Sprintf("%03d", 152+i) {
					t.Errorf("seed %d: u%d is %v", seed, i, u["title"])
				}
				if u, _ := s.User(there[i]); u["title"] != fmt.Sprintf("%03d", 156+i) {
					t.Errorf("seed %d: there%d is %v", seed, i, u["title"])
				}
			}
			if seed == 0 {
				for _, e := range s.Ledger() {
					if e.Effect == webextest.Failed {
						t.Errorf("%s %s failed", e.Method, e.Path)
					}
				}
			}
		})
	}
}

// One PATCH is put off, or its answer is lost: the next one on the same user
// waits for it, and has the last word.
func TestLaterPatchHasTheLastWord(t *testing.T) {
	for _, fault := range []*webextest.Fault{
		{RefuseItem: func(op webextest.Operation) int {
			if op.BulkID == "first" {
				return 429
			}
			return 0
		}},
		webextest.ShapeAnswer(func(a *webextest.Answer) { a.Items = slices.Delete(a.Items, 1, 2) }), // its answer is lost
	} {
		first, second := patch("/Users/bulkId:u0", "title", `"first"`), patch("/Users/bulkId:u0", "title", `"second"`)
		first.BulkID, second.BulkID = "first", "second"
		sc := scenario{script: []*webextest.Fault{fault}}
		sc.all(t, []client.Operation{create("u0"), first, second}, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			if u := s.Users()[0]; u["title"] != "second" {
				t.Errorf("the title is %v", u["title"])
			}
			if all := s.Ledger(); all[len(all)-1].BulkID != "second" || all[len(all)-2].BulkID != "first" || results[2].Attempts != 1 {
				t.Errorf("the second was sent before the first was done: %v", all)
			}
		})
	}
}

// It waits as well for one that was refused only because what it refers to in
// its request was put off, and is sent again.
func TestExcusedPatchComesBeforeTheNext(t *testing.T) {
	boss := `"Operations":[{"op":"replace","path":"` + client.SchemaEnterpriseUser + `:manager.value","value":"bulkId:u0"},`
	lost := func(a *webextest.Answer) {
		a.Items = slices.DeleteFunc(a.Items, func(it webextest.Item) bool { return it.BulkID == "u1" })
	}
	for _, ordered := range []bool{false, true} {
		for _, shape := range []webextest.Shape{nil, lost} {
			synctest.Test(t, func(t *testing.T) {
				s := webextest.New(webextest.Config{})
				id := add(t, s, "there")
				ops := append(users(2), titles("/Users/"+id, "AB")...)
				if !ordered {
					ops[2].Data = json.RawMessage(strings.Replace(string(ops[2].Data.(json.RawMessage)), `"Operations":[`, boss, 1))
				}
				refuse := &webextest.Fault{Shape: shape, RefuseItem: func(op webextest.Operation) int {
					return map[string]int{"u0": 429, "A": 409}[op.BulkID]
				}}
				s.Script(refuse)
				results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Ordered: ordered}, ops...)
				if want(t, results, map[client.Outcome]int{client.Succeeded: 4}); err != nil {
					t.Error(err)
				}
				if u, _ := s.User(id); u["title"] != "B" || results[2].Attempts < 2 {
					t.Errorf("ordered %v, shaped %v: the title is %v, A was sent %d times", ordered, shape != nil, u["title"], results[2].Attempts)
				}
			})
		}
	}
}

// What stands before a DELETE is over when that leaves: whatever is lost, it is
// known to be done.
func TestChangesAreOverBeforeADelete(t *testing.T) {
	ops := []client.Operation{create("u0"), create("u1"), patch("/Users/bulkId:u0", "title", `"Chair"`), patch("/Users/bulkId:u1", "title", `"Chair"`), remove("/Users/bulkId:u0")}
	for _, fault := range []*webextest.Fault{webextest.CutAt(webextest.AfterWork), webextest.CutAt(webextest.BeforeWork)} {
		for at := range 3 {
			sc := scenario{script: append(make([]*webextest.Fault, at), fault), config: func(c *client.Config) { c.ResolveReferences = true }}
			sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
				if u := s.Users(); len(u) != 1 || u[0]["title"] != "Chair" {
					t.Errorf("%v, request %d: %v", fault, at, u)
				}
				wantNothingTwice(t, s)
			})
		}
	}
}

func TestOrderedJobKeepsTheOrder(t *testing.T) {
	var ops []client.Operation
	for i := range 250 {
		op := create("ann" + fmt.Sprint(i%3))
		op.BulkID = fmt.Sprintf("b%d", i)
		ops = append(ops, op, remove(fmt.Sprintf("/Users/bulkId:b%d", i)))
	}
	sc := scenario{job: client.Job{Ordered: true}, config: func(c *client.Config) { c.Concurrency = 8 }}
	sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
		// A DELETE by reference waits until its create is done, and travels with the
		// next create.
		if requests(s) != 251 || s.Stats().MaxConcurrent != 1 {
			t.Errorf("%d requests, %d at once", requests(s), s.Stats().MaxConcurrent)
		}
		for i, e := range s.Ledger() {
			if e.Method != ops[i].Method {
				t.Fatalf("%d: %s %s", i, e.Method, e.Path)
			}
		}
	})
}

// DELETE and POST of one userName: whatever is lost, put off or read late, the
// new user is there afterwards, and the old one is not.
func TestDeletedUserIsCreatedAnew(t *testing.T) {
	for name, fault := range map[string]*webextest.Fault{
		"peace": nil, "lost after": webextest.CutAt(webextest.AfterWork), "lost before": webextest.CutAt(webextest.BeforeWork),
		"deletes busy": {RefuseItem: func(op webextest.Operation) int {
			if op.Method == "DELETE" {
				return 429
			}
			return 0
		}},
		"half the answer": webextest.Truncate(0), "gateway": webextest.Lose(504),
	} {
		for _, capacity := range []int{1, 3, 100} {
			service := webextest.Config{ReadLag: 3 * time.Second}
			probe := webextest.New(service)
			var ops []client.Operation
			var old []string
			for i := range 4 {
				old = append(old, add(t, probe, fmt.Sprintf("u%d", i)))
				ops = append(ops, remove("/Users/"+old[i]), create(fmt.Sprintf("u%d", i)))
			}
			sc := scenario{service: service, job: client.Job{Ordered: true}}
			sc.config = func(c *client.Config) { c.Limits.Operations = capacity }
			for range 3 {
				sc.script = append(sc.script, nil, fault)
			}
			sc.prepare = func(t *testing.T, s *webextest.Simulator) {
				for i := range old {
					add(t, s, fmt.Sprintf("u%d", i))
				}
			}
			sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
				for i := range old {
					u, ok := s.UserByName(fmt.Sprintf("u%d@example.com", i))
					if !ok || u.ID() == old[i] || u.ID() != results[2*i+1].Location.ID {
						t.Errorf("%s, %d a request: u%d is %q, was %q, result %q", name, capacity, i, u.ID(), old[i], results[2*i+1].Location.ID)
					}
				}
			})
		}
	}
}

// A PATCH whose answer is lost, and whose resource is not there when it is
// repeated, may have been done before somebody deleted it.
func TestLostPatchOfAMissingUserIsUnknown(t *testing.T) {
	sc := scenario{script: []*webextest.Fault{webextest.CutAt(webextest.AfterWork)}}
	sc.run(t, []client.Operation{patch("/Users/nobody", "title", `"x"`)}, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		said, ok := errors.AsType[*client.ResponseError](results[0].Err)
		if results[0].Outcome != client.Unknown || !ok || said.Status != 404 {
			t.Errorf("%v: %v", results[0].Outcome, results[0].Err)
		}
	})
}

// In an ordered job with a journal, an operation may refer further ahead than
// the job reads: it is refused, and the others are done.
func TestOrderedReferenceFarAheadIsRefused(t *testing.T) {
	sc := scenario{config: func(c *client.Config) { c.Limits.Operations = 2 }}
	sc.job.Ordered, sc.job.Journal = true, &memoryJournal{count: map[string]int{}, byKey: map[client.Key][]int{}, byName: map[client.Key][]int{}, owned: map[string]bool{}}
	sc.run(t, append([]client.Operation{create("a", manager("u29"))}, users(30)...), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if !errors.Is(results[0].Err, client.ErrForward) || err != nil {
			t.Errorf("%v, %v", results[0], err)
		}
		want(t, results, map[client.Outcome]int{client.Succeeded: 30, client.Failed: 1})
	})
}

// Whatever is refused, lost and stopped in some runs: in the end each resource
// is as the last operation on it wants it, and then nothing is left to be done.
func TestRandomOrderHoldsOverRuns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		st := &repeatedJob{memory: newMemoryJournal(), refuse: map[string]int{}}
		if rapid.SampledFrom([]bool{false, false, false, false, false, true}).Draw(rt, "disk") {
			st.path = filepath.Join(t.TempDir(), "j")
		}
		of := rapid.SliceOfN(rapid.IntRange(0, 1), 2, 12).Draw(rt, "users")
		stops := rapid.SliceOfN(rapid.IntRange(50, 2000), 1, 3).Draw(rt, "stops")
		capacity := rapid.SampledFrom([]int{1, 2, 100}).Draw(rt, "capacity")
		moody := fickle{which: map[string]bool{"PATCH": true}, moody: rapid.Bool().Draw(rt, "moody"), seen: rapid.IntRange(0, 1).Draw(rt, "first")}
		chaos := webextest.Chaos{CutAfterWork: .05, CutBeforeWork: .05, RefusedItems: .05, MaxDelay: 200 * time.Millisecond}
		cfg := webextest.Config{Seed: rapid.Int64Range(0, 1<<30).Draw(rt, "seed"), Latency: 100 * time.Millisecond, Chaos: chaos, Faults: moody.fault}
		synctest.Test(t, func(t *testing.T) {
			st.t, st.s = t, webextest.New(cfg)
			users, last := []string{add(t, st.s, "a"), add(t, st.s, "b")}, map[string]string{}
			var ops []client.Operation
			for i, u := range of {
				ops = append(ops, titles("/Users/"+users[u], string(rune('A'+i)))...)
				last[users[u]] = ops[i].BulkID
			}
			change := func(c *client.Config) { c.Limits.Operations, c.MaxAttempts = capacity, 30 }
			for _, stop := range stops {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(stop)*time.Millisecond)
				st.run(ctx, change, "", ops...)
				cancel()
			}
			moody.calm()
			st.run(t.Context(), change, "", ops...)
			for id, expected := range last {
				st.title(id, expected)
			}
			st.run(t.Context(), change, strings.TrimSpace(strings.Repeat("succeeded= ", len(ops))), ops...)
			for _, m := range st.memory.misuse {
				t.Error(m)
			}
		})
		if t.Failed() {
			rt.Fatal("see above")
		}
	})
}
