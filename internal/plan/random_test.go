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
// happen, and at the end that each operation comes to what the
// oracle allows. The long campaign is
//
//	go test ./internal/plan -run RandomJobs -rapid.checks 100000
func TestRandomJobs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDriver(t, jobs.Draw(t, "job"))
		for d.step() {
		}
		allowed := oracle(d.ops, d.first, d.limits, d.ordered, d.idLen)
		for i, outcome := range d.outcome {
			if !slices.Contains(allowed[i], outcome) {
				t.Errorf("operation %d is %q, expected one of %q", i, outcome, allowed[i])
			}
		}
		p := d.p
		for _, left := range []int{p.Open(), p.Waiting(), p.Backlog(), p.parked, p.flying, len(p.resources), len(p.out), len(p.outcomes), len(p.ready),
			p.names.count, len(p.indexes), int(p.nodes.last) - len(p.nodes.free), int(p.edges.last) - len(p.edges.free)} {
			if left != 0 {
				t.Fatalf("something is left: %+v", p)
			}
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
	outcome  []string
	flying   []bool
	half     []int // the refused request, if any, of which an operation is a part
	parts    []int // how many operations each of these had
	definers map[string]int
	settled  map[string]Outcome // the memory
	failed   map[string]int
	held     []bool
	late     []bool // held until the input ends
}

func (d *driver) Name(name string) Outcome { return d.settled[name] }

func (d *driver) Resource(resource string) (int, bool) {
	i, ok := d.failed[resource]
	return i, ok
}

// flight is a request in flight.
type flight struct {
	req  *Request
	says []string // what the service says of each item; nil: not yet asked
	left []int    // items that are not over
	over bool
}

func newDriver(t *rapid.T, j job) *driver {
	d := &driver{
		job: j, t: t, limits: j.first, soft: j.first.bytes, outcome: make([]string, len(j.ops)), flying: make([]bool, len(j.ops)),
		half: make([]int, len(j.ops)), definers: map[string]int{}, settled: map[string]Outcome{},
		failed: map[string]int{}, held: make([]bool, len(j.ops)), late: make([]bool, len(j.ops)),
	}
	d.ops = slices.Clone(j.ops)
	for i, op := range slices.Backward(d.ops) {
		d.definers[op.name] = i
	}
	cfg := j.config()
	cfg.Memory = d
	d.p = New(cfg)
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
	if d.asked < 1 || d.asked < 2 {
		can = append(can, "send")
	}
	if len(d.out) > 0 {
		can = append(can, "answer")
	}
	if held := d.all(d.held); len(held) > 0 {
		can = append(can, "decide", "park")
	}
	if d.limits != d.last {
		can = append(can, "limit")
	}
	if d.soft > d.preferred {
		can = append(can, "prefer")
	}
	if len(can) == 0 || d.ended && d.p.Open() == 0 && len(d.out) == 0 {
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
	case "decide":
		d.decide(rapid.SampledFrom(d.all(d.held)).Draw(d.t, "operation"))
	case "park":
		i := rapid.SampledFrom(d.all(d.held)).Draw(d.t, "operation")
		d.late[i] = true
		d.p.Park(i)
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
	it := d.ops[i].item(i)
	d.held[i] = it.Held
	d.p.Add(it)
	if it.Held && rapid.Bool().Draw(d.t, "at once") {
		d.drops() // it may be a duplicate
		if d.held[i] {
			d.decide(i)
		}
	}
}

// decide releases a held operation, or finishes it.
func (d *driver) decide(i int) {
	d.held[i] = false
	switch d.ops[i].ending {
	case refused:
		d.fix(i, "refused")
		d.p.Finish(i, Outcome{})
	case resolved:
		d.fix(i, "resolved")
		d.p.Finish(i, Outcome{Done: true, ID: d.id(i)})
	default:
		d.p.Release(i)
	}
}

// at is when an operation was done.
// all are the operations for which something holds.
func (d *driver) all(holds []bool) (out []int) {
	for i, is := range holds {
		if is {
			out = append(out, i)
		}
	}
	return out
}

// fix notes what an operation has come to, once.
func (d *driver) fix(i int, outcome string) {
	if d.outcome[i] != "" {
		d.t.Fatalf("operation %d is %s after %s", i, outcome, d.outcome[i])
	}
	d.outcome[i] = outcome
	op := d.ops[i]
	done := outcome == "done" || outcome == "resolved"
	if first, ok := d.failed[op.resource]; op.resource != "" && !done && (!ok || i < first) {
		d.failed[op.resource] = i
	}
	if op.name == "" || d.definers[op.name] != i {
		return
	}
	s := Outcome{Known: true, Done: done, Index: i}
	if s.Done && op.ending != anonymous {
		s.ID = d.id(i)
	}
	d.settled[op.name] = s
}

// drops takes in what the planner gives up. What is dropped for the sake of
// another names that, and its name, and that has its outcome already.
func (d *driver) drops() {
	for _, drop := range d.p.Drops() {
		i, of := drop.Index, drop.Of
		if d.flying[i] {
			d.t.Fatalf("operation %d is dropped in flight", i)
		}
		if d.held[i] && drop.Why != Duplicate {
			d.t.Fatalf("operation %d is dropped while it is held", i)
		}
		d.held[i] = false
		switch drop.Why {
		case Unknown:
			d.fix(i, "unknown "+drop.Name)
		case Duplicate:
			d.fix(i, "duplicate")
			if drop.Name != d.ops[i].name {
				d.t.Fatalf("operation %d: %q is not its name", i, drop.Name)
			}
		case TooLarge:
			d.fix(i, "too large")
		case Cycle:
			d.fix(i, "cycle")
			d.checkCycle(drop)
		case Forward:
			d.fix(i, "forward")
			if k, ok := d.definers[drop.Name]; ok && k < i {
				d.t.Fatalf("operation %d: %s is not forward", i, drop.Name)
			}
		case Needed, NoID:
			byName := drop.Name != "" && d.definers[drop.Name] == of
			if !byName && !(drop.Name == "" && of < i && d.ops[of].resource == d.ops[i].resource) {
				d.t.Fatalf("operation %d does not depend on %q, operation %d", i, drop.Name, of)
			}
			if done := d.outcome[of] == "done" || d.outcome[of] == "resolved"; d.outcome[of] == "" || done != (drop.Why == NoID) {
				d.t.Fatalf("operation %d is dropped for %d, which is %q", i, of, d.outcome[of])
			}
			d.fix(i, map[Why]string{Needed: "needed ", NoID: "no id "}[drop.Why]+fmt.Sprint(of))
		}
	}
}

// checkCycle: those named are members of a cycle with the operation.
func (d *driver) checkCycle(drop Drop) {
	o := newJudge(d.ops, d.ordered, d.idLen)
	members, _ := o.cycle(drop.Index)
	for _, name := range drop.Cycle {
		if !slices.Contains(members, d.definers[name]) {
			d.t.Fatalf("operation %d: %s is not in its cycle", drop.Index, name)
		}
	}
	if len(drop.Cycle) < 2 || len(drop.Cycle) > 10 {
		d.t.Fatalf("operation %d: cycle of %q", drop.Index, drop.Cycle)
	}
}

// send asks for a request. One that does not leave after all changes nothing.
func (d *driver) send() {
	in := rapid.SampledFrom([]Input{Flows, Flows, Flows, Waits, Pauses}).Draw(d.t, "input")
	req := d.p.Next(in)
	d.drops()
	if req == nil {
		d.checkNothingIsHeldBack(in)
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

// checkNothingIsHeldBack: there is a reason for every request that does not
// leave.
func (d *driver) checkNothingIsHeldBack(in Input) {
	d.asked = 1
	if in != Flows {
		d.asked = 2
	}
	if d.ordered {
		return
	}
	if d.asked == 2 && len(d.out) == 0 && len(d.all(d.held)) == 0 && d.p.Backlog() > 0 {
		d.t.Fatalf("%d operations at hand are held back", d.p.Backlog())
	}
	nothingElse := in == Pauses && !d.ended || d.asked == 2 && len(d.p.out) == 0
	if nothingElse && d.p.news == 0 && d.p.Ready() {
		d.t.Fatal("operations that are ready are held back")
	}
}
