package client_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// nextStage runs a stage of a job and returns its results by index.
func nextStage(t *testing.T, c *client.Client, job *client.Job, ops ...client.Operation) (map[int]client.Result, error) {
	t.Helper()
	job.Next(client.Operations(ops...))
	results := map[int]client.Result{}
	for res, err := range c.Run(t.Context(), job) {
		if err != nil {
			return results, err
		}
		results[res.Index] = res
	}
	return results, nil
}

// The stages of a job count their operations on, share one error budget and one
// progress, and what stops one stops all.
func TestStagesShareBudgetAndProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		c := newClient(t, s, nil)
		for _, name := range []string{"a", "b", "c"} {
			add(t, s, name)
		}
		job := &client.Job{FailOnErrors: 3, ReadOn: true}
		first, err := nextStage(t, c, job, create("a"), create("b"), create("new"))
		if err != nil || len(first) != 3 || first[0].Outcome != client.Failed || first[2].Outcome != client.Succeeded {
			t.Fatal(err, first)
		}
		second, err := nextStage(t, c, job, remove("/Users/"+first[2].Location.ID))
		if err != nil || second[3].Outcome != client.Succeeded {
			t.Fatal(err, second)
		}
		third, err := nextStage(t, c, job, create("c"), create("d"), create("e"))
		if !errors.Is(err, client.ErrBudget) || third[4].Outcome != client.Failed || len(third) != 3 {
			t.Error(err, third)
		}
		bulk := s.Stats().Bulk
		last, err := nextStage(t, c, job, create("f"))
		if !errors.Is(err, client.ErrBudget) || last[7].Outcome != client.Skipped || s.Stats().Bulk != bulk {
			t.Error(err, last, s.Stats().Bulk-bulk)
		}
		p := job.Progress()
		if p.Read != 8 || p.Done() != 8 || p.Failed != 3 {
			t.Errorf("%+v", p)
		}
		if _, ok := s.UserByName("f@example.com"); ok {
			t.Error("sent after the stop")
		}
	})
}

// Operations that may have been refused in an answer that was lost hold their
// part of the budget over the stages.
func TestStagesKeepWhatMayBeRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		c := newClient(t, s, func(cfg *client.Config) { cfg.MaxAttempts = 1 })
		id := add(t, s, "a")
		job := &client.Job{FailOnErrors: 1}
		s.Script(webextest.CutAt(webextest.AfterWork))
		for range 100 {
			s.ScriptSearches(webextest.Refuse(500, ""))
		}
		first, err := nextStage(t, c, job, patch("/Users/"+id, "title", `"x"`))
		if first[0].Outcome != client.Unknown {
			t.Fatal(err, first)
		}
		bulk := s.Stats().Bulk
		second, err := nextStage(t, c, job, create("b"))
		if !errors.Is(err, client.ErrBudget) || s.Stats().Bulk != bulk {
			t.Error(err, second)
		}
	})
}

// Equal operations of two stages are two, also for a journal: what an earlier
// stage has done is not taken for what a later one is to do, nor waited for as
// if an earlier run had done it. A run that follows sends nothing again, and a
// corrected change of an early stage has the later ones sent after it.
func TestStagesAreApartInAJournal(t *testing.T) {
	withEachJournal(t, func(st *repeatedJob) {
		id := add(st.t, st.s, "there")
		path := "/Users/" + id
		var made client.Result
		run := func(first string) time.Duration {
			job := &client.Job{Journal: st.memory}
			if st.path != "" {
				j, err := journal.Open(st.path)
				if err != nil {
					st.t.Fatal(err)
				}
				defer j.Close()
				job.Journal = j
			}
			c := newClient(st.t, st.s, nil)
			began := time.Now()
			at := 0
			for i, title := range []string{first, "B", "A"} {
				ops := []client.Operation{patch(path, "title", quote(title)), create("a")}
				if i == 1 {
					ops[1] = remove("/Users/" + made.Location.ID)
				}
				results, err := nextStage(st.t, c, job, ops...)
				if err != nil || results[at].Outcome != client.Succeeded || results[at+1].Outcome != client.Succeeded {
					st.t.Fatal(err, results)
				}
				if i == 0 {
					made = results[at+1]
				}
				at += len(ops)
			}
			st.title(id, "A")
			if _, ok := st.s.UserByName("a@example.com"); !ok {
				st.t.Errorf("disk %v: told as created, and not there", st.path != "")
			}
			return time.Since(began)
		}
		if took := run("A"); took > time.Minute {
			st.t.Errorf("disk %v: the stages took %v", st.path != "", took)
		}
		sent := st.sent()
		run("A")
		if st.sent() != sent {
			st.t.Errorf("disk %v: %d operations were sent again", st.path != "", st.sent()-sent)
		}
		run("corrected")
		if st.sent() != sent+3 {
			st.t.Errorf("disk %v: %d operations were sent, expected 3 changes", st.path != "", st.sent()-sent)
		}
	})
}

// A job does not run again by accident.
func TestJobRunsOnce(t *testing.T) {
	s := webextest.New(webextest.Config{})
	c := newClient(t, s, nil)
	job := &client.Job{}
	for i, want := range []int{1, 0} {
		n := 0
		job.Source = client.Operations(group("g", fmt.Sprintf(`,"externalId":"%d"`, i)))
		for _, err := range c.Run(t.Context(), job) {
			if err == nil {
				n++
			}
		}
		if n != want {
			t.Errorf("run %d: %d results", i, n)
		}
	}
	if _, groups := s.Count(); groups != 1 {
		t.Errorf("%d groups", groups)
	}
}

// A later stage waits with a change until what an earlier stage has sent of the
// same resource, and has no answer to, can no longer be carried out: the last
// word is the later stage's.
func TestStagesWaitForLateWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		c := newClient(t, s, nil)
		id, other := add(t, s, "a"), add(t, s, "b")
		job := &client.Job{}
		s.Script(webextest.CutThenWork(90 * time.Second)) // its repetition is answered
		first, err := nextStage(t, c, job, patch("/Users/"+id, "title", `"first"`))
		if err != nil || first[0].Outcome != client.Succeeded {
			t.Fatal(err, first)
		}
		began := time.Now()
		if second, err := nextStage(t, c, job, patch("/Users/"+other, "title", `"second"`)); err != nil || second[1].Outcome != client.Succeeded {
			t.Fatal(err, second)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("the change of another resource took %v", took)
		}
		if third, err := nextStage(t, c, job, patch("/Users/"+id, "title", `"third"`)); err != nil || third[2].Outcome != client.Succeeded {
			t.Fatal(err, third)
		}
		time.Sleep(5 * time.Minute)
		if u, _ := s.User(id); u["title"] != "third" {
			t.Errorf("the title is %v", u["title"])
		}
		if took := time.Since(began); took > 8*time.Minute {
			t.Errorf("the stages took %v", took)
		}
	})
}
