package reconcile

import (
	"context"
	"slices"
	"time"

	"github.com/webexscim/bulk/client"
)

// readLag is the time after which reads show every created resource. A journal
// does not count for an organization that was read later than that: others may
// have undone its operations.
const readLag = 5 * time.Minute

// unrecorded is the ticket of operations that are not recorded.
const unrecorded = ^client.Ticket(0)

// createsOnly is a journal that records only creates, and recognizes them by
// the names of their resources: after an interruption the same row may be
// another operation, for example since its manager has an id by then. Changes
// need no record. A change is computed from the present state of the
// organization, so that it is sent again if somebody has undone it, and the
// next comparison finds the effect of a late attempt.
type createsOnly struct {
	client.Journal
	read time.Time // when the organization was read
	old  bool      // by then, reads showed all recorded creates
}

func (j *createsOnly) Begin(ctx context.Context, target client.Target) (client.History, error) {
	// A job that was canceled in an earlier stage still reports the operations
	// of earlier runs.
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

// byName returns an entry that recognizes a create by the name of its resource.
func byName(e client.Entry) client.Entry {
	if e.Name != (client.Key{}) {
		e.Key = e.Name
	}
	return e
}
