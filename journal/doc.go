// Package journal keeps on disk what became of a job's operations, so that a
// job that was cut short goes on where it stopped.
//
//	j, err := journal.Open("users.ndjson.journal")
//	if err != nil {
//		return err // in use, damaged, not writable: nothing has been sent
//	}
//	defer j.Close()
//	job := &client.Job{Source: source, Journal: j}
//	for result, err := range c.Run(ctx, job) {
//		...
//	}
//
// Running the same job with the same journal again does nothing twice: what
// succeeded is replayed, what was sent without an answer is looked up, the
// rest is sent.
//
// # What is on disk
//
// One SQLite file, readable by its owner only (0600), and beside it, while it
// is open and after a crash, its write-ahead log (-wal), which is a part of it:
// whoever moves or copies the one takes the other along. It holds
//
//   - of the job: the organization's id, the service's url, when the journal
//     was begun and how many runs it has seen;
//   - of each operation that was settled: its Key, a hash of 128 bits; whether
//     it succeeded, failed, was skipped or is unknown; the service's status; the
//     url of the resource, which holds the resource's id; its version; whether a
//     lookup decided; in which run it was sent last;
//   - of those under way, the Keys: one row for each call of Sent, which goes as
//     its operations are settled. What the end of a run leaves of them becomes
//     operations that were sent without an answer.
//
// Names, mail addresses and everything else in an operation's data are not in
// it. bulkIds, which are often made of such, are kept as hashes of 128 bits,
// only while the journal is open, and with what became of their operations,
// once they outgrow memory, in a temporary file (in os.TempDir; Open makes sure
// that there can be one) that is gone when the process ends, or on Windows when
// the journal is closed. The index by
// which earlier runs' operations are recognized is in one of SQLite's (in
// SQLITE_TMPDIR, TMPDIR, /var/tmp or /tmp).
//
// # Order over runs
//
// A done operation is not sent again, even if one before it in the input is, as
// after a failure. If both change the same resource (client.Entry.Resource),
// that would give the earlier one the last word. So each operation's row keeps
// the run in which it was sent last, and Claim compares it with those that were
// claimed before on the same resource in this run: a done operation that was
// sent in an earlier run than one of them, or before one of them is to be sent
// in this run, is Overtaken. It may be sent again, and is then without an answer
// until it is settled. If it is settled without having been sent, or as Skipped,
// its row stays as it was, and the next run finds it overtaken again.
//
// # What is promised
//
// Sent and Settle return once the disk has confirmed what they record. The
// calls that wait at the same time share one transaction and one fsync. SQLite
// appends a transaction to the log and syncs it before it reports the commit
// (PRAGMA synchronous=FULL, sqlite.org/pragma.html), so:
//
//   - SIGKILL: what was written is in the operating system's hands, and the next
//     Open reads it. A transaction is in the log as a whole or not at all, and
//     what was acknowledged is there as a whole.
//   - Power loss: what was acknowledged has been synced; on macOS by F_FULLFSYNC.
//     This holds for disks that do what they say.
//   - A torn page: each page in the log carries a checksum that is chained to
//     those before it; reading stops at the first that does not match, which can
//     only be after the last acknowledged transaction, since transactions are
//     padded so that no two share a sector (psow=0, sqlite.org/psow.html). Pages
//     leave the log for the main file only once they are synced, and the log is
//     used again only once the main file is; a page torn there is still in the
//     log.
//   - A full disk or an error of the disk: the call gives an error that wraps
//     ErrWrite, and so does each call after it. Nothing is tried again, for a
//     failed fsync may have dropped what it should have written. Close then
//     leaves the log, as it does when it fails itself, and the next Open reads it.
//
// Damage by other causes does not read as "nothing known". Open has SQLite
// check its trees, adds up a checksum of all rows and compares it with the one
// that each transaction writes, and misses the log if the last user did not
// close the journal: a lost, stale or altered page of the main file is
// ErrDamaged. What no checksum of ours covers is the log's end: cut off, or
// altered after the crash, it reads as an earlier state of the journal.
//
// A rollback journal in the log's place would need three syncs a transaction
// instead of one, and was measured to be five times slower.
//
// A journal is open in one process at a time, by SQLite's exclusive lock on the
// file; the operating system releases it when the process ends, however it ends.
package journal
