package spill

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/raced"
)

func keyOf(n int) [16]byte {
	sum := sha256.Sum256(binary.AppendVarint(nil, int64(n)))
	return [16]byte(sum[:16])
}

func setTempDir(t *testing.T, dir string) {
	for _, name := range []string{"TMPDIR", "TMP"} { // the latter on Windows
		t.Setenv(name, dir)
	}
}

func wantNoFiles(t *testing.T, dir string) {
	t.Helper()
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 && runtime.GOOS != "windows" {
		t.Errorf("%d files: %v", len(files), err)
	}
}

// The latest value of each key is found, in memory and in the file, and no
// value of any other key.
func TestLatestValues(t *testing.T) {
	dir := t.TempDir()
	setTempDir(t, dir)
	var m Map
	random := rand.New(rand.NewPCG(1, 2))
	want := map[int][]byte{}
	n := raced.Fewer(6, 7) * mostEntries
	for i := range n {
		k := i
		if i%10 == 0 {
			k = random.IntN(i + 1)
		}
		want[k] = bytes.Repeat([]byte{byte(i)}, random.IntN(raced.Fewer(30, 300)))
		if err := m.Put(keyOf(k), want[k]); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.layers) < 2 || m.layers[0].level != 1 || len(m.latest) == 0 {
		t.Fatalf("%d layers and %d entries in memory: too few for this test", len(m.layers), len(m.latest))
	}
	for k := range n + n/4 {
		value, has := want[k]
		got, ok, err := m.Get(keyOf(k))
		if err != nil || ok != has || !bytes.Equal(got, value) {
			t.Fatalf("key %d: %d bytes, %v, %v; want %d bytes, %v", k, len(got), ok, err, len(value), has)
		}
	}
	wantNoFiles(t, dir) // a kill would leave none either
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	wantNoFiles(t, dir)
	if _, ok, err := m.Get(keyOf(1)); ok || err != nil {
		t.Errorf("after Close: %v, %v", ok, err)
	}
}

// A Map is a map, wherever its layers end.
func TestMapLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m Map
		defer func() { _ = m.Close() }()
		want := map[int][]byte{}
		keys := rapid.IntRange(0, 40)
		t.Repeat(map[string]func(*rapid.T){
			"Put": func(t *rapid.T) {
				k := keys.Draw(t, "key")
				want[k] = rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "value")
				if err := m.Put(keyOf(k), want[k]); err != nil {
					t.Fatal(err)
				}
			},
			"flush": func(t *rapid.T) {
				if len(m.latest) == 0 {
					t.Skip("nothing to write")
				}
				if err := m.flush(); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) {
				k := keys.Draw(t, "key")
				value, has := want[k]
				got, ok, err := m.Get(keyOf(k))
				if err != nil || ok != has || !bytes.Equal(got, value) {
					t.Fatalf("key %d: %x, %v, %v; want %x, %v", k, got, ok, err, value, has)
				}
			},
		})
	})
}

// Large values leave memory before there are many.
func TestBytesAreBounded(t *testing.T) {
	var m Map
	defer m.Close()
	value := make([]byte, 100<<10)
	for i := range 200 {
		if err := m.Put(keyOf(i), value); err != nil {
			t.Fatal(err)
		}
		if size := len(m.latest) * len(value); size > mostBytes {
			t.Fatalf("%d bytes are in memory", size)
		}
	}
	if got, ok, err := m.Get(keyOf(0)); err != nil || !ok || len(got) != len(value) {
		t.Errorf("%d bytes, %v, %v", len(got), ok, err)
	}
}

// fill puts entries until some have gone to the file.
func fill(m *Map) (err error) {
	for i := 0; i < mostEntries && err == nil; i++ {
		err = m.Put(keyOf(i), make([]byte, 100))
	}
	return err
}

// A truncated file is an error; no key is taken for missing.
func TestLostFile(t *testing.T) {
	var m Map
	defer m.Close()
	if err := fill(&m); err != nil {
		t.Fatal(err)
	}
	for i := range m.layers {
		if err := m.layers[i].file.Truncate(m.layers[i].blocks[len(m.layers[i].blocks)/2].at); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := mergeLayers(m.layers); err == nil {
		t.Error("layers become one without what is lost")
	}
	lost := 0
	for i := range mostEntries {
		_, ok, err := m.Get(keyOf(i))
		if !ok && err == nil {
			t.Fatalf("key %d is not there, without an error", i)
		}
		if err != nil {
			lost++
		}
	}
	if lost < mostEntries/3 {
		t.Errorf("%d of %d entries are missed", lost, mostEntries/2)
	}
}

// A file that cannot be made is an error, after which nothing is lost and Put
// tries again.
func TestNoFile(t *testing.T) {
	setTempDir(t, filepath.Join(t.TempDir(), "none"))
	var m Map
	defer m.Close()
	if err := fill(&m); err == nil {
		t.Fatal("a folder that is not there")
	}
	if _, ok, err := m.Get(keyOf(0)); !ok || err != nil {
		t.Errorf("after the error: %v, %v", ok, err)
	}
	setTempDir(t, t.TempDir())
	if err := m.Put(keyOf(-1), nil); err != nil || len(m.layers) != 1 {
		t.Errorf("%d layers: %v", len(m.layers), err)
	}
}

func BenchmarkPut(b *testing.B) {
	var m Map
	defer m.Close()
	value := make([]byte, 60)
	var key [16]byte
	for i := range b.N {
		binary.LittleEndian.PutUint64(key[:], uint64(i)*0x9E3779B97F4A7C15)
		if err := m.Put(key, value); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	var m Map
	defer m.Close()
	keys := make([][16]byte, 1<<18)
	for i := range keys {
		keys[i] = keyOf(i)
		if err := m.Put(keys[i], make([]byte, 60)); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for i := range b.N {
		if _, ok, err := m.Get(keys[i*7919%len(keys)]); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
