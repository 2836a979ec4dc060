//go:build unix

package auth

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPipesAreReadAndDevicesAreNotOpened holds that a pipe is read if somebody
// writes to it, and that no device or socket is opened.
func TestPipesAreReadAndDevicesAreNotOpened(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { _ = os.WriteFile(fifo, []byte("Bearer to.ken\n"), 0o600) }()
	if token, err := readToken(fifo); token != "to.ken" || err != nil {
		t.Errorf("from a pipe: %q, %v", token, err)
	}
	if _, err := Load(fifo); err == nil || !strings.Contains(err.Error(), "is a pipe") {
		t.Errorf("credentials from a pipe: %v", err)
	}
	began := time.Now()
	if _, err := readText(fifo, maxFile, 50*time.Millisecond); err == nil || !strings.Contains(err.Error(), "fifo: no end of file within 50ms") {
		t.Errorf("from a pipe that nobody writes to: %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("that took %v", took)
	}
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Skip(err) // the folder's name is too long for one
	}
	defer listener.Close()
	for path, says := range map[string]string{"/dev/zero": "a device", "/dev/null": "a device", socket: "a socket"} {
		for kind, read := range map[string]func(string) error{
			"token":       func(path string) error { _, err := File(path); return err },
			"credentials": func(path string) error { _, err := Load(path); return err },
		} {
			if err := read(path); err == nil || !strings.Contains(err.Error(), path+" is "+says) {
				t.Errorf("%s from %s: %v", kind, path, err)
			}
		}
	}
}

// TestEndlessPipeIsReadUpToTheLimit holds that an endless pipe is read up to
// the limit.
func TestEndlessPipeIsReadUpToTheLimit(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		f, err := os.OpenFile(fifo, os.O_WRONLY, 0)
		for err == nil {
			_, err = f.WriteString("tokentokentoken\n")
		}
	}()
	if _, err := readToken(fifo); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("%v", err)
	}
}
