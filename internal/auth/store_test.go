package auth

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const before = `{"client_id":"app","client_secret":"hush","refresh_token":"r0","note":"stays"}`

// storeOf opens a file of old credentials, and returns it with new credentials
// to save.
func storeOf(t *testing.T) (*store, Credentials) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.json")
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := openStore(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s, Credentials{ClientID: "app", ClientSecret: "hush", RefreshToken: "r1", AccessToken: "a1"}
}

// holds checks that a file holds the new credentials and its other members.
func holds(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	var members map[string]string
	if err := errors.Join(err, json.Unmarshal(raw, &members)); err != nil {
		t.Fatal(err)
	}
	if members["refresh_token"] != "r1" || members["access_token"] != "a1" || members["note"] != "stays" || !strings.HasSuffix(string(raw), "}\n") {
		t.Errorf("it holds %s", raw)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// left returns the files beside the credentials.
func left(t *testing.T, path string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestFileIsWrittenWhereNoRenameIsPossible holds that a file that no rename can
// replace is written in place, also if it was longer.
func TestFileIsWrittenWhereNoRenameIsPossible(t *testing.T) {
	for name, block := range map[string]func(*store) error{
		"the rename fails":    func(s *store) error { return os.Remove(s.fresh.Name()) },
		"no file can be made": func(s *store) error { s.close(); s.fresh = nil; return nil },
		"it was longer": func(s *store) error {
			long := strings.TrimSuffix(before, "}") + strings.Repeat(" ", 5000) + "}"
			return errors.Join(os.Remove(s.fresh.Name()), os.WriteFile(s.path, []byte(long), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := storeOf(t)
			info, _ := os.Stat(s.path)
			if err := errors.Join(block(s), s.keep(c)); err != nil {
				t.Fatal(err)
			}
			holds(t, s.path)
			if now, err := os.Stat(s.path); err != nil || !os.SameFile(info, now) {
				t.Errorf("another file: %v", err)
			}
			if s.close(); left(t, s.path) != nil {
				t.Errorf("left behind: %v", left(t, s.path))
			}
		})
	}
}

// TestNewFileStaysIfSavingFails holds that the new file stays if nothing else
// works, and that the error names it.
func TestNewFileStaysIfSavingFails(t *testing.T) {
	s, c := storeOf(t)
	s.path, s.inPlace = filepath.Join(s.path, "none"), false
	err := s.keep(c)
	s.close()
	names := left(t, filepath.Dir(s.path))
	if err == nil || len(names) != 1 || !strings.Contains(err.Error(), "the credentials are saved in "+names[0]+" instead") {
		t.Fatalf("%v, with %v", err, names)
	}
	holds(t, names[0])
}

// TestClosedStoreLeavesTheFile holds that a store that is closed without a new
// refresh token has changed nothing.
func TestClosedStoreLeavesTheFile(t *testing.T) {
	s, _ := storeOf(t)
	if err := s.tryReplace(); err != nil {
		t.Error(err)
	}
	s.close()
	if raw, err := os.ReadFile(s.path); string(raw) != before || err != nil {
		t.Errorf("it holds %q, %v", raw, err)
	}
	if left(t, s.path) != nil {
		t.Errorf("left behind: %v", left(t, s.path))
	}
	if _, err := openStore(filepath.Join(s.path, "none")); err == nil {
		t.Error("a file is taken for a folder")
	}
	if _, err := openStore(filepath.Join(t.TempDir(), "none", "c.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
