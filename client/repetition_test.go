package client_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

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
func TestRefusedRepetition(t *testing.T) {
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
func TestLostItems(t *testing.T) {
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
