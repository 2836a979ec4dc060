package webextest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLedgerHasTheEffectsWhateverTheAnswer(t *testing.T) {
	s := New(Config{KeepData: true})
	s.Script(Refuse(429, "1"), CutAt(AfterWork), nil, CutAt(BeforeBody), RefuseItems(503, "c"))
	ann := user("a", "Ann@x.org")
	ann.Data.(obj)["externalId"] = "e1"
	for range 3 {
		_, _, _, _ = ask(t.Context(), s.Client(), "https://webexapis.com", bulkRequest(0, ann))
	}
	_, _, _, _ = ask(t.Context(), s.Client(), "https://webexapis.com", bulkRequest(0, user("lost", "lost@x.org")))
	send(t, s, 0, user("c", "c@x.org"), user("d", "d@x.org"))
	d, _ := s.UserByName("d@x.org")
	send(t, s, 1, remove("/Users/"+d.ID()), remove("/Users/"+d.ID()), remove("/Users/"+d.ID()))

	var got []string
	for _, e := range s.Ledger() {
		got = append(got, fmt.Sprintf("%d.%d %s %s %s %s %d", e.Request, e.Index, e.Method, e.Key, e.BulkID, e.Effect, e.Status))
	}
	want := []string{
		"1.0 POST Ann@x.org a refused 0",
		"2.0 POST Ann@x.org a created 201",
		"3.0 POST Ann@x.org a failed 409",
		"5.0 POST c@x.org c failed 503",
		"5.1 POST d@x.org d created 201",
		"6.0 DELETE d@x.org  deleted 204",
		"6.1 DELETE   failed 404",
		"6.2 DELETE   unattempted 0",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if e := s.Ledger()[1]; e.ExternalID != "e1" || !strings.Contains(string(e.Data), `"externalId":"e1"`) {
		t.Errorf("%+v", e)
	}
	if n := len(s.History(d.ID())); n != 3 {
		t.Errorf("d has %d entries: created, deleted, not found", n)
	}
	if s.Created("ann@X.ORG") != 1 || s.Created("lost@x.org") != 0 || s.Created("c@x.org") != 0 {
		t.Error("creations are counted wrong")
	}
	wantStats := Stats{
		Requests: 6, Bulk: 6, Faults: 4, Hasty: 5, Operations: 6, Created: 2, Deleted: 1, Failed: 3,
		MaxConcurrent: 1, MaxOperations: 3, Entries: 8, Exchanges: 6,
	}
	if got := s.Stats(); got != wantStats {
		t.Errorf("got  %+v\nwant %+v", got, wantStats)
	}
	for n, want := range map[int]int{-1: 8, 0: 8, 6: 2, 8: 0, 9: 0} {
		if got := s.LedgerAfter(n); len(got) != want || want > 0 && got[want-1].Request != 6 {
			t.Errorf("after %d: %+v", n, got)
		}
	}
	if x := s.Exchanges(); x[0].Status != 429 || x[1].Status != 0 || x[4].Operations != 2 || x[4].Bytes == 0 {
		t.Errorf("%+v", x)
	}
}

func TestDiscardLedgerKeepsCounts(t *testing.T) {
	s := New(Config{DiscardLedger: true})
	send(t, s, 0, user("a", "a@x.org"))
	if len(s.Ledger())+len(s.Exchanges()) != 0 || s.Stats().Created != 1 {
		t.Errorf("%v %v %+v", s.Ledger(), s.Exchanges(), s.Stats())
	}
}

func TestOverlapsAreConcurrentChangesOfOneResource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Latency: time.Second})
		a, err := s.Add("/Users", obj{"userName": "a@x.org"})
		if err != nil {
			t.Fatal(err)
		}
		change := bulkRequest(0, patch("/Users/"+strings.ToUpper(a), obj{"op": "replace", "path": "title", "value": "x"}))
		send := func() { _, _, _, _ = ask(t.Context(), s.Client(), "https://webexapis.com", change) }
		send()
		send()
		if got := s.Overlaps(); len(got) != 0 {
			t.Errorf("one after the other: %v", got)
		}
		var wg sync.WaitGroup
		wg.Go(send)
		time.Sleep(time.Millisecond)
		wg.Go(send)
		wg.Wait()
		if got := s.Overlaps(); len(got) != 1 || got[0] != (Overlap{"Users/" + a, 3, 4}) {
			t.Errorf("at once: %v", got)
		}
		if n := s.Stats().MaxConcurrent; n != 2 {
			t.Errorf("at most %d at once", n)
		}
		// A client that leaves ends its request.
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, _, _, _ = ask(ctx, s.Client(), "https://webexapis.com", change)
		send()
		if got := s.Overlaps(); len(got) != 1 {
			t.Errorf("after a timeout: %v", got)
		}
	})
}

func TestRequestsBeforeRetryAfterAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{})
		send := func() {
			_, _, _, _ = ask(t.Context(), s.Client(), "https://webexapis.com", bulkRequest(0, user("a", "a@x.org")))
		}
		for _, form := range []string{"2", "rand(30),add(30)", "-5", ""} {
			s.Script(Refuse(429, form), nil, nil)
			send()
			time.Sleep(time.Second)
			send()
			time.Sleep(time.Second)
			send()
		}
		if n := s.Stats().Hasty; n != 1 {
			t.Errorf("%d hasty requests", n)
		}
	})
}

// With sixteen clients and chaos, ledger, counts and store agree. The race
// detector has something to watch.
func TestConcurrentClientsLeaveAConsistentStore(t *testing.T) {
	s := New(Config{Seed: 3, ReadLag: time.Microsecond, Chaos: Chaos{
		CutBeforeWork: .05, CutAfterWork: .05, TooMany: .05, Truncate: .05, Shuffle: .2, RefusedItems: .05, MaxDelay: 100 * time.Microsecond,
	}})
	shared, err := s.Add("/Groups", obj{"displayName": "Shared"})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			client := s.Client()
			for n := range 20 {
				name := func(i int) string { return fmt.Sprintf("u%d.%d.%d@x.org", worker, n, i) }
				_, _, _, _ = ask(t.Context(), client, "https://webexapis.com", bulkRequest(0,
					group("g", "G", "bulkId:a", "bulkId:b"), managed("a", name(0), "bulkId:b"), user("b", name(1)),
					patch("/Groups/"+shared, obj{"op": "add", "path": "members", "value": []obj{{"value": "bulkId:a", "type": "user"}}}),
					remove("/Users/bulkId:b"), user("same", "same@x.org")))
				if u, ok := s.UserByName(name(0)); ok && n%2 == 0 {
					_, _, _, _ = ask(t.Context(), client, "https://webexapis.com", bulkRequest(0, remove("/Users/"+u.ID())))
				}
				_, _, _ = s.Users(), s.Ledger(), s.Stats()
				_ = s.CheckIntegrity()
			}
		})
	}
	wg.Wait()
	checkSound(t, s)
	created, deleted := 0, 0
	for _, e := range s.Ledger() {
		switch e.Effect {
		case Created:
			created++
		case Deleted:
			deleted++
		}
	}
	users, groups := s.Count()
	if created-deleted != users+groups-1 {
		t.Errorf("%d created, %d deleted, and %d users and %d groups are there", created, deleted, users, groups)
	}
	if s.Created("same@x.org") != 1 {
		t.Errorf("same was created %d times", s.Created("same@x.org"))
	}
	if n := s.Stats().MaxConcurrent; n < 2 || n > 16 {
		t.Errorf("%d at once", n)
	}
}

// A request overlaps with a second one after it overlapped with a finished one.
func TestOverlapsOfThreeRequests(t *testing.T) {
	s := New(Config{})
	targets := []string{"Users/1", "Users/1"}
	s.log.touch(1, 2, targets)
	s.log.touch(2, 2, targets)
	s.log.leave(Exchange{Number: 1}, time.Time{}, targets)
	s.log.touch(3, 2, targets)
	s.log.leave(Exchange{Number: 2}, time.Time{}, targets)
	s.log.leave(Exchange{Number: 3}, time.Time{}, targets)
	s.log.touch(4, 2, targets)
	want := []Overlap{{"Users/1", 1, 2}, {"Users/1", 2, 3}}
	if got := s.Overlaps(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
