package client_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// memoryJournal is a client.Journal in memory. It is strict about its use and
// keeps the order of calls.
type memoryJournal struct {
	mu      sync.Mutex
	target  client.Target
	entries []*recorded // the ticket is the index plus 1
	byKey   map[client.Key][]int
	byName  map[client.Key][]int
	history client.History
	owned   map[string]bool // ids
	running bool
	calls   []string
	misuse  []string
	fail    func(call string, n int) error // nil: no call fails
	count   map[string]int
}

type recorded struct {
	entry   client.Entry
	known   client.Known
	claimed bool // in this run
	sent    time.Time
	date    time.Time
	success client.Success
}

func newMemoryJournal() *memoryJournal {
	return &memoryJournal{
		byKey: map[client.Key][]int{}, byName: map[client.Key][]int{}, owned: map[string]bool{}, count: map[string]int{},
	}
}

func (j *memoryJournal) call(name string, n int) error {
	j.calls = append(j.calls, fmt.Sprint(name, " ", n))
	j.count[name]++
	if j.fail != nil {
		return j.fail(name, j.count[name])
	}
	return nil
}

func (j *memoryJournal) wrong(format string, args ...any) {
	j.misuse = append(j.misuse, fmt.Sprintf(format, args...))
}

func (j *memoryJournal) Begin(_ context.Context, target client.Target) (client.History, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.call("begin", 0); err != nil {
		return client.History{}, err
	}
	if j.target != (client.Target{}) && j.target != target {
		return client.History{}, fmt.Errorf("of another target")
	}
	if j.running {
		return client.History{}, fmt.Errorf("in use")
	}
	j.target, j.running = target, true
	for _, n := range j.entries {
		n.claimed = false
	}
	return j.history, nil
}

func (j *memoryJournal) End(context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.running {
		j.wrong("End without Begin")
	}
	j.running = false
	return nil
}

func (j *memoryJournal) Claim(_ context.Context, entries []client.Entry) ([]client.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.call("claim", len(entries)); err != nil {
		return nil, err
	}
	var out []client.Record
	for _, e := range entries {
		out = append(out, j.claim(e))
	}
	return out, nil
}

func (j *memoryJournal) claim(e client.Entry) client.Record {
	rec := j.take(e)
	if rec.Known == client.KnownDone || rec.Known == client.KnownSent && e.Create || e.Name == (client.Key{}) {
		return rec
	}
	for _, i := range j.byName[e.Name] {
		n := j.entries[i]
		undone := n.known == client.KnownSent && n.sent.IsZero()
		if n.known != client.KnownNothing && !undone && !n.claimed && n.entry.Key != e.Key {
			rec.Rivals = append(rec.Rivals, client.Ticket(i+1))
			rec.RivalSent = rec.RivalSent || n.known == client.KnownSent
		}
	}
	return rec
}

func (j *memoryJournal) take(e client.Entry) client.Record {
	for _, known := range []client.Known{client.KnownDone, client.KnownSent} {
		for _, i := range j.byKey[e.Key] {
			if n := j.entries[i]; n.known == known && !n.claimed {
				n.claimed = true
				rec := client.Record{Ticket: client.Ticket(i + 1), Known: known}
				if known == client.KnownDone {
					rec.Success = n.success
				} else {
					rec.Sent, rec.Date = n.sent, n.date
				}
				return rec
			}
		}
	}
	j.byName[e.Name] = append(j.byName[e.Name], len(j.entries))
	j.byKey[e.Key] = append(j.byKey[e.Key], len(j.entries))
	j.entries = append(j.entries, &recorded{entry: e, claimed: true})
	return client.Record{Ticket: client.Ticket(len(j.entries))}
}

func (j *memoryJournal) Write(_ context.Context, updates []client.Update) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	sent, done := 0, 0
	for _, u := range updates {
		switch u.Kind {
		case client.UpdateSent:
			sent++
		case client.UpdateDone:
			done++
		}
	}
	name := "write"
	switch {
	case sent > 0 && done == 0:
		name = "sent"
	case done > 0 && sent == 0:
		name = "done"
	}
	if err := j.call(name, max(sent, done)); err != nil {
		return err
	}
	j.history.LastWritten = time.Now()
	for _, u := range updates {
		if u.Date.After(j.history.LastDate) {
			j.history.LastDate = u.Date
		}
		if u.Kind == client.UpdateForeign {
			j.owned[u.ID] = true
			continue
		}
		known := u.Ticket > 0 && int(u.Ticket) <= len(j.entries)
		if !known || !j.entries[u.Ticket-1].claimed && u.Kind != client.UpdateReplaced && u.Kind != client.UpdateUndone {
			j.wrong("ticket %d was not claimed", u.Ticket)
			continue
		}
		j.update(j.entries[u.Ticket-1], u)
	}
	return nil
}

func (j *memoryJournal) update(n *recorded, u client.Update) {
	switch u.Kind {
	case client.UpdateSent:
		if n.known == client.KnownDone {
			j.wrong("a done operation is sent")
		}
		if u.Entry.Key != n.entry.Key || u.Entry.Name != n.entry.Name {
			j.wrong("another entry is sent than was claimed")
		}
		if n.known == client.KnownNothing {
			n.known, n.sent, n.date = client.KnownSent, u.Sent, u.Date
		}
	case client.UpdateDone:
		if n.known != client.KnownSent {
			j.wrong("done without having been sent")
		}
		n.known, n.success = client.KnownDone, u.Success
		l, _ := client.ParseLocation(u.Success.Location)
		j.owned[l.ID] = true
	case client.UpdateForget:
		if n.known == client.KnownDone {
			j.wrong("a done operation is forgotten")
		}
		n.known = client.KnownNothing
	case client.UpdateReplaced:
		n.known, n.success = client.KnownNothing, client.Success{}
	case client.UpdateUndone:
		n.known, n.success, n.sent, n.date = client.KnownSent, client.Success{}, time.Time{}, time.Time{}
	}
}

func (j *memoryJournal) Owned(_ context.Context, ids []string) ([]bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.call("owned", len(ids)); err != nil {
		return nil, err
	}
	out := make([]bool, len(ids))
	for i, id := range ids {
		out[i] = j.owned[id]
	}
	return out, nil
}

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
