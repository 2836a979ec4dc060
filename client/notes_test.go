package client_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/webexscim/bulk/client"
)

// notes is a client.Journal in memory that is strict about its use and keeps
// the order of calls.
type notes struct {
	mu      sync.Mutex
	target  client.Target
	entries map[client.Key][]*note // of all runs
	tickets map[client.Ticket]*note
	names   map[string]*note
	claimed map[client.Key]int
	next    client.Ticket
	runs    int
	changed map[client.Key]int // the last run in which each resource was changed, as far as was claimed
	calls   []string
	misuse  []string
	fail    func(call string, n int) error // nil: no call fails
	count   map[string]int
	begun   time.Time
}

type note struct {
	known   client.Known
	name    string
	settled bool // in this run
	again   bool // overtaken, and not sent in this run
	run     int  // in which it was last sent
	left    client.Settlement
}

func newNotes() *notes {
	return &notes{entries: map[client.Key][]*note{}, count: map[string]int{}}
}

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

func (j *notes) Begin(_ context.Context, target client.Target) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.call("begin", 0); err != nil {
		return err
	}
	if j.target != (client.Target{}) && j.target != target {
		return fmt.Errorf("of another target")
	}
	if j.begun.IsZero() {
		j.begun = time.Now()
	}
	j.target, j.tickets, j.names, j.claimed = target, map[client.Ticket]*note{}, map[string]*note{}, map[client.Key]int{}
	j.runs, j.changed = j.runs+1, map[client.Key]int{}
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
		nth := j.claimed[e.Key]
		j.claimed[e.Key]++
		if nth == len(j.entries[e.Key]) {
			j.entries[e.Key] = append(j.entries[e.Key], &note{})
		}
		n := j.entries[e.Key][nth]
		n.settled = false
		j.next++ // the first ticket is 1: 0 is nobody's
		j.tickets[j.next] = n
		n.name = e.Name
		rec := client.Record{Ticket: j.next, Known: n.known, Begun: j.begun}
		if n.known == client.KnownDone {
			rec.Settlement = n.left
			rec.Settlement.Ticket = j.next
		}
		rec.Overtaken = j.order(n, e.Resource)
		n.again = rec.Overtaken
		out = append(out, rec)
	}
	return out, nil
}

// order tells whether what was done is to be done once more, since something
// before it on its resource was done later or will be.
func (j *notes) order(n *note, resource client.Key) (overtaken bool) {
	if resource == (client.Key{}) {
		return false
	}
	changes := j.runs // it will be sent in this run
	if n.known == client.KnownDone && j.changed[resource] <= n.run {
		changes = n.run
	}
	j.changed[resource] = changes
	return n.known == client.KnownDone && changes != n.run
}

func (j *notes) Sent(_ context.Context, tickets []client.Ticket) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.call("sent", len(tickets)); err != nil {
		return err
	}
	for _, t := range tickets {
		switch n := j.tickets[t]; {
		case n == nil:
			j.wrong("sent: ticket %d was not claimed", t)
		case n.settled || n.known == client.KnownDone && !n.again:
			j.wrong("sent: ticket %d has its fate", t)
		default:
			n.known, n.again, n.run = client.KnownSent, false, j.runs
		}
	}
	return nil
}

func (j *notes) Settle(_ context.Context, settlements []client.Settlement) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.call("settle", len(settlements)); err != nil {
		return err
	}
	for _, s := range settlements {
		n := j.tickets[s.Ticket]
		if n == nil || n.settled {
			j.wrong("settle: ticket %d was not claimed, or is settled", s.Ticket)
			continue
		}
		n.settled = true
		if n.again {
			continue // what was done is all that is known
		}
		n.left = s
		if first := j.names[n.name]; first == nil || first.left.Outcome != client.Succeeded {
			j.names[n.name] = n // as package journal has it
		}
		switch s.Outcome {
		case client.Succeeded:
			n.known = client.KnownDone
		case client.Unknown:
			n.known = client.KnownSent
		default:
			n.known = client.KnownNothing
		}
	}
	return nil
}

func (j *notes) Created(_ context.Context, name string) (client.Settlement, bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != nil {
		j.count["created"]++
		if err := j.fail("created", j.count["created"]); err != nil {
			return client.Settlement{}, false, err
		}
	}
	n := j.names[name]
	if n == nil || name == "" {
		return client.Settlement{}, false, nil
	}
	return n.left, true, nil
}
