package client_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/webextest"
)

// Work that is done after the client has left, up to MaxServiceTime later:
// users and groups are created once, and the last change has the last word.
func TestWorkAfterTheClientHasLeft(t *testing.T) {
	for _, delay := range []time.Duration{time.Second, 20 * time.Second, 110 * time.Second} {
		for name, fault := range map[string]*webextest.Fault{
			"cut at once": webextest.CutThenWork(delay), "no answer in time": webextest.DelayWork(time.Minute + delay),
		} {
			for at := range 3 { // the request that it befalls
				synctest.Test(t, func(t *testing.T) {
					s := webextest.New(webextest.Config{Latency: 100 * time.Millisecond, ReadLag: time.Second})
					id, gone := add(t, s, "there"), add(t, s, "gone")
					s.Script(append(make([]*webextest.Fault, at), fault)...)
					ops := append(users(5), group("g", "", "u1"), group("h", `,"externalId":"x"`))
					ops = append(ops, titles("/Users/"+id, "ABC")...)
					ops = append(ops, titles("/Users/bulkId:u0", "DE")...)
					ops = append(ops, patch("/Users/"+gone, "title", `"x"`), remove("/Users/"+gone))
					results, err := newClient(t, s, nil).Do(t.Context(), ops...)
					if want(t, results, map[client.Outcome]int{client.Succeeded: len(ops)}); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Hour)
					u, _ := s.User(id)
					first, _ := s.User(results[0].Location.ID)
					_, there := s.User(gone)
					if u["title"] != "C" || first["title"] != "E" || there || len(s.Users()) != 6 || len(s.Groups()) != 2 {
						t.Errorf("%s after %v, request %d: titles %v and %v, %d users, %d groups",
							name, delay, at, u["title"], first["title"], len(s.Users()), len(s.Groups()))
					}
					wantNothingTwice(t, s)
				})
			}
		}
	}
}

// A clock that jumps while an answer is lost, and a service whose front and
// store are two minutes apart: what is there is still the job's own, and what
// another has made is not.
func TestClocksThatDisagree(t *testing.T) {
	for _, store := range []time.Duration{0, 2 * time.Minute, -2 * time.Minute} {
		for _, jump := range []time.Duration{0, 3 * time.Hour, -5 * time.Minute} {
			for _, stage := range []webextest.Stage{webextest.AfterWork, webextest.BeforeWork} {
				synctest.Test(t, func(t *testing.T) {
					s := webextest.New(webextest.Config{Latency: 100 * time.Millisecond, ReadLag: 2 * time.Second, StoreClock: store})
					foreign := []string{add(t, s, "u1"), ""}
					g, err := s.Add("/Groups", group("g", `,"description":"theirs"`).Data)
					if err != nil {
						t.Fatal(err)
					}
					foreign[1] = g
					time.Sleep(time.Hour)
					s.Script(nil, webextest.CutAt(stage))
					c := newClient(t, s, nil)
					source := func(yield func(client.Operation, error) bool) {
						if !yield(create("before"), nil) {
							return
						}
						time.Sleep(time.Second)
						time.AfterFunc(time.Second/10+1, func() { s.ShiftClock(jump) })
						for _, op := range []client.Operation{create("u0", `"displayName":"ours"`), create("u1", `"title":"ours"`), group("g", `,"description":"ours"`)} {
							if !yield(op, nil) {
								return
							}
						}
					}
					results, err := run(t, c, &client.Job{Source: source})
					name := fmt.Sprintf("store %v, jump %v, %v", store, jump, stage)
					if err != nil || results[1].Err != nil || results[3].Err != nil || results[3].Location.ID == foreign[1] {
						t.Errorf("%s: %v, %v, %v, %v", name, results[1], results[2], results[3], err)
					}
					if said, ok := errors.AsType[*client.ResponseError](results[2].Err); results[2].Outcome != client.Failed || !ok || said.Status != 409 || said.ExistingID != foreign[0] {
						t.Errorf("%s: %v", name, results[2])
					}
					if len(s.Groups()) != 2 || len(s.Users()) != 3 {
						t.Errorf("%s: %d groups, %d users", name, len(s.Groups()), len(s.Users()))
					}
				})
			}
		}
	}
}

// A service that trims or composes the names that it keeps: what was created is
// found by its name, and nothing is created twice.
func TestNamesThatAreNormalized(t *testing.T) {
	for name, normalize := range map[string]func(string) string{
		"kept": nil, "trimmed": webextest.TrimSpaces, "composed": fold.Compose, "taken apart": fold.Decompose,
	} {
		for _, stage := range []webextest.Stage{webextest.AfterWork, webextest.BeforeWork} {
			sc := scenario{service: webextest.Config{ReadLag: time.Second, Normalize: normalize}, script: []*webextest.Fault{webextest.CutAt(stage)}}
			var ops []client.Operation
			for i, text := range []string{" Sales   Team ", "Cafe\u0301", "Caf\u00e9 2", "\u1112\u1161\u11ab", "plain"} {
				g := group(text, "")
				g.BulkID = fmt.Sprint("g", i)
				ops = append(ops, g, create(fmt.Sprintf("u%d %s", i, text)))
			}
			sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
				if groups, users := len(s.Groups()), len(s.Users()); groups != 5 || users != 5 {
					t.Errorf("%s, %v: %d groups, %d users", name, stage, groups, users)
				}
				for i, r := range results {
					if r.Recovered != (stage == webextest.AfterWork) {
						t.Errorf("%s, %v: operation %d: recovered %v", name, stage, i, r.Recovered)
					}
				}
			})
		}
	}
}

// What the job created a moment ago may not be known everywhere: a 404 or an
// unresolved reference is put off, whatever status the service gives it.
func TestWritesThatLag(t *testing.T) {
	lags := []time.Duration{5 * time.Second, time.Second, 13 * time.Second}
	for _, lag := range lags[:raced.Fewer(1, 3)] {
		for _, status := range []int{400, 404} {
			for _, separate := range []bool{true, false} {
				sc := scenario{service: webextest.Config{Latency: 100 * time.Millisecond, ReadLag: lag, WriteLag: lag, UnknownReferenceStatus: status}}
				sc.config = func(c *client.Config) { c.ResolveReferences, c.Limits.Operations = separate, 10 }
				var ops []client.Operation
				for op := range organization(100) {
					ops = append(ops, op)
				}
				ops = append(ops, titles("/Users/bulkId:u3", "AB")...)
				ops = append(ops, remove("/Users/bulkId:u99"))
				sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
					wantNothingTwice(t, s)
					for i, r := range results[:99] {
						u, isUser := s.User(r.Location.ID)
						if boss := results[i/10*10].Location.ID; isUser && i%10 != 0 && u.Manager() != boss {
							t.Errorf("lag %v: u%d: manager %q, expected %q", lag, i, u.Manager(), boss)
						}
					}
					if u, _ := s.User(results[3].Location.ID); u["title"] != "B" {
						t.Errorf("lag %v: the title is %v", lag, u["title"])
					}
				})
			}
		}
	}
}

// A reference to what is not there at all is still refused, once it cannot be
// that the service does not know it yet.
func TestWhatIsGoneIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: 100 * time.Millisecond})
		c := newClient(t, s, nil)
		source := func(yield func(client.Operation, error) bool) {
			if !yield(create("u0"), nil) {
				return
			}
			time.Sleep(time.Second)
			u, _ := s.UserByName("u0@example.com")
			if _, err := newClient(t, s, nil).Do(t.Context(), remove("/Users/"+u.ID())); err != nil { // somebody else
				t.Error(err)
			}
			yield(patch("/Users/bulkId:u0", "title", `"x"`), nil)
		}
		began := time.Now()
		results, err := run(t, c, &client.Job{Source: source})
		said, ok := errors.AsType[*client.ResponseError](results[1].Err)
		if err != nil || results[1].Outcome != client.Failed || !ok || said.Status != 404 || time.Since(began) > 25*time.Second {
			t.Errorf("%v, %v after %v", results[1], err, time.Since(began))
		}
	})
}

// A gateway without a service behind it, from the start or in the middle of the
// job: the job stops within about a minute and with few requests.
func TestUnreachableServiceStopsTheJob(t *testing.T) {
	statuses := []int{502, 504, 511, 200, 403}
	if raced.On {
		statuses = []int{200}
	}
	for _, status := range statuses {
		for _, begins := range []time.Duration{0, 150 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				s := webextest.New(webextest.Config{Latency: 100 * time.Millisecond, ReadLag: 100 * time.Millisecond})
				var ops []client.Operation
				for op := range organization(1500) {
					ops = append(ops, op)
				}
				if begins == 0 {
					s.SetGateway(webextest.Intercept(status), 0)
				} else {
					time.AfterFunc(begins, func() { s.SetGateway(webextest.Intercept(status), 0) })
				}
				j := newMemoryJournal()
				began := time.Now()
				results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Journal: j}, ops...)
				took, n := time.Since(began)-begins, outcomes(results)
				after := 0
				for _, x := range s.Exchanges() {
					if !x.Start.Before(began.Add(begins)) {
						after++
					}
				}
				stopped := errors.Is(err, client.ErrUnavailable) || status == 403 && (errors.Is(err, client.ErrSameRefusal) || errors.Is(err, client.ErrUnauthorized))
				if !stopped || took > 75*time.Second || after > 400 {
					t.Errorf("%d after %v: %v after %v, %d requests", status, begins, err, took, after)
				}
				failed := 0
				if status == 403 { // the page may be a firewall's, which refuses some rows
					failed = 15
				}
				if n[client.Failed] > failed || n[client.Unknown] > 8*100 || n[client.Skipped] < 200 {
					t.Errorf("%d after %v: %v", status, begins, n)
				}
				// When the service is back, the job goes on.
				s.SetGateway(nil, 0)
				time.Sleep(time.Hour)
				results, err = newClient(t, s, nil).DoJob(t.Context(), &client.Job{Journal: j}, ops...)
				if want(t, results, map[client.Outcome]int{client.Succeeded: len(ops)}); err != nil {
					t.Error(err)
				}
				wantNothingTwice(t, s)
			})
		}
	}
}

// A wrong setting makes the service refuse every request: the job stops instead
// of dividing all requests to the last row.
func TestSameRefusalStopsTheJob(t *testing.T) {
	for _, status := range []int{400, 422} {
		sc := scenario{service: webextest.Config{Faults: func(*webextest.Request) *webextest.Fault { return webextest.Refuse(status, "") }}}
		sc.run(t, users(2000), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			n := outcomes(results)
			if !errors.Is(err, client.ErrSameRefusal) || requests(s) > 80 || n[client.Failed] > 15 || n[client.Failed]+n[client.Skipped] != 2000 {
				t.Errorf("%d: %v, %v, %d requests", status, n, err, requests(s))
			}
		})
	}
}

// A page of something in between, with status 404, is no word of the service on
// its endpoint: the request is sent again, and the job ends if nothing else
// comes.
func TestForeignNotFound(t *testing.T) {
	sc := scenario{script: []*webextest.Fault{webextest.Intercept(404)}}
	sc.run(t, users(300), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if want(t, results, map[client.Outcome]int{client.Succeeded: 300}); err != nil {
			t.Error(err)
		}
	})
	sc = scenario{service: webextest.Config{Faults: func(*webextest.Request) *webextest.Fault { return webextest.Intercept(404) }}}
	sc.run(t, users(300), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		want(t, results, map[client.Outcome]int{client.Skipped: 300})
		if !errors.Is(err, client.ErrUnavailable) || requests(s) > 20 {
			t.Errorf("%v, %d requests", err, requests(s))
		}
	})
}
