package journal

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
)

// long runs the forms that take minutes:
// go test ./journal -journal.long -timeout 60m
var long = flag.Bool("journal.long", false, "cut the journal at every byte, and measure memory with a million operations")

// A journal whose log is cut anywhere, as a crash of the machine may leave it,
// opens with each acknowledged transaction that is whole in it, and with
// nothing of a later one.
func TestCutLog(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	j := opened(t, path)
	type acknowledged struct {
		log   int64 // its size at that moment
		state []client.Record
	}
	var history []acknowledged
	var whats []string
	observe := func() {
		size, err := sizeOf(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		history = append(history, acknowledged{size, stateOf(t, crash(t, path), whats)})
	}
	for i := range 4 {
		whats = append(whats, fmt.Sprint("op", i), fmt.Sprint("other", i))
	}
	observe()
	for i := range 4 {
		tickets := send(t, j, whats[2*i:2*i+2]...)
		observe()
		write(t, j, done(tickets[0], i), forget(tickets[1]))
		observe()
	}
	end := history[len(history)-1].log
	start := history[len(history)-3].log // the last two transactions
	last, cuts, to := 0, 0, newPath(t)
	for cut := int64(leastLog); cut <= end; cut += step(cut, start) {
		copyJournal(t, path, to)
		if err := os.Truncate(to+"-wal", cut); err != nil {
			t.Fatal(err)
		}
		whole := 0
		for whole+1 < len(history) && history[whole+1].log <= cut {
			whole++
		}
		got := stateOf(t, to, whats)
		// The next one may be readable before its padding is complete.
		switch {
		case reflect.DeepEqual(got, history[whole].state):
		case whole+1 < len(history) && reflect.DeepEqual(got, history[whole+1].state):
			whole++
		default:
			t.Fatalf("cut at %d of %d: transaction %d of %d is acknowledged, but found is %v", cut, end, whole, len(history)-1, got)
		}
		if whole < last {
			t.Fatalf("cut at %d of %d: a longer log knows less", cut, end)
		}
		last = whole
		cuts++
		if cut == end && whole != len(history)-1 {
			t.Fatal("the whole log does not know all")
		}
	}
	t.Logf("%d cuts of a log of %d bytes, the last two transactions from byte %d on", cuts, end, start)
}

// step is one byte in the last transactions in the long form; in the short
// form, one byte around the borders of frames and of their headers there, and
// strides that fall on all places of a frame elsewhere. Under the race detector
// the short form has longer strides only.
func step(cut, start int64) int64 {
	const header, frame = 24, 24 + 4096 // sqlite.org/fileformat2.html section 4.1
	at := (cut - 32) % frame
	border := at < 2 || at >= frame-2 || at >= header-1 && at < header+2
	switch {
	case raced.On && !*long:
		return 2503
	case cut >= start && (*long || border):
		return 1
	case cut >= start && at < header:
		return min(5, header-1-at)
	case cut >= start:
		return min(997, frame-2-at)
	}
	return 5003
}

// stateOf returns the records of the given operations in the journal at path.
func stateOf(t *testing.T, path string, whats []string) []client.Record {
	t.Helper()
	records, err := readState(t, path, whats)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// readState is stateOf with the error of Open or Begin.
func readState(t *testing.T, path string, whats []string) ([]client.Record, error) {
	t.Helper()
	j, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer mustClose(t, j)
	if _, err := j.Begin(t.Context(), target); err != nil {
		return nil, err
	}
	records := claimKeys(t, j, whats...)
	for i := range records {
		records[i].Ticket = 0
	}
	return records, nil
}

// A missing log is an error; the journal is not opened without it.
func TestMissingLog(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	send(t, j, "a")
	for name, damage := range map[string]func(string) error{
		"log removed":            func(p string) error { return os.Remove(p + "-wal") },
		"log emptied":            func(p string) error { return os.Truncate(p+"-wal", 0) },
		"file removed, log left": func(p string) error { return os.Remove(p) },
		"file emptied, log left": func(p string) error { return os.Truncate(p, 0) },
	} {
		to := crash(t, path)
		if err := damage(to); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(to); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	mustClose(t, j)
	if _, err := os.Stat(path + "-wal"); err == nil {
		t.Error("Close leaves a log")
	}
}

// An empty file with an empty log, as a crash during Open can leave them, is a
// new journal.
func TestEmptyFile(t *testing.T) {
	path := newPath(t)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+"-wal", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	j := opened(t, path)
	write(t, j, done(send(t, j, "a")[0], 1))
	if got := stateOf(t, crash(t, path), []string{"a"}); got[0].Known != client.KnownDone {
		t.Errorf("known: %+v", got)
	}
}
