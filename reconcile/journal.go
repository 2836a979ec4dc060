package reconcile

import (
	"context"
	"slices"
	"time"

	"github.com/webexscim/bulk/client"
)

// readLag is how long reads may not show what was created. What was read later
// tells all, and what a journal says is done no longer counts: it may be
// undone.
const readLag = 5 * time.Minute

// unrecorded is the ticket of operations that are not recorded.
const unrecorded = ^client.Ticket(0)

// createsOnly is a journal that records creates alone, and recognizes them by
// the names of what they make: the same row may be another operation after an
// interruption, as when the manager in it has got an id. A change is computed
// from what was read: if it is wanted once more, somebody has undone it, and it
// is sent once more. What an older attempt at a change does late, the next
// comparison finds.
type createsOnly struct {
	client.Journal
	read time.Time // when the organization was read
	old  bool      // all that is done showed then
}

func (j *createsOnly) Begin(ctx context.Context, target client.Target) (client.History, error) {
	// A job that was canceled in an earlier stage tells what earlier runs have
	// done.
	history, err := j.Journal.Begin(context.WithoutCancel(ctx), target)
	j.old = j.read.Sub(history.LastWritten) > readLag
	return history, err
}

func (j *createsOnly) Claim(ctx context.Context, entries []client.Entry) ([]client.Record, error) {
	records := make([]client.Record, len(entries))
	var creates []client.Entry
	var places []int
	for i, e := range entries {
		if records[i].Ticket = unrecorded; e.Create {
			creates, places = append(creates, byName(e)), append(places, i)
		}
	}
	if len(creates) == 0 {
		return records, nil
	}
	known, err := j.Journal.Claim(ctx, creates)
	if err != nil {
		return nil, err
	}
	for k, record := range known {
		for j.old && record.Known == client.KnownDone {
			if record, err = j.replace(ctx, creates[k], record.Ticket); err != nil {
				return nil, err
			}
		}
		records[places[k]] = record
	}
	return records, nil
}

// replace forgets an operation that is done, and claims its entry anew.
func (j *createsOnly) replace(ctx context.Context, entry client.Entry, done client.Ticket) (client.Record, error) {
	if err := j.Journal.Write(ctx, []client.Update{{Kind: client.UpdateReplaced, Ticket: done}}); err != nil {
		return client.Record{}, err
	}
	records, err := j.Journal.Claim(ctx, []client.Entry{entry})
	if err != nil {
		return client.Record{}, err
	}
	return records[0], nil
}

func (j *createsOnly) Write(ctx context.Context, updates []client.Update) error {
	recorded := slices.Clone(updates)
	recorded = slices.DeleteFunc(recorded, func(u client.Update) bool { return u.Ticket == unrecorded })
	for i := range recorded {
		recorded[i].Entry = byName(recorded[i].Entry)
	}
	if len(recorded) == 0 {
		return nil
	}
	return j.Journal.Write(ctx, recorded)
}

// byName is the entry of a create that is recognized by the name of what it
// makes.
func byName(e client.Entry) client.Entry {
	if e.Name != (client.Key{}) {
		e.Key = e.Name
	}
	return e
}
