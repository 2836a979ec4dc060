package journal

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func init() {
	children["limited"] = func(args []string) error {
		signal.Ignore(unix.SIGXFSZ)
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 100_000, Max: 100_000}); err != nil {
			return err
		}
		return work(args[0], "0")
	}
	children["full at close"] = func(args []string) error {
		j, err := Open(args[0])
		if err == nil {
			_, err = j.Begin(context.Background(), target)
		}
		for n := 0; n < 3 && err == nil; n++ {
			err = workOne(context.Background(), j, n, func(what string, n int) { fmt.Println(what, n) })
		}
		size, sizeErr := sizeOf(args[0] + "-wal")
		if err := cmp.Or(err, sizeErr); err != nil {
			return err
		}
		signal.Ignore(unix.SIGXFSZ)
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(size), Max: uint64(size)}); err != nil {
			return err
		}
		return j.Close()
	}
}

// After a failed write the process cannot use the journal anymore. All
// acknowledged updates are in it.
func TestWriteError(t *testing.T) {
	for _, what := range []string{"limited", "full at close"} {
		t.Run(what, func(t *testing.T) { writeFails(t, what) })
	}
}

func writeFails(t *testing.T, what string) {
	path := newPath(t)
	cmd := childCommand(t.Context(), what, path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	heard := &acknowledgements{sent: map[int]bool{}, done: map[int]bool{}}
	heard.listen(bufio.NewScanner(out), math.MaxInt)
	_ = cmd.Wait()
	if !strings.Contains(heard.failure, ErrWrite.Error()) || len(heard.done) == 0 {
		t.Fatalf("after %d operations: %q", len(heard.done), heard.failure)
	}
	t.Logf("after %d operations: %s", len(heard.done), heard.failure)
	heard.check(t, path)
}

// Open reports that a journal cannot be written, before anything is sent.
func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	existing := filepath.Join(dir, "existing")
	mustClose(t, opened(t, existing))
	readable := filepath.Join(dir, "readable")
	mustClose(t, opened(t, readable))
	if err := errors.Join(os.Chmod(existing, 0o666), os.Chmod(readable, 0o444), os.Chmod(dir, 0o555)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
	for _, path := range []string{existing, readable, filepath.Join(dir, "new"), filepath.Join(dir, "none", "new")} {
		cmd := childCommand(t.Context(), "open", path)
		cmd.Path = "/proc/self/exe" // which even a user who may not enter its folder can run
		if os.Getuid() == 0 {       // permissions do not stop root
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(out), ErrWrite.Error()) || !strings.Contains(string(out), path) {
			t.Errorf("%s: %q", path, out)
		}
	}
}
