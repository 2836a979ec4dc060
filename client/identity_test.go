package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// A failed PATCH skips those behind it on the same resource; the next run sends
// it and them. A new one in between has those behind it sent again, since they
// follow from another one now, and only those.
func TestOrderHoldsOverRuns(t *testing.T) {
	for _, byReference := range []bool{false, true} {
		withEachJournal(t, func(st *repeatedJob) {
			id, other := add(st.t, st.s, "there"), add(st.t, st.s, "other")
			path := "/Users/" + id
			ops := []client.Operation{create("u"), patch("/Users/"+other, "title", `"X"`)}
			if byReference {
				path = "/Users/bulkId:u"
			}
			ops = append(ops, titles(path, "ABC")...)
			st.refuse = map[string]int{"B": 400}
			results, _ := st.run(st.t.Context(), nil, "succeeded+ succeeded+ succeeded+ failed+ skipped", ops...)
			if byReference {
				id = results[0].Location.ID
			}
			st.title(id, "A")
			if skip, ok := errors.AsType[*client.SkippedError](results[4].Err); !ok || skip.Index != 3 {
				st.t.Errorf("%v", results[4].Err)
			}
			st.refuse = nil
			results, _ = st.run(st.t.Context(), nil, "succeeded= succeeded= succeeded= succeeded+ succeeded+", ops...)
			st.title(id, "C")
			if r := results[4]; r.Status != 200 || r.Location.ID != id || r.Version == "" {
				st.t.Errorf("%+v", r)
			}
			sent := st.sent()
			st.run(st.t.Context(), nil, "succeeded= succeeded= succeeded= succeeded= succeeded=", ops...)
			if st.title(id, "C"); st.sent() != sent {
				st.t.Errorf("%d operations were sent for nothing", st.sent()-sent)
			}
			ops = slices.Insert(ops, 4, titles(path, "D")...)
			st.run(st.t.Context(), nil, "succeeded= succeeded= succeeded= succeeded= succeeded+ succeeded+", ops...)
			st.title(id, "C")
		})
	}
}

// A corrected, inserted or removed change of a resource makes the later ones
// new: they are sent after it, so that the last word is the input's.
func TestCorrectedChangeSendsTheLaterOnes(t *testing.T) {
	withEachJournal(t, func(st *repeatedJob) {
		id, other := add(st.t, st.s, "there"), add(st.t, st.s, "other")
		ops := append(titles("/Users/"+id, "ABC"), titles("/Users/"+other, "X")...)
		st.run(st.t.Context(), nil, "succeeded+ succeeded+ succeeded+ succeeded+", ops...)
		ops[0] = patch("/Users/"+id, "title", `"corrected"`)
		st.run(st.t.Context(), nil, "succeeded+ succeeded+ succeeded+ succeeded=", ops...)
		st.title(id, "C")
		st.run(st.t.Context(), nil, "succeeded= succeeded+ succeeded=", slices.Delete(slices.Clone(ops), 1, 2)...)
		st.title(id, "C")
		ops[1], ops[2] = ops[2], ops[1]
		st.run(st.t.Context(), nil, "", ops...)
		st.title(id, "B")
	})
}

// A DELETE is recognized by itself: it is not sent again for what stands before
// it.
func TestDeleteIsRecognizedByItself(t *testing.T) {
	withEachJournal(t, func(st *repeatedJob) {
		id := add(st.t, st.s, "there")
		gone := remove("/Users/" + id)
		st.run(st.t.Context(), nil, "succeeded+ succeeded+", append(titles("/Users/"+id, "A"), gone)...)
		st.run(st.t.Context(), nil, "succeeded=", gone)
		st.run(st.t.Context(), nil, "failed+ succeeded=", append(titles("/Users/"+id, "B"), gone)...)
	})
}

// bulkIds are names of the moment: rows that are numbers, inserted, renamed,
// reordered and written in another way are recognized by what they mean, and
// what refers to them is not mistaken.
func TestRowsAreRecognizedByMeaning(t *testing.T) {
	withEachJournal(t, func(st *repeatedJob) {
		row := func(n int, name, more string) client.Operation {
			op := create(name, more)
			op.BulkID = fmt.Sprint(n)
			return op
		}
		note := func(n int) string { return fmt.Sprintf(`"title":"t","externalId":"x%d"`, n) }
		team := func(n int, members ...string) client.Operation {
			g := group("team", "", members...)
			g.BulkID = fmt.Sprint(n)
			return g
		}
		ops := []client.Operation{row(1, "ann", note(1)), row(2, "bob", manager("1")), row(3, "cid", manager("2")), team(4, "1", "3")}
		first, _ := st.run(st.t.Context(), nil, "succeeded+ succeeded+ succeeded+ succeeded+", ops...)
		sent := st.sent()

		// A row is inserted above, so that every number names somebody else.
		ops = []client.Operation{row(1, "new", note(9)), row(2, "ann", note(1)), row(3, "bob", manager("2")), row(4, "cid", manager("3")), team(5, "2", "4")}
		results, _ := st.run(st.t.Context(), nil, "succeeded+ succeeded= succeeded= succeeded= succeeded=", ops...)
		for i, r := range results[1:] {
			if r.Location != first[i].Location {
				st.t.Errorf("row %d is %v, was %v", i+1, r.Location, first[i].Location)
			}
		}
		// Other numbers, another order, and other JSON of the same meaning.
		for i, op := range ops {
			var data map[string]any
			if err := json.Unmarshal(op.Data.(json.RawMessage), &data); err != nil {
				st.t.Fatal(err)
			}
			ops[i].Data = data // marshaled with sorted members
		}
		slices.Reverse(ops)
		results, _ = st.run(st.t.Context(), nil, "succeeded= succeeded= succeeded= succeeded= succeeded=", ops...)
		if results[0].Location != first[3].Location || st.sent() != sent+1 {
			st.t.Errorf("%v, was %v; %d sent", results[0].Location, first[3].Location, st.sent()-sent)
		}
		wantNothingTwice(st.t, st.s)
	})
}

// The title of a manager that is corrected makes no other operation of those
// who refer to him: the correction is refused, as the service would refuse it,
// and they are skipped or replayed, never sent again.
func TestCorrectedCreateIsRefused(t *testing.T) {
	withEachJournal(t, func(st *repeatedJob) {
		ops := []client.Operation{create("boss", `"title":"VP"`), create("ann", manager("boss")), group("g", `,"externalId":"1"`, "ann"), group("h", "")}
		st.run(st.t.Context(), nil, "succeeded+ succeeded+ succeeded+ succeeded+", ops...)
		sent := st.sent()
		ops[0] = create("boss", `"title":"CEO"`)
		ops[2] = group("g", `,"externalId":"1"`, "ann", "boss") // a corrected group makes no second one
		ops[3] = group("h", `,"externalId":"2"`)                // another externalId makes another group
		results, _ := st.run(st.t.Context(), nil, "failed succeeded= failed succeeded+", ops...)
		for _, i := range []int{0, 2} {
			if !errors.Is(results[i].Err, client.ErrCorrected) || !strings.Contains(results[i].Err.Error(), "--existing update") {
				st.t.Errorf("operation %d: %v", i, results[i].Err)
			}
		}
		if st.sent() != sent+1 || len(st.s.Groups()) != 3 {
			st.t.Errorf("%d sent, %d groups", st.sent()-sent, len(st.s.Groups()))
		}
		// The row that was meant is put back beside the corrected one: that is a
		// create of its own, and the service judges it.
		back := append(slices.Clone(ops[:1]), create("boss", `"title":"VP"`))
		back[0].BulkID = "other"
		st.run(st.t.Context(), nil, "failed+ succeeded=", back...)
		if n := len(st.s.Users()); n != 2 {
			st.t.Errorf("%d users", n)
		}
	})
}

// One journal serves one job at a time, also where both have it open.
func TestJournalServesOneJobAtATime(t *testing.T) {
	withEachJournal(t, func(st *repeatedJob) {
		var j client.Journal = st.memory
		if st.path != "" {
			disk, err := journal.Open(st.path)
			if err != nil {
				st.t.Fatal(err)
			}
			defer disk.Close()
			j = disk
		}
		c := newClient(st.t, st.s, nil)
		second := make(chan error, 1)
		time.AfterFunc(time.Second/2, func() {
			_, err := c.DoJob(context.Background(), &client.Job{Journal: j}, users(10)...)
			second <- err
		})
		results, err := c.DoJob(st.t.Context(), &client.Job{Journal: j}, users(10)...)
		want(st.t, results, map[client.Outcome]int{client.Succeeded: 10})
		if two := <-second; err != nil || !errors.Is(two, client.ErrJournal) || st.sent() != 10 {
			st.t.Errorf("%v; the second: %v; %d sent", err, two, st.sent())
		}
		// Once the first has ended, the journal can serve another.
		if _, err := c.DoJob(st.t.Context(), &client.Job{Journal: j}, users(10)...); err != nil || st.sent() != 10 {
			st.t.Errorf("%v, %d sent", err, st.sent())
		}
	})
}

// A user who is refused as a duplicate is another's, in every later run too,
// also when a later create of him is lost.
func TestForeignUserIsNeverClaimed(t *testing.T) {
	withEachJournal(t, func(st *repeatedJob) {
		foreign := add(st.t, st.s, "u0")
		ops := users(3)
		results, _ := st.run(st.t.Context(), nil, "failed+ succeeded+ succeeded+", ops...)
		said, ok := errors.AsType[*client.ResponseError](results[0].Err)
		if !ok || said.Status != 409 || said.ExistingID != foreign {
			st.t.Errorf("%v, expected the id %s", results[0].Err, foreign)
		}
		st.s.Script(webextest.CutAt(webextest.BeforeWork))
		single := func(c *client.Config) { c.MaxAttempts = 1 }
		results, _ = st.run(st.t.Context(), single, "", ops...)
		if results[0].Outcome == client.Succeeded {
			st.t.Error("the second run claims him")
		}
		for range 2 {
			results, _ = st.run(st.t.Context(), nil, "", ops...)
			if r := results[0]; r.Outcome != client.Failed {
				st.t.Errorf("a later run: %v: %v", r.Outcome, r.Err)
			}
		}
		wantNothingTwice(st.t, st.s)
	})
}

// Of two creates that stand for one new group, one makes it, however late it
// shows; one more after the group was deleted makes it again.
func TestEqualNewGroupsAreCreatedOnce(t *testing.T) {
	for _, existing := range []client.Existing{client.ExistingSkip, client.ExistingUpdate} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{ReadLag: time.Minute})
			j := newMemoryJournal()
			ops := []client.Operation{group("Board", ""), group("Team", ""), {Method: "POST", Path: "/Groups", BulkID: "again", Data: group("board", "").Data}}
			for round := range 2 {
				job := &client.Job{Existing: existing, Journal: j}
				results, err := newClient(t, s, nil).DoJob(t.Context(), job, ops...)
				if err != nil || results[0].Err != nil || results[1].Err != nil || !errors.Is(results[2].Err, client.ErrTaken) {
					t.Errorf("round %d: %v %v", round, err, results)
				}
			}
			if _, groups := s.Count(); groups != 2 {
				t.Errorf("%d groups", groups)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		again := group("Board", "")
		again.BulkID = "again"
		job := &client.Job{Existing: client.ExistingUpdate, Ordered: true}
		results, err := newClient(t, s, nil).DoJob(t.Context(), job, group("Board", ""), remove("/Users/none"), client.Groups.Delete(client.Ref("Board")), again)
		if err != nil || results[3].Outcome != client.Succeeded {
			t.Error(err, results)
		}
	})
}
