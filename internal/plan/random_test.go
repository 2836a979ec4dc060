package plan

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A few thousand jobs take seconds: more than rapid's usual hundred are run.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		_ = flag.Set("rapid.checks", "3000")
	}
	os.Exit(m.Run())
}

// TestRandomJobs drives the planner through random jobs, at a random pace, with
// random outcomes in random order. It checks at each step what may never
// happen, and at the end that each operation has the fate that the oracle
// gives. The long campaign is
//
//	go test ./internal/plan -run RandomJobs -rapid.checks 100000
func TestRandomJobs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDriver(t, jobs.Draw(t, "job"))
		for d.step() {
		}
		allowed := oracle(d.ops, d.first, d.limits, d.ordered, d.idLen)
		for i, fate := range d.fate {
			if !slices.Contains(allowed[i], fate) {
				t.Errorf("operation %d is %q, expected one of %q", i, fate, allowed[i])
			}
		}
		if p := d.p; p.Waiting() != 0 || p.Backlog() != 0 || p.parked != 0 || p.flying != 0 {
			t.Errorf("left: waiting %d, backlog %d, parked %d, flying %d", p.Waiting(), p.Backlog(), p.parked, p.flying)
		}
	})
}

// driver is what stands around the planner: source, service and memory.
type driver struct {
	job
	t      *rapid.T
	p      *Planner
	limits limits // now
	soft   int    // bytes of a request of several units, now

	read     int
	ended    bool
	out      []*flight
	asked    int // whether Next was in vain since something changed; 2: and final
	fate     []string
	flying   []bool
	half     []int // the refused request, if any, of which an operation is a part
	parts    []int // how many operations each of these had
	definers map[string]int
	settled  map[string]Settled // the memory outside of the planner
}

// flight is a request in flight.
type flight struct {
	req  *Request
	says []string // what the service says of each item; nil: not yet asked
	left []int    // items without a verdict
}

func newDriver(t *rapid.T, j job) *driver {
	d := &driver{
		job: j, t: t, limits: j.first, soft: j.first.bytes, fate: make([]string, len(j.ops)), flying: make([]bool, len(j.ops)),
		half: make([]int, len(j.ops)), definers: map[string]int{}, settled: map[string]Settled{},
	}
	d.ops = slices.Clone(j.ops)
	for i, op := range slices.Backward(d.ops) {
		d.definers[op.name] = i
	}
	cfg := j.config()
	if j.external {
		cfg.Settled = func(name string) (Settled, error) { return d.settled[name], nil }
	}
	d.p = New(cfg)
	d.p.circles = j.search
	return d
}

// step does one thing, and tells whether there was anything left to do. The
// first of its choices are those that make the simplest job.
func (d *driver) step() bool {
	var can []string
	if d.read < len(d.ops) {
		can = append(can, "read")
	} else if !d.ended {
		can = append(can, "end")
	}
	if d.asked < 1 || d.asked < 2 && !d.ended {
		can = append(can, "send")
	}
	if len(d.out) > 0 {
		can = append(can, "answer")
	}
	if d.limits != d.last {
		can = append(can, "limit")
	}
	if d.soft > d.preferred {
		can = append(can, "prefer")
	}
	if len(can) == 0 || d.ended && d.p.Open() == 0 {
		if d.p.Open() > 0 {
			d.t.Fatalf("%d operations are stuck", d.p.Open())
		}
		return false
	}
	switch rapid.SampledFrom(can).Draw(d.t, "step") {
	case "read":
		for range rapid.IntRange(1, 8).Draw(d.t, "operations") {
			d.next()
		}
	case "end":
		d.ended = true
		d.p.End()
	case "send":
		d.send()
		return true
	case "answer":
		d.answer(rapid.IntRange(0, len(d.out)-1).Draw(d.t, "request"))
	case "prefer":
		d.soft = d.preferred
		d.p.Prefer(d.preferred)
	case "limit":
		d.limits = d.last
		d.p.Limit(d.last.operations)
	}
	d.asked = 0
	d.drops()
	if d.p.Backlog() < 0 {
		d.t.Fatalf("backlog %d", d.p.Backlog())
	}
	return true
}

func (d *driver) next() {
	if d.read == len(d.ops) {
		return
	}
	i := d.read
	d.read++
	switch op := d.ops[i]; op.ending {
	case refused:
		if d.p.Refuse(op.item(i)) != (op.name == "" || d.definers[op.name] == i) {
			d.t.Fatalf("operation %d: is it the first of its name?", i)
		}
		d.fix(i, "refused")
	case resolved:
		d.fix(i, "resolved")
		d.p.Resolve(op.item(i), d.id(i))
	default:
		d.p.Add(op.item(i))
	}
	d.drops()
}

// fix gives an operation its one fate.
func (d *driver) fix(i int, fate string) {
	if d.fate[i] != "" {
		d.t.Fatalf("operation %d is %s after %s", i, fate, d.fate[i])
	}
	d.fate[i] = fate
	op := d.ops[i]
	if op.name == "" || d.definers[op.name] != i {
		return
	}
	s := Settled{Known: true, Done: fate == "done" || fate == "resolved", Index: i}
	if s.Done && op.ending != anonymous {
		s.ID = d.id(i)
	}
	d.settled[op.name] = s
}

// drops takes in what the planner gives up. What is dropped for the sake of
// another names that, and its name, and that has its fate already.
func (d *driver) drops() {
	for _, drop := range d.p.Drops() {
		i, of := drop.Index, drop.Of
		if d.flying[i] {
			d.t.Fatalf("operation %d is dropped in flight", i)
		}
		switch drop.Why {
		case Unknown:
			d.fix(i, "unknown "+drop.Name)
		case Duplicate:
			if d.fate[i] != "resolved" {
				d.fix(i, "duplicate")
			}
			if drop.Name != d.ops[i].name {
				d.t.Fatalf("operation %d: %q is not its name", i, drop.Name)
			}
		case TooLarge:
			d.fix(i, "too large")
		case Circle:
			d.fix(i, "circle")
			d.checkCircle(drop)
		case Forward:
			d.fix(i, "forward")
			if k, ok := d.definers[drop.Name]; ok && k < i {
				d.t.Fatalf("operation %d: %s is not forward", i, drop.Name)
			}
		case Needed, NoID:
			if of < 0 || of >= len(d.ops) || d.definers[drop.Name] != of || d.ops[of].name != drop.Name {
				d.t.Fatalf("operation %d: %s is not the name of operation %d", i, drop.Name, of)
			}
			if done := d.fate[of] == "done" || d.fate[of] == "resolved"; d.fate[of] == "" || done != (drop.Why == NoID) {
				d.t.Fatalf("operation %d is dropped for %d, which is %q", i, of, d.fate[of])
			}
			d.fix(i, map[Why]string{Needed: "needed ", NoID: "no id "}[drop.Why]+fmt.Sprint(of))
		}
	}
}

// checkCircle: those named are members of a circle with the operation.
func (d *driver) checkCircle(drop Drop) {
	o := newJudge(d.ops, d.ordered, d.idLen)
	members, _ := o.circle(drop.Index)
	for _, name := range drop.Circle {
		if !slices.Contains(members, d.definers[name]) {
			d.t.Fatalf("operation %d: %s is not in its circle", drop.Index, name)
		}
	}
	if len(drop.Circle) < 2 || len(drop.Circle) > 10 {
		d.t.Fatalf("operation %d: circle of %q", drop.Index, drop.Circle)
	}
}

// send asks for a request. What is at hand must not be held back when nothing
// is in flight, and what is ready not when the input pauses.
func (d *driver) send() {
	in := rapid.SampledFrom([]Input{Flows, Flows, Flows, Waits, Pauses}).Draw(d.t, "input")
	req := d.p.Next(in)
	d.drops()
	if req == nil {
		d.asked = 1
		if in != Flows || d.ended {
			d.asked = 2
		}
		if d.asked == 2 && len(d.out) == 0 && !d.ordered && d.p.Backlog() > 0 {
			d.t.Fatalf("%d operations at hand are held back", d.p.Backlog())
		}
		if in == Pauses && !d.ended && !d.ordered && d.p.news == 0 && d.p.Ready() {
			d.t.Fatal("operations that are ready are held back")
		}
		return
	}
	d.asked = 0
	d.check(req)
	f := &flight{req: req}
	for k, s := range req.Items {
		d.flying[s.Index] = true
		f.left = append(f.left, k)
	}
	d.out = append(d.out, f)
}
