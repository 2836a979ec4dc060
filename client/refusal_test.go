package client_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// One operation that the service can't digest costs a few requests and fails
// alone, in the service's words.
func TestRejectedOperationIsIsolated(t *testing.T) {
	for _, status := range []int{400, 409, 413, 422} {
		for _, culprits := range [][]string{{"u42"}, {"u0"}, {"u299"}, {"u7", "u8", "u250"}} {
			bad := map[string]bool{}
			for _, c := range culprits {
				bad[c] = true
			}
			sc := scenario{service: webextest.Config{Faults: webextest.RefuseIf(status, func(op webextest.Operation) bool { return bad[op.BulkID] })}}
			sc.run(t, users(300), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
				for i, r := range results {
					said, _ := errors.AsType[*client.ResponseError](r.Err)
					if bad[fmt.Sprintf("u%d", i)] != (r.Outcome == client.Failed && r.Status == status && said.Status == status) {
						t.Errorf("%d: operation %d: %v, %v", status, i, r.Outcome, r.Err)
					}
				}
				most := 3 + 14*len(culprits)
				if status == 413 {
					most += 10 // it might be the size, and later requests are smaller
				}
				if n := requests(s); err != nil || n > most {
					t.Errorf("%d, %v: %d requests, %v", status, culprits, n, err)
				}
				wantNothingTwice(t, s)
			})
		}
	}
}

// References across the halves of a request that is refused stay right.
func TestHalvesKeepReferences(t *testing.T) {
	sc := scenario{service: webextest.Config{Faults: webextest.RefuseIf(400, func(op webextest.Operation) bool { return op.BulkID == "u77" })}}
	var ops []client.Operation
	for op := range organization(300) {
		ops = append(ops, op)
	}
	sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		want(t, results, map[client.Outcome]int{client.Succeeded: 299, client.Failed: 1})
	})
	// A cycle can't be divided.
	sc = scenario{service: sc.service}
	sc.run(t, []client.Operation{create("u77", manager("a")), create("a", manager("u77")), create("b")}, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		want(t, results, map[client.Outcome]int{client.Succeeded: 1, client.Failed: 2})
	})
}

// The byte limit of a service is learned from its first refusal, named or not.
func TestPayloadLimitIsLearned(t *testing.T) {
	for _, named := range []bool{true, false} {
		sc := scenario{service: webextest.Config{MaxPayload: 5000}}
		if !named {
			sc.service.MaxPayload = 0
			sc.service.Faults = func(r *webextest.Request) *webextest.Fault {
				if len(r.Body) > 5000 {
					return webextest.Refuse(413, "")
				}
				return nil
			}
		}
		sc.config = func(c *client.Config) { c.Concurrency = 1 }
		sc.all(t, users(1000), func(t *testing.T, s *webextest.Simulator, _ []client.Result) {
			least, refused := 0, 0
			for _, x := range s.Exchanges() {
				least += x.Bytes
				if x.Status == 413 {
					refused++
					least -= x.Bytes
				}
			}
			if n := requests(s); n > least/5000*3/2+5 || refused > 7 { // one or two more were composed before it was learned
				t.Errorf("named %v: %d requests, of which %d too large; %d bytes went through", named, n, refused, least)
			}
		})
	}
}

// A limit on the number of operations is learned as well.
func TestOperationLimitIsLearned(t *testing.T) {
	sc := scenario{service: webextest.Config{MaxOperations: 30}, config: func(c *client.Config) { c.Concurrency = 1 }}
	sc.run(t, nil, func(t *testing.T, s *webextest.Simulator, _ []client.Result, _ error) {
		results, err := newClient(t, s, sc.config).Do(t.Context(), users(900)...)
		if n := outcomes(results); err != nil || n[client.Succeeded] != 900 || requests(s) > 30+2*4 { // in flight, and ready, when the first is refused
			t.Errorf("%v in %d requests, %v", n, requests(s), err)
		}
	})
}

// A limit that makes no sense, since more than that was taken, is no limit.
func TestImplausibleLimitIsIgnored(t *testing.T) {
	sc := scenario{config: func(c *client.Config) { c.Concurrency = 1 }}
	body := `{"status":"413","detail":"exceeds the maxPayloadSize (1024 KB)"}`
	sc.service.Faults = func(r *webextest.Request) *webextest.Fault {
		if r.Number == 3 {
			return &webextest.Fault{Status: 413, Body: &body}
		}
		return nil
	}
	sc.all(t, users(1000), func(t *testing.T, s *webextest.Simulator, _ []client.Result) {
		if n := requests(s); n > 12 {
			t.Errorf("%d requests", n)
		}
	})
}

// An operation over the byte limit fails by itself, before anything is sent of
// it.
func TestOperationOverTheByteLimitFailsAlone(t *testing.T) {
	ops := users(250)
	ops[120] = create("u120", fmt.Sprintf(`"title":%q`, strings.Repeat("x", 20_000)))
	sc := scenario{config: func(c *client.Config) { c.Limits.Bytes = 16_000 }}
	sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if r := results[120]; err != nil || !errors.Is(r.Err, client.ErrTooLarge) || r.Outcome != client.Failed || r.Attempts != 0 {
			t.Errorf("%v: %v, %v", r.Outcome, r.Err, err)
		}
		want(t, results, map[client.Outcome]int{client.Succeeded: 249, client.Failed: 1})
		for _, x := range s.Exchanges() {
			if x.Bytes > 16_000 {
				t.Errorf("a request of %d bytes", x.Bytes)
			}
		}
	})
}

// An item-level 429, 423, 425 or 503 is sent again, and nothing else of its
// request is.
func TestTransientItemsGoAlone(t *testing.T) {
	busy := map[string][]int{"u3": {429, 503, 423, 425}, "u5": {429}}
	var sc scenario
	sc.service.Faults = func(*webextest.Request) *webextest.Fault {
		return &webextest.Fault{RefuseItem: func(op webextest.Operation) (status int) {
			if left := busy[op.BulkID]; len(left) > 0 {
				status, busy[op.BulkID] = left[0], left[1:]
			}
			return status
		}}
	}
	sc.config = func(c *client.Config) { c.Concurrency = 1 }
	sc.all(t, users(10), func(t *testing.T, s *webextest.Simulator, results []client.Result) {
		for i, r := range results {
			if expected := map[int]int{3: 5, 5: 2}[i]; r.Attempts != max(1, expected) {
				t.Errorf("u%d: %d attempts", i, r.Attempts)
			}
		}
		for _, x := range s.Exchanges()[1:] {
			if x.Operations > 2 {
				t.Errorf("a repetition of %d operations", x.Operations)
			}
		}
	})
}

// What refers to an operation that is put off, or that an earlier try has
// created, is sent again with it, and does not fail for it.
func TestReferencesToATransientItemAreSentAgain(t *testing.T) {
	ops := []client.Operation{create("u0"), create("u1", manager("u0")), create("u2", manager("u1")), group("g", "", "u2", "u0"), create("u3")}
	for name, faults := range map[string][]*webextest.Fault{
		"busy":      {webextest.RefuseItems(429, "u0")},
		"refused":   {webextest.ShapeAnswer(), nil},
		"conflicts": {webextest.CutAt(webextest.AfterWork)},
	} {
		sc := scenario{script: faults, service: webextest.Config{ReadLag: 20_000_000_000}}
		sc.config = func(c *client.Config) { c.LookupPatience = 10_000_000_000 } // so that what was lost is sent again, and is refused
		sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
			if name != "conflicts" {
				wantNothingTwice(t, s)
			} else if n := len(s.Users()); n != 4 {
				t.Errorf("%d users", n)
			}
			if name == "busy" && results[4].Attempts != 1 {
				t.Errorf("%s: %d attempts for what does not refer to it", name, results[4].Attempts)
			}
		})
	}
}

// 401 in the middle: a fresh token is asked for once, and used.
func TestFreshTokenOnce(t *testing.T) {
	sc := scenario{service: webextest.Config{Token: "t0", Tokens: []string{"t1", "t2", "t3", "t4", "t5"}, TokenUses: 3}}
	var asked atomic.Int64
	sc.config = func(c *client.Config) {
		c.Concurrency = 1
		c.Token = func(_ context.Context, refused string) (string, error) {
			if refused != "" {
				asked.Add(1)
			}
			return fmt.Sprintf("t%d", asked.Load()), nil
		}
	}
	sc.all(t, users(1500), func(t *testing.T, s *webextest.Simulator, _ []client.Result) {
		if asked.Load() != 4 || requests(s) != 15+4 {
			t.Errorf("asked for %d tokens, %d requests", asked.Load(), requests(s))
		}
	})
}

// A token that is refused, and so is the fresh one, ends the job; so does a
// source that has none.
func TestNoTokenEndsTheJob(t *testing.T) {
	for name, source := range map[string]client.TokenSource{
		"the same": client.StaticToken("bad"),
		"another": func(_ context.Context, refused string) (string, error) {
			return "bad" + strings.Repeat("!", len(refused)%5), nil
		},
		"none":  client.StaticToken(""),
		"error": func(context.Context, string) (string, error) { return "", errors.New("the safe is locked") },
	} {
		sc := scenario{config: func(c *client.Config) { c.Token, c.Concurrency = source, 1 }}
		sc.run(t, users(500), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			want(t, results, map[client.Outcome]int{client.Skipped: 500})
			if !errors.Is(err, client.ErrUnauthorized) || requests(s) > 2 || (name == "none") != errors.Is(err, client.ErrNoToken) {
				t.Errorf("%s: %v, %d requests", name, err, requests(s))
			}
		})
	}
}

// A limit that was guessed from a 413 fails nothing that was never tried alone.
func TestGuessedLimitFailsNothing(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		big := func(name string, n int) client.Operation {
			return create(name, strings.Repeat(" ", n)+`"title":"x"`)
		}
		none := ""
		sc := scenario{job: client.Job{Ordered: ordered}}
		sc.service.Faults = func(r *webextest.Request) *webextest.Fault {
			bytes := 0
			for _, op := range r.Operations {
				bytes += len(op.Data)
			}
			if bytes > 10_000 {
				return &webextest.Fault{Status: 413, Body: &none}
			}
			return nil
		}
		sc.all(t, []client.Operation{big("a", 9000), big("b", 2000), big("c", 9500), create("d")}, nil)
	}
}

// changes are a PATCH, a DELETE and a create, and how to see whether they were
// done.
var changes = []struct {
	name string
	op   func(id string) client.Operation
	done func(s *webextest.Simulator, id string) bool
}{
	{"PATCH", func(id string) client.Operation { return titles("/Users/"+id, "A")[0] }, func(s *webextest.Simulator, id string) bool {
		u, _ := s.User(id)
		return u["title"] == "A"
	}},
	{"DELETE", func(id string) client.Operation { return named(remove("/Users/"+id), "A") }, func(s *webextest.Simulator, id string) bool {
		_, there := s.User(id)
		return !there
	}},
	{"POST", func(string) client.Operation { return named(create("new"), "A") }, func(s *webextest.Simulator, _ string) bool {
		_, there := s.UserByName("new@example.com")
		return there
	}},
	{"POST group", func(string) client.Operation { return named(group("g", ""), "A") }, func(s *webextest.Simulator, _ string) bool {
		return len(s.Groups()) > 0
	}},
}

func named(op client.Operation, bulkID string) client.Operation {
	op.BulkID = bulkID
	return op
}

// An attempt is lost and its repetition refused, whatever the status: what the
// service holds decides, and never the refusal. What was done has succeeded,
// what was not has failed with the service's words, or was skipped when its
// attempts are used up.
func TestRefusedRepetitionIsLookedUp(t *testing.T) {
	for _, change := range changes {
		for _, status := range []int{400, 403, 404, 409, 412, 429, 500, 503, 504} {
			for _, stage := range []webextest.Stage{webextest.AfterWork, webextest.BeforeWork} {
				synctest.Test(t, func(t *testing.T) {
					s := webextest.New(webextest.Config{Latency: 50 * time.Millisecond, ReadLag: 300 * time.Millisecond})
					id := add(t, s, "there")
					time.Sleep(time.Hour)
					refuse := webextest.RefuseItems(status, "A")
					s.Script(nil, webextest.CutAt(stage), refuse, refuse, refuse, refuse, refuse, refuse)
					c := newClient(t, s, func(c *client.Config) { c.Concurrency, c.MaxAttempts = 1, 3 })
					if _, err := c.Do(t.Context(), create("before")); err != nil { // the service tells its time
						t.Fatal(err)
					}
					results, err := c.Do(t.Context(), change.op(id))
					r := results[0]
					done := change.done(s, id)
					if err != nil || done != (stage == webextest.AfterWork) && r.Outcome != client.Succeeded {
						t.Fatalf("%s, %d, %v: done %v, %v", change.name, status, stage, done, err)
					}
					gone := change.name == "DELETE" && status == 404 // the answer to a repetition of what was done
					switch {
					case done && r.Outcome != client.Succeeded,
						!done && !gone && r.Outcome != client.Failed && r.Outcome != client.Skipped:
						t.Errorf("%s, %d, %v: %v: %v", change.name, status, stage, r.Outcome, r.Err)
					case r.Outcome == client.Failed && r.Status != status:
						t.Errorf("%s, %d, %v: failed with %d: %v", change.name, status, stage, r.Status, r.Err)
					}
				})
			}
		}
	}
}

// A PATCH whose effect nobody can see, and whose repetition is refused, is
// unknown where its resource was changed since, with the service's words.
func TestRefusedRepetitionIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Second})
		id := add(t, s, "there", `"emails":[{"type":"work","value":"there@example.com"}]`)
		time.Sleep(time.Hour)
		s.Script(nil, webextest.CutAt(webextest.AfterWork), webextest.RefuseItems(400, "A"))
		c := newClient(t, s, nil)
		if _, err := c.Do(t.Context(), create("before")); err != nil {
			t.Fatal(err)
		}
		results, err := c.Do(t.Context(), named(patch("/Users/"+id, `emails[type eq "work"].display`, `"Work"`), "A"))
		r := results[0]
		said, ok := errors.AsType[*client.ResponseError](r.Err)
		if err != nil || r.Outcome != client.Unknown || !errors.Is(r.Err, client.ErrUnknown) || !ok || said.Status != 400 {
			t.Errorf("%v: %v, %v", r.Outcome, r.Err, err)
		}
	})
}

// An item-level 504, 500, 502 or 408 is a lost answer: the operation may have
// been done, or not, and is never told as failed when it was.
func TestLostItemsAreNeverToldAsFailed(t *testing.T) {
	for _, change := range changes {
		for _, status := range []int{504, 500, 502, 408} {
			for _, fault := range []*webextest.Fault{webextest.LoseItems(status, "A"), webextest.RefuseItems(status, "A")} {
				synctest.Test(t, func(t *testing.T) {
					s := webextest.New(webextest.Config{Latency: 50 * time.Millisecond})
					id := add(t, s, "there")
					time.Sleep(time.Hour)
					s.Script(fault)
					results, err := newClient(t, s, nil).Do(t.Context(), create("x"), change.op(id))
					if r := results[1]; err != nil || r.Err != nil || !change.done(s, id) || results[0].Err != nil {
						t.Errorf("%s, %v with %d: %v: %v, done %v", change.name, fault, status, r.Outcome, r.Err, change.done(s, id))
					}
					wantNothingTwice(t, s)
				})
			}
		}
	}
}
