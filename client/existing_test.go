package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
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

// patches counts the PATCHes that the service has done.
func patches(s *webextest.Simulator) int { return s.Stats().Patched }

func titleOf(t *testing.T, s *webextest.Simulator, id string) string {
	t.Helper()
	u, ok := s.User(id)
	if !ok {
		t.Errorf("no user %s", id)
	}
	title, _ := u["title"].(string)
	return title
}

// A tree of people of whom some are there goes through in one run, with a group
// of them: what is there is taken as it is.
func TestExistingSkipTakesWhatIsThere(t *testing.T) {
	var boss, ann string
	sc := scenario{job: client.Job{Existing: client.ExistingSkip}, prepare: func(t *testing.T, s *webextest.Simulator) {
		boss, ann = add(t, s, "boss", `"title":"Boss"`), add(t, s, "ann")
	}}
	ops := []client.Operation{group("team", "", "boss", "new"), create("new", manager("boss")), create("ann", `"title":"Chair"`, manager("new")), create("boss", `"title":"x"`)}
	sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
		for i, id := range []string{"", "", ann, boss} {
			r := results[i]
			if there := id != ""; r.Existing != there || r.Unchanged != there || there && (r.Location.ID != id || r.Attempts != 0) {
				t.Errorf("%v: existing %v, unchanged %v, %d attempts", r, r.Existing, r.Unchanged, r.Attempts)
			}
		}
		if n, _ := s.User(results[1].Location.ID); n.Manager() != boss {
			t.Errorf("the manager is %q", n.Manager())
		}
		if titleOf(t, s, boss) != "Boss" || titleOf(t, s, ann) != "" || patches(s) != 0 || requests(s) != 1 {
			t.Errorf("%d requests, %d changes", requests(s), patches(s))
		}
	})
}

// What is there is changed where it differs, and nowhere else. The same once
// more sends no Bulk request.
func TestExistingUpdateChangesWhatDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		boss, ann, bob := add(t, s, "boss", `"title":"Boss"`), add(t, s, "ann", `"nickName":"A"`), add(t, s, "Bob")
		if _, err := s.Add("/Groups", json.RawMessage(`{"displayName":"team","members":[{"value":"`+bob+`","type":"user"}]}`)); err != nil {
			t.Fatal(err)
		}
		c := newClient(t, s, nil)
		ops := []client.Operation{
			group("team", "", "ann", "new"), create("ann", `"title":"Chair"`, manager("boss")), create("new", manager("ann")),
			create("boss", `"title":" boss"`), create("BOB", manager("new")),
		}
		for again := range 2 {
			before, sent := patches(s), requests(s)
			results, err := c.DoJob(t.Context(), &client.Job{Existing: client.ExistingUpdate}, ops...)
			if err := errors.Join(err, client.JoinErrors(results)); err != nil {
				t.Fatal(err)
			}
			unchanged := 0
			for i, r := range results {
				if r.Location.ID == "" || r.Existing != (i != 2 || again > 0) {
					t.Errorf("%v: existing %v", r, r.Existing)
				}
				if r.Unchanged {
					unchanged++
				}
			}
			if again > 0 && (unchanged != len(ops) || requests(s) != sent) || again == 0 && (unchanged != 1 || patches(s)-before != 3) {
				t.Errorf("run %d: %d unchanged, %d changes, %d requests", again, unchanged, patches(s)-before, requests(s)-sent)
			}
			if results[3].Location.ID != boss || results[1].Location.ID != ann {
				t.Errorf("ids %v", results)
			}
		}
		if a, _ := s.User(ann); a.Manager() != boss || titleOf(t, s, ann) != "Chair" || a["nickName"] != "A" {
			t.Errorf("ann is %v", a)
		}
		if team := s.GroupsByName("team"); len(team) != 1 || len(team[0].Members()) != 3 {
			t.Errorf("the group is %v", team)
		}
	})
}

// By default a create fails, with the id of what is there.
func TestExistingFailNamesTheID(t *testing.T) {
	var ann string
	sc := scenario{prepare: func(t *testing.T, s *webextest.Simulator) { ann = add(t, s, "ann") }}
	sc.run(t, []client.Operation{create("ann", `"title":"x"`)}, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		e, ok := errors.AsType[*client.ResponseError](results[0].Err)
		if !ok || e.Status != 409 || e.ExistingID != ann || results[0].Existing || err != nil {
			t.Errorf("%v, %v", results[0], err)
		}
	})
	if _, err := newClient(t, webextest.New(webextest.Config{}), nil).DoJob(t.Context(), &client.Job{Existing: 3}); err == nil {
		t.Error("3 is no way to treat what is there")
	}
}

// An answer that is lost, a service that is busy, and reads that lag change
// nothing about what comes out.
func TestExistingUnderFaults(t *testing.T) {
	for name, script := range map[string][]*webextest.Fault{
		"none": nil, "before the work": {webextest.CutAt(webextest.BeforeWork)}, "after the work": {webextest.CutAt(webextest.AfterWork)},
		"busy": {webextest.Refuse(429, "1")}, "gateway": {webextest.Intercept(502), webextest.Lose(504)}, "items": {webextest.LoseItems(500, "ann", "bob", "new")},
		"page": {webextest.AnswerPage()}, "late": {webextest.CutAt(webextest.AfterWork), webextest.CutAt(webextest.AfterWork), webextest.CutAt(webextest.BeforeWork)},
	} {
		for _, how := range []client.Existing{client.ExistingSkip, client.ExistingUpdate} {
			for _, lag := range []time.Duration{0, 5 * time.Second} {
				var ann, bob string
				sc := scenario{
					service: webextest.Config{ReadLag: lag}, script: script, job: client.Job{Existing: how},
					prepare: func(t *testing.T, s *webextest.Simulator) {
						ann = add(t, s, "ann")
						bob = add(t, s, "bob", `"title":"Old"`, `"phoneNumbers":[{"value":"+1","type":"work"}]`)
						time.Sleep(time.Hour) // what was modified just now may show a lost change in another form
					},
				}
				ops := []client.Operation{
					create("bob", `"title":"New"`, `"phoneNumbers":[{"value":"+2","type":"mobile"}]`, manager("ann")),
					create("ann", `"nickName":"A"`, manager("new")), create("new"),
				}
				t.Run(fmt.Sprintf("%s, %v, lag %v", name, how, lag), func(t *testing.T) {
					sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
						wantNothingTwice(t, s)
						if results[0].Location.ID != bob || results[1].Location.ID != ann || !results[0].Existing || !results[1].Existing || results[2].Existing {
							t.Errorf("results %v", results)
						}
						b, _ := s.User(bob)
						phones, _ := b["phoneNumbers"].([]any)
						if updated := how == client.ExistingUpdate; updated != (titleOf(t, s, bob) == "New") || updated != (b.Manager() == ann) || updated && len(phones) != 2 || !updated && patches(s) > 0 {
							t.Errorf("bob is %v", b)
						}
					})
				})
			}
		}
	}
}

// The journal owns nothing of what was there. A job that is cut short goes on:
// it creates nobody twice, and what it has created is its own, not what was
// there.
func TestExistingResumes(t *testing.T) {
	for _, how := range []client.Existing{client.ExistingSkip, client.ExistingUpdate} {
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		n := raced.Fewer(60, 120)
		var ops []client.Operation
		for i := range n {
			name := fmt.Sprintf("u%d", i)
			more := []string{fmt.Sprintf(`"title":"t%d"`, i)}
			if i%2 == 0 {
				add(t, s, name, `"title":"old"`)
			}
			if i > 0 {
				more = append(more, manager(fmt.Sprintf("u%d", (i-1)/3)))
			}
			ops = append(ops, create(name, more...))
		}
		path := filepath.Join(t.TempDir(), "j")
		c := newClient(t, s, func(cfg *client.Config) { cfg.Limits.Operations = 7 })
		for runs := 0; ; runs++ {
			given, existing := 0, 0
			s.DropScript()
			s.Script(webextest.CutAt(webextest.AfterWork), nil, webextest.CutAt(webextest.BeforeWork))
			j, err := journal.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			for r, err := range c.Run(t.Context(), &client.Job{Source: client.Operations(ops...), Existing: how, Journal: j}) {
				if err != nil || r.Err != nil {
					t.Fatal(err, r)
				}
				if given++; r.Existing {
					if existing++; r.Index%2 == 1 {
						t.Errorf("%v was there before", r)
					}
				}
				if given == 20*(runs+1) {
					break
				}
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			if given == n {
				if existing != n/2 {
					t.Errorf("%d were there before", existing)
				}
				break
			}
		}
		wantNothingTwice(t, s)
		for i := range n {
			u, ok := s.UserByName(fmt.Sprintf("u%d@example.com", i))
			if !ok || (u["title"] == "old") != (how == client.ExistingSkip && i%2 == 0) {
				t.Errorf("user %d: %v", i, u)
			}
		}
	}
}

// Creates of what another operation addresses, or has made, fail, and so do
// those of which nobody can tell which resource is meant.
func TestExistingIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		ann, bob := add(t, s, "ann"), add(t, s, "bob")
		for _, g := range []string{`{"displayName":"two"}`, `{"displayName":"Two"}`, `{"displayName":"other","externalId":"1"}`, `{"displayName":"three"}`, `{"displayName":"three","externalId":"3"}`} {
			if _, err := s.Add("/Groups", json.RawMessage(g)); err != nil {
				t.Fatal(err)
			}
		}
		ops := []client.Operation{
			create("ann", `"title":"x"`), create("bob", `"title":"1"`), create("bob2"), group("two", ""), group("other", `,"externalId":"2"`), group("three", `,"externalId":"3"`),
			patch("/Users/"+ann, "title", `"y"`),
		}
		ops[2].Data = user("bob", `"title":"2"`)
		results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Existing: client.ExistingUpdate}, ops...)
		for i, want := range []string{"409", "", "409", "several", "", "", ""} {
			if e := results[i].Err; err != nil || (e == nil) != (want == "") || e != nil && !strings.Contains(e.Error(), want) {
				t.Errorf("%d: %v, expected %q", i, results[i], want)
			}
		}
		if titleOf(t, s, ann) != "y" || titleOf(t, s, bob) != "1" || len(s.Groups()) != 6 || !results[5].Unchanged {
			t.Errorf("ann %q, bob %q, %d groups", titleOf(t, s, ann), titleOf(t, s, bob), len(s.Groups()))
		}
	})
}

// What the job has not created is not deleted by a reference to a create. A
// PATCH by reference comes after the update.
func TestExistingByReference(t *testing.T) {
	for _, how := range []client.Existing{client.ExistingSkip, client.ExistingUpdate} {
		var ann, bob string
		sc := scenario{job: client.Job{Existing: how}, prepare: func(t *testing.T, s *webextest.Simulator) { ann, bob = add(t, s, "ann"), add(t, s, "bob") }}
		ops := []client.Operation{
			remove("/Users/bulkId:ann"), patch("/Users/bulkId:bob", "title", `"last"`), create("ann", `"title":"x"`), create("bob", `"title":"first"`),
		}
		sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			if !errors.Is(results[0].Err, client.ErrNotCreated) || results[1].Err != nil || results[2].Err != nil || results[3].Err != nil || err != nil {
				t.Errorf("%v, %v", results, err)
			}
			if _, there := s.User(ann); !there || titleOf(t, s, bob) != "last" {
				t.Errorf("ann is there: %v, bob %q", there, titleOf(t, s, bob))
			}
		})
	}
}

// Rings of people who are there and people who are not, in an ordered job and
// with reads that lag: then it is the service that says who is there.
func TestExistingInCycles(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		for _, young := range []time.Duration{time.Hour, time.Second} {
			for _, how := range []client.Existing{client.ExistingSkip, client.ExistingUpdate} {
				sc := scenario{
					service: webextest.Config{ReadLag: 4 * time.Second}, job: client.Job{Existing: how, Ordered: ordered, FailOnErrors: 1},
					prepare: func(t *testing.T, s *webextest.Simulator) {
						add(t, s, "a")
						add(t, s, "c")
						time.Sleep(young)
					},
				}
				ops := []client.Operation{create("a", manager("b")), create("b", manager("c")), create("c", manager("a")), create("d", manager("d"))}
				t.Run(fmt.Sprint(ordered, young, how), func(t *testing.T) {
					sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
						wantNothingTwice(t, s)
						of := func(i int) string { u, _ := s.User(results[i].Location.ID); return u.Manager() }
						id := func(i int) string { return results[i].Location.ID }
						if updated := how == client.ExistingUpdate; of(1) != id(2) || updated && (of(0) != id(1) || of(2) != id(0)) || !updated && patches(s) > 0 {
							t.Errorf("managers %q %q %q", of(0), of(1), of(2))
						}
					})
				})
			}
		}
	}
}

// A create whose row was corrected since an earlier run becomes an update.
func TestExistingUpdatesWhatAnEarlierRunHasMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		c := newClient(t, s, nil)
		path := filepath.Join(t.TempDir(), "j")
		for i, title := range []string{"one", "two", "one"} {
			ops := []client.Operation{create("ann", `"title":`+quote(title)), group("team", `,"externalId":"1","`+client.SchemaWebexGroup+`":{"groupType":`+quote(title)+`}`, "ann")}
			count, err := journaled(t, t.Context(), c, path, &client.Job{Source: client.Operations(ops...), Existing: client.ExistingUpdate})
			if err != nil || count[client.Succeeded] != 2 {
				t.Fatal(i, count, err)
			}
			if u, _ := s.UserByName("ann@example.com"); u["title"] != title {
				t.Errorf("run %d: %v", i, u)
			}
			if g := s.GroupsByName("team"); len(g) != 1 || !strings.Contains(fmt.Sprint(g[0][client.SchemaWebexGroup]), title) {
				t.Errorf("run %d: %v", i, g)
			}
		}
		wantNothingTwice(t, s)
	})
}

// An update undoes the PATCH after it that an earlier run has done, which is
// sent again: also by the run after one that ended in between.
func TestExistingUpdatesBeforeWhatIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		ann := add(t, s, "ann")
		path := filepath.Join(t.TempDir(), "j")
		c := newClient(t, s, nil)
		ops := []client.Operation{create("ann", `"title":"first"`), patch("/Users/bulkId:ann", "title", `"last"`)}
		for run, want := range []string{"last", "last", "first", "last"} {
			j, err := journal.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			for r, err := range c.Run(t.Context(), &client.Job{Source: client.Operations(ops...), Existing: client.ExistingUpdate, Journal: j}) {
				if err != nil || r.Err != nil {
					t.Fatal(run, r, err)
				}
				if want == "first" {
					break
				}
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			if got := titleOf(t, s, ann); got != want {
				t.Errorf("run %d: %q, want %q", run, got, want)
			}
			time.Sleep(time.Hour)
		}
	})
}

// Compare shows what an update would change, and changes nothing: afterwards,
// the update does exactly that.
func TestCompareShowsWhatAnUpdateChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		boss, ann := add(t, s, "boss", `"title":"Boss"`), add(t, s, "ann", `"title":"Old"`)
		g, err := s.Add("/Groups", json.RawMessage(`{"displayName":"team"}`))
		if err != nil {
			t.Fatal(err)
		}
		ops := []client.Operation{
			group("team", "", "ann", "new"), create("ann", `"title":"Chair"`, manager("boss")), create("new", manager("ann")),
			create("boss", `"title":"BOSS"`), remove("/Users/" + boss), create("twin"),
		}
		ops[5].Data = user("ann")
		var got []string
		for c, err := range newClient(t, s, nil).Compare(t.Context(), &client.Job{Source: client.Operations(ops...)}) {
			if err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprint(c.Index, " ", c.Exists, " ", c.Location.ID)
			for _, d := range c.Differences {
				text += fmt.Sprintf("; %s: %s -> %s", d.Path, d.Old, d.New)
			}
			if c.Err != nil {
				text += "; " + c.Err.Error()
			}
			got = append(got, text)
		}
		want := []string{
			"0 true " + g + `; members:  -> [{"type":"user","value":"` + ann + `"},{"type":"user","value":"bulkId:new"}]`,
			"1 true " + ann + `; title: "Old" -> "Chair"; ` + client.SchemaEnterpriseUser + `:manager:  -> {"value":"` + boss + `"}`,
			"2 false ",
			"3 true " + boss + "; " + client.ErrTaken.Error() + ": operation 4",
			"5 true " + ann + "; " + client.ErrTaken.Error() + ": operation 1",
		}
		for i := range want {
			if i >= len(got) || got[i] != want[i] {
				t.Errorf("got  %q\nwant %q", got, want)
				break
			}
		}
		if requests(s) != 0 {
			t.Error("something was sent")
		}
	})
}

// randomOrganization is a random organization, and a sheet of creates of which
// some are there.
type randomOrganization struct {
	ops    []client.Operation
	before []string // the resource that is there, "" for none
}

func newRandomOrganization(r *rand.Rand) *randomOrganization {
	w := &randomOrganization{}
	n := 1 + r.IntN(25)
	groups := r.IntN(4)
	for i := range n {
		name, title := fmt.Sprintf("u%d", i), fmt.Sprintf(`"title":"t%d"`, r.IntN(3))
		there := ""
		if i < groups {
			var members []string
			for range r.IntN(4) {
				if k := groups + r.IntN(n); k < n {
					members = append(members, fmt.Sprintf("u%d", k))
				}
			}
			external := ""
			if r.IntN(2) == 0 {
				external = fmt.Sprintf(`,"externalId":"x%d"`, i)
			}
			w.ops = append(w.ops, group(name, external, members...))
			there = fmt.Sprintf(`{"displayName":%q%s}`, name, external)
		} else {
			more := []string{title}
			if k := groups + r.IntN(2*n); k < n && k != i {
				more = append(more, manager(fmt.Sprintf("u%d", k)))
			}
			if r.IntN(3) == 0 {
				more = append(more, fmt.Sprintf(`"phoneNumbers":[{"value":"+%d","type":"work"}]`, r.IntN(3)))
			}
			w.ops = append(w.ops, create(name, more...))
			there = string(user(name, fmt.Sprintf(`"title":"t%d","nickName":"stays","phoneNumbers":[{"value":"+%d","type":"%s"}]`, r.IntN(3), r.IntN(3), []string{"work", "mobile"}[r.IntN(2)])))
		}
		if r.IntN(2) == 0 {
			there = ""
		}
		w.before = append(w.before, there)
	}
	r.Shuffle(n, func(i, k int) {
		w.ops[i], w.ops[k] = w.ops[k], w.ops[i]
		w.before[i], w.before[k] = w.before[k], w.before[i]
	})
	return w
}

func randomFaults(r *rand.Rand) (faults []*webextest.Fault) {
	for range r.IntN(5) {
		faults = append(faults, []*webextest.Fault{
			nil, webextest.CutAt(webextest.BeforeWork), webextest.CutAt(webextest.AfterWork), webextest.Refuse(429, "1"), webextest.Intercept(502),
			webextest.Lose(504), webextest.LoseItems(500, "u0", "u1", "u2", "u3"), webextest.AnswerPage(), webextest.Truncate(40), webextest.CutThenWork(30 * time.Second),
		}[r.IntN(10)])
	}
	return faults
}

// Law: whatever is there, whatever goes wrong, and wherever a run is cut short,
// in the end everybody is there once, those who were there before are still who
// they were, and what was given is there. The same once more changes nothing.
func TestRandomOrganizationsBecomeWhatTheSheetSays(t *testing.T) {
	var worlds int
	switch {
	case *full:
		worlds = 1000
	case raced.On:
		worlds = 4
	case testing.Short():
		worlds = 25
	default:
		worlds = 60
	}
	for seed := range worlds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { checkSettled(t, uint64(seed)) })
		})
	}
}

func checkSettled(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 13))
	w := newRandomOrganization(r)
	lag := time.Duration(r.IntN(3)) * 4 * time.Second
	s := webextest.New(webextest.Config{Latency: time.Millisecond, ReadLag: lag})
	ids := make([]string, len(w.ops))
	for i, there := range w.before {
		if there == "" {
			continue
		}
		var err error
		if ids[i], err = s.Add(w.ops[i].Path, json.RawMessage(there)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep([]time.Duration{time.Hour, 0}[r.IntN(2)])
	how := []client.Existing{client.ExistingSkip, client.ExistingUpdate}[r.IntN(2)]
	ordered := r.IntN(4) == 0
	c := newClient(t, s, func(cfg *client.Config) { cfg.Limits.Operations = 1 + r.IntN(30) })
	if r.IntN(2) == 0 {
		client.KeepNothing(c)
	}
	path := filepath.Join(t.TempDir(), "j")
	large := false // a ring, for a request
	for run := 0; ; run++ {
		s.DropScript()
		if run < 4 {
			s.Script(randomFaults(r)...)
		}
		j, err := journal.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		given, most := 0, 1+r.IntN(2*len(w.ops))
		for res, err := range c.Run(t.Context(), &client.Job{Source: client.Operations(w.ops...), Existing: how, Ordered: ordered, Journal: j}) {
			switch {
			case errors.Is(err, client.ErrUnavailable):
			case err != nil:
				t.Errorf("run %d stopped: %v", run, err)
			case errors.Is(res.Err, client.ErrCycle):
				large = true
			case res.Outcome == client.Failed && !errors.Is(res.Err, client.ErrForward), res.Existing && res.Location.ID != ids[res.Index] && ids[res.Index] != "":
				t.Errorf("run %d: %v", run, res)
			}
			if given++; run < 4 && given == most {
				break
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if run >= 4 {
			break
		}
		time.Sleep(time.Duration(r.IntN(2)) * time.Hour)
	}
	if ordered || large {
		return // not all was sent
	}
	time.Sleep(time.Hour)
	wantNothingTwice(t, s)
	users, groups := s.Count()
	if users+groups != len(w.ops) {
		t.Errorf("%d users and %d groups of %d", users, groups, len(w.ops))
	}
	for i, id := range ids {
		_, isUser := s.User(id)
		_, isGroup := s.Group(id)
		if id != "" && !isUser && !isGroup {
			t.Errorf("operation %d: who was there is gone", i)
		}
	}
	if how == client.ExistingSkip {
		if patches(s) > 0 {
			t.Errorf("%d changes", patches(s))
		}
		return
	}
	sent := requests(s)
	results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Existing: how}, w.ops...)
	for _, res := range results {
		if !res.Unchanged {
			t.Errorf("once more: %v", res)
		}
	}
	if err != nil || requests(s) != sent {
		t.Errorf("once more: %v, %d requests", err, requests(s)-sent)
	}
}

// randomAttributes are attributes that a create gives or a user has.
func randomAttributes(r *rand.Rand) (all []string) {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	element := func(types ...string) string {
		return fmt.Sprintf(`{"value":"%s","type":%q}`, pick("+1 408 555", "+1408555", "+2", "+3"), pick(types...))
	}
	for _, a := range []string{
		`"title":"` + pick("Chair", "CHAIR", "Boss") + `"`,
		`"externalId":"` + pick("a", "A") + `"`,
		`"name":{"givenName":"` + pick("Ada", "Eva") + `","familyName":"L"}`,
		`"name":{"familyName":"` + pick("L", "M") + `","formatted":"x"}`,
		`"active":` + pick("true", "false"),
		`"phoneNumbers":[` + element("work", "mobile") + `]`,
		`"phoneNumbers":[` + element("work") + `,` + element("mobile", "fax") + `]`,
		`"addresses":[{"type":"work","locality":"` + pick("Bonn", "Oslo") + `"}]`,
		`"addresses":[{"type":"work","country":"DE","streetAddress":"` + pick("a", "b") + `"},{"type":"home","locality":"Oslo"}]`,
		`"roles":[{"value":"` + pick("r1", "r2") + `","type":"cirole"}]`,
		`"` + client.SchemaEnterpriseUser + `":{"department":"` + pick("R&D", "Sales") + `","costCenter":"` + pick("1", "2") + `"}`,
		`"` + client.SchemaWebexUser + `":{"extensionAttribute1":["` + pick("x", "y") + `"],"externalAttribute1":[{"source":"hr","value":"` + pick("x", "X") + `"}]}`,
	} {
		if name := strings.SplitN(a, ":[", 2)[0]; r.IntN(2) == 0 && !slices.ContainsFunc(all, func(b string) bool { return strings.HasPrefix(b, strings.SplitN(name, ":{", 2)[0]) }) {
			all = append(all, a)
		}
	}
	return all
}

// Law: an update is done with one PATCH: afterwards nothing differs.
func TestUpdatesChangeAllThatDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		var ops []client.Operation
		for i := range raced.Fewer(150, 400) {
			name := fmt.Sprint("u", i)
			add(t, s, name, randomAttributes(r)...)
			ops = append(ops, create(name, randomAttributes(r)...))
		}
		for again := range 2 {
			sent := requests(s)
			results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Existing: client.ExistingUpdate}, ops...)
			if err := errors.Join(err, client.JoinErrors(results)); err != nil {
				t.Fatal(err)
			}
			for i, res := range results {
				if again == 1 && !res.Unchanged {
					u, _ := s.User(res.Location.ID)
					t.Errorf("%s differs from %v", ops[i].Data, u)
				}
			}
			if again == 1 && requests(s) != sent || again == 0 && requests(s) == 0 {
				t.Errorf("%d requests in run %d", requests(s)-sent, again)
			}
		}
	})
}
