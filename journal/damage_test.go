package journal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
)

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
