package journal

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
)

// model is a journal as one would write it without caring for disk or memory.
type model struct {
	ops    []*modelOp
	run    int
	claims []modelClaim // of this run, in order
}

// modelClaim is a claim of an operation that is sent last in that run, as far as
// one can tell when it is claimed.
type modelClaim struct {
	resource string
	run      int
}

type modelOp struct {
	what      string
	id        int // in the order of claims over all runs
	ticket    client.Ticket
	run       int // that claimed it last
	earlier   modelFate
	now       modelFate
	overtaken bool
	leaves    bool // in this run
	open      bool // between Claim and Settle
	durable   bool // sent or settled, ever
	name      string
	visible   client.Settlement // to Created
}

// modelFate is what is known of an operation.
type modelFate struct {
	known      client.Known
	settlement client.Settlement // of a done one
	run        int               // that sent it last
}

// before tells which of two equal operations is claimed first.
func (f modelFate) before(g modelFate) bool {
	return f.known > g.known || f.known == g.known && f.run < g.run
}

// claim finds the best of the operations that an earlier run left.
func (m *model) claim(what, name, resource string) *modelOp {
	var best *modelOp
	for _, o := range m.ops {
		if o.what == what && o.run < m.run && o.durable && (best == nil || o.now.before(best.now)) {
			best = o
		}
	}
	if best == nil {
		best = &modelOp{what: what, id: len(m.ops), now: modelFate{run: m.run}}
		m.ops = append(m.ops, best)
	}
	best.run, best.name, best.open, best.leaves = m.run, name, true, false
	best.earlier = best.now
	best.overtaken = best.now.known == client.KnownDone && slices.ContainsFunc(m.claims, func(c modelClaim) bool {
		return resource != "" && c.resource == resource && c.run > best.now.run
	})
	claim := modelClaim{resource, m.run}
	if best.now.known == client.KnownDone && !best.overtaken {
		claim.run = best.now.run
	}
	m.claims = append(m.claims, claim)
	return best
}

func (m *model) settle(o *modelOp, s client.Settlement) {
	o.open, o.durable, o.visible = false, true, s
	switch {
	case o.earlier.known != client.KnownNothing && s.Outcome == client.Skipped:
		o.now = o.earlier
	case o.earlier.known == client.KnownDone && !o.leaves:
	case s.Outcome == client.Succeeded:
		o.now.known, o.now.settlement = client.KnownDone, s
	case s.Outcome == client.Unknown:
		o.now.known = client.KnownSent
	case o.earlier.known == client.KnownSent && !o.leaves && s.Status == 0:
	default:
		o.now.known = client.KnownNothing
	}
	if o.now.known == client.KnownDone {
		o.visible = o.now.settlement
	}
}

func (m *model) open() (open []*modelOp) {
	for _, o := range m.ops {
		if o.open && o.run == m.run {
			open = append(open, o)
		}
	}
	return open
}

// machine drives a journal and the model through the same calls.
type machine struct {
	t    *testing.T
	path string
	n    int
	j    *Journal
	m    model

	created, begun time.Time // before and after the first Begin
}

func (x *machine) Begin(t *rapid.T) {
	if err := x.j.Begin(x.t.Context(), target); err != nil {
		t.Fatal(err)
	}
	x.m.run++
	x.m.claims = nil
}

func (x *machine) Claim(t *rapid.T) {
	whats := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 6).Draw(t, "operations")
	var entries []client.Entry
	var resources []string
	for _, w := range whats {
		e := client.Entry{Key: key(w)}
		resource := rapid.SampledFrom([]string{"", "r", "s"}).Draw(t, "resource")
		if resource != "" {
			e.Resource = key(resource)
		}
		resources = append(resources, resource)
		if rapid.Bool().Draw(t, "named") {
			x.n++
			e.Name = fmt.Sprint("u", x.n)
		}
		entries = append(entries, e)
	}
	records, err := x.j.Claim(x.t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	var ops []*modelOp
	for i, w := range whats {
		o := x.m.claim(w, entries[i].Name, resources[i])
		o.ticket = records[i].Ticket
		want := client.Record{Ticket: o.ticket, Known: o.now.known, Overtaken: o.overtaken}
		if o.now.known == client.KnownDone {
			want.Settlement = o.now.settlement
			want.Settlement.Ticket = o.ticket
		}
		if o.now.known == client.KnownSent {
			if b := records[i].Begun; b.Before(x.created) || b.After(x.begun) {
				t.Fatalf("%q had not been sent before %v: the journal was begun from %v to %v", w, b, x.created, x.begun)
			}
			records[i].Begun = time.Time{}
		}
		if records[i] != want {
			t.Fatalf("%q is known as %+v, want %+v", w, records[i], want)
		}
		if slices.ContainsFunc(ops, func(p *modelOp) bool { return p.ticket == o.ticket }) {
			t.Fatalf("ticket %d was given twice", o.ticket)
		}
		ops = append(ops, o)
	}
}

// some draws a few of the operations that are open.
func (x *machine) some(t *rapid.T) []*modelOp {
	open := x.m.open()
	if len(open) == 0 {
		return nil
	}
	chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(open), 1, len(open), rapid.ID).Draw(t, "chosen")
	return chosen
}

func (x *machine) Sent(t *rapid.T) {
	var tickets []client.Ticket
	for _, o := range x.some(t) {
		if o.earlier.known == client.KnownDone && !o.overtaken {
			continue
		}
		tickets = append(tickets, o.ticket)
		o.now.known, o.now.run, o.leaves, o.durable = client.KnownSent, x.m.run, true, true
	}
	if err := x.j.Sent(x.t.Context(), tickets); err != nil {
		t.Fatal(err)
	}
}

func (x *machine) Settle(t *rapid.T) {
	var settlements []client.Settlement
	for _, o := range x.some(t) {
		s := client.Settlement{
			Ticket:  o.ticket,
			Outcome: rapid.SampledFrom([]client.Outcome{client.Succeeded, client.Failed, client.Skipped, client.Unknown}).Draw(t, "outcome"),
			Status:  rapid.SampledFrom([]int{0, 400}).Draw(t, "status"),
		}
		if s.Outcome == client.Succeeded {
			x.n++
			s = success(o.ticket, x.n)
			s.Recovered = rapid.Bool().Draw(t, "recovered")
		}
		settlements = append(settlements, s)
		x.m.settle(o, s)
	}
	if err := x.j.Settle(x.t.Context(), settlements); err != nil {
		t.Fatal(err)
	}
}

// Crash goes on with a copy of the files as they are; Close with the file that
// an orderly end leaves.
func (x *machine) Crash(t *rapid.T) {
	x.reopen(t, crash(x.t, x.path))
}

func (x *machine) Close(t *rapid.T) {
	x.reopen(t, x.path)
}

func (x *machine) reopen(t *rapid.T, path string) {
	err := x.j.Close()
	x.path = path
	if err == nil {
		x.j, err = Open(x.path)
	}
	if err != nil {
		t.Fatal(err)
	}
	x.Begin(t)
}

// Check compares what can be asked for at any time.
func (x *machine) Check(t *rapid.T) {
	var want Summary
	for _, o := range x.m.ops {
		s, ok, err := x.j.Created(x.t.Context(), o.name)
		visible := o.name != "" && o.run == x.m.run && !o.open
		o.visible.Ticket = o.ticket
		if err != nil || ok != visible || ok && s != o.visible {
			t.Fatalf("Created(%q) = %+v, %v, %v; want %+v, %v", o.name, s, ok, err, o.visible, visible)
		}
		switch {
		case !o.durable:
		case o.now.known == client.KnownDone:
			want.Done++
		case o.now.known == client.KnownSent:
			want.Sent++
		default:
			want.Other++
		}
	}
	got, err := x.j.Summary(x.t.Context())
	if err != nil || got.Done != want.Done || got.Sent != want.Sent || got.Other != want.Other {
		t.Fatalf("summary is %+v, %v; want %+v", got, err, want)
	}
}

// Any sequence of runs, crashes included, answers as the model does.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		x := &machine{t: t, path: newPath(t), created: time.Now().Truncate(time.Millisecond)}
		var err error
		if x.j, err = Open(x.path); err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = x.j.Close() }()
		x.Begin(rt)
		x.begun = time.Now()
		rt.Repeat(map[string]func(*rapid.T){
			"Claim": x.Claim, "Sent": x.Sent, "Settle": x.Settle,
			"Begin": x.Begin, "Crash": x.Crash, "Close": x.Close, "": x.Check,
		})
	})
}
