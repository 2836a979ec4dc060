package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/webexscim/bulk/client"
)

var target = client.Target{OrgID: "01234567-89ab-cdef-0123-456789abcdef", BaseURL: "https://webexapis.com"}

func mustOpen(t testing.TB, path string) *Journal {
	t.Helper()
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func mustClose(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func begin(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Begin(t.Context(), target); err != nil {
		t.Fatal(err)
	}
}

// opened is a journal at path with a run begun.
func opened(t testing.TB, path string) *Journal {
	t.Helper()
	j := mustOpen(t, path)
	begin(t, j)
	return j
}

// newPath is a path for a journal where fsync costs nothing, if the machine
// has such a place: no test can pull the plug, so none depends on the disk.
func newPath(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "journal")
	if err != nil {
		return diskPath(t)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "users.csv.journal")
}

// diskPath is one where it costs what it costs, for benchmarks.
func diskPath(t testing.TB) string { return filepath.Join(t.TempDir(), "users.csv.journal") }

func key(what string) client.Key {
	sum := sha256.Sum256([]byte(what))
	return client.Key(sum[:16])
}

func claimAll(t testing.TB, j *Journal, entries ...client.Entry) []client.Record {
	t.Helper()
	records, err := j.Claim(t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func claimKeys(t testing.TB, j *Journal, whats ...string) []client.Record {
	t.Helper()
	var entries []client.Entry
	for _, w := range whats {
		entries = append(entries, client.Entry{Key: key(w)})
	}
	return claimAll(t, j, entries...)
}

func send(t testing.TB, j *Journal, tickets ...client.Ticket) {
	t.Helper()
	if err := j.Sent(t.Context(), tickets); err != nil {
		t.Fatal(err)
	}
}

func settle(t testing.TB, j *Journal, settlements ...client.Settlement) {
	t.Helper()
	if err := j.Settle(t.Context(), settlements); err != nil {
		t.Fatal(err)
	}
}

// success is the settlement of an operation that created something.
func success(ticket client.Ticket, id int) client.Settlement {
	return client.Settlement{
		Ticket: ticket, Outcome: client.Succeeded, Status: 201, Version: fmt.Sprintf(`W/"%d"`, id),
		Location: fmt.Sprintf("%s/identity/scim/%s/v2/Users/%036d", target.BaseURL, target.OrgID, id),
	}
}

// crash copies a journal as it is at this moment, as SIGKILL would leave it.
func crash(t testing.TB, path string) string {
	t.Helper()
	to := newPath(t)
	copyJournal(t, path, to)
	return to
}

func copyJournal(t testing.TB, path, to string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(to + suffix)
			continue
		}
		if err == nil {
			err = os.WriteFile(to+suffix, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func knowns(records []client.Record) (k []client.Known) {
	for _, r := range records {
		k = append(k, r.Known)
	}
	return k
}
