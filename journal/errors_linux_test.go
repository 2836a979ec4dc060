package journal

import (
	"bufio"
	"errors"
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
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 300_000, Max: 300_000}); err != nil {
			return err
		}
		return work(args[0], "0")
	}
}

// A write that the system refuses ends the process's use of the journal, and
// what was acknowledged before is there.
func TestWriteError(t *testing.T) {
	path := newPath(t)
	cmd := childCommand(t.Context(), "limited", path)
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

// A journal that cannot be written is told when it is opened, before anything
// is sent.
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
		if os.Getuid() == 0 {       // whom permissions do not stop
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
