package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/webexscim/bulk/client"
)

func indexKey(n int) (key [16]byte) {
	return hashName(fmt.Sprint(n))
}

func valuesOf(t *testing.T, x *index, key [16]byte) (values [][]byte) {
	t.Helper()
	for v, err := range x.all(key) {
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	return values
}

// fillRandomly puts n values, some of them for keys that have one, and returns
// the latest of each key.
func fillRandomly(t *testing.T, x *index, n int) map[int][]byte {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(n)))
	latest := map[int][]byte{}
	for i := range n {
		k := i
		if i%10 == 0 {
			k = random.IntN(i + 1)
		}
		latest[k] = bytes.Repeat([]byte{byte(i)}, random.IntN(300))
		if err := x.put(indexKey(k), latest[k]); err != nil {
			t.Fatal(err)
		}
	}
	return latest
}

// Whatever was put is found, in memory and in the file, and nothing else: the
// latest value of a key last.
func TestIndex(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var x index
	for round, n := range []int{3 * indexYoung, 2 * indexYoung} {
		latest := fillRandomly(t, &x, n)
		if len(x.layers) < 2-round || len(x.young) == 0 {
			t.Fatalf("%d layers and %d entries in memory: too few for this test", len(x.layers), len(x.young))
		}
		for k := range n + n/4 {
			values := valuesOf(t, &x, indexKey(k))
			want, ok := latest[k]
			if !ok && len(values) > 0 || ok && (len(values) == 0 || !bytes.Equal(values[len(values)-1], want)) {
				t.Fatalf("key %d: %d values, the last not the latest", k, len(values))
			}
		}
		wantNoFiles(t, dir) // that a kill would leave
		if err := x.reset(); err != nil {
			t.Fatal(err)
		}
		if values := valuesOf(t, &x, indexKey(1)); len(values) > 0 {
			t.Fatal("reset leaves values")
		}
	}
	if err := x.close(); err != nil {
		t.Fatal(err)
	}
	wantNoFiles(t, dir)
}

func wantNoFiles(t *testing.T, dir string) {
	t.Helper()
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 && runtime.GOOS != "windows" {
		t.Errorf("%d files: %v", len(files), err)
	}
}

// A temporary file that has lost something is an error, not a name never heard
// of; so is one that cannot be made.
func TestIndexErrors(t *testing.T) {
	var x index
	fill := func() (err error) {
		for i := 0; i < indexYoung && err == nil; i++ {
			err = x.put(indexKey(i), make([]byte, 100))
		}
		return err
	}
	if err := fill(); err != nil {
		t.Fatal(err)
	}
	if err := x.file.Truncate(x.end / 2); err != nil {
		t.Fatal(err)
	}
	lost := 0
	for i := range indexYoung {
		for _, err := range x.all(indexKey(i)) {
			if err != nil {
				lost++
			}
		}
	}
	if lost < indexYoung/3 {
		t.Errorf("%d of %d entries are missed", lost, indexYoung/2)
	}
	if err := x.close(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	x = index{}
	if err := fill(); err == nil {
		t.Error("a folder that is not there")
	}
}

// A temporary folder that cannot be written is told when the journal is opened,
// before anything is sent, or the journal made.
func TestNoTemporaryFolder(t *testing.T) {
	dir := t.TempDir()
	none := filepath.Join(dir, "none")
	for _, name := range []string{"TMPDIR", "TMP"} { // the latter on Windows
		t.Setenv(name, none)
	}
	_, err := Open(filepath.Join(dir, "a.journal"))
	if !errors.Is(err, ErrWrite) || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), none) {
		t.Errorf("Open: %v", err)
	}
	wantNoFiles(t, dir)
}

// What Open makes there is gone with it, whether it succeeds or not.
func TestTemporaryFolderIsLeftClean(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	path := newPath(t)
	j := mustOpen(t, path)
	wantNoFiles(t, dir)
	if _, err := Open(path); !errors.Is(err, ErrLocked) {
		t.Errorf("second Open: %v", err)
	}
	mustClose(t, j)
	wantNoFiles(t, dir)
}

// Of the settlements of one name, the first success is the one to see, or else
// the last, wherever they are.
func TestNamesKeepSuccess(t *testing.T) {
	failed := client.Settlement{Ticket: 1, Outcome: client.Failed, Status: 400}
	skipped := client.Settlement{Ticket: 2, Outcome: client.Skipped}
	one, two := success(3, 1), success(4, 2)
	for _, test := range []struct {
		all  []client.Settlement
		want client.Settlement
	}{
		{[]client.Settlement{failed, skipped}, skipped},
		{[]client.Settlement{failed, one, two}, one},
		{[]client.Settlement{one, failed, two}, one},
		{[]client.Settlement{one, two, skipped}, one},
	} {
		for flushed := range 1 << len(test.all) { // after which of them memory is full
			var n names
			for i, s := range test.all {
				if err := n.put([]created{{hashName("u"), s}}); err != nil {
					t.Fatal(err)
				}
				if flushed>>i&1 == 1 {
					if err := n.index.flush(); err != nil {
						t.Fatal(err)
					}
				}
			}
			got, ok, err := n.get(hashName("u"))
			if err != nil || !ok || got != test.want {
				t.Errorf("%v, flushed %b: %+v, %v, %v; want %+v", test.all, flushed, got, ok, err, test.want)
			}
			if _, ok, err := n.get(hashName("v")); ok || err != nil {
				t.Errorf("another name: %v, %v", ok, err)
			}
			if err := n.close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
