package client_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// repeatedJob is a job that is run several times against one service, with one
// journal. The service refuses operations as told: by bulkId, with a status.
type repeatedJob struct {
	t      *testing.T
	s      *webextest.Simulator
	memory *memoryJournal
	path   string // of the journal on disk; "": it is the one in memory
	refuse map[string]int

	ordered bool
	budget  int
}

// withEachJournal tests one with each kind of journal.
func withEachJournal(t *testing.T, test func(*repeatedJob)) {
	t.Helper()
	for _, path := range []string{"", filepath.Join(t.TempDir(), "j")} {
		synctest.Test(t, func(t *testing.T) {
			st := &repeatedJob{t: t, memory: newMemoryJournal(), path: path}
			st.s = webextest.New(webextest.Config{Latency: time.Second, Faults: func(*webextest.Request) *webextest.Fault {
				return &webextest.Fault{RefuseItem: func(op webextest.Operation) int { return st.refuse[op.BulkID] }}
			}})
			test(st)
			if err := st.s.Check(); err != nil {
				t.Error(err)
			}
			for _, m := range st.memory.misuse {
				t.Error(m)
			}
		})
	}
}

// run is the next run. In what is expected of it, if that is not "", a "+"
// tells that an operation was sent in this run, a "=" that it was replayed.
func (st *repeatedJob) run(ctx context.Context, change func(*client.Config), expected string, ops ...client.Operation) ([]client.Result, error) {
	st.t.Helper()
	job := &client.Job{FailOnErrors: st.budget, Ordered: st.ordered, Journal: st.memory}
	if st.path != "" {
		j, err := journal.Open(st.path)
		if err != nil {
			st.t.Fatal(err)
		}
		defer j.Close()
		job.Journal = j
	}
	results, err := newClient(st.t, st.s, change).DoJob(ctx, job, ops...)
	var got []string
	for _, r := range results {
		text := r.Outcome.String()
		if r.Attempts > 0 {
			text += "+"
		}
		if r.Replayed {
			text += "="
		}
		got = append(got, text)
	}
	if text := strings.Join(got, " "); text != expected && expected != "" {
		st.t.Errorf("disk %v: %s, expected %s (%v)", st.path != "", text, expected, err)
	}
	time.Sleep(time.Minute)
	return results, err
}

func (st *repeatedJob) title(id, expected string) {
	st.t.Helper()
	if u, _ := st.s.User(id); u["title"] != expected {
		st.t.Errorf("disk %v: the title is %v, expected %s", st.path != "", u["title"], expected)
	}
}

// sent counts the operations that the service was sent.
func (st *repeatedJob) sent() int { return len(st.s.Ledger()) }

// titles are PATCHes of one user's title to A, B, C…, with bulkIds of those
// names.
func titles(path, names string) (ops []client.Operation) {
	for _, name := range strings.Split(names, "") {
		op := patch(path, "title", quote(name))
		op.BulkID = name
		ops = append(ops, op)
	}
	return ops
}
