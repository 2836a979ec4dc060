package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

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
	beginHistory(t, j)
}

func beginHistory(t testing.TB, j *Journal) client.History {
	t.Helper()
	history, err := j.Begin(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	return history
}

// beginAgain ends the run and begins another.
func beginAgain(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	begin(t, j)
}

// opened opens the journal at path and begins a run.
func opened(t testing.TB, path string) *Journal {
	t.Helper()
	j := mustOpen(t, path)
	begin(t, j)
	return j
}

// newPath returns a path for a journal in memory, where fsync costs nothing, if
// the machine has such a place. No test cuts the power, so none needs a disk.
func newPath(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "journal")
	if err != nil {
		return diskPath(t)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "users.csv.journal")
}

// diskPath returns a path for a journal on disk, for benchmarks.
func diskPath(t testing.TB) string { return filepath.Join(t.TempDir(), "users.csv.journal") }

func key(what string) client.Key {
	sum := sha256.Sum256([]byte(what))
	return client.Key(sum[:16])
}

func entry(what string) client.Entry { return client.Entry{Key: key(what)} }

// create is the entry of a create with a natural name.
func create(what, name string) client.Entry {
	return client.Entry{Key: key(what), Name: key(name)}
}

func entriesOf(whats ...string) (entries []client.Entry) {
	for _, w := range whats {
		entries = append(entries, entry(w))
	}
	return entries
}

func claim(t testing.TB, j *Journal, entries ...client.Entry) []client.Record {
	t.Helper()
	records, err := j.Claim(t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func claimKeys(t testing.TB, j *Journal, whats ...string) []client.Record {
	t.Helper()
	return claim(t, j, entriesOf(whats...)...)
}

func write(t testing.TB, j *Journal, updates ...client.Update) {
	t.Helper()
	if err := j.Write(t.Context(), updates); err != nil {
		t.Fatal(err)
	}
}

// sentAt is when the tests' operations leave.
var sentAt = time.UnixMilli(1_790_000_000_123)

func sent(ticket client.Ticket, e client.Entry) client.Update {
	return client.Update{Kind: client.UpdateSent, Ticket: ticket, Entry: e, Sent: sentAt}
}

func done(ticket client.Ticket, id int) client.Update {
	return client.Update{Kind: client.UpdateDone, Ticket: ticket, Success: success(id)}
}

func forget(ticket client.Ticket) client.Update {
	return client.Update{Kind: client.UpdateForget, Ticket: ticket}
}

// resourceID is the id of the resource in success(n).
func resourceID(n int) string { return fmt.Sprintf("%036d", n) }

// success returns the Success of a create.
func success(id int) client.Success {
	return client.Success{
		Status: 201, Version: fmt.Sprintf(`W/"%d"`, id),
		Location: fmt.Sprintf("%s/identity/scim/%s/v2/Users/%s", target.BaseURL, target.OrgID, resourceID(id)),
	}
}

// send claims operations and writes an UpdateSent for each.
func send(t testing.TB, j *Journal, whats ...string) (tickets []client.Ticket) {
	t.Helper()
	var updates []client.Update
	for i, r := range claimKeys(t, j, whats...) {
		tickets = append(tickets, r.Ticket)
		updates = append(updates, sent(r.Ticket, entry(whats[i])))
	}
	write(t, j, updates...)
	return tickets
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
