package client_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// Operations are on record as sent before their request leaves, and their
// outcomes are before they are given out.
func TestJournalIsAheadOfRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newMemoryJournal()
		s := webextest.New(webextest.Config{Chaos: chaos, Latency: time.Millisecond, Faults: func(r *webextest.Request) *webextest.Fault {
			j.mu.Lock()
			defer j.mu.Unlock()
			sent := 0
			for _, n := range j.entries {
				if n.known == client.KnownSent {
					sent++
				}
			}
			if sent < len(r.Operations) {
				t.Errorf("request %d holds %d operations, %d are on record as sent", r.Number, len(r.Operations), sent)
			}
			return nil
		}})
		c := newClient(t, s, func(c *client.Config) { c.MaxAttempts = 20 })
		given := 0
		for res, err := range c.Run(t.Context(), &client.Job{Source: organization(400), Journal: j}) {
			if err != nil {
				t.Fatal(err)
			}
			given++
			j.mu.Lock()
			done := 0
			for _, n := range j.entries {
				if n.known == client.KnownDone {
					done++
				}
			}
			j.mu.Unlock()
			if done < given {
				t.Fatalf("%d results were given, %d are on record (operation %d)", given, done, res.Index)
			}
		}
		for _, m := range j.misuse {
			t.Error(m)
		}
	})
}

// A journal that fails, at any call, stops the job: nothing is sent from then
// on, every operation has its outcome, and the next run makes good for it.
func TestJournalThatFailsStopsTheJob(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	counts := []int{1, 2, 5}
	if raced.On {
		counts = counts[1:2]
	}
	for _, call := range []string{"begin", "claim", "sent", "done", "write"} {
		for _, nth := range counts {
			synctest.Test(t, func(t *testing.T) {
				j := newMemoryJournal()
				s := webextest.New(webextest.Config{Latency: time.Millisecond})
				failed := false
				sent := 0
				j.fail = func(name string, n int) error {
					if name == call && n >= nth && !failed {
						failed = true
						sent = requests(s)
					}
					if failed {
						return full
					}
					return nil
				}
				var ops []client.Operation
				for op := range organization(400) {
					ops = append(ops, op)
				}
				change := func(c *client.Config) { c.Concurrency, c.Limits.Operations = 2, 40 }
				results, err := resumed(t, s, j, change, ops...)
				if !failed {
					return // not so many calls
				}
				if !errors.Is(err, client.ErrJournal) || !errors.Is(err, full) {
					t.Errorf("%s %d: %v", call, nth, err)
				}
				if more := requests(s) - sent; more > 2 || call == "begin" && more > 0 { // what was under way
					t.Errorf("%s %d: %d requests came after", call, nth, more)
				}
				for i, r := range results {
					if _, ok := s.UserByName(fmt.Sprintf("u%d@example.com", i)); r.Outcome == client.Skipped && ok {
						t.Errorf("%s %d: operation %d was done and is %v: %v", call, nth, i, r.Outcome, r.Err)
					}
				}
				j.fail = nil
				results, err = resumed(t, s, j, change, ops...)
				want(t, results, map[client.Outcome]int{client.Succeeded: 400})
				if err != nil {
					t.Error(err)
				}
				wantNothingTwice(t, s)
			})
		}
	}
}

// What an earlier run has done is replayed and serves references: across
// batches and requests, in data and paths, whatever the order.
func TestReplayServesReferences(t *testing.T) {
	for _, backwards := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			j := newMemoryJournal()
			s := webextest.New(webextest.Config{})
			first := users(300)
			if _, err := resumed(t, s, j, nil, first...); err != nil {
				t.Fatal(err)
			}
			all := slices.Clone(first)
			for i := range 100 {
				all = append(all, create(fmt.Sprintf("new%d", i), manager(fmt.Sprintf("u%d", 2*i))), patch(fmt.Sprintf("/Users/bulkId:u%d", i), "title", `"Chair"`))
			}
			all = append(all, group("g", `,"title":"bulkId:u7"`, "u1", "u299", "new1"))
			if backwards {
				slices.Reverse(all)
			}
			results, err := resumed(t, s, j, nil, all...)
			want(t, results, map[client.Outcome]int{client.Succeeded: 501})
			replayed := 0
			for i, r := range results {
				if r.Replayed {
					replayed++
				}
				if r.Replayed && (r.Attempts != 0 || r.Location.ID == "" || r.Operation.BulkID != all[i].BulkID) {
					t.Errorf("%+v", r)
				}
			}
			if replayed != 300 || err != nil {
				t.Errorf("%d replayed, %v", replayed, err)
			}
			for i := range 100 {
				boss, _ := s.UserByName(fmt.Sprintf("u%d@example.com", 2*i))
				if u, _ := s.UserByName(fmt.Sprintf("new%d@example.com", i)); u.Manager() != boss.ID() {
					t.Errorf("new%d: manager %q", i, u.Manager())
				}
			}
			wantNothingTwice(t, s)
		})
	}
}

// What an earlier run has sent, and of which nobody knows more, is looked up
// before it is sent: done once, whichever it was.
func TestSentByAnEarlierRunIsLookedUp(t *testing.T) {
	for _, done := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			j := newMemoryJournal()
			s := webextest.New(webextest.Config{ReadLag: time.Second})
			id := add(t, s, "there")
			other := add(t, s, "other")
			ops := append(users(3), group("g", `,"externalId":"x"`, "u0"), create("r", manager("u1")),
				patch("/Users/"+other, "title", `"Chair"`), remove("/Users/"+id))
			cut := webextest.CutAt(webextest.BeforeWork)
			if done {
				cut = webextest.CutAt(webextest.AfterWork)
			}
			s.Script(cut)
			for range 4 { // the searches for users and groups, and two reads
				s.ScriptSearches(webextest.Refuse(403, ""))
			}
			// With one attempt nothing is repeated: the first run knows nothing.
			results, _ := resumed(t, s, j, func(c *client.Config) { c.MaxAttempts = 1 }, ops...)
			want(t, results, map[client.Outcome]int{client.Unknown: 7})
			time.Sleep(time.Hour)
			results, err := resumed(t, s, j, nil, ops...)
			want(t, results, map[client.Outcome]int{client.Succeeded: 7})
			if err != nil {
				t.Error(err)
			}
			for i, r := range results[:5] {
				if r.Recovered != done || (r.Attempts == 0) != done {
					t.Errorf("done %v: operation %d: recovered %v after %d", done, i, r.Recovered, r.Attempts)
				}
			}
			_, left := s.User(id)
			if u, _ := s.User(other); left || u["title"] != "Chair" || len(s.Users()) != 5 {
				t.Errorf("done %v: %v, %v, %d users", done, left, u["title"], len(s.Users()))
			}
			wantNothingTwice(t, s)
		})
	}
}

// Equal operations are counted: two in the journal are two.
func TestEqualOperationsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newMemoryJournal()
		s := webextest.New(webextest.Config{})
		op := client.Operation{Method: "POST", Path: "/Groups", Data: []byte(`{"schemas":["` + client.SchemaGroup + `"],"displayName":"g"}`)}
		for n := range 4 {
			results, err := resumed(t, s, j, nil, slices.Repeat([]client.Operation{op}, n)...)
			if err != nil || len(s.Groups()) != n {
				t.Errorf("%d of them: %d groups, %v", n, len(s.Groups()), err)
			}
			seen := map[string]bool{}
			for _, r := range results {
				seen[r.Location.ID] = true
			}
			if len(seen) != n {
				t.Errorf("%d of them: %v", n, seen)
			}
		}
	})
}

// White space in the data and another bulkId make no other operation; a failed
// one, an invalid one and a skipped one are tried again.
func TestCorrectedInputIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newMemoryJournal()
		s := webextest.New(webextest.Config{})
		clash := add(t, s, "u1")
		ops := users(5)
		ops[2].Data = []byte(`[`)
		ops[3] = create("u3", manager("u1"))
		change := func(c *client.Config) { c.ResolveReferences = true }
		results, err := resumed(t, s, j, change, ops...)
		if n := outcomes(results); err != nil || n[client.Failed] != 2 || n[client.Skipped] != 1 {
			t.Fatalf("%v, %v", n, err)
		}
		if _, err := newClient(t, s, nil).Do(t.Context(), remove("/Users/"+clash)); err != nil {
			t.Fatal(err)
		}
		ops[0].BulkID, ops[0].Data = "renamed", []byte(strings.ReplaceAll(string(user("u0")), ",", " ,\n"))
		ops[2].Data = user("u2")
		results, err = resumed(t, s, j, change, ops...)
		want(t, results, map[client.Outcome]int{client.Succeeded: 5})
		for i, r := range results {
			if r.Replayed != (i == 0 || i == 4) || err != nil {
				t.Errorf("operation %d: replayed %v, %v", i, r.Replayed, err)
			}
		}
	})
}

// An operation that our checks refuse is none that was ever sent, though it
// looks like one.
func TestInvalidOperationIsNotReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newMemoryJournal()
		s := webextest.New(webextest.Config{})
		id := add(t, s, "u0")
		if _, err := resumed(t, s, j, nil, remove("/Users/"+id)); err != nil {
			t.Fatal(err)
		}
		odd := remove("/Users/" + id)
		odd.Data = []byte(`{}`)
		results, _ := resumed(t, s, j, nil, odd)
		if results[0].Outcome != client.Failed || !errors.Is(results[0].Err, client.ErrInvalid) {
			t.Errorf("%+v", results[0])
		}
	})
}

// A job that is left after some results goes on where it stopped; run a third
// time it does nothing.
func TestJobGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	s := webextest.New(webextest.Config{Latency: 50 * time.Millisecond}) // so that it is not done when the loop is left
	c := newClient(t, s, nil)
	path := filepath.Join(t.TempDir(), "j")
	const n = 2000
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	given := 0
	for res, err := range c.Run(t.Context(), &client.Job{Source: organization(n), Journal: j}) {
		if err != nil || res.Err != nil {
			t.Fatal(err, res.Err)
		}
		if given++; given == 250 {
			break
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	done := s.Stats().Created
	job := &client.Job{Source: organization(n)}
	again, err := journaled(t, t.Context(), c, path, job)
	if p := job.Progress(); err != nil || again[client.Succeeded] != n || p.Replayed != done || done < given || done == n {
		t.Errorf("%v %v, %d replayed of %d done after %d results", again, err, p.Replayed, done, given)
	}
	sent := requests(s)
	third := &client.Job{Source: organization(n)}
	if count, err := journaled(t, t.Context(), c, path, third); err != nil || third.Progress().Replayed != n || requests(s) != sent {
		t.Errorf("a third run: %v %v, %d requests", count, err, requests(s)-sent)
	}
	wantNothingTwice(t, s)
}

func TestCorrectedInputSendsWhatIsNew(t *testing.T) {
	s := webextest.New(webextest.Config{})
	c := newClient(t, s, nil)
	path := filepath.Join(t.TempDir(), "j")
	ops := users(300)
	ops[7].Data = []byte(`{"schemas":["` + client.SchemaUser + `"],"userName":"wrong@example.com","` + client.SchemaEnterpriseUser + `":{"manager":
		{"value":"11111111-1111-4111-8111-111111111111"}}}`) // a manager whom nobody knows
	count, err := journaled(t, t.Context(), c, path, &client.Job{Source: client.Operations(ops...)})
	if err != nil || count[client.Failed] != 1 {
		t.Fatalf("%v %v", count, err)
	}
	ops[7].Data = user("u7")
	corrected := append([]client.Operation{create("new", manager("u7"))}, ops[3:]...) // in another order, with fewer
	before := len(s.Ledger())
	count, err = journaled(t, t.Context(), c, path, &client.Job{Source: client.Operations(corrected...)})
	if err != nil || count[client.Succeeded] != 298 {
		t.Errorf("%v %v", count, err)
	}
	if sent := len(s.Ledger()) - before; sent != 2 {
		t.Errorf("%d operations were sent, 2 were new", sent)
	}
	wantNothingTwice(t, s)
}

func TestJournalKnowsItsOrganization(t *testing.T) {
	s := webextest.New(webextest.Config{AnyOrg: true})
	path := filepath.Join(t.TempDir(), "j")
	if _, err := journaled(t, t.Context(), newClient(t, s, nil), path, &client.Job{Source: client.Operations(users(3)...)}); err != nil {
		t.Fatal(err)
	}
	other := newClient(t, s, func(c *client.Config) { c.OrgID = "11111111-1111-4111-8111-111111111111" })
	sent := requests(s)
	_, err := journaled(t, t.Context(), other, path, &client.Job{Source: client.Operations(users(3)...)})
	if !errors.Is(err, client.ErrJournal) || requests(s) != sent {
		t.Errorf("error %v, %d requests", err, requests(s)-sent)
	}
}
