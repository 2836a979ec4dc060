package reconcile_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/reconcile"
	"github.com/webexscim/bulk/webextest"
)

// A create that an earlier run has sent is recognized though it is another
// operation now: its manager has got an id. It is not sent twice, and removals
// do not wait for it. If its row has changed too, nobody can tell who has made
// what is there, and nobody is removed; the next run compares it with the row.
func TestCreateInAnotherFormIsNotRepeated(t *testing.T) {
	for _, title := range []string{"Analyst", "Fellow"} {
		synctest.Test(t, func(t *testing.T) { createInAnotherForm(t, title) })
	}
}

func createInAnotherForm(t *testing.T, title string) {
	s := webextest.New(webextest.Config{Seed: 1, Owner: "owner@example.com"})
	c := newClient(t, s)
	path := filepath.Join(t.TempDir(), "j")
	add(t, s, map[string]any{"userName": "owner@example.com"})
	leaver := add(t, s, map[string]any{"userName": "leaver@example.com"})
	sheet := func(title string) []reconcile.Row {
		return []reconcile.Row{
			rowOf(2, map[string]any{"userName": "boss@example.com"}),
			rowOf(3, map[string]any{"userName": "ada@example.com", "title": title, enterprise: map[string]any{"manager": map[string]any{"value": client.Ref("row-2")}}}),
		}
	}
	o := reconcile.Options{Leavers: reconcile.DeleteLeavers, MaxRemovals: anybody}
	d := compareWith(t, c, reconcile.Users, sheet("Analyst"), o)
	s.Script(webextest.CutAt(webextest.AfterWork))
	for range 100 {
		s.ScriptSearches(webextest.Refuse(500, ""))
	}
	first := runWith(t, c, d, path)
	if first["ada@example.com"].Outcome != client.Unknown || !errors.Is(first["leaver@example.com"].Err, reconcile.ErrHeld) {
		t.Fatalf("%+v", first)
	}
	for recovered := false; !recovered; { // what is left of the faults is used up
		_, err := reconcile.Read(t.Context(), c, reconcile.Users, nil)
		recovered = err == nil
	}

	began := time.Now()
	d, err := reconcile.Compare(sheet(title), without(read(t, c, reconcile.Users), "ada@example.com"), o)
	if err != nil {
		t.Fatal(err)
	}
	second := runWith(t, c, d, path)
	ada, removed := second["ada@example.com"], second["leaver@example.com"].Outcome == client.Succeeded
	if same := title == "Analyst"; ada.Recovered != same || (ada.Outcome == client.Unknown) == same || removed != same {
		t.Errorf("%v, recovered %v, removed %v: %v", ada.Outcome, ada.Recovered, removed, ada.Err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %v", took)
	}
	runWith(t, c, compareWith(t, c, reconcile.Users, sheet(title), o), path)
	if d := compareWith(t, c, reconcile.Users, sheet(title), o); len(d.Actions) > 0 {
		t.Errorf("at last: %s", summary(d))
	}
	if users, _ := s.Count(); users != 3 {
		t.Errorf("%d users", users)
	}
	if _, ok := s.User(leaver); ok {
		t.Error("the leaver is there")
	}
}

// A group that the journal has is not created twice while reads may lag,
// however long the reading itself takes.
func TestJournaledGroupIsNotCreatedTwice(t *testing.T) {
	for _, later := range []time.Duration{time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Seed: 1})
			c := newClient(t, s)
			path := filepath.Join(t.TempDir(), "j")
			sheet := []reconcile.Row{groupRow(2, "Sales")}
			runWith(t, c, compareWith(t, c, reconcile.Groups, sheet, reconcile.Options{}), path)
			d, err := reconcile.Compare(sheet, without(read(t, c, reconcile.Groups), "Sales"), reconcile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(later)
			if got := runWith(t, c, d, path)["Sales"]; !got.Replayed || got.Location.ID != s.Groups()[0].ID() {
				t.Errorf("%v later: %v: %v", later, got.Outcome, got.Err)
			}
			if _, groups := s.Count(); groups != 1 {
				t.Errorf("%v later: %d groups", later, groups)
			}
		})
	}
}

// What was deleted after the journal was written, and is wanted again, is
// created again.
func TestOldJournalNoLongerCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Seed: 1})
		c := newClient(t, s)
		path := filepath.Join(t.TempDir(), "j")
		sheet := []reconcile.Row{groupRow(2, "Sales")}
		for round := range 3 {
			got := runWith(t, c, compareWith(t, c, reconcile.Groups, sheet, reconcile.Options{}), path)["Sales"]
			if _, groups := s.Count(); groups != 1 || got.Replayed || got.Outcome != client.Succeeded {
				t.Fatalf("round %d: %d groups, %v: %v", round, groups, got.Outcome, got.Err)
			}
			if _, err := c.Do(t.Context(), client.Groups.Delete(s.Groups()[0].ID())); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
	})
}

// Who takes over a userName, and so comes a stage later, has the manager of the
// row; if that one cannot be created, nothing is sent.
func TestLaterStageRefersToAnEarlierOne(t *testing.T) {
	for _, refused := range []bool{false, true} {
		s := webextest.New(webextest.Config{Seed: 1, Faults: func(*webextest.Request) *webextest.Fault {
			return &webextest.Fault{RefuseItem: func(op webextest.Operation) int {
				if refused && op.Method == "POST" {
					return 400
				}
				return 0
			}}
		}})
		c := newClient(t, s)
		add(t, s, map[string]any{"userName": "ada@example.com", "externalId": "e-1"})
		d := compareWith(t, c, reconcile.Users, []reconcile.Row{
			rowOf(2, map[string]any{"userName": "ada@example.com", "externalId": "e-2", enterprise: map[string]any{"manager": map[string]any{"value": client.Ref("row-4")}}}),
			rowOf(3, map[string]any{"userName": "ada.old@example.com", "externalId": "e-1"}),
			rowOf(4, map[string]any{"userName": "boss@example.com"}),
		}, reconcile.Options{})
		for res, err := range d.Run(t.Context(), c, &client.Job{}) {
			if err != nil {
				t.Fatal(err)
			}
			if res.Action.Line == 2 && errors.Is(res.Err, reconcile.ErrAfter) != refused {
				t.Errorf("%v: %v", res.Outcome, res.Err)
			}
		}
		ada, _ := s.UserByName("ada@example.com")
		boss, _ := s.UserByName("boss@example.com")
		if manager := managerOf(ada); !refused && (boss.ID() == "" || manager != boss.ID()) {
			t.Errorf("her manager is %q, want %q", manager, boss.ID())
		}
	}
}

func managerOf(user webextest.Resource) string {
	extension, _ := user[enterprise].(map[string]any)
	manager, _ := extension["manager"].(map[string]any)
	id, _ := manager["value"].(string)
	return id
}

// A job that stops among the creates removes nobody, and all that was not done
// has a result that says why.
func TestStoppedJobRemovesNobody(t *testing.T) {
	for _, why := range []string{"budget", "canceled", "left"} {
		s := webextest.New(webextest.Config{Seed: 1, Faults: func(*webextest.Request) *webextest.Fault {
			return &webextest.Fault{RefuseItem: func(webextest.Operation) int { return 400 }}
		}})
		c := newClient(t, s)
		leaver := add(t, s, map[string]any{"userName": "leaver@example.com"})
		d := compareWith(t, c, reconcile.Users, []reconcile.Row{rowOf(2, map[string]any{"userName": "new@example.com"})},
			reconcile.Options{Leavers: reconcile.DeleteLeavers, MaxRemovals: anybody})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		job := &client.Job{FailOnErrors: 1, ReadOn: true}
		if why != "budget" {
			job.FailOnErrors = 0
		}
		var outcomes []client.Outcome
		var stop error
		for res, err := range d.Run(ctx, c, job) {
			if stop = err; err != nil {
				break
			}
			outcomes = append(outcomes, res.Outcome)
			if why == "canceled" {
				cancel()
			}
			if why == "left" {
				break
			}
		}
		want := map[string]error{"budget": client.ErrBudget, "canceled": context.Canceled}[why]
		all := []client.Outcome{client.Failed, client.Skipped}
		if why == "left" {
			all = all[:1]
		}
		if !errors.Is(stop, want) || !slices.Equal(outcomes, all) {
			t.Errorf("%s: %v, %v", why, stop, outcomes)
		}
		if _, ok := s.User(leaver); !ok {
			t.Errorf("%s: removed", why)
		}
		if p := job.Progress(); why != "left" && (p.Read != 2 || p.Skipped != 1) {
			t.Errorf("%s: %+v", why, p)
		}
	}
}

// A job that is canceled in one stage tells of the next one, too, what its
// journal knows.
func TestStagesAfterACanceledOneAskTheJournal(t *testing.T) {
	s := webextest.New(webextest.Config{Seed: 1})
	c := newClient(t, s)
	j, err := journal.Open(filepath.Join(t.TempDir(), "j"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	ada := add(t, s, map[string]any{"userName": "ada@example.com", "externalId": "e-1"})
	rows := []reconcile.Row{
		rowOf(2, map[string]any{"userName": "ada@example.com", "externalId": "e-2"}),
		rowOf(3, map[string]any{"userName": "ada.old@example.com", "externalId": "e-1"}),
	}
	d := compareWith(t, c, reconcile.Users, rows, reconcile.Options{})
	for res, err := range d.Run(t.Context(), c, &client.Job{Journal: j}) {
		if err != nil || res.Err != nil {
			t.Fatal(err, res.Err)
		}
	}
	lagging := read(t, c, reconcile.Users)
	lagging.Resources = slices.DeleteFunc(lagging.Resources, func(r client.Resource) bool { return r.ID != ada })
	lagging.Resources[0].Name = "ada@example.com"
	lagging.Resources[0].Data = encode(map[string]any{"id": ada, "userName": "ada@example.com", "externalId": "e-1"})
	if d, err = reconcile.Compare(rows, lagging, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var outcomes []client.Outcome
	var stop error
	for res, err := range d.Run(ctx, c, &client.Job{Journal: j, ReadOn: true}) {
		if stop = err; err == nil {
			outcomes = append(outcomes, res.Outcome)
		}
	}
	if !slices.Equal(outcomes, []client.Outcome{client.Skipped, client.Succeeded}) ||
		!errors.Is(stop, context.Canceled) || errors.Is(stop, client.ErrJournal) {
		t.Errorf("%v, %v", outcomes, stop)
	}
}

// One error budget is that of all stages.
func TestBudgetHoldsOverStages(t *testing.T) {
	s := webextest.New(webextest.Config{Seed: 1, Faults: func(*webextest.Request) *webextest.Fault {
		return &webextest.Fault{RefuseItem: func(webextest.Operation) int { return 400 }}
	}})
	c := newClient(t, s)
	for _, name := range []string{"a", "b", "c"} {
		add(t, s, map[string]any{"userName": name + "@example.com"})
	}
	d := compareWith(t, c, reconcile.Users, []reconcile.Row{rowOf(2, map[string]any{"userName": "new@example.com"})},
		reconcile.Options{Leavers: reconcile.DeactivateLeavers, MaxRemovals: anybody})
	job := &client.Job{FailOnErrors: 2, ReadOn: true}
	var stop error
	for _, err := range d.Run(t.Context(), c, job) {
		stop = err
	}
	if p := job.Progress(); !errors.Is(stop, client.ErrBudget) || p.Failed != 2 || p.Skipped != 2 {
		t.Errorf("%v %+v", stop, p)
	}
}
