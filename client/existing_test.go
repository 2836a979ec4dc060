package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
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
func TestExistingSkip(t *testing.T) {
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
func TestExistingUpdate(t *testing.T) {
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
func TestExistingFail(t *testing.T) {
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

// Compare shows what an update would change, and changes nothing: afterwards,
// the update does exactly that.
func TestCompare(t *testing.T) {
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
