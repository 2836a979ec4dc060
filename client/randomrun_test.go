package client_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// TestRandomJobs carries out random jobs against random trouble, and compares
// the results with the service's books. The long campaign is
//
//	go test ./client -run RandomJobs -rapid.seed=7 -rapid.checks=20000
func TestRandomJobs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := drawRandomJob(rt)
		var wrong []string
		path := filepath.Join(t.TempDir(), "j")
		var story string
		synctest.Test(t, func(*testing.T) { wrong, story = w.live(path) })
		for _, text := range wrong {
			rt.Error(text)
		}
		if len(wrong) > 0 {
			t.Log(wrong, w, story)
		}
	})
}

// finishedJob is a randomJob that was run.
type finishedJob struct {
	*randomJob
	randomRun
	s        *webextest.Simulator
	ids      map[string][]string // of the resources that exist before the job, by name
	owners   map[string]string   // the other way round
	bulkIDs  map[string]string   // by the meaning of an operation, as a journal recognizes it
	labels   map[string]int      // the other way round: the row of each
	versions map[int]int         // how many meanings a row has had, by label

	ops      []operation // of the run
	results  []client.Result
	stopped  error
	since    int                           // the ledger's length before the run
	request  int                           // the number of the last request before it
	did      map[string][]webextest.Effect // for each operation, by its bulkId
	replaced map[string]bool               // by bulkId, what counts as not done, see isReplaced
	wrong    []string
	story    strings.Builder // of all runs, to find out why something is wrong
}

// operation is a row in one run.
type operation struct {
	inputRow
	client.Operation
	on     []int // the creates that it refers to, -1 for one that does not exist
	doomed bool  // it can't succeed, for its own sake or for one that it refers to
}

func (j *finishedJob) errorf(format string, args ...any) {
	j.wrong = append(j.wrong, fmt.Sprintf(format, args...))
}

// fails notes that something is wrong with an operation.
func (j *finishedJob) fails(i int, format string, args ...any) {
	j.errorf("operation %d (%s, %s): %s", i, j.ops[i].BulkID, j.ops[i].kind, fmt.Sprintf(format, args...))
}

// live runs the job, after runs that are cut short perhaps, and returns what is
// wrong and what has happened. A journal on disk is at path.
func (w *randomJob) live(path string) (wrong []string, story string) {
	j := &finishedJob{
		randomJob: w, s: webextest.New(w.service), ids: map[string][]string{}, owners: map[string]string{},
		bulkIDs: map[string]string{}, labels: map[string]int{}, versions: map[int]int{}, replaced: map[string]bool{},
	}
	j.addSeeds()
	w.cfg.OrgID, w.cfg.Token, w.cfg.HTTPClient = webextest.DefaultOrgID, client.StaticToken(webextest.DefaultToken), j.s.Client()
	c, err := client.New(w.cfg)
	if err != nil {
		return []string{err.Error()}, ""
	}
	if w.aside {
		client.KeepNothing(c)
	}
	memory := newMemoryJournal()
	for i, run := range w.runs {
		if j.randomRun = run; i == len(w.runs)-1 {
			w.moody.calm()
		}
		ctx, cancel := context.WithCancel(context.Background())
		if i == 0 {
			go j.interfere(ctx, c)
		}
		j.runWith(ctx, c, memory, path, i > 0 && w.rewrites)
		cancel()
		j.s.SetGateway(nil, 0)
		j.tell()
		j.check()
		time.Sleep(run.until)
	}
	j.checkAtLast()
	return append(j.wrong, memory.misuse...), j.story.String()
}

// tell notes what has become of the operations of a run.
func (j *finishedJob) tell() {
	fmt.Fprintf(&j.story, "run stopped by %+v: %v\n", j.stop, j.stopped)
	for i, o := range j.ops {
		r := j.results[i]
		fmt.Fprintf(&j.story, "\t%d: %+v, refers to %v: %v, %d attempts, replayed %v, recovered %v, existing %v, unchanged %v\n",
			i, o.inputRow, o.on, r, r.Attempts, r.Replayed, r.Recovered, r.Existing, r.Unchanged)
	}
	for _, e := range j.s.Ledger()[j.since:] {
		fmt.Fprintf(&j.story, "\t%v request %d: %s %s %s %s %d\n",
			e.At.Format("15:04:05"), e.Request, e.BulkID, e.Effect, cmp.Or(e.ID, e.Path), e.Key, e.Status)
	}
}

// addSeeds adds what exists before the job.
func (j *finishedJob) addSeeds() {
	add := func(path, name string, data json.RawMessage) {
		id, err := j.s.Add(path, data)
		if err != nil {
			j.errorf("%v", err)
		}
		j.ids[name] = append(j.ids[name], id)
		j.owners[id] = name
	}
	for _, name := range there {
		add("/Users", name, user(name))
	}
	for _, r := range j.runs[0].rows {
		path, all := r.seeds()
		for _, data := range all {
			add(path, r.name(), data)
		}
	}
	time.Sleep(8 * 24 * time.Hour) // nobody takes them for the job's own, also after a run without any answer
}

// interfere creates and deletes resources as others do while the first run is
// going on.
func (j *finishedJob) interfere(ctx context.Context, c *client.Client) {
	for _, r := range j.runs[0].rows {
		time.Sleep(j.others.next())
		switch r.kind {
		case "raced":
			_, _ = j.s.Add("/Users", user(r.name(), `"title":"theirs"`)) // it may be there by now
		case "raced group":
			_, _ = j.s.Add("/Groups", json.RawMessage(`{"displayName":`+quote(r.name())+`}`))
		case "vanishing":
			op := remove("/Users/" + j.ids[r.name()][0])
			op.BulkID = "theirs" + r.name()
			_, _ = c.Do(ctx, op)
		}
	}
}

// runWith runs the job with the journal that it is to have: none, the one in
// memory, or the one on disk.
func (j *finishedJob) runWith(ctx context.Context, c *client.Client, memory *memoryJournal, path string, rewrites bool) {
	switch {
	case j.disk:
		disk, err := journal.Open(path)
		if err != nil {
			j.errorf("%v", err)
			return
		}
		j.run(ctx, c, disk, rewrites)
		if err := disk.Close(); err != nil {
			j.errorf("%v", err)
		}
	case j.journal:
		j.run(ctx, c, memory, rewrites)
	default:
		j.run(ctx, c, nil, rewrites)
	}
}

var errLeft = errors.New("the loop was left")

// run runs all stages of the job, also after one that was stopped.
func (j *finishedJob) run(ctx context.Context, c *client.Client, memory client.Journal, rewrites bool) {
	job := client.Job{
		FailOnErrors: j.job.FailOnErrors, Ordered: j.job.Ordered, Existing: j.job.Existing, ReadOn: j.job.ReadOn, Journal: memory,
	}
	j.ops, j.results, j.stopped = nil, nil, nil
	j.since, j.request = len(j.s.Ledger()), j.s.Stats().Requests
	switch j.stop.kind {
	case "cancel":
		limited, cancel := context.WithTimeout(ctx, j.stop.after)
		defer cancel()
		ctx = limited
	case "gateway":
		defer time.AfterFunc(j.stop.after, func() { j.s.SetGateway(webextest.Intercept(502), 0) }).Stop()
	}
	read := 0
	for stage := range 3 {
		first := len(j.ops)
		j.give(stage)
		ops := make([]client.Operation, len(j.ops)-first)
		for i, o := range j.ops[first:] {
			if ops[i] = o.Operation; rewrites {
				ops[i] = rewritten(ops[i])
			}
		}
		job.Next(j.source(first, ops))
		read += j.runStage(ctx, c, &job, first)
		time.Sleep(j.service.WriteLag) // an id in the data of the next stage is nothing that the job knows
	}
	p := job.Progress()
	if j.stop.kind != "leave" && (p.Read != read || p.Done() != read) || j.stopped == nil && read != len(j.ops) {
		j.errorf("%d results of %d: %+v", read, len(j.ops), p)
	}
	if j.stopped != nil && j.job.ReadOn && !j.disk && j.stop.kind != "source" && j.stop.kind != "leave" && read != len(j.ops) {
		j.errorf("read on, and %d results of %d: %v", read, len(j.ops), j.stopped)
	}
}

// source gives operations, of which the first has an index, and an error where
// that is what stops the run.
func (j *finishedJob) source(first int, ops []client.Operation) iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		for i, op := range ops {
			if j.stop.kind == "source" && first+i == j.stop.n {
				yield(client.Operation{}, errors.New("the source ends"))
				return
			}
			if !yield(op, nil) {
				return
			}
		}
	}
}

// runStage runs one stage, of which the first operation has an index in j.ops,
// and returns how many results it has given.
func (j *finishedJob) runStage(ctx context.Context, c *client.Client, job *client.Job, first int) (read int) {
	var stop error
	first -= job.Progress().Read // the stages before may not have been read to their ends
	for res, err := range c.Run(ctx, job) {
		if stop != nil {
			j.errorf("something after the error: %v %v", res, err)
		}
		if err != nil {
			stop = err
			continue
		}
		read++
		i := first + res.Index
		if j.results[i].Outcome != 0 {
			j.fails(i, "%v", errSecond)
		}
		if (res.Err == nil) != (res.Outcome == client.Succeeded) {
			j.fails(i, "%v with %v", res.Outcome, res.Err)
		}
		j.results[i] = res
		if j.stop.kind == "leave" && i >= j.stop.n {
			stop = errLeft
			break
		}
	}
	if j.stopped == nil {
		j.stopped = stop
	}
	return read
}

// reference is one of an operation to a create of the job.
type reference struct {
	to   inputRow
	gone bool   // the input has no such row
	at   int    // the index of the create, -1: it is in the same stage
	id   string // what an earlier stage has created
}

func (r reference) text(name func(inputRow) string) string {
	switch {
	case r.gone:
		return client.Ref("gone")
	case r.id != "":
		return r.id
	}
	return name(r.to)
}

// references are those of a row. ok is false if a person would leave the row
// out: it refers to a create that is left out or, if that is of an earlier stage,
// has no id, or it changes what a later stage creates.
func (j *finishedJob) references(r inputRow, left map[int]bool) (refs []reference, ok bool) {
	for _, label := range r.refs {
		k := slices.IndexFunc(j.rows, func(o inputRow) bool { return o.label == label })
		if k < 0 {
			refs = append(refs, reference{gone: true})
			continue
		}
		to := j.rows[k]
		switch {
		case left[label]:
			return nil, false
		case to.stage == r.stage:
			refs = append(refs, reference{to: to, at: -1})
		case r.kind == "delete taken": // by its id, it would delete what the job has not created
			return nil, false
		case to.stage < r.stage:
			at := slices.IndexFunc(j.ops, func(o operation) bool { return o.label == label })
			if at < 0 || j.results[at].Location.ID == "" {
				return nil, false
			}
			refs = append(refs, reference{to: to, at: at, id: j.results[at].Location.ID})
		case slices.Contains(referredKinds, r.kind), r.isGroup(): // it refers to it no longer
		default:
			return nil, false
		}
	}
	return refs, true
}

// leftOut are the rows of a stage that a person would leave out, by label.
func (j *finishedJob) leftOut(stage int) map[int]bool {
	left := map[int]bool{}
	for n := -1; n != len(left); {
		n = len(left)
		for _, r := range j.rows {
			if _, ok := j.references(r, left); r.stage == stage && !ok {
				left[r.label] = true
			}
		}
	}
	return left
}

// give makes the operations of the next stage.
func (j *finishedJob) give(stage int) {
	first := len(j.ops)
	names := map[int]string{}     // bulkIds, by label
	before := map[string]string{} // the last operation on each resource
	var refs [][]reference        // of each operation
	left := j.leftOut(stage)
	for _, r := range j.rows {
		if r.stage != stage || left[r.label] {
			continue
		}
		of, _ := j.references(r, left)
		op := j.operationOf(r, of, func(r inputRow) string { return "what " + r.name() + " of " + r.externalID() + " is" })
		meaning := fmt.Sprintf("%d %s %s %s", r.label, op.Method, op.Path, op.Data)
		if op.Method == "PATCH" {
			meaning += fmt.Sprint(" in stage ", stage, " after ", before[op.Path])
		}
		if op.Method != "POST" {
			before[op.Path] = meaning
		}
		names[r.label] = j.bulkIDOf(r, meaning)
		refs = append(refs, of)
		j.ops = append(j.ops, operation{inputRow: r})
	}
	for i, of := range refs {
		o := &j.ops[first+i]
		o.Operation = j.operationOf(o.inputRow, of, func(r inputRow) string { return client.Ref(names[r.label]) })
		o.BulkID = names[o.label]
		for _, ref := range of {
			if ref.at < 0 && !ref.gone {
				ref.at = slices.IndexFunc(j.ops, func(to operation) bool { return to.label == ref.to.label })
			}
			o.on = append(o.on, ref.at)
			o.doomed = o.doomed || ref.gone
		}
		o.doomed = o.doomed || j.isDoomed(o.inputRow)
	}
	j.results = append(j.results, make([]client.Result, len(refs))...)
	j.markDoomed()
}

// bulkIDOf is another one for each meaning that a row has had.
func (j *finishedJob) bulkIDOf(r inputRow, meaning string) string {
	if id, ok := j.bulkIDs[meaning]; ok {
		return id
	}
	j.versions[r.label]++
	id := fmt.Sprintf("n%d", r.label)
	if r.kind == "poison" {
		id = "poison" + id
	}
	if n := j.versions[r.label]; n > 1 {
		id += fmt.Sprint("v", n)
	}
	j.bulkIDs[meaning], j.labels[id] = id, r.label
	return id
}

// operationOf is the operation of a row.
func (j *finishedJob) operationOf(r inputRow, refs []reference, name func(inputRow) string) client.Operation {
	title := `"title":` + quote(r.title())
	members := []json.RawMessage{}
	for _, ref := range refs {
		members = append(members, json.RawMessage(`{"type":"user","value":`+quote(ref.text(name))+`}`))
	}
	managed := func(id string) string {
		return fmt.Sprintf(`%q:{"manager":{"value":%s}}`, client.SchemaEnterpriseUser, quote(id))
	}
	path := ""
	if len(refs) > 0 {
		path = "/Users/" + refs[0].text(name)
	}
	switch r.kind {
	case "invalid":
		return client.Operation{Method: "POST", Path: "/Users/1", Data: user(r.name(), title)}
	case "unknown":
		return create(r.name(), title, managed(client.Ref("nobody")))
	case "refused":
		return create(r.name(), title, managed("00000000-0000-4000-8000-000000000000"))
	case "patch", "patch brief":
		return patch(path, "title", quote(r.title()))
	case "delete brief", "delete taken":
		return remove(path)
	case "patch there", "patch gone", "addressing":
		return patch("/Users/"+j.ids[r.target][0], "title", quote(r.title()))
	case "phone":
		return client.Operation{Method: "PATCH", Path: "/Users/" + j.ids[r.target][0], Data: json.RawMessage(fmt.Sprintf(
			`{"schemas":[%q],"Operations":[{"op":"add","path":"phoneNumbers","value":[{"type":"work","value":%s}]}]}`, client.SchemaPatchOp, quote(r.title())))}
	case "delete there":
		return remove("/Users/" + j.ids[r.target][0])
	}
	if r.isGroup() {
		more := fmt.Sprintf(`,%q:{"groupType":%s}`, client.SchemaWebexGroup, quote(r.title()))
		if id := r.externalID(); id != "" {
			more += `,"externalId":` + quote(id)
		}
		list, _ := json.Marshal(members)
		op := group(r.name(), more)
		op.Data = bytes.Replace(op.Data.(json.RawMessage), []byte(`"members":[]`), append([]byte(`"members":`), list...), 1)
		return op
	}
	if len(refs) > 0 {
		return create(r.name(), title, managed(refs[0].text(name)))
	}
	return create(r.name(), title)
}

// title is what a row gives a resource, another one after each correction.
func (r inputRow) title() string { return fmt.Sprintf("n%d.%d", r.label, r.correction) }

// mayExist reports whether a create may take what exists: what others have made,
// or an earlier run, before the row was corrected.
func (j *finishedJob) mayExist(r inputRow) bool {
	switch r.kind {
	case "raced", "raced group", "vanishing":
		return j.job.Existing != client.ExistingFail || !j.peaceful
	case "taken", "taken group", "nameless taken group":
		return j.job.Existing != client.ExistingFail
	}
	return j.job.Existing != client.ExistingFail && j.versions[r.label] > 1
}

// markDoomed marks the operations that cannot succeed because another cannot.
func (j *finishedJob) markDoomed() {
	deleted := false
	for i, o := range j.ops {
		if o.kind == "delete there" { // the first one does it
			j.ops[i].doomed = deleted
			deleted = true
		}
	}
	for changed := true; changed; {
		changed = false
		for i, o := range j.ops {
			if o.doomed || j.job.Existing == client.ExistingSkip && j.mayExist(o.inputRow) {
				continue
			}
			for _, k := range o.on {
				if k >= 0 && j.ops[k].doomed && !j.mayExist(j.ops[k].inputRow) {
					j.ops[i].doomed, changed = true, true
				}
			}
		}
	}
}
