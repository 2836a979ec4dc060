package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// randomJob is a random job and the service that it meets. The last of its runs
// is not stopped.
type randomJob struct {
	runs     []randomRun
	service  webextest.Config
	cfg      client.Config // the settings that vary
	job      client.Job
	journal  bool
	disk     bool     // the journal is the one on disk
	moody    *fickle  // what it refuses in the runs before the last
	rewrites bool     // each run has the data in another form
	aside    bool     // what waits is on disk
	others   sequence // when others create and delete resources
	peaceful bool
	edited   bool // the input differs between runs
}

// randomRun is one run: its input, what stops it, and how long it is until the
// next.
type randomRun struct {
	rows  []inputRow
	stop  stop
	until time.Duration
}

// stop is what stops a run before its end. The zero value: nothing does.
type stop struct {
	kind  string        // "cancel" or "gateway" after a time, "source" or "leave" after n operations
	after time.Duration // since the run began
	n     int
}

// sequence gives times, one after the other.
type sequence []time.Duration

func (s *sequence) next() time.Duration {
	first := (*s)[0]
	*s = append((*s)[1:], first)
	return first
}

// inputRow is one row of the input as a person has written it. References name rows
// by their labels, which stay the same when rows are edited.
type inputRow struct {
	label, stage int
	kind         string
	refs         []int  // the creates that it refers to
	target       string // the name of the user that it changes by its id
	correction   int    // how often it was corrected
}

// there are the users that exist before the job, besides resources of the names
// of some rows. The last one is deleted.
var there = []string{"there0", "there1", "there2", gone}

const gone = "there3"

// kinds are those of rows. What "there" and the like is said of exists before
// the job, "raced" is created by others meanwhile, "vanishing" deleted by them.
// A "phone" is added, twice if it is done twice.
// An "addressing" row changes by its id what another row creates.
var kinds = []string{
	"user", "user", "user", "user", "group", "group", "nameless group", "patch", "patch", "poison", "refused", "invalid", "unknown",
	"patch there", "patch there", "phone", "delete there", "patch gone", "twin", "brief", "patch brief", "delete brief",
	"taken", "taken", "delete taken", "addressing", "vanishing", "raced", "raced group",
	"taken group", "nameless taken group", "ambiguous group", "other group",
}

// referredKinds are those to which others refer.
var referredKinds = []string{"user", "user", "user", "taken", "taken", "raced", "poison", "refused", "invalid", "unknown"}

func (r inputRow) name() string {
	if r.kind == "twin" {
		return "twin"
	}
	return fmt.Sprint("n", r.label)
}

func (r inputRow) isGroup() bool { return strings.HasSuffix(r.kind, "group") }

// externalID is that of a group; the others have none that tells them from
// another of their name.
func (r inputRow) externalID() string {
	switch r.kind {
	case "group", "taken group", "other group":
		return r.name()
	}
	return ""
}

// seeds are the resources that exist before the job because of a row.
func (r inputRow) seeds() (path string, all []json.RawMessage) {
	group := func(externalID string) json.RawMessage {
		more := ""
		if externalID != "" {
			more = `,"externalId":` + quote(externalID)
		}
		return json.RawMessage(`{"displayName":` + quote(r.name()) + more + `}`)
	}
	switch r.kind {
	case "taken", "vanishing":
		return "/Users", []json.RawMessage{user(r.name(), `"title":"theirs","nickName":"theirs"`)}
	case "taken group":
		return "/Groups", []json.RawMessage{group(r.name()), group("another")}
	case "nameless taken group":
		return "/Groups", []json.RawMessage{group("")}
	case "ambiguous group":
		return "/Groups", []json.RawMessage{group(""), group("another")}
	case "other group":
		return "/Groups", []json.RawMessage{group("another")}
	}
	return "", nil
}

// isDoomed reports whether a row can't succeed, for its own sake.
func (w *randomJob) isDoomed(r inputRow) bool {
	switch r.kind {
	case "poison", "refused", "invalid", "unknown":
		return true
	case "taken":
		return w.job.Existing == client.ExistingFail
	case "ambiguous group", "delete taken":
		return w.job.Existing != client.ExistingFail
	}
	return false
}

// isOpen reports whether what becomes of a row depends on when it comes.
func isOpen(rows []inputRow, r inputRow) bool {
	switch r.kind {
	case "delete there", "patch gone", "twin", "brief", "patch brief", "delete brief", "raced", "raced group", "vanishing":
		return true
	case "taken":
		return slices.ContainsFunc(rows, func(o inputRow) bool { return o.target == r.name() })
	case "patch": // a DELETE before it may be refused
		return slices.ContainsFunc(rows, func(o inputRow) bool { return o.kind == "delete taken" && o.refs[0] == r.refs[0] })
	}
	return false
}

func drawRandomJob(t *rapid.T) *randomJob {
	w := &randomJob{}
	w.job.Ordered = rapid.IntRange(0, 3).Draw(t, "ordered") == 3
	w.job.Existing = rapid.SampledFrom([]client.Existing{0, 0, client.ExistingSkip, client.ExistingUpdate}).Draw(t, "existing")
	w.job.ReadOn = rapid.Bool().Draw(t, "read on")
	rows := w.drawRows(t)
	w.journal = rapid.IntRange(0, 3).Draw(t, "journal") > 0
	if w.journal {
		w.disk = rapid.SampledFrom([]bool{false, false, true}).Draw(t, "disk")
		w.rewrites = rapid.Bool().Draw(t, "rewrites")
		for range rapid.SampledFrom([]int{0, 1, 1, 2}).Draw(t, "stops") {
			w.runs = append(w.runs, randomRun{rows, drawStop(t, len(rows)), drawPause(t)})
			if rapid.Bool().Draw(t, "edited") {
				rows, w.edited = w.edit(t, rows, 100*len(w.runs)), true
			}
		}
	}
	w.runs = append(w.runs, randomRun{rows: rows, until: 5 * time.Minute})
	for range 8 {
		w.others = append(w.others, time.Duration(rapid.IntRange(0, 2000).Draw(t, "others after"))*time.Millisecond)
	}
	w.drawFaults(t)
	return w
}

func drawStop(t *rapid.T, n int) stop {
	return stop{
		kind:  rapid.SampledFrom([]string{"cancel", "cancel", "cancel", "gateway", "source", "leave"}).Draw(t, "stop"),
		after: time.Duration(rapid.IntRange(1, 3000).Draw(t, "after")) * time.Millisecond,
		n:     rapid.IntRange(0, n).Draw(t, "after operations"),
	}
}

func drawPause(t *rapid.T) time.Duration {
	return time.Duration(rapid.SampledFrom([]int{0, 1, 60, 60, 3600}).Draw(t, "pause")) * time.Second
}

func (w *randomJob) drawRows(t *rapid.T) []inputRow {
	rows := make([]inputRow, rapid.IntRange(0, 60).Draw(t, "operations"))
	stages := rapid.SampledFrom([]int{1, 1, 2, 3}).Draw(t, "stages")
	for i := range rows {
		r := inputRow{label: i, kind: rapid.SampledFrom(kinds).Draw(t, "kind"), stage: i * stages / len(rows)}
		if w.job.Ordered && r.kind == "poison" {
			r.kind = "user" // it would spoil what has to travel with it
		}
		rows[i] = r
	}
	for i := range rows {
		drawReferences(t, rows, i)
	}
	return rows
}

// drawReferences draws what a row refers to, or makes it another row.
func drawReferences(t *rapid.T, rows []inputRow, i int) {
	r := &rows[i]
	refer := func(kinds ...string) {
		var all []int
		for _, o := range rows {
			for _, kind := range kinds {
				if o.kind == kind && o.label != r.label && o.stage <= r.stage {
					all = append(all, o.label)
				}
			}
		}
		if len(all) > 0 {
			r.refs = append(r.refs, rapid.SampledFrom(all).Draw(t, "refers to"))
		}
	}
	switch r.kind {
	case "user", "taken", "poison", "raced":
		if rapid.Bool().Draw(t, "managed") {
			refer(referredKinds...)
		}
	case "group", "taken group":
		for range rapid.IntRange(0, 8).Draw(t, "members") {
			refer(referredKinds...)
		}
	case "patch":
		refer("user", "taken", "raced")
	case "patch brief", "delete brief":
		refer("brief")
	case "delete taken":
		refer("taken")
	case "addressing":
		if refer("taken"); len(r.refs) > 0 {
			r.target, r.refs = fmt.Sprint("n", r.refs[0]), nil
			return
		}
	case "patch there", "phone":
		r.target = rapid.SampledFrom([]string{"there0", "there0", "there0", "there1", "there2"}).Draw(t, "user")
		return
	case "patch gone", "delete there":
		r.target = gone
		return
	default:
		return
	}
	if len(r.refs) == 0 && !slices.Contains(referredKinds, r.kind) && !r.isGroup() {
		r.kind = "user"
	}
}

// edit changes the input between two runs as a person would: rows are inserted,
// removed, corrected, or moved to another stage.
func (w *randomJob) edit(t *rapid.T, rows []inputRow, label int) []inputRow {
	rows = slices.Clone(rows)
	for range rapid.IntRange(1, 3).Draw(t, "edits") {
		label++
		i := 0
		if len(rows) > 0 {
			i = rapid.IntRange(0, len(rows)-1).Draw(t, "row")
		}
		switch kind := rapid.SampledFrom([]string{"insert", "remove", "correct", "move"}).Draw(t, "edit"); {
		case kind == "insert" || len(rows) == 0:
			r := inputRow{label: label, kind: rapid.SampledFrom([]string{"user", "group", "patch there"}).Draw(t, "kind")}
			if r.kind == "patch there" {
				r.target = there[0]
			}
			if len(rows) > 0 {
				r.stage = rows[i].stage
			}
			rows = slices.Insert(rows, i, r)
		case isOpen(rows, rows[i]): // equal ones could not be told apart
		case kind == "remove":
			rows = slices.Delete(rows, i, i+1)
		case kind == "correct":
			rows[i].correction++
		default:
			rows[i].stage = rapid.IntRange(0, 2).Draw(t, "stage")
			slices.SortStableFunc(rows, func(a, b inputRow) int { return a.stage - b.stage })
		}
	}
	return rows
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
	w.aside = rapid.Bool().Draw(t, "aside")
	w.service = webextest.Config{Latency: 50 * time.Millisecond, Seed: rapid.Int64Range(0, 1<<30).Draw(t, "seed")}
	w.moody = &fickle{which: map[string]bool{"PATCH": len(w.runs) > 1 && rapid.Bool().Draw(t, "moody")}}
	packed := rapid.SampledFrom([]int{0, 0, 3, 7}).Draw(t, "gzip")
	begins := func(r *webextest.Request, prefix string) bool {
		return slices.ContainsFunc(r.Operations, func(op webextest.Operation) bool { return strings.HasPrefix(op.BulkID, prefix) })
	}
	w.service.Faults = func(r *webextest.Request) *webextest.Fault {
		switch {
		case begins(r, "theirs"): // somebody else has sent it
			return &webextest.Fault{}
		case begins(r, "poison"):
			return webextest.Refuse(http.StatusBadRequest, "")
		case packed > 0 && r.Number%packed == 0:
			return webextest.XGzip()
		case w.moody.which["PATCH"]:
			return w.moody.fault(r)
		}
		return nil
	}
	w.service.AppendDoubles = rapid.Bool().Draw(t, "doubles")
	w.service.UnattemptedStatus = rapid.SampledFrom([]int{0, 0, 412, 409}).Draw(t, "unattempted")
	w.peaceful = rapid.IntRange(0, 2).Draw(t, "peace") == 0
	if w.peaceful {
		w.peaceful = !slices.ContainsFunc(w.runs, func(r randomRun) bool { return r.stop.kind == "gateway" })
		return
	}
	w.service.ReadLag = time.Duration(rapid.IntRange(0, 5).Draw(t, "lag")) * time.Second
	w.service.WriteLag = time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "write lag")) * time.Second
	w.service.StoreClock = time.Duration(rapid.SampledFrom([]int{0, 0, -2, 2}).Draw(t, "store clock")) * time.Minute
	odds := func(name string) float64 { return float64(rapid.IntRange(0, 8).Draw(t, name)) / 100 }
	w.service.Chaos = webextest.Chaos{
		CutBeforeBody: odds("before body"), CutBeforeWork: odds("before work"), CutAfterWork: odds("after work"), CutInAnswer: odds("in answer"),
		TooMany: odds("429"), Unavailable: odds("503"), LostGateway: odds("lost 502"), BadGateway: odds("502"), Page: odds("HTML"),
		LostTimeout: odds("lost 504"), Truncate: odds("truncated"),
		Shuffle: .2, RefusedItems: odds("busy"), RetryAfter: []string{"1", "", "0", "rand(3),add(1)"}, MaxDelay: 300 * time.Millisecond,
		TooEarly: odds("425"), LostItems: odds("lost items"), LateWork: odds("late work"), MaxLateWork: 110 * time.Second,
	}
	switch shape := rapid.SampledFrom([]string{"", "", "", "repeated", "postBulkIds", "noBulkIds", "foreign"}).Draw(t, "shape"); shape {
	case "noBulkIds": // then only the order tells them apart, if none is left out
		w.service.Chaos.Shuffle = 0
		w.service.UnattemptedStatus = http.StatusPreconditionFailed
		fallthrough
	default:
		w.service.Shape = webextest.ShapeNamed(shape)
	}
}

// String shows the job when something is wrong in it.
func (w *randomJob) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "lags %v and %v, clock %v, seed %d, shape %v, %+v\n",
		w.service.ReadLag, w.service.WriteLag, w.service.StoreClock, w.service.Seed, w.service.Shape != nil, w.service.Chaos)
	fmt.Fprintf(&b, "%+v, %d at once, resolve %v, budget %d, ordered %v, existing %v, read on %v, journal %v, on disk %v, aside %v\n",
		w.cfg.Limits, w.cfg.Concurrency, w.cfg.ResolveReferences, w.job.FailOnErrors, w.job.Ordered, w.job.Existing, w.job.ReadOn, w.journal, w.disk, w.aside)
	return b.String()
}

// rewritten returns an operation with the same data in another form: sorted
// members, white space, escapes.
func rewritten(op client.Operation) client.Operation {
	text, _ := op.Data.(json.RawMessage)
	var data any
	if err := json.Unmarshal(text, &data); err != nil {
		return op
	}
	pretty, _ := json.MarshalIndent(data, "", "\t")
	op.Data = json.RawMessage(bytes.ReplaceAll(pretty, []byte("title"), []byte(`t\u0069tle`)))
	return op
}

var errSecond = errors.New("a second result")
