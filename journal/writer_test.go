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

// Concurrent calls, for the race detector.
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
					if err := doEntries(t.Context(), j, entries); err != nil {
						t.Error(err)
						return
					}
					if _, err := j.Summary(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if sum, err := j.Summary(t.Context()); err != nil || sum.Done != callers*rounds*each || sum.Sent != 0 {
			t.Errorf("summary: %+v, %v", sum, err)
		}
	}
	job()
	beginAgain(t, j)
	job() // all of it replayed
	if j.left != 0 {
		t.Errorf("%d operations are left", j.left)
	}
}

// Each call during a Close either succeeds or fails with ErrClosed.
func TestCloseAmongCalls(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var whats []string
	for c := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				what := fmt.Sprint(c, "/", i)
				r, err := j.Claim(t.Context(), entriesOf(what))
				if err == nil {
					err = j.Write(t.Context(), []client.Update{sent(r[0].Ticket, entry(what))})
				}
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				whats = append(whats, what)
				mu.Unlock()
			}
		})
	}
	time.Sleep(30 * time.Millisecond)
	mustClose(t, j)
	wg.Wait()
	for i, r := range stateOf(t, path, whats) {
		if r.Known != client.KnownSent {
			t.Errorf("%s was sent, known is %v", whats[i], r.Known)
		}
	}
}

// busy keeps the writer at work until the returned function is called.
func busy(t *testing.T, j *Journal) (release func()) {
	t.Helper()
	started, hold := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = j.do(t.Context(), func(*store) error { close(started); <-hold; return nil })
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

// No test cuts the power; SQLite reports the settings that keep data then.
func TestDurabilitySettings(t *testing.T) {
	j := opened(t, newPath(t))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "locking_mode": "exclusive", "fullfsync": "1", "checkpoint_fullfsync": "1",
	} {
		if err := j.do(t.Context(), func(s *store) error {
			got, err := s.first("PRAGMA " + pragma)
			if err == nil && fmt.Sprint(got[0]) != want {
				t.Errorf("%s is %v, want %s", pragma, got, want)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
	if s := dataSource("/x"); !strings.HasSuffix(s, "?psow=0") {
		t.Errorf("transactions may share a sector: %s", s)
	}
}

// Claims and questions write nothing, in a first run or in a later one.
func TestClaimsWriteNothing(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	write(t, j, done(send(t, j, "done", "sent")[0], 1))
	beginAgain(t, j)
	before := logSize(t, path)
	claimKeys(t, j, "done", "sent", "new")
	claimKeys(t, j, "newer")
	if _, err := j.Owned(t.Context(), []string{"1"}); err != nil {
		t.Fatal(err)
	}
	if grown := logSize(t, path) - before; grown != 0 {
		t.Errorf("%d bytes were written", grown)
	}
}

// A Claim for which the file is not needed does not wait for a transaction in
// progress.
func TestClaimDoesNotWait(t *testing.T) {
	j := opened(t, newPath(t))
	release := busy(t, j)
	defer release()
	claimKeys(t, j, "a", "b")
}
