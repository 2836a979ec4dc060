package journal

import (
	"bytes"
	"cmp"
	"database/sql"
	"database/sql/driver"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
)

const pageSize = 4096 // SQLite's default

// closedJournal returns a closed journal of some pages, its operations and
// their records.
func closedJournal(t *testing.T) (path string, whats []string, want []client.Record) {
	t.Helper()
	path = newPath(t)
	j := opened(t, path)
	for i := range 150 {
		whats = append(whats, fmt.Sprint("op", i))
	}
	for i, ticket := range send(t, j, whats...) {
		if i%3 > 0 {
			write(t, j, done(ticket, i))
		}
	}
	mustClose(t, j)
	return path, whats, stateOf(t, crash(t, path), whats)
}

// wantWholeOrDamaged is the law of this file: a journal that opens has all
// records. It reports whether the journal has opened.
func wantWholeOrDamaged(t *testing.T, path string, whats []string, want []client.Record, what string) bool {
	t.Helper()
	got, err := readState(t, path, whats)
	if err != nil {
		// A bit of the file's header says that it cannot be written.
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) && !errors.Is(err, ErrOlder) && !errors.Is(err, ErrWrite) {
			t.Errorf("%s: %v", what, err)
		}
		return false
	}
	n, first := 0, ""
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			n++
			first = cmp.Or(first, fmt.Sprintf("%+v instead of %+v", got[i], want[i]))
		}
	}
	if n > 0 {
		t.Errorf("%s: opens, but %d of %d records differ, the first one: %s", what, n, len(want), first)
	}
	return true
}

// A page of zeros, or with the content of another page, is damage. The journal
// never opens with fewer operations.
func TestDamagedPages(t *testing.T) {
	path, whats, want := closedJournal(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := newPath(t)
	for at := 0; at < len(whole); at += pageSize {
		for kind, content := range map[string][]byte{
			"zeros":           make([]byte, pageSize),
			"another page":    whole[(at+5*pageSize)%len(whole):][:pageSize],
			"the page before": whole[max(0, at-pageSize):][:pageSize],
			"half zeros":      append(bytes.Clone(whole[at:at+pageSize/2]), make([]byte, pageSize/2)...),
		} {
			if bytes.Equal(content, whole[at:at+pageSize]) {
				continue
			}
			b := bytes.Clone(whole)
			copy(b[at:], content)
			writeFile(t, to, b)
			if wantWholeOrDamaged(t, to, whats, want, fmt.Sprintf("%s at byte %d", kind, at)) {
				t.Errorf("%s at byte %d is not noticed", kind, at)
			}
		}
	}
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	_ = os.Remove(path + "-wal")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A cut file is damaged, except an empty file, which is a new journal.
func TestTruncatedFile(t *testing.T) {
	path, whats, want := closedJournal(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := newPath(t)
	for size := 1; size < len(whole); size += 1021 {
		writeFile(t, to, whole[:size])
		if wantWholeOrDamaged(t, to, whats, want, fmt.Sprintf("cut at %d", size)) {
			t.Errorf("a cut at %d of %d is not noticed", size, len(whole))
		}
	}
}

// With a single altered bit, anywhere in the file, a journal is damaged or has
// all records.
func TestAlteredBits(t *testing.T) {
	t.Parallel()
	path, whats, want := closedJournal(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	n, opens := 60, 0
	switch {
	case *long:
		n = 20_000
	case raced.On:
		n = 10
	}
	to := newPath(t)
	for i := range n {
		b := bytes.Clone(whole)
		bit := random.IntN(8 * len(b))
		if *long && i < 8*100 {
			bit = i // all of the header
		}
		b[bit/8] ^= 1 << (bit % 8)
		writeFile(t, to, b)
		if wantWholeOrDamaged(t, to, whats, want, fmt.Sprintf("bit %d", bit)) {
			opens++ // free space within a page, or a part of the header that tells nothing
		}
	}
	t.Logf("%d of %d altered files were whole", opens, n)
	if opens == n {
		t.Error("no damage was ever noticed")
	}
}

// An altered key in a branch of the tree hides rows from a search, but not from
// a scan: each bit of the root of the table's tree, every third in the short
// form, and a few under the race detector.
func TestAlteredBranch(t *testing.T) {
	path, whats, want := closedJournal(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := newPath(t)
	const rootEnd, cells = 3 * 4096, 12 // of the third page, filled from its end
	if whole[rootEnd-4096] != 5 {
		t.Fatal("the third page is not a branch of a table: sqlite.org/fileformat2.html section 1.6")
	}
	stride := 3
	switch {
	case *long:
		stride = 1
	case raced.On:
		stride = 17
	}
	for bit := 8*(rootEnd-cells) + rand.IntN(stride); bit < 8*rootEnd; bit += stride {
		b := bytes.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		writeFile(t, to, b)
		wantWholeOrDamaged(t, to, whats, want, fmt.Sprintf("bit %d", bit))
	}
}

// A cut log over a main file that has newer pages would mix old and new pages.
func TestCutLogAfterCheckpoint(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	var whats []string
	for i := range 40 {
		whats = append(whats, fmt.Sprint("op", i))
		write(t, j, done(send(t, j, whats[i])[0], i))
	}
	// As the main file is once the log has been moved into it, and the log
	// not yet begun anew.
	to := crash(t, path)
	moved, err := Open(to)
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, moved)
	main, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	want := stateOf(t, crash(t, path), whats)
	size, err := sizeOf(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	noticed := 0
	for cut := int64(leastLog); cut < size; cut += size / 40 {
		copyJournal(t, path, to)
		if err := errors.Join(os.WriteFile(to, main, 0o600), os.Truncate(to+"-wal", cut)); err != nil {
			t.Fatal(err)
		}
		got, err := readState(t, to, whats)
		if errors.Is(err, ErrDamaged) {
			noticed++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		// Opening is fine only with a state that once was: a prefix is done.
		n := 0
		for n < len(got) && reflect.DeepEqual(got[n], want[n]) {
			n++
		}
		for _, r := range got[min(n+1, len(got)):] {
			if r.Known != client.KnownNothing {
				t.Fatalf("cut at %d: old and new are mixed: %v", cut, knowns(got))
			}
		}
	}
	t.Logf("%d mixed files were noticed", noticed)
}

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

// A file that is not a journal is refused and not changed.
func TestNotAJournal(t *testing.T) {
	random := make([]byte, 10_000)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	for name, content := range map[string][]byte{
		"random":      random,
		"text":        []byte("userName,displayName\n"),
		"json":        []byte(`{"method":"POST"}`),
		"one byte":    {0},
		"zeros":       make([]byte, 8192),
		"only a name": []byte("SQLite format 3\x00"),
		"a database":  foreign(t, "CREATE TABLE users (name TEXT)"),
		"another version of ours": foreign(t, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 3; "+
			"CREATE TABLE operation (key BLOB)", applicationID)),
	} {
		path := filepath.Join(t.TempDir(), "file")
		writeFile(t, path, content)
		_, err := Open(path)
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, content) {
			t.Errorf("%s: the file was changed: %v", name, err)
		}
	}
}

// foreign returns a database of another program.
func foreign(t *testing.T, script string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "foreign")
	alter(t, path, script)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// alter runs SQL on a file that is not open.
func alter(t *testing.T, path, script string) {
	t.Helper()
	db, err := sql.Open("sqlite", dataSource(path))
	if err == nil {
		_, err = db.Exec(script)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// Files of another version are refused. The error names the version.
func TestOtherVersion(t *testing.T) {
	for version, want := range map[int]error{-1: ErrDamaged, 0: ErrDamaged, 1: ErrOlder, 2: ErrOlder, formatVersion + 1: ErrNewer} {
		path, _, _ := closedJournal(t)
		alter(t, path, fmt.Sprintf("PRAGMA user_version = %d", version))
		if _, err := Open(path); !errors.Is(err, want) || !strings.Contains(err.Error(), fmt.Sprintf("format %d", version)) {
			t.Errorf("format %d: %v", version, err)
		}
	}
}

// A database without tables is new, unless it has marks of any kind.
func TestMarksWithoutTables(t *testing.T) {
	for script, why := range map[string]string{
		"PRAGMA application_id = 7": "another program's", "PRAGMA user_version = 3": "another program's",
		fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, formatVersion): "tables",
	} {
		path := newPath(t)
		alter(t, path, script)
		if _, err := Open(path); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", script, err)
		}
	}
	if crc([]driver.Value{nil, int64(5)}) == crc([]driver.Value{int64(5), nil}) {
		t.Error("a value may move to the next column")
	}
}

// Removed or changed rows are damage.
func TestTamperedRows(t *testing.T) {
	t.Parallel()
	whole, _, _ := closedJournal(t)
	for _, script := range []string{
		"DELETE FROM operation WHERE id = 17",
		"DELETE FROM operation",
		"DELETE FROM job",
		"DELETE FROM success WHERE id = 2",
		"INSERT INTO success VALUES (1, 201, '', '', 0, 0)",
		"UPDATE success SET status = 400 WHERE id = 2",
		"UPDATE success SET location = 'x' WHERE id = 2",
		"UPDATE success SET id = 1 WHERE id = 2",
		"UPDATE operation SET name = key WHERE id = 2",
		"UPDATE operation SET sent = sent + 1 WHERE id = 1",
		"UPDATE operation SET id = 1000 WHERE id = 2",
		"UPDATE job SET org_id = 'x'",
		"UPDATE job SET runs = 0",
		"UPDATE job SET written = NULL",
		"UPDATE job SET done = done - 1",
		"UPDATE job SET operations = operations + 1",
		"INSERT INTO operation SELECT id + 1000, key, name, sent, date, crc FROM operation LIMIT 1",
		"CREATE TRIGGER t AFTER INSERT ON operation BEGIN DELETE FROM operation; END",
		"DROP VIEW operations",
	} {
		path := crash(t, whole)
		alter(t, path, script)
		if _, err := Open(path); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", script, err)
		}
	}
}
