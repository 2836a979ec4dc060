package auth_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMountedFileIsWrittenInPlace tests a credentials file that is a mount
// point, as in a container, in a mount namespace of its own.
func TestMountedFileIsWrittenInPlace(t *testing.T) {
	if dir := os.Getenv("AUTH_TEST_MOUNTED"); dir != "" {
		mounted(t, filepath.Join(dir, "container", "c.json"))
		return
	}
	for name, script := range map[string]string{
		"read-write":                       `mount --bind host/c.json container/c.json`,
		"read-write in a read-only folder": `mount --bind host/c.json container/c.json && mount --bind container container && mount -o remount,bind,ro container && mount --bind host/c.json container/c.json`,
		"full disk":                        `mount -t tmpfs -o size=64k none container && cp -p host/c.json container/c.json`,
		"read-only":                        `mount --bind host/c.json container/c.json && mount -o remount,bind,ro container/c.json`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, sub := range []string{"host", "container"} {
				if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			host := filepath.Join(dir, "host", "c.json")
			for path, text := range map[string]string{host: whole, filepath.Join(dir, "container", "c.json"): "{}"} {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			run := func(script string, args ...string) (string, error) {
				cmd := exec.CommandContext(t.Context(), "unshare", append([]string{"-rm", "sh", "-c", script, "sh"}, args...)...)
				cmd.Dir, cmd.Env = dir, append(os.Environ(), "AUTH_TEST_MOUNTED="+dir, "GORACE=atexit_sleep_ms=0")
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			if out, err := run(script); err != nil {
				t.Skipf("no mount namespaces here: %v, %s", err, out)
			}
			binary, err := filepath.Abs(os.Args[0])
			if err != nil {
				t.Fatal(err)
			}
			out, err := run(script+` && exec "$@"`, binary, "-test.run=^TestMountedFileIsWrittenInPlace$", "-test.v")
			refused, kept := strings.Contains(out, "refused before the exchange"), strings.Contains(out, "kept: refresh-me-1")
			if err != nil || refused != (name == "read-only" || name == "full disk") || kept == refused {
				t.Errorf("%v: %s", err, out)
			}
			raw, err := os.ReadFile(host)
			if err != nil || strings.Contains(string(raw), "refresh-me-1") != kept {
				t.Errorf("%v: the file holds %s", err, raw)
			}
		})
	}
}

// mounted exchanges the refresh token of a file, or is refused before it.
func mounted(t *testing.T, path string) {
	s, exchanges, err := trySource(t, path)
	if err != nil {
		if n := exchanges.Load(); n != 0 || !strings.Contains(err.Error(), "no access token was requested") {
			t.Errorf("%v after %d exchanges", err, n)
		}
		t.Log("refused before the exchange: ", err)
		return
	}
	token(t, s, "")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{"refresh-me-1", `"note"`, "hush-hush"} {
		if !strings.Contains(string(raw), kept) {
			t.Errorf("%s is not in it: %s", kept, raw)
		}
	}
	t.Log("kept: refresh-me-1")
}
