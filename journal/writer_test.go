package journal

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
)

// Many goroutines at once; the race detector watches.
func TestConcurrent(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	const callers, rounds, each = 16, 4, 20
	job := func() {
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				for r := range rounds {
					entries := entriesFrom((c*rounds+r)*each, each, true)
					if err := through(t.Context(), j, entries); err != nil {
						t.Error(err)
						return
					}
					for _, e := range entries {
						if s, ok, err := j.Created(t.Context(), e.Name); err != nil || !ok || s.Outcome != client.Succeeded {
							t.Errorf("Created(%q) = %+v, %v, %v", e.Name, s, ok, err)
						}
					}
					if _, err := j.Summary(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if sum, err := j.Summary(t.Context()); err != nil || sum.Done != callers*rounds*each || sum.Sent+sum.Other != 0 {
			t.Errorf("summary: %+v, %v", sum, err)
		}
	}
	job()
	begin(t, j)
	job() // all of it replayed
	if n := len(j.claims); n != 0 {
		t.Errorf("%d settled operations are kept in memory", n)
	}
}

// Close among calls: each of them either happens or says ErrClosed.
func TestCloseAmongCalls(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var sent []string
	for c := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				what := fmt.Sprint(c, "/", i)
				r, err := j.Claim(t.Context(), []client.Entry{{Key: key(what)}})
				if err == nil {
					err = j.Sent(t.Context(), []client.Ticket{r[0].Ticket})
				}
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				sent = append(sent, what)
				mu.Unlock()
			}
		})
	}
	time.Sleep(30 * time.Millisecond)
	mustClose(t, j)
	wg.Wait()
	for i, r := range stateOf(t, path, sent) {
		if r.Known != client.KnownSent {
			t.Errorf("%s was sent, known is %v", sent[i], r.Known)
		}
	}
}

// busy keeps the writer at work until the returned function is called.
func busy(t *testing.T, j *Journal) (release func()) {
	t.Helper()
	started, hold := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = j.do(t.Context(), false, func(*store) error { close(started); <-hold; return nil })
	})
	<-started
	return func() { close(hold); wg.Wait() }
}

func logSize(t *testing.T, path string) int64 {
	t.Helper()
	size, err := sizeOf(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// The calls that wait together are one transaction, and so one fsync.
func TestCallsShareATransaction(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	one := claimKeys(t, j, "first")[0]
	before := logSize(t, path)
	send(t, j, one.Ticket)
	transaction := logSize(t, path) - before

	const callers = 16
	before = logSize(t, path)
	release := busy(t, j)
	var wg, calling sync.WaitGroup
	calling.Add(callers)
	for c := range callers {
		r := claimKeys(t, j, fmt.Sprint("op", c))[0]
		wg.Go(func() {
			calling.Done()
			if err := j.Sent(t.Context(), []client.Ticket{r.Ticket}); err != nil {
				t.Error(err)
			}
		})
	}
	calling.Wait()
	time.Sleep(100 * time.Millisecond) // until they wait, all but a few
	release()
	wg.Wait()
	if grown := logSize(t, path) - before; grown > 3*transaction {
		t.Errorf("%d calls write %d bytes, one writes %d", callers, grown, transaction)
	}
}

// No test can pull the plug; what keeps data then is asked of SQLite.
func TestDurabilitySettings(t *testing.T) {
	j := opened(t, newPath(t))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "locking_mode": "exclusive", "fullfsync": "1", "checkpoint_fullfsync": "1",
	} {
		var got string
		err := j.do(t.Context(), true, func(s *store) error {
			return s.conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got)
		})
		if err != nil || got != want {
			t.Errorf("%s is %q, want %q: %v", pragma, got, want, err)
		}
	}
	if s := dataSource("/x"); !strings.HasSuffix(s, "?psow=0") {
		t.Errorf("transactions may share a sector: %s", s)
	}
}

// Claims, replays and what the disk says already cost no transaction, or none
// that is written.
func TestWhatIsKnownIsNotWritten(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	done, sent := claimAndSend(t, j, "done"), claimAndSend(t, j, "sent")
	settle(t, j, success(done, 1))
	begin(t, j)
	again := claimAndSend(t, j, "sent")
	if again != sent {
		t.Fatal("sent has another ticket in the next run")
	}
	before := logSize(t, path)
	r := claimAll(t, j, client.Entry{Key: key("done"), Name: "u"}, client.Entry{Key: key("new")})
	settle(t, j, r[0].Settlement)
	send(t, j, again)
	if grown := logSize(t, path) - before; grown != 0 {
		t.Errorf("%d bytes were written", grown)
	}
	if _, ok, err := j.Created(t.Context(), "u"); !ok || err != nil {
		t.Error("the replay is not to be seen", err)
	}
}

// A lookup does not wait for a transaction in progress, nor does a Claim for
// which the file is not needed.
func TestReadersDoNotWait(t *testing.T) {
	j := opened(t, newPath(t))
	r := claimAll(t, j, client.Entry{Key: key("a"), Name: "u"})
	settle(t, j, success(r[0].Ticket, 1))
	release := busy(t, j)
	defer release()
	if _, ok, err := j.Created(t.Context(), "u"); !ok || err != nil {
		t.Error(ok, err)
	}
	claimKeys(t, j, "b", "c")
}
