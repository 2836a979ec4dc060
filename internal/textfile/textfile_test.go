package textfile

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// A line beyond the bound is told and left out, and reading goes on with the
// next.
func TestTooLongLineIsLeftOut(t *testing.T) {
	in := NewLines(strings.NewReader("12345678\n"+strings.Repeat("x", 300_000)+"\n1\n123456789"), 9)
	var got []string
	for {
		line, err := in.Next()
		if err == io.EOF {
			break
		}
		if errors.Is(err, ErrTooLarge) {
			line = []byte("too large")
		}
		got = append(got, string(line))
	}
	if text := strings.Join(got, "|"); text != "12345678|too large|1|123456789" {
		t.Error(text)
	}
	if in.Count != 4 {
		t.Errorf("%d lines counted", in.Count)
	}
}

// Spool makes any input one that can be read twice, and leaves no file behind.
func TestSpooledInputIsReadTwice(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	file, err := os.Create(t.TempDir() + "/ops.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("0123456789abcde\n", spoolMemory/16+100)
	if _, err := file.WriteString("file"); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in   io.Reader
		want string
	}{
		"empty": {pipe(""), ""}, "small": {pipe("small"), "small"}, "large": {pipe(large),
			large}, "file": {file, "file"},
		"exact": {pipe(large[:spoolMemory]), large[:spoolMemory]},
	} {
		s, err := Spool(c.in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for range 2 {
			if _, err := s.Seek(0, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(s); err != nil || string(got) != c.want {
				t.Errorf("%s: %d bytes, %v", name, len(got), err)
			}
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := file.Stat(); err != nil {
		t.Errorf("the input was closed: %v", err)
	}
	failed := errors.New("cut")
	if _, err := Spool(io.MultiReader(pipe(large), broken{failed})); !errors.Is(err, failed) {
		t.Errorf("an input that breaks: %v", err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// pipe is an input that can't seek.
func pipe(text string) io.Reader { return struct{ io.Reader }{strings.NewReader(text)} }

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
