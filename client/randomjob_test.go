package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// randomJob is a random job, the service that it meets, and what must become of
// it.
type randomJob struct {
	ops      []client.Operation
	kinds    []string // of each operation
	refs     [][]int  // the operations that it refers to
	doomed   []bool   // it can't succeed, for its own sake or for one that it refers to
	service  webextest.Config
	cfg      client.Config // the settings that vary
	job      client.Job
	journal  bool
	disk     bool            // the journal is the one on disk
	stops    []time.Duration // of earlier runs, with a journal
	moody    *fickle         // what it refuses in these
	rewrites bool            // each run has the data in another form
	aside    bool            // what waits is on disk
	peaceful bool
}

// there are users that the service has before the job; taken ones bear names
// that operations want.
const there = 4

func drawRandomJob(t *rapid.T) *randomJob {
	w := &randomJob{}
	n := rapid.IntRange(0, 60).Draw(t, "operations")
	w.doomed, w.refs, w.kinds = make([]bool, n), make([][]int, n), make([]string, n)
	kinds := []string{"user", "user", "user", "user", "group", "nameless group", "patch", "patch there", "patch there", "delete there", "patch gone",
		"twin", "brief", "patch brief", "delete brief", "taken", "poison", "invalid", "unknown"}
	w.job.Ordered = rapid.IntRange(0, 3).Draw(t, "ordered") == 3
	for i := range n {
		w.kinds[i] = rapid.SampledFrom(kinds).Draw(t, "kind")
		if w.job.Ordered && w.kinds[i] == "poison" {
			w.kinds[i] = "user" // it would spoil what has to travel with it
		}
	}
	for i := range n {
		w.ops = append(w.ops, w.draw(t, i))
	}
	w.markDoomed()
	w.drawFaults(t)
	return w
}

// other draws an operation to refer to, -1 for none.
func (w *randomJob) other(t *rapid.T, i int, among ...string) int {
	var all []int
	for j, kind := range w.kinds {
		for _, k := range among {
			if kind == k && j != i {
				all = append(all, j)
			}
		}
	}
	if len(all) == 0 {
		return -1
	}
	return rapid.SampledFrom(all).Draw(t, "refers to")
}

func (w *randomJob) draw(t *rapid.T, i int) client.Operation {
	name := fmt.Sprint("n", i)
	creates := []string{"user", "user", "user", "taken", "poison", "invalid", "unknown"}
	op := create(name)
	switch kind := w.kinds[i]; kind {
	case "user", "taken", "poison":
		if j := w.other(t, i, creates...); j >= 0 && rapid.Bool().Draw(t, "managed") {
			w.refs[i] = []int{j}
			op = create(name, manager(w.name(j)))
		}
		if w.doomed[i] = kind != "user"; kind == "taken" {
			op.Data = append(op.Data.(json.RawMessage)[:len(op.Data.(json.RawMessage))-1], `,"displayName":"ours"}`...)
		}
	case "group":
		var members []string
		for range rapid.IntRange(0, 8).Draw(t, "members") {
			if j := w.other(t, i, creates...); j >= 0 {
				w.refs[i], members = append(w.refs[i], j), append(members, w.name(j))
			}
		}
		op = group(name, fmt.Sprintf(`,"externalId":%q`, name), members...)
	case "nameless group": // none that tells it from another of its name
		op = group(name, "")
	case "patch gone":
		op = patch(fmt.Sprintf("/Users/there%d", there-1), "title", quote(name))
	case "twin": // of all that there are one can be
		op.Data = user("twin", `"title":`+quote(name))
	case "patch brief", "delete brief":
		j := w.other(t, i, "brief")
		if j < 0 {
			w.kinds[i] = "user"
			return op
		}
		if op = remove("/Users/bulkId:" + w.name(j)); kind == "patch brief" {
			op = patch(op.Path, "title", quote(name))
		}
	case "patch":
		j := w.other(t, i, "user", "taken")
		if j < 0 {
			w.kinds[i] = "user"
			return op
		}
		w.refs[i] = []int{j}
		op = patch("/Users/bulkId:"+w.name(j), "title", quote(name))
	case "patch there":
		op = patch("/Users/there"+fmt.Sprint(rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "user")), "title", quote(name))
	case "delete there":
		op = remove(fmt.Sprintf("/Users/there%d", there-1))
	case "invalid":
		op.Path, w.doomed[i] = "/Users/1", true
	case "unknown":
		op, w.doomed[i] = create(name, manager("nobody")), true
	}
	op.BulkID = name
	return op
}

func (w *randomJob) name(i int) string { return fmt.Sprint("n", i) }

// open tells that what becomes of an operation depends on when it comes.
func (w *randomJob) open(i int) bool {
	switch w.kinds[i] {
	case "delete there", "patch gone", "twin", "brief", "patch brief", "delete brief":
		return true
	}
	return false
}

// markDoomed marks the operations that cannot succeed because another cannot.
func (w *randomJob) markDoomed() {
	deleted := false
	for i, kind := range w.kinds {
		if kind == "delete there" { // the first one does it
			w.doomed[i] = deleted
			deleted = true
		}
	}
	for changed := true; changed; {
		changed = false
		for i, refs := range w.refs {
			for _, j := range refs {
				if w.doomed[j] && !w.doomed[i] {
					w.doomed[i], changed = true, true
				}
			}
		}
	}
}

func (w *randomJob) drawFaults(t *rapid.T) {
	w.cfg = client.Config{
		Concurrency: rapid.SampledFrom([]int{1, 2, 4, 16}).Draw(t, "concurrency"), MaxAttempts: 60,
		ResolveReferences: rapid.Bool().Draw(t, "resolve"),
		Limits: client.Limits{
			Operations: rapid.SampledFrom([]int{1, 2, 3, 5, 10, 30, 100}).Draw(t, "capacity"),
			Bytes:      rapid.SampledFrom([]int{3000, 5000, 0}).Draw(t, "bytes"),
		},
	}
	w.job.FailOnErrors = rapid.SampledFrom([]int{0, 0, 0, 1, 2, 5, 20}).Draw(t, "budget")
	w.journal = rapid.Bool().Draw(t, "journal")
	if w.journal {
		w.disk = rapid.SampledFrom([]bool{false, false, true}).Draw(t, "disk")
		for range rapid.SampledFrom([]int{0, 1, 1, 2}).Draw(t, "stops") {
			w.stops = append(w.stops, time.Duration(rapid.IntRange(1, 3000).Draw(t, "after"))*time.Millisecond)
		}
		w.rewrites = rapid.Bool().Draw(t, "rewrites")
	}
	w.aside = rapid.Bool().Draw(t, "aside")
	w.service = webextest.Config{Latency: 50 * time.Millisecond, Seed: rapid.Int64Range(0, 1<<30).Draw(t, "seed")}
	poison := webextest.RefuseIf(400, func(op webextest.Operation) bool {
		i, err := strconv.Atoi(strings.TrimPrefix(op.BulkID, "n"))
		return err == nil && w.kinds[i] == "poison"
	})
	w.moody = &fickle{which: map[string]bool{"PATCH": len(w.stops) > 0 && rapid.Bool().Draw(t, "moody")}}
	w.service.Faults = func(r *webextest.Request) *webextest.Fault {
		if f := poison(r); f != nil || !w.moody.which["PATCH"] {
			return f
		}
		return w.moody.fault(r)
	}
	w.service.UnattemptedStatus = rapid.SampledFrom([]int{0, 0, 412, 409}).Draw(t, "unattempted")
	w.peaceful = rapid.IntRange(0, 2).Draw(t, "peace") == 0
	if w.peaceful {
		return
	}
	w.service.ReadLag = time.Duration(rapid.IntRange(0, 5).Draw(t, "lag")) * time.Second
	w.service.WriteLag = time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "write lag")) * time.Second
	w.service.StoreClock = time.Duration(rapid.SampledFrom([]int{0, 0, -2, 2}).Draw(t, "store clock")) * time.Minute
	odds := func(name string) float64 { return float64(rapid.IntRange(0, 8).Draw(t, name)) / 100 }
	w.service.Chaos = webextest.Chaos{
		CutBeforeBody: odds("before body"), CutBeforeWork: odds("before work"), CutAfterWork: odds("after work"), CutInAnswer: odds("in answer"),
		TooMany: odds("429"), Unavailable: odds("503"), LostGateway: odds("lost 502"), BadGateway: odds("502"), Page: odds("HTML"),
		Shuffle: .2, RefusedItems: odds("busy"), RetryAfter: []string{"1", "", "0", "rand(3),add(1)"}, MaxDelay: 300 * time.Millisecond,
		TooEarly: odds("425"), LostItems: odds("lost items"), LateWork: odds("late work"), MaxLateWork: 110 * time.Second,
	}
}

// String shows the job when something is wrong in it.
func (w *randomJob) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v %+v, budget %d, ordered %v, journal %v, on disk %v, stopped at %v\n", w.service, w.cfg.Limits, w.job.FailOnErrors, w.job.Ordered, w.journal, w.disk, w.stops)
	for i, kind := range w.kinds {
		fmt.Fprintf(&b, "%d %s, refers to %v, doomed %v: %s %s\n", i, kind, w.refs[i], w.doomed[i], w.ops[i].Method, w.ops[i].Path)
	}
	return b.String()
}

// start makes the service, with those in it that are there before the job, and
// puts their ids into the operations.
func (w *randomJob) start() (*webextest.Simulator, []client.Operation, error) {
	s := webextest.New(w.service)
	ids := map[string]string{}
	for i := range there {
		id, err := s.Add("/Users", user(fmt.Sprint("there", i)))
		if err != nil {
			return nil, nil, err
		}
		ids[fmt.Sprintf("/Users/there%d", i)] = "/Users/" + id
	}
	ops := append([]client.Operation(nil), w.ops...)
	for i, kind := range w.kinds {
		if kind == "taken" {
			if _, err := s.Add("/Users", user(w.name(i), `"displayName":"theirs"`)); err != nil {
				return nil, nil, err
			}
		}
		if path, ok := ids[ops[i].Path]; ok {
			ops[i].Path = path
		}
	}
	time.Sleep(time.Hour) // nobody takes them for the job's own
	return s, ops, nil
}

// rewritten returns the operations with the same data in another form: sorted
// members, white space, escapes.
func rewritten(ops []client.Operation) []client.Operation {
	out := append([]client.Operation(nil), ops...)
	for i, op := range out {
		if text, ok := op.Data.(json.RawMessage); ok {
			var data any
			if err := json.Unmarshal(text, &data); err != nil {
				continue
			}
			pretty, _ := json.MarshalIndent(data, "", "\t")
			out[i].Data = json.RawMessage(bytes.ReplaceAll(pretty, []byte("title"), []byte(`t\u0069tle`)))
		}
	}
	return out
}

var errSecond = errors.New("a second result")
