package client_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// What refers to a create whose id is not known is told so, also if it was sent
// with it and put off.
func TestNoIDIsTheCause(t *testing.T) {
	ops := []client.Operation{{Method: "POST", Path: "/Devices", BulkID: "d", Data: user("d")}, group("g", "", "d")}
	busy := webextest.RefuseItems(429, "g")
	busy.Shape = webextest.NoLocations
	sc := scenario{script: []*webextest.Fault{busy}, config: takeDevices}
	sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if results[0].Err != nil || results[1].Outcome != client.Skipped || !errors.Is(results[1].Err, client.ErrNoID) {
			t.Errorf("%v; %v %v", results[0].Err, results[1].Outcome, results[1].Err)
		}
	})
}

// What was sent and refused with its request is told apart from what was never
// sent, and so is why.
func TestRefusedWithItsRequest(t *testing.T) {
	for _, status := range []int{401, 403, 404} {
		sc := scenario{script: []*webextest.Fault{webextest.Refuse(status, "")}, config: func(c *client.Config) { c.Concurrency = 1 }}
		sc.run(t, users(150), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			want(t, results, map[client.Outcome]int{client.Skipped: 150})
			for i, r := range results {
				said, ok := errors.AsType[*client.ResponseError](r.Err)
				if !ok || said.Status != status {
					t.Fatalf("%d: %v", i, r.Err)
				}
				skip, _ := errors.AsType[*client.SkippedError](r.Err)
				if sent := i < 100; skip == nil || skip.Refused != sent || strings.HasPrefix(r.Err.Error(), "skipped: its request was refused") != sent || (r.Attempts > 0) != sent {
					t.Fatalf("%d: %v after %d", i, r.Err, r.Attempts)
				}
			}
		})
	}
}

// The text of a skipped operation names what it needs and, in short, what was
// wrong in the first place, however far that is.
func TestSkippedTextIsShort(t *testing.T) {
	ops := []client.Operation{create("c0")}
	for i := range 500 {
		ops = append(ops, create(fmt.Sprintf("c%d", i+1), manager(fmt.Sprintf("c%d", i))))
	}
	sc := scenario{prepare: func(t *testing.T, s *webextest.Simulator) { add(t, s, "c0") }}
	sc.config = func(c *client.Config) { c.ResolveReferences = true }
	sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		last := results[500].Err
		if text := last.Error(); len(text) > 300 || !strings.Contains(text, `operation 499 (bulkId "c499")`) || !strings.Contains(text, `operation 0 (bulkId "c0"), which failed`) || !strings.Contains(text, "status 409") {
			t.Errorf("%s", text)
		}
		if said, ok := errors.AsType[*client.ResponseError](last); !ok || said.Status != 409 {
			t.Errorf("%v", last)
		}
	})
}

// What an earlier run has sent is not known to be undone because it can't be
// sent now: it is looked up, and what it refers to as well.
func TestSentBeforeAndRefusedNow(t *testing.T) {
	for _, done := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			j := newMemoryJournal()
			s := webextest.New(webextest.Config{})
			ops := []client.Operation{create("a", manager("b")), create("b", strings.Repeat(" ", 3000)+`"title":"x"`)}
			cut := webextest.CutAt(webextest.BeforeWork)
			if done {
				cut = webextest.CutAt(webextest.AfterWork)
			}
			refuse := webextest.Refuse(403, "")
			s.Script(cut, cut)
			s.ScriptSearches(refuse, refuse)
			results, _ := resumed(t, s, j, func(c *client.Config) { c.MaxAttempts = 2 }, ops...)
			want(t, results, map[client.Outcome]int{client.Unknown: 2})
			small := func(c *client.Config) { c.Limits.Bytes = 2000 }
			s.ScriptSearches(refuse, refuse)
			results, _ = resumed(t, s, j, small, ops...)
			want(t, results, map[client.Outcome]int{client.Unknown: 2})
			results, _ = resumed(t, s, j, small, ops...)
			if done {
				want(t, results, map[client.Outcome]int{client.Succeeded: 2})
			} else if want(t, results, map[client.Outcome]int{client.Failed: 1, client.Skipped: 1}); !errors.Is(results[1].Err, client.ErrTooLarge) {
				t.Errorf("%v", results[1].Err)
			}
			if requests(s) != 2 {
				t.Errorf("%d requests", requests(s))
			}
		})
	}
}

// Of a cause that lies far back the words are forgotten; what can be asked of
// it is not, and there is a text.
func TestCausesOfLongAgo(t *testing.T) {
	lost := client.Operation{Method: "POST", Path: "/Devices", BulkID: "lost", Data: user("lost")} // nothing to look it up by
	invalid := create("invalid")
	invalid.Path = "/Users/1"
	early := []client.Operation{create("taken"), create("needs", manager("taken")), invalid, create("big", fmt.Sprintf(`"title":%q`, strings.Repeat("x", 5_000)))}
	for i := range 101 {
		early = append(early, create(fmt.Sprintf("c%d", i), manager(fmt.Sprintf("c%d", (i+1)%101))))
	}
	causes := []struct {
		name   string
		reason error
		status int
	}{{"lost", client.ErrUnknown, 0}, {"taken", nil, 409}, {"needs", nil, 409}, {"invalid", client.ErrInvalid, 0}, {"big", client.ErrTooLarge, 0}, {"c7", client.ErrCycle, 0}}
	ops := append([]client.Operation{lost}, early...)
	for i := range 10_100 {
		invalid.BulkID = fmt.Sprintf("i%d", i)
		ops = append(ops, invalid)
	}
	for _, c := range causes {
		ops = append(ops, create("of "+c.name, manager(c.name)))
	}
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		s.Script(webextest.CutAt(webextest.AfterWork))
		add(t, s, "taken")
		time.Sleep(time.Hour)
		source := func(yield func(client.Operation, error) bool) {
			for i, op := range ops {
				if i == 1 || i == 1+len(early) {
					time.Sleep(time.Minute) // so that it is over with them
				}
				if !yield(op, nil) {
					return
				}
			}
		}
		results, err := run(t, newClient(t, s, func(c *client.Config) { takeDevices(c); c.Limits.Bytes, c.ResolveReferences = 4000, true }), &client.Job{Source: source})
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range causes {
			res := results[len(ops)-len(causes)+i]
			said, _ := errors.AsType[*client.ResponseError](res.Err)
			if res.Outcome != client.Skipped || c.reason != nil && !errors.Is(res.Err, c.reason) || (said != nil) != (c.status > 0) {
				t.Errorf("of %s: %v: %v", c.name, res.Outcome, res.Err)
			}
			if c.status > 0 && (said == nil || said.Status != c.status || said.Error() == "" || !strings.Contains(res.Err.Error(), "status 409")) {
				t.Errorf("of %s: %v: %v", c.name, said, res.Err)
			}
			for _, other := range causes {
				if other.reason != nil && other.reason != c.reason && errors.Is(res.Err, other.reason) {
					t.Errorf("of %s: %v", c.name, res.Err)
				}
			}
			if !strings.Contains(res.Err.Error(), "no longer kept") {
				t.Errorf("of %s: it is not long ago: %v", c.name, res.Err)
			}
		}
	})
}
