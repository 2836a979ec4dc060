package journal

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
)

// model is a simple journal in memory: the operations on record by ticket.
type model struct {
	ops     map[client.Ticket]*modelOp
	foreign map[string]bool
	history client.History
	// earlier are the resources that earlier runs have recorded.
	earlier map[string]bool
}

// modelOp is an operation on record.
type modelOp struct {
	entry    client.Entry
	record   client.Record
	resource string // of a done one
	left     bool   // by an earlier run, and not claimed in this one
}

func (m *model) begin() {
	m.earlier = map[string]bool{}
	for id := range m.foreign {
		m.earlier[id] = true
	}
	for _, o := range m.ops {
		o.left = true
		if o.resource != "" {
			m.earlier[o.resource] = true
		}
	}
}

// unclaimed returns the operations that satisfy f, in the order of their
// claims.
func (m *model) unclaimed(f func(*modelOp) bool) (found []*modelOp) {
	for _, o := range m.ops {
		if o.left && f(o) {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b *modelOp) int {
		if a.record.Known != b.record.Known {
			return int(b.record.Known) - int(a.record.Known)
		}
		return int(a.record.Ticket) - int(b.record.Ticket)
	})
	return found
}

// claim returns the records of entries, without tickets for new operations.
func (m *model) claim(entries []client.Entry) []client.Record {
	records := make([]client.Record, len(entries))
	for i, e := range entries {
		if found := m.unclaimed(func(o *modelOp) bool { return o.entry.Key == e.Key }); len(found) > 0 {
			found[0].left = false
			records[i] = found[0].record
		}
	}
	for i, e := range entries {
		known := records[i].Known == client.KnownDone || records[i].Known == client.KnownSent && e.Create
		if known || e.Name == (client.Key{}) {
			continue
		}
		for _, o := range m.unclaimed(func(o *modelOp) bool { return o.entry.Name == e.Name && o.entry.Key != e.Key }) {
			if o.record.Known == client.KnownSent && o.record.Sent.IsZero() {
				continue
			}
			records[i].Rivals = append(records[i].Rivals, o.record.Ticket)
			records[i].RivalSent = records[i].RivalSent || o.record.Known == client.KnownSent
		}
		slices.Sort(records[i].Rivals)
	}
	return records
}

func (m *model) write(updates []client.Update) {
	for _, u := range updates {
		if u.Date.After(m.history.LastDate) {
			m.history.LastDate = u.Date
		}
		switch u.Kind {
		case client.UpdateSent:
			if m.ops[u.Ticket] == nil {
				m.ops[u.Ticket] = &modelOp{entry: u.Entry, record: client.Record{
					Ticket: u.Ticket, Known: client.KnownSent, Sent: u.Sent, Date: u.Date,
				}}
			}
		case client.UpdateDone:
			o := m.ops[u.Ticket]
			o.record = client.Record{Ticket: u.Ticket, Known: client.KnownDone, Success: u.Success}
			if l, err := client.ParseLocation(u.Success.Location); err == nil {
				o.resource = l.ID
			}
		case client.UpdateForget:
			delete(m.ops, u.Ticket)
		case client.UpdateUndone:
			o := m.ops[u.Ticket]
			o.record, o.resource = client.Record{Ticket: u.Ticket, Known: client.KnownSent}, ""
		case client.UpdateForeign:
			m.foreign[u.ID] = true
		}
	}
}

// machine drives a journal and the model through the same calls.
type machine struct {
	t       *testing.T
	path    string
	n       int
	j       *Journal
	m       model
	claimed map[client.Ticket]client.Entry // in this run
}

func (x *machine) begin(t *rapid.T) {
	h, err := x.j.Begin(x.t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if want := x.m.history; !h.LastDate.Equal(want.LastDate) || h.LastWritten.Before(want.LastWritten) || h.LastWritten.After(time.Now()) {
		t.Fatalf("history is %+v, want %+v", h, want)
	}
	x.m.begin()
	x.claimed = map[client.Ticket]client.Entry{}
}

func (x *machine) NextRun(t *rapid.T) {
	if err := x.j.End(x.t.Context()); err != nil {
		t.Fatal(err)
	}
	x.begin(t)
}

// Crash goes on with a copy of the files as they are; Close with the file that
// an orderly end leaves.
func (x *machine) Crash(t *rapid.T) { x.reopen(t, crash(x.t, x.path)) }
func (x *machine) Close(t *rapid.T) { x.reopen(t, x.path) }

func (x *machine) reopen(t *rapid.T, path string) {
	err := x.j.Close()
	if x.path = path; err == nil {
		x.j, err = Open(x.path)
	}
	if err != nil {
		t.Fatal(err)
	}
	x.begin(t)
}

func (x *machine) Claim(t *rapid.T) {
	var entries []client.Entry
	for _, what := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 6).Draw(t, "operations") {
		e := entry(what)
		if what < "d" { // a create, whose content decides its name
			e.Name = key(map[string]string{"a": "x", "b": "x", "c": "y"}[what])
		}
		entries = append(entries, e)
	}
	got, err := x.j.Claim(x.t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range x.m.claim(entries) {
		if want.Known == client.KnownNothing {
			want.Ticket = got[i].Ticket
		}
		if _, twice := x.claimed[got[i].Ticket]; twice || !reflect.DeepEqual(got[i], want) {
			t.Fatalf("operation %d is known as %+v, want %+v", i, got[i], want)
		}
		x.claimed[got[i].Ticket] = entries[i]
	}
}

func (x *machine) Write(t *rapid.T) {
	var updates []client.Update
	for range rapid.IntRange(1, 8).Draw(t, "updates") {
		if u, ok := x.update(t); ok {
			x.m.write([]client.Update{u})
			updates = append(updates, u)
		}
	}
	before := now()
	if err := x.j.Write(x.t.Context(), updates); err != nil {
		t.Fatal(err)
	}
	if len(updates) > 0 {
		x.m.history.LastWritten = before
	}
}

// update draws an update that is allowed.
func (x *machine) update(t *rapid.T) (u client.Update, ok bool) {
	x.n++
	if rapid.IntRange(0, 9).Draw(t, "foreign") == 0 {
		return client.Update{Kind: client.UpdateForeign, ID: fmt.Sprint("foreign", x.n%3)}, true
	}
	var tickets []client.Ticket
	for ticket := range x.claimed {
		if o := x.m.ops[ticket]; o == nil || o.record.Known == client.KnownSent {
			tickets = append(tickets, ticket)
		}
	}
	if len(tickets) == 0 {
		return u, false
	}
	slices.Sort(tickets)
	u.Ticket = rapid.SampledFrom(tickets).Draw(t, "ticket")
	kinds := []client.UpdateKind{client.UpdateSent, client.UpdateForget}
	if x.m.ops[u.Ticket] != nil {
		kinds = append(kinds, client.UpdateDone, client.UpdateDone, client.UpdateUndone)
	}
	switch u.Kind = rapid.SampledFrom(kinds).Draw(t, "kind"); u.Kind {
	case client.UpdateSent:
		u.Entry = x.claimed[u.Ticket]
		u.Sent = sentAt.Add(time.Duration(x.n) * time.Second)
		if rapid.Bool().Draw(t, "dated") {
			u.Date = sentAt.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "date")) * time.Second)
		}
	case client.UpdateDone:
		u.Success = success(x.n)
		u.Success.Recovered = rapid.Bool().Draw(t, "recovered")
	}
	return u, true
}

// Owned asks for all that could be there.
func (x *machine) Owned(t *rapid.T) {
	ids := []string{"foreign0", "foreign1", "foreign2", "none"}
	now := map[string]bool{} // recorded in this run: may be known or not
	for id := range x.m.foreign {
		now[id] = true
	}
	for _, o := range x.m.ops {
		if o.resource != "" {
			ids = append(ids, o.resource)
			now[o.resource] = true
		}
	}
	owned, err := x.j.Owned(x.t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if owned[i] && !now[id] || !owned[i] && x.m.earlier[id] {
			t.Fatalf("%s is owned: %v", id, owned[i])
		}
	}
}

// Check compares the counts.
func (x *machine) Check(t *rapid.T) {
	var sent, done int
	for _, o := range x.m.ops {
		if o.record.Known == client.KnownDone {
			done++
		} else {
			sent++
		}
	}
	if got, err := x.j.Summary(x.t.Context()); err != nil || got.Done != done || got.Sent != sent {
		t.Fatalf("summary is %+v, %v; want %d done and %d sent", got, err, done, sent)
	}
}

// Any sequence of runs, crashes included, answers as the model does.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		x := &machine{t: t, path: newPath(t)}
		x.m.ops, x.m.foreign = map[client.Ticket]*modelOp{}, map[string]bool{}
		var err error
		if x.j, err = Open(x.path); err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = x.j.Close() }()
		x.begin(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"Claim": x.Claim, "Claim again": x.Claim, "Write": x.Write, "Write again": x.Write, "Owned": x.Owned,
			"NextRun": x.NextRun, "Crash": x.Crash, "Close": x.Close, "": x.Check,
		})
	})
}
