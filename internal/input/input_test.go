package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/webexscim/bulk/internal/textfile"
)

// TestLineOfEachOperationIsKnown holds that an operation's line is known
// whatever stands between the operations: nothing, blank lines, cells of
// several lines.
func TestLineOfEachOperationIsKnown(t *testing.T) {
	const op = `{"method":"DELETE","path":"/Users/1"}`
	for name, c := range map[string]struct {
		text string
		want []int
	}{
		"none.ndjson":    {"", nil},
		"dense.ndjson":   {op + "\n" + op + "\n" + op, []int{1, 2, 3}},
		"sparse.ndjson":  {"\n\n" + op + "\n\n" + op + "\n" + op + "\n\n\n" + op, []int{3, 5, 6, 9}},
		"pretty.json":    {"[\n" + op + ",\n\n" + op + ", " + op + "\n]", []int{2, 4, 4}},
		"multiline.csv":  {"userName,title\na@example.com,\"x\ny\nz\"\nb@example.com,x\n\nc@example.com,x", []int{2, 5, 7}},
		"onlyheader.csv": {"userName\n", nil},
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := Open(t.Context(), path, nil, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []int
		for i := range in.Len() {
			got = append(got, in.Line(i))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: lines %v, want %v", name, got, c.want)
		}
		if n := in.Line(-1); n != 0 {
			t.Errorf("%s: line %d of no operation", name, n)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestWaitingForInputEnds holds that Ctrl-C ends a program that waits for its
// input, although the read itself cannot be ended.
func TestWaitingForInputEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		never, writer := io.Pipe()
		defer writer.Close()
		done := make(chan error)
		go func() {
			_, err := Open(ctx, Stdin, never, Options{})
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

// TestMissingFileIsAnError holds that a file that is not there, or that is a
// folder, is an error and no panic.
func TestMissingFileIsAnError(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "none.csv"), t.TempDir()} {
		if _, err := Open(t.Context(), path, nil, Options{}); err == nil {
			t.Errorf("%s is read", path)
		}
	}
}

// TestChangedFileEndsTheSource holds for every format that what was checked is
// what is sent: a file that is written to after the check ends the source
// before an operation that was not checked.
func TestChangedFileEndsTheSource(t *testing.T) {
	for name, rows := range map[string][2]string{
		"users.csv":    {"operation,id,title\n", "update,7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5d%04d,x\n"},
		"users.ndjson": {"", `{"method":"DELETE","path":"/Users/%d"}` + "\n"},
		"users.json":   {"[", `{"method":"DELETE","path":"/Users/%d"},`},
	} {
		text := rows[0]
		for i := range 5000 {
			text += fmt.Sprintf(rows[1], i)
		}
		if name == "users.json" {
			text = strings.TrimSuffix(text, ",") + "]"
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := Open(t.Context(), path, nil, Options{})
		if err != nil {
			t.Fatal(err)
		}
		edited := strings.Replace(text, "4999", "1111", 1)
		if err := os.WriteFile(path, []byte(edited), 0o600); err != nil {
			t.Fatal(err)
		}
		var last error
		n := 0
		for op, err := range in.Operations(nil) {
			if last = err; err == nil {
				n++
			}
			if strings.Contains(op.Path, "1111") && n > 2000 {
				t.Errorf("%s: %s", name, op.Path)
			}
		}
		if !errors.Is(last, textfile.ErrChanged) || n == 0 {
			t.Errorf("%s: %d operations, then %v", name, n, last)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}
