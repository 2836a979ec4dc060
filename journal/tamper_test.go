package journal

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file that is not a journal is refused and not changed.
func TestNotAJournal(t *testing.T) {
	random := make([]byte, 10_000)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	for name, content := range map[string][]byte{
		"random":      random,
		"text":        []byte("userName,displayName\n"),
		"json":        []byte(`{"method":"POST"}`),
		"one byte":    {0},
		"zeros":       make([]byte, 8192),
		"only a name": []byte("SQLite format 3\x00"),
		"a database":  foreign(t, "CREATE TABLE users (name TEXT)"),
		"another version of ours": foreign(t, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 3; "+
			"CREATE TABLE operation (key BLOB)", applicationID)),
	} {
		path := filepath.Join(t.TempDir(), "file")
		writeFile(t, path, content)
		_, err := Open(path)
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, content) {
			t.Errorf("%s: the file was changed: %v", name, err)
		}
	}
}

// foreign returns a database of another program.
func foreign(t *testing.T, script string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "foreign")
	alter(t, path, script)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// alter runs SQL on a file that is not open.
func alter(t *testing.T, path, script string) {
	t.Helper()
	db, err := sql.Open("sqlite", dataSource(path))
	if err == nil {
		_, err = db.Exec(script)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// Files of another version are refused. The error names the version.
func TestOtherVersion(t *testing.T) {
	for version, want := range map[int]error{-1: ErrDamaged, 0: ErrDamaged, 1: ErrOlder, 2: ErrOlder, formatVersion + 1: ErrNewer} {
		path, _, _ := closedJournal(t)
		alter(t, path, fmt.Sprintf("PRAGMA user_version = %d", version))
		if _, err := Open(path); !errors.Is(err, want) || !strings.Contains(err.Error(), fmt.Sprintf("format %d", version)) {
			t.Errorf("format %d: %v", version, err)
		}
	}
}

// Removed or changed rows are damage.
func TestTamperedRows(t *testing.T) {
	t.Parallel()
	whole, _, _ := closedJournal(t)
	for _, script := range []string{
		"DELETE FROM operation WHERE id = 17",
		"DELETE FROM operation",
		"DELETE FROM job",
		"DELETE FROM success WHERE id = 2",
		"INSERT INTO success VALUES (1, 201, '', '', 0, 0)",
		"UPDATE success SET status = 400 WHERE id = 2",
		"UPDATE success SET location = 'x' WHERE id = 2",
		"UPDATE success SET id = 1 WHERE id = 2",
		"UPDATE operation SET name = key WHERE id = 2",
		"UPDATE operation SET sent = sent + 1 WHERE id = 1",
		"UPDATE operation SET id = 1000 WHERE id = 2",
		"UPDATE job SET org_id = 'x'",
		"UPDATE job SET runs = 0",
		"UPDATE job SET written = NULL",
		"UPDATE job SET done = done - 1",
		"UPDATE job SET operations = operations + 1",
		"INSERT INTO operation SELECT id + 1000, key, name, sent, date, crc FROM operation LIMIT 1",
		"CREATE TRIGGER t AFTER INSERT ON operation BEGIN DELETE FROM operation; END",
		"DROP VIEW operations",
	} {
		path := crash(t, whole)
		alter(t, path, script)
		if _, err := Open(path); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", script, err)
		}
	}
}
