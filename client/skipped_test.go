package client_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// What refers to a create whose id is not known is told so, also if it was sent
// with it and put off.
func TestNoIDIsTheCause(t *testing.T) {
	ops := []client.Operation{{Method: "POST", Path: "/Devices", BulkID: "d", Data: user("d")}, group("g", "", "d")}
	busy := webextest.Busy(429, "g")
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
				if sent := i < 100; skip == nil || skip.Refused != sent || strings.HasPrefix(r.Err.Error(), "not sent") == sent || (r.Attempts > 0) != sent {
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
		if text := last.Error(); len(text) > 300 || !strings.Contains(text, `"c499" (operation 499)`) || !strings.Contains(text, `"c0" (operation 0)`) || !strings.Contains(text, "status 409") {
			t.Errorf("%s", text)
		}
		if said, ok := errors.AsType[*client.ResponseError](last); !ok || said.Status != 409 {
			t.Errorf("%v", last)
		}
	})
}

// What an earlier run has sent is not known to be undone because it can't be
// sent now.
func TestSentBeforeAndRefusedNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newNotes()
		s := webextest.New(webextest.Config{})
		ops := []client.Operation{create("a", manager("b")), create("b", fmt.Sprintf(`"title":%q`, strings.Repeat("x", 3000)))}
		s.Script(webextest.CutAt(webextest.AfterWork))
		s.ScriptSearches(webextest.Refuse(403, ""))
		results, _ := resumed(t, s, j, nil, ops...)
		want(t, results, map[client.Outcome]int{client.Unknown: 2})
		results, _ = resumed(t, s, j, func(c *client.Config) { c.Limits.Bytes = 2000 }, ops...)
		want(t, results, map[client.Outcome]int{client.Unknown: 2})
		if !errors.Is(results[1].Err, client.ErrTooLarge) || !errors.Is(results[1].Err, client.ErrUnknown) {
			t.Errorf("%v", results[1].Err)
		}
	})
}
