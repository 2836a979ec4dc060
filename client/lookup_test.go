package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// Creates whose answer is lost are looked up, under names of every kind, and
// are found if they are there: now, or once reads have caught up.
func TestLostCreatesAreLookedUp(t *testing.T) {
	names := []string{"plain", "quo\"te", `back\slash`, "pl+us", "sp ace", "a&b=c", "per%20cent", "Ünïcode", "名前", `x" or userName pr or userName eq "`, "UPPER", "(paren)"}
	var ops []client.Operation
	for i, name := range names {
		ops = append(ops,
			client.Operation{Method: "POST", Path: "/Users", Data: json.RawMessage(fmt.Sprintf(`{"schemas":[%q],"userName":%s}`, client.SchemaUser, quote(name+"@example.com")))},
			client.Operation{Method: "POST", Path: "/Groups", Data: json.RawMessage(fmt.Sprintf(`{"schemas":[%q],"displayName":%s,"externalId":"x%d"}`, client.SchemaGroup, quote(name), i))})
	}
	for _, lag := range []time.Duration{0, 4 * time.Second, 14 * time.Second} {
		for _, done := range []bool{true, false} {
			sc := scenario{service: webextest.Config{ReadLag: lag}, script: []*webextest.Fault{webextest.CutAt(webextest.BeforeWork)}}
			if done {
				sc.script[0] = webextest.CutAt(webextest.AfterWork)
			}
			sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
				wantNothingTwice(t, s)
				for i, r := range results {
					u, isUser := s.User(r.Location.ID)
					g, _ := s.Group(r.Location.ID)
					if name := names[i/2]; isUser && u.UserName() != name+"@example.com" || !isUser && g.DisplayName() != name {
						t.Errorf("lag %v: %q is %v %v", lag, name, u, g)
					}
					// Users are guarded, and sent again as soon as a lookup does not show
					// them; groups are not, and are sent again only when the attempt can no
					// longer be at work.
					attempts := 1
					if !done || isUser && lag > 0 {
						attempts = 2
					}
					if r.Recovered != done || r.Attempts != attempts {
						t.Errorf("lag %v: %q recovered %v after %d", lag, names[i/2], r.Recovered, r.Attempts)
					}
				}
				all := s.Exchanges()
				took := all[len(all)-1].End.Sub(all[0].Start)
				if most := 2*lag + time.Second; done && took > most || !done && (took < 2*time.Minute || took > 150*time.Second) {
					t.Errorf("lag %v, done %v: it took %v", lag, done, took)
				}
				if done && lag == 0 && s.Stats().Searches > 2*6 {
					t.Errorf("%d searches", s.Stats().Searches)
				}
			})
		}
	}
}

// Reads lag for longer than a lookup is patient. A user is sent again, is
// refused as a duplicate, and is known to be there once reads have caught up.
// All are looked for together, and none is created twice.
func TestConflictAfterALostAnswerIsLookedUp(t *testing.T) {
	for _, lag := range []time.Duration{2 * time.Second, 14 * time.Second, 20 * time.Second, 2 * time.Minute} {
		sc := scenario{service: webextest.Config{ReadLag: lag}, script: []*webextest.Fault{webextest.CutAt(webextest.AfterWork)}}
		sc.all(t, users(30), func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			wantNothingTwice(t, s)
			for i, r := range results {
				if !r.Recovered || r.Attempts != 2 {
					t.Errorf("lag %v: operation %d: %v after %d", lag, i, r.Outcome, r.Attempts)
				}
			}
			all := s.Exchanges()
			if took := all[len(all)-1].End.Sub(all[0].Start); took > 2*lag+time.Second {
				t.Errorf("lag %v: it took %v", lag, took)
			}
			if requests(s) != 2 || s.Stats().Searches > 20 {
				t.Errorf("lag %v: %d requests, %d searches", lag, requests(s), s.Stats().Searches)
			}
		})
	}
}

// A user of that name who is another's is not taken for the job's own: he has
// another externalId, or was there before.
func TestForeignUsersAreNotAdopted(t *testing.T) {
	for name, c := range map[string]struct {
		there, mine string
		rest        time.Duration
		own         bool
	}{
		"another externalId":  {`"externalId":"theirs"`, `"externalId":"ours"`, 0, false},
		"externalId in case":  {`"externalId":"OURS"`, `"externalId":"ours"`, 0, false},
		"was there before":    {`"title":"x"`, `"title":"x"`, 20 * time.Minute, false},
		"can't be told apart": {`"title":"x"`, `"title":"x"`, 0, true},
	} {
		for _, fault := range []*webextest.Fault{webextest.CutAt(webextest.AfterWork), webextest.CutAt(webextest.BeforeWork)} {
			sc := scenario{script: []*webextest.Fault{fault}, prepare: func(t *testing.T, s *webextest.Simulator) {
				add(t, s, "u", c.there)
				time.Sleep(c.rest)
			}}
			sc.run(t, []client.Operation{create("u", c.mine), create("v")}, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
				r := results[0]
				said, _ := errors.AsType[*client.ResponseError](r.Err)
				if c.own != (r.Outcome == client.Succeeded) || !c.own && (r.Outcome != client.Failed || said == nil || said.Status != 409) {
					t.Errorf("%s: %v %v", name, r.Outcome, r.Err)
				}
				if results[1].Err != nil || len(s.Users()) != 2 {
					t.Errorf("%s: %v, %d users", name, results[1].Err, len(s.Users()))
				}
			})
		}
	}
}

// Groups may share a name. They are told apart by externalId; what another
// operation of the job has made is not taken; and where two could be meant, the
// outcome is unknown rather than guessed.
func TestGroupsOfOneNameAreToldApart(t *testing.T) {
	same := func(external string) client.Operation {
		return client.Operation{Method: "POST", Path: "/Groups", Data: json.RawMessage(fmt.Sprintf(`{"schemas":[%q],"displayName":"same"%s}`, client.SchemaGroup, external))}
	}
	lost := webextest.CutAt(webextest.AfterWork)
	t.Run("externalId", func(t *testing.T) {
		sc := scenario{script: []*webextest.Fault{lost}}
		sc.all(t, []client.Operation{same(`,"externalId":"a"`), same(`,"externalId":"b"`)}, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			for i, id := range []string{"a", "b"} {
				if g, _ := s.Group(results[i].Location.ID); g.ExternalID() != id || len(s.Groups()) != 2 {
					t.Errorf("group %d is %v of %d", i, g, len(s.Groups()))
				}
			}
		})
	})
	t.Run("one is known", func(t *testing.T) {
		sc := scenario{script: []*webextest.Fault{nil, lost}, config: func(c *client.Config) { c.Limits.Operations, c.Concurrency = 1, 1 }}
		sc.all(t, []client.Operation{same(""), same(`,"members":[]`)}, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			if results[0].Location.ID == results[1].Location.ID || len(s.Groups()) != 2 || !results[1].Recovered {
				t.Errorf("%v", results)
			}
		})
	})
	t.Run("one is known from an earlier run", func(t *testing.T) {
		journal := newMemoryJournal()
		first := scenario{job: client.Job{Journal: journal}}
		var kept *webextest.Simulator
		first.all(t, []client.Operation{same("")}, func(t *testing.T, s *webextest.Simulator, _ []client.Result) { kept = s })
		sc := scenario{job: client.Job{Journal: journal}, script: []*webextest.Fault{lost}}
		sc.prepare = func(t *testing.T, s *webextest.Simulator) {
			// Ids are drawn from the seed, so this is the group of the first run.
			if id, err := s.Add("/Groups", same("").Data); err != nil || id != kept.Groups()[0].ID() {
				t.Fatal(id, err)
			}
		}
		sc.all(t, []client.Operation{same(""), same(`,"members":[]`)}, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			if results[0].Location.ID == results[1].Location.ID || !results[0].Replayed || !results[1].Recovered {
				t.Errorf("%v", results)
			}
		})
	})
	t.Run("two could be meant", func(t *testing.T) {
		sc := scenario{script: []*webextest.Fault{lost}}
		sc.run(t, []client.Operation{same(""), same(`,"members":[]`)}, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			want(t, results, map[client.Outcome]int{client.Unknown: 2})
		})
	})
	t.Run("one was there before", func(t *testing.T) {
		for _, fault := range []*webextest.Fault{lost, webextest.CutAt(webextest.BeforeWork)} {
			sc := scenario{script: []*webextest.Fault{fault}, prepare: func(t *testing.T, s *webextest.Simulator) {
				if _, err := s.Add("/Groups", same("").Data); err != nil {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Minute)
			}}
			sc.all(t, []client.Operation{same("")}, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
				if g := s.GroupsByName("same"); len(g) != 2 || g[1].ID() != results[0].Location.ID {
					t.Errorf("%v: %v, groups %v", fault, results[0].Location.ID, g)
				}
			})
		}
	})
}

// A search that is refused leaves creates unknown, not guessed; one that fails
// is repeated; one that a single name spoils is not spoilt for the others.
func TestFailedSearchesGuessNothing(t *testing.T) {
	many := func(f *webextest.Fault, n int) (all []*webextest.Fault) {
		for range n {
			all = append(all, f)
		}
		return all
	}
	for name, c := range map[string]struct {
		searches []*webextest.Fault
		unknown  int
	}{
		"refused":      {many(webextest.Refuse(403, ""), 100), 10},
		"some time":    {many(webextest.Refuse(502, ""), 12), 0},
		"cut":          {many(webextest.CutAt(webextest.InAnswer), 3), 0},
		"HTML":         {many(webextest.AnswerPage(), 3), 0},
		"rate limited": {many(webextest.Refuse(429, "1"), 3), 0},
		"whole filter": {many(webextest.Refuse(400, ""), 1), 0},
		"one name":     {append(many(webextest.Refuse(400, ""), 4), nil, nil, nil), 0}, // 10, 5, 2, 1: that one is sent again
	} {
		sc := scenario{script: []*webextest.Fault{webextest.CutAt(webextest.AfterWork)}, searches: c.searches}
		sc.run(t, users(10), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			if n := outcomes(results); n[client.Unknown] != c.unknown || n[client.Succeeded] != 10-c.unknown || err != nil {
				t.Errorf("%s: %v, %v: %v", name, n, err, results[0].Err)
			}
			wantNothingTwice(t, s)
		})
	}
}

// Of two creates of one userName in one lost request, one has succeeded.
func TestOneOfTwoEqualNamesSucceeds(t *testing.T) {
	again := create("u")
	again.BulkID = "again"
	sc := scenario{script: []*webextest.Fault{webextest.CutAt(webextest.AfterWork)}}
	sc.run(t, []client.Operation{create("u"), again}, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		want(t, results, map[client.Outcome]int{client.Succeeded: 1, client.Failed: 1})
		wantNothingTwice(t, s)
	})
}

// A 201 that names no resource: its id is looked up, for the result and for
// what refers to it; all of a request in one go.
func TestMissingIDsAreLookedUp(t *testing.T) {
	for _, lag := range []time.Duration{0, 5 * time.Second, time.Hour} {
		ops := append(users(50), create("boss"), create("r", manager("boss")))
		sc := scenario{service: webextest.Config{ReadLag: lag, Shape: webextest.NoLocations}}
		sc.config = func(c *client.Config) { c.ResolveReferences = true }
		sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			for i, r := range results[:51] {
				if u, ok := s.User(r.Location.ID); r.Err != nil || r.Recovered || r.Status != 201 || ok != (lag < time.Hour) || ok && u.UserName() == "" {
					t.Errorf("lag %v: operation %d: %+v", lag, i, r)
				}
			}
			if last := results[51]; (lag < time.Hour) != (last.Err == nil) || lag == time.Hour && !errors.Is(last.Err, client.ErrNoID) {
				t.Errorf("lag %v: %v", lag, last.Err)
			}
			all := s.Exchanges()
			if took := all[len(all)-1].End.Sub(all[0].Start); took > 40*time.Second {
				t.Errorf("lag %v: it took %v", lag, took)
			}
		})
	}
}

// A lookup that drags on, because the search for one type does, is no reason
// to believe what the other type's search told before reads had caught up.
func TestAbsenceIsNotConcludedFromAnOldLook(t *testing.T) {
	sc := scenario{service: webextest.Config{ReadLag: 10 * time.Second}, script: []*webextest.Fault{webextest.CutAt(webextest.AfterWork)}}
	sc.searches = []*webextest.Fault{webextest.Delay(8 * time.Second), webextest.Delay(8 * time.Second)}
	sc.all(t, []client.Operation{create("u"), group("g", `,"externalId":"x"`)}, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
		wantNothingTwice(t, s)
		if r := results[1]; r.Attempts != 1 || !r.Recovered {
			t.Errorf("%+v", r)
		}
	})
}

// A second create of a userName is refused, also where its answer is lost: what
// the first has made, in this run or an earlier one, is not the second's.
func TestOwnUserIsNotAdoptedTwice(t *testing.T) {
	for _, at := range []webextest.Stage{webextest.AfterWork, webextest.BeforeWork} {
		again := create("again")
		again.Data = user("u", `"title":"x"`)
		sc := scenario{script: []*webextest.Fault{nil, webextest.CutAt(at)}}
		sc.config = func(c *client.Config) { c.Limits.Operations, c.Concurrency = 1, 1 }
		sc.run(t, []client.Operation{create("u"), again}, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			want(t, results, map[client.Outcome]int{client.Succeeded: 1, client.Failed: 1})
		})
		synctest.Test(t, func(t *testing.T) {
			j := newMemoryJournal()
			s := webextest.New(webextest.Config{})
			s.Script(nil, webextest.CutAt(at))
			s.ScriptSearches(webextest.Refuse(403, ""), webextest.Refuse(403, ""))
			one := func(c *client.Config) { c.Limits.Operations, c.Concurrency = 1, 1 }
			results, _ := resumed(t, s, j, one, create("u"), again)
			want(t, results, map[client.Outcome]int{client.Succeeded: 1, client.Unknown: 1})
			results, _ = resumed(t, s, j, one, create("u"), again)
			want(t, results, map[client.Outcome]int{client.Succeeded: 1, client.Failed: 1})
		})
	}
}

// A group that another operation of the same name has created, and whose answer
// is on its way, is not taken for that of one whose answer is lost.
func TestAnswerOnItsWayIsWaitedFor(t *testing.T) {
	same := client.Operation{Method: "POST", Path: "/Groups", Data: group("same", "").Data}
	sc := scenario{script: []*webextest.Fault{webextest.Delay(5 * time.Second), webextest.CutAt(webextest.BeforeWork)}}
	sc.config = func(c *client.Config) { c.Limits.Operations, c.Concurrency = 1, 2 }
	sc.all(t, []client.Operation{same, same}, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
		if results[0].Location.ID == results[1].Location.ID || len(s.Groups()) != 2 {
			t.Errorf("%d groups: %v and %v", len(s.Groups()), results[0].Location, results[1].Location)
		}
	})
}

// lostAnswers creates 4,000 users at a service that loses one answer in so
// many, by turns before and after the work (0: none), and returns the time that
// it takes there.
func lostAnswers(tb testing.TB, one int) time.Duration {
	tb.Helper()
	s := webextest.New(webextest.Config{
		Latency: 50 * time.Millisecond, ReadLag: 300 * time.Millisecond,
		Faults: func(r *webextest.Request) *webextest.Fault {
			switch {
			case one == 0 || r.Number%one != 0:
				return nil
			case r.Number/one%2 == 0:
				return webextest.CutAt(webextest.BeforeWork)
			}
			return webextest.CutAt(webextest.AfterWork)
		},
	})
	c, err := client.New(client.Config{OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), HTTPClient: s.Client()})
	if err != nil {
		tb.Fatal(err)
	}
	began := time.Now()
	n := 4000 // in a shorter job, the last lookups weigh more
	results, err := c.Do(context.Background(), users(n)...)
	took := time.Since(began)
	if err != nil || outcomes(results)[client.Succeeded] != n || s.Stats().Created != n {
		tb.Errorf("%v, %v, %d created", outcomes(results), err, s.Stats().Created)
	}
	return took
}

// With one answer in five lost, an import of users takes less than five times
// as long as without.
func TestLostAnswersCostLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plain, lossy := lostAnswers(t, 0), lostAnswers(t, 5)
		ratio := float64(lossy) / float64(plain)
		t.Logf("%v without faults, %v with one answer in five lost: %.1f times", plain, lossy, ratio)
		if ratio >= 5 {
			t.Error("expected less than 5 times")
		}
	})
}

// BenchmarkLostAnswers tells the same as a figure, in real time:
// lossy/plain.
//
//	go test ./client -run '^$' -bench LostAnswers
func BenchmarkLostAnswers(b *testing.B) {
	var plain, lossy time.Duration
	for b.Loop() {
		plain += lostAnswers(b, 0)
		lossy += lostAnswers(b, 5)
	}
	b.ReportMetric(plain.Seconds()/float64(b.N), "plain-s")
	b.ReportMetric(lossy.Seconds()/float64(b.N), "lossy-s")
	b.ReportMetric(lossy.Seconds()/plain.Seconds(), "lossy/plain")
}

// A run after a kill sends within two seconds, whatever is on record as sent:
// only groups, and what depends on what is in doubt, wait.
func TestResumeSendsAtOnce(t *testing.T) {
	for _, done := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Latency: 50 * time.Millisecond, ReadLag: 300 * time.Millisecond})
			j := newMemoryJournal()
			ops := users(1000)
			for i := range 10 {
				ops = append(ops, group("g"+ops[i].BulkID, "", ops[100*i].BulkID))
			}
			cut := webextest.CutAt(webextest.BeforeWork)
			if done {
				cut = webextest.CutAt(webextest.AfterWork)
			}
			// The process dies with four requests under way: nothing is looked up, and
			// nothing more is recorded.
			s.Script(nil, cut, cut, cut, cut)
			ctx, kill := context.WithCancel(t.Context())
			time.AfterFunc(60*time.Millisecond, kill)
			_, _ = newClient(t, s, func(c *client.Config) { c.Grace = time.Millisecond }).DoJob(ctx, &client.Job{Journal: j}, ops...)
			time.Sleep(time.Second)

			before := len(s.Exchanges())
			began := time.Now()
			results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Journal: j}, ops...)
			want(t, results, map[client.Outcome]int{client.Succeeded: len(ops)})
			for _, x := range s.Exchanges()[before:] {
				if x.Method == "POST" {
					if lost := x.Start.Sub(began); lost >= 2*time.Second || err != nil {
						t.Errorf("done %v: the first request left after %v, %v", done, lost, err)
					} else {
						t.Logf("done %v: the first request left after %v; in all %v", done, lost, time.Since(began))
					}
					break
				}
			}
			wantNothingTwice(t, s)
		})
	}
}

// A location of another organization names nobody that a job may touch, not in
// the run that reads it nor in a later one that finds it in the journal.
func TestForeignLocationIsNeverUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		victim, lies := "", true
		s := webextest.New(webextest.Config{ReadLag: time.Minute, Shape: webextest.EachItem(func(i *webextest.Item) {
			if lies {
				i.Location = "https://webexapis.com/identity/scim/11111111-2222-3333-4444-555555555555/v2/Users/" + victim
			}
		})})
		victim = add(t, s, "victim")
		time.Sleep(time.Hour)
		j := newMemoryJournal()
		results, err := resumed(t, s, j, nil, create("a"))
		if results[0].Outcome != client.Succeeded || results[0].Location.ID != "" || err != nil {
			t.Errorf("%v at %v, %v", results[0], results[0].Location, err)
		}
		lies = false
		time.Sleep(time.Hour)
		results, err = resumed(t, s, j, nil, create("a"), remove("/Users/bulkId:a"))
		if _, there := s.User(victim); !there || results[1].Outcome == client.Succeeded && results[1].Attempts == 0 {
			t.Errorf("the victim is there: %v; %v, %v", there, results, err)
		}
	})
}
