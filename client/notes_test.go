package client_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/webexscim/bulk/client"
)

// notes is a client.Journal in memory. It is strict about its use and keeps the
// order of calls.
type notes struct {
	mu      sync.Mutex
	target  client.Target
	entries []*note // the ticket is the index plus 1
	history client.History
	foreign map[string]bool
	running bool
	calls   []string
	misuse  []string
	fail    func(call string, n int) error // nil: no call fails
	count   map[string]int
}

type note struct {
	entry   client.Entry
	known   client.Known
	claimed bool // in this run
	sent    time.Time
	date    time.Time
	success client.Success
}

func newNotes() *notes { return &notes{count: map[string]int{}, foreign: map[string]bool{}} }

func (j *notes) call(name string, n int) error {
	j.calls = append(j.calls, fmt.Sprint(name, " ", n))
	j.count[name]++
	if j.fail != nil {
		return j.fail(name, j.count[name])
	}
	return nil
}

func (j *notes) wrong(format string, args ...any) {
	j.misuse = append(j.misuse, fmt.Sprintf(format, args...))
}

func (j *notes) Begin(_ context.Context, target client.Target) (client.History, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.call("begin", 0); err != nil {
		return client.History{}, err
	}
	if j.target != (client.Target{}) && j.target != target {
		return client.History{}, fmt.Errorf("of another target")
	}
	if j.running {
		return client.History{}, fmt.Errorf("in use")
	}
	j.target, j.running = target, true
	for _, n := range j.entries {
		n.claimed = false
	}
	return j.history, nil
}

func (j *notes) End(context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.running {
		j.wrong("End without Begin")
	}
	j.running = false
	return nil
}

func (j *notes) Claim(_ context.Context, entries []client.Entry) ([]client.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.call("claim", len(entries)); err != nil {
		return nil, err
	}
	var out []client.Record
	for _, e := range entries {
		out = append(out, j.claim(e))
	}
	return out, nil
}

func (j *notes) claim(e client.Entry) client.Record {
	for _, known := range []client.Known{client.KnownDone, client.KnownSent} {
		for i, n := range j.entries {
			if n.entry.Key == e.Key && n.known == known && !n.claimed {
				n.claimed = true
				rec := client.Record{Ticket: client.Ticket(i + 1), Known: known}
				if known == client.KnownDone {
					rec.Success = n.success
				} else {
					rec.Sent, rec.Date = n.sent, n.date
				}
				return rec
			}
		}
	}
	rec := client.Record{Ticket: client.Ticket(len(j.entries) + 1)}
	for i, n := range j.entries {
		if n.known != client.KnownNothing && !n.claimed && e.Name != (client.Key{}) && n.entry.Name == e.Name {
			rec.Rivals = append(rec.Rivals, client.Ticket(i+1))
			rec.RivalSent = rec.RivalSent || n.known == client.KnownSent
		}
	}
	j.entries = append(j.entries, &note{entry: e, claimed: true})
	return rec
}

func (j *notes) Write(_ context.Context, updates []client.Update) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	sent, done := 0, 0
	for _, u := range updates {
		switch u.Kind {
		case client.UpdateSent:
			sent++
		case client.UpdateDone:
			done++
		}
	}
	name := "write"
	switch {
	case sent > 0 && done == 0:
		name = "sent"
	case done > 0 && sent == 0:
		name = "done"
	}
	if err := j.call(name, max(sent, done)); err != nil {
		return err
	}
	j.history.LastWritten = time.Now()
	for _, u := range updates {
		if u.Date.After(j.history.LastDate) {
			j.history.LastDate = u.Date
		}
		if u.Kind == client.UpdateForeign {
			j.foreign[u.ID] = true
			continue
		}
		if u.Ticket == 0 || int(u.Ticket) > len(j.entries) || j.entries[u.Ticket-1].claimed == (u.Kind == client.UpdateReplaced) {
			j.wrong("ticket %d was not claimed", u.Ticket)
			continue
		}
		j.update(j.entries[u.Ticket-1], u)
	}
	return nil
}

func (j *notes) update(n *note, u client.Update) {
	switch u.Kind {
	case client.UpdateSent:
		if n.known == client.KnownDone {
			j.wrong("a done operation is sent")
		}
		if u.Entry != n.entry {
			j.wrong("another entry is sent than was claimed")
		}
		if n.known == client.KnownNothing {
			n.known, n.sent, n.date = client.KnownSent, u.Sent, u.Date
		}
	case client.UpdateDone:
		if n.known != client.KnownSent {
			j.wrong("done without having been sent")
		}
		n.known, n.success = client.KnownDone, u.Success
	case client.UpdateForget:
		if n.known == client.KnownDone {
			j.wrong("a done operation is forgotten")
		}
		n.known = client.KnownNothing
	case client.UpdateReplaced:
		n.known, n.success = client.KnownNothing, client.Success{}
	}
}

func (j *notes) Owned(_ context.Context, ids []string) ([]bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.call("owned", len(ids)); err != nil {
		return nil, err
	}
	out := make([]bool, len(ids))
	for i, id := range ids {
		out[i] = j.foreign[id] || slices.ContainsFunc(j.entries, func(n *note) bool {
			l, _ := client.ParseLocation(n.success.Location)
			return n.known == client.KnownDone && l.ID == id
		})
	}
	return out, nil
}
