package client_test

import (
	"context"
	"errors"
	"fmt"
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
		synctest.Test(t, func(*testing.T) { wrong = w.live(path) })
		for _, text := range wrong {
			rt.Error(text)
		}
		if len(wrong) > 0 {
			t.Log(wrong, w)
		}
	})
}

// finishedJob is a randomJob that was run.
type finishedJob struct {
	*randomJob
	s       *webextest.Simulator
	results []client.Result
	stop    error
	since   int                           // the ledger's length before the run
	did     map[string][]webextest.Effect // for each operation, by its name
	wrong   []string
}

func (j *finishedJob) errorf(format string, args ...any) {
	j.wrong = append(j.wrong, fmt.Sprintf(format, args...))
}

// live runs the job, after runs that are cut short perhaps, and returns what is
// wrong. A journal on disk is at path.
func (w *randomJob) live(path string) []string {
	s, ops, err := w.start()
	if err != nil {
		return []string{err.Error()}
	}
	j := &finishedJob{randomJob: w, s: s}
	w.cfg.OrgID, w.cfg.Token, w.cfg.HTTPClient = webextest.DefaultOrgID, client.StaticToken(webextest.DefaultToken), s.Client()
	c, err := client.New(w.cfg)
	if err != nil {
		return []string{err.Error()}
	}
	if w.aside {
		client.KeepNothing(c)
	}
	memory := newMemoryJournal()
	for _, after := range w.stops {
		ctx, cancel := context.WithTimeout(context.Background(), after)
		j.runWith(ctx, c, memory, path, ops)
		cancel()
		j.check(true)
		time.Sleep(time.Minute)
		if w.rewrites {
			ops = rewritten(ops)
		}
	}
	w.moody.calm()
	j.runWith(context.Background(), c, memory, path, ops)
	j.check(false)
	return append(j.wrong, memory.misuse...)
}

// runWith runs the job with the journal that it is to have: none, the one in
// memory, or the one on disk.
func (j *finishedJob) runWith(ctx context.Context, c *client.Client, memory *memoryJournal, path string, ops []client.Operation) {
	switch {
	case j.disk:
		disk, err := journal.Open(path)
		if err != nil {
			j.errorf("%v", err)
			return
		}
		j.run(ctx, c, disk, ops)
		if err := disk.Close(); err != nil {
			j.errorf("%v", err)
		}
	case j.journal:
		j.run(ctx, c, memory, ops)
	default:
		j.run(ctx, c, nil, ops)
	}
}

func (j *finishedJob) run(ctx context.Context, c *client.Client, memory client.Journal, ops []client.Operation) {
	job := client.Job{Source: client.Operations(ops...), FailOnErrors: j.job.FailOnErrors, Ordered: j.job.Ordered, Journal: memory}
	j.results, j.stop, j.since = make([]client.Result, len(ops)), nil, len(j.s.Ledger())
	read := 0
	for res, err := range c.Run(ctx, &job) {
		if j.stop != nil {
			j.errorf("something after the error: %v %v", res, err)
		}
		if j.stop = err; err != nil {
			continue
		}
		read++
		if j.results[res.Index].Outcome != 0 {
			j.errorf("operation %d: %v", res.Index, errSecond)
		}
		if (res.Err == nil) != (res.Outcome == client.Succeeded) {
			j.errorf("operation %d: %v with %v", res.Index, res.Outcome, res.Err)
		}
		j.results[res.Index] = res
	}
	if p := job.Progress(); p.Read != read || p.Done() != read || j.stop == nil && read != len(ops) {
		j.errorf("%d results of %d: %+v", read, len(ops), p)
	}
}

func (j *finishedJob) check(stopped bool) {
	if err := j.s.Check(); err != nil {
		j.errorf("%v", err)
	}
	j.checkApart()
	j.did = effects(j.s, func(e webextest.Entry) string { return e.BulkID })
	for i := range j.ops {
		j.checkEffect(i, stopped)
		j.checkOutcome(i, stopped)
		j.checkReferences(i)
	}
	j.checkEqual()
	j.checkBudget()
	j.checkOrder()
	j.checkOpen()
}

// checkOpen: of twins there is one, and what was deleted is gone.
func (j *finishedJob) checkOpen() {
	twins, made := 0, 0
	gone := map[string]bool{}
	for i, r := range j.results {
		if j.kinds[i] == "twin" {
			twins++
			if r.Outcome == client.Succeeded {
				made++
			}
		}
		if j.kinds[i] == "delete brief" && r.Outcome == client.Succeeded {
			gone[r.Operation.Path] = true
		}
	}
	if made > 1 || j.stop == nil && twins > 0 && made == 0 && j.peaceful {
		j.errorf("%d of %d twins have succeeded", made, twins)
	}
	for i, r := range j.results {
		_, left := j.s.UserByName(j.name(i) + "@example.com")
		if j.kinds[i] == "brief" && (left && gone["/Users/bulkId:"+j.name(i)] || !left && r.Outcome == client.Succeeded && count(j.did[j.name(i)], webextest.Created) == 0) {
			j.errorf("operation %d: %v, there %v", i, r.Outcome, left)
		}
	}
}

func count(all []webextest.Effect, which ...webextest.Effect) (n int) {
	for _, e := range all {
		if slices.Contains(which, e) {
			n++
		}
	}
	return n
}

// checkEffect: what is said of an operation is what the service did.
func (j *finishedJob) checkEffect(i int, stopped bool) {
	r, did := j.results[i], j.did[j.name(i)]
	n := count(did, webextest.Created, webextest.Patched, webextest.Deleted)
	most := 1
	if r.Operation.Method == "PATCH" || r.Outcome == 0 {
		most = len(did) // may be repeated
	}
	switch {
	case j.disk && r.Operation.Method == "DELETE": // of equal ones, which it was is not known: see checkEqual
	case n > most:
		j.errorf("operation %d was done %d times: %v", i, n, did)
	case r.Outcome == client.Succeeded && n == 0 && (r.Operation.Method != "DELETE" || j.peaceful): // else another's 404 will do
		j.errorf("operation %d: nothing was done: %v", i, did)
	case (r.Outcome == client.Failed || r.Outcome == client.Skipped) && n > 0:
		j.errorf("operation %d: %v (%v), and was done: %v", i, r.Outcome, r.Err, did)
	case r.Outcome == client.Unknown && !stopped && j.stop == nil && !errors.Is(r.Err, client.ErrUnknown):
		j.errorf("operation %d: %v", i, r.Err)
	}
	if r.Outcome == client.Succeeded && r.Operation.Method == "POST" && !j.open(i) {
		u, isUser := j.s.User(r.Location.ID)
		g, isGroup := j.s.Group(r.Location.ID)
		if isUser && u.UserName() != j.name(i)+"@example.com" || isGroup && g.DisplayName() != j.name(i) || isUser == isGroup {
			j.errorf("operation %d: %v is another", i, r.Location)
		}
	}
}

// checkEqual: of DELETEs of one resource, one has succeeded if any was done,
// and none that nobody has done, but for another's 404.
func (j *finishedJob) checkEqual() {
	done, said, open := map[string]int{}, map[string]int{}, map[string]bool{}
	for i, r := range j.results {
		path := j.ops[i].Path
		if j.ops[i].Method != "DELETE" {
			continue
		}
		done[path] += count(j.did[j.name(i)], webextest.Deleted)
		switch r.Outcome {
		case client.Succeeded:
			said[path]++
		case client.Failed, client.Skipped:
		default:
			open[path] = true
		}
	}
	for path, n := range done {
		if n > 0 && said[path] == 0 && !open[path] || n < said[path] && j.peaceful {
			j.errorf("%s was deleted %d times, and %d have succeeded", path, n, said[path])
		}
	}
}

// checkOutcome: what can succeed does, unless the job stops.
func (j *finishedJob) checkOutcome(i int, stopped bool) {
	r := j.results[i]
	switch {
	case j.open(i):
	case j.doomed[i] && r.Outcome == client.Succeeded:
		j.errorf("operation %d succeeded, though it can't", i)
	case stopped || j.stop != nil || j.doomed[i] || r.Outcome == client.Succeeded:
	case j.job.Ordered && errors.Is(r.Err, client.ErrForward), j.job.Ordered && r.Outcome == client.Skipped:
	case errors.Is(r.Err, client.ErrCycle):
	case !j.peaceful && r.Outcome == client.Unknown && strings.Contains(r.Err.Error(), "lookup: "): // all lookups were lost
	case !j.peaceful && j.follows(i, client.ErrUnknown):
	case errors.Is(r.Err, client.ErrTooLarge) && j.cfg.Limits.Bytes > 0:
	case j.follows(i, client.ErrCycle), j.follows(i, client.ErrTooLarge):
	default:
		j.errorf("operation %d: %v: %v", i, r.Outcome, r.Err)
	}
}

// follows reports whether an operation was skipped for such a cause.
func (j *finishedJob) follows(i int, cause error) bool {
	return j.results[i].Outcome == client.Skipped && errors.Is(j.results[i].Err, cause)
}

// checkReferences: what succeeded refers to what was meant.
func (j *finishedJob) checkReferences(i int) {
	r := j.results[i]
	if r.Outcome != client.Succeeded {
		return
	}
	var ids []string
	for _, k := range j.refs[i] {
		if o := j.results[k].Outcome; o == 0 || o == client.Unknown && j.stop != nil {
			return // the job stopped before it was read, or looked up
		}
		if j.results[k].Outcome != client.Succeeded {
			j.errorf("operation %d succeeded, and %d, to which it refers, is %v", i, k, j.results[k].Outcome)
		}
		if id := j.results[k].Location.ID; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	u, isUser := j.s.User(r.Location.ID)
	if isUser && r.Operation.Method == "POST" && len(ids) > 0 && u.Manager() != ids[0] {
		j.errorf("operation %d: manager %q, expected %q", i, u.Manager(), ids[0])
	}
	if g, ok := j.s.Group(r.Location.ID); ok && !slices.Equal(sorted(g.Members()), sorted(ids)) {
		j.errorf("operation %d: members %v, expected %v", i, g.Members(), ids)
	}
}

// checkBudget: the service has not refused operations more often than the job
// allows, in answers that could be read, and if it has as often, the job
// stopped.
func (j *finishedJob) checkBudget() {
	most, unknown := refusals(j.s, j.since), 0
	spent := most - j.putOff()
	for i, r := range j.results {
		did := j.did[j.name(i)]
		switch {
		case r.Outcome == client.Unknown:
			unknown++
		case r.Outcome == client.Failed && r.Attempts > 0 && count(did[max(0, len(did)-1):], webextest.Refused) > 0:
			spent++ // with its request
			most++
		}
	}
	budget := j.job.FailOnErrors
	if budget == 0 {
		return
	}
	due := spent == budget && !errors.Is(j.stop, context.DeadlineExceeded) && !errors.Is(j.stop, client.ErrSameRefusal)
	stopped := errors.Is(j.stop, client.ErrBudget)
	if held := heldShares(j.stop); held > 0 { // answers that were lost hold shares, also where the outcome is known at the end
		unknown = max(unknown, min(held, j.attempts()))
	}
	if spent > budget || due && !stopped || stopped && most+unknown < budget {
		var refused []string
		for _, e := range j.s.Ledger()[j.since:] {
			if e.Effect == webextest.Failed || e.Effect == webextest.Refused {
				refused = append(refused, fmt.Sprintf("%s in request %d: %v %d", e.BulkID, e.Request, e.Effect, e.Status))
			}
		}
		j.errorf("%d errors of %d: %v; %v", spent, budget, j.stop, refused)
	}
}

// heldShares is how many refusals a stop for the budget says there may be
// besides those that it knows.
func heldShares(stop error) (n int) {
	if _, after, ok := strings.Cut(fmt.Sprint(stop), "and perhaps "); ok {
		_, _ = fmt.Sscan(after, &n)
	}
	return n
}

// attempts counts those of all operations: each may have lost its answer.
func (j *finishedJob) attempts() (n int) {
	for _, r := range j.results {
		n += r.Attempts
	}
	return n
}

// putOff counts the refusals that may have been put off, since what they refer
// to was created a moment before. They do not count until they are final.
func (j *finishedJob) putOff() (n int) {
	later := map[string]bool{}
	for i, r := range j.results {
		later[j.name(i)] = r.Outcome != client.Failed // it was to be sent again
	}
	for _, e := range slices.Backward(j.s.Ledger()[j.since:]) {
		if e.Effect == webextest.Failed && (e.Status == 400 || e.Status == 404) && later[e.BulkID] {
			n++
		}
		later[e.BulkID] = true
	}
	return n
}

// checkApart: of the changes of one resource there is one in a request, and one
// with the service, but for its repetition after an answer that was lost.
func (j *finishedJob) checkApart() {
	changes := map[string]map[int]string{} // of a resource, by request
	for _, e := range j.s.Ledger() {
		if e.Method == "POST" {
			continue
		}
		id := e.Path[strings.LastIndexByte(e.Path, '/')+1:]
		if changes[id] == nil {
			changes[id] = map[int]string{}
		}
		if other, ok := changes[id][e.Request]; ok {
			j.errorf("%s and %s in request %d are changes of %s", other, e.BulkID, e.Request, id)
		}
		changes[id][e.Request] = e.BulkID
	}
	for _, o := range j.s.Overlaps() {
		of := changes[o.Resource[strings.LastIndexByte(o.Resource, '/')+1:]]
		first, ok := of[o.First]
		if second, both := of[o.Second]; ok && both && first != second {
			j.errorf("%s in request %d and %s in request %d at once: %s", first, o.First, second, o.Second, o.Resource)
		}
	}
}

// checkOrder: the last word on a resource is that of the last operation that
// succeeded, in whichever run; and behind one that did not succeed no PATCH
// has.
func (j *finishedJob) checkOrder() {
	last, certain := map[string]int{}, map[string]bool{}
	ended := map[string]int{} // the first operation that did not succeed
	unread := false           // some that an earlier run has done: this one stopped before
	for i, r := range j.results {
		unread = unread || r.Outcome == 0 && count(j.did[j.name(i)], webextest.Patched) > 0
		if r.Operation.Method != "PATCH" {
			continue
		}
		path := r.Operation.Path
		switch r.Outcome {
		case client.Succeeded:
			last[path], certain[path] = i, true
			if before, ok := ended[path]; ok {
				j.errorf("operation %d succeeded, and %d before it on %s is %v", i, before, path, j.results[before].Outcome)
			}
		case client.Failed, client.Skipped:
			ended[path] = i
		default:
			certain[path] = false
		}
	}
	_, left := j.s.UserByName(fmt.Sprintf("there%d@example.com", there-1))
	for i, r := range j.results {
		if j.kinds[i] == "delete there" && left && (r.Outcome == client.Succeeded || r.Outcome == client.Failed && r.Attempts > 0) {
			j.errorf("operation %d: %v: %v, and the user is there", i, r.Outcome, r.Err)
		}
	}
	for path, i := range last {
		if u, ok := j.s.User(j.results[i].Location.ID); certain[path] && !unread && ok && u["title"] != j.name(i) {
			j.errorf("the last word on %s is %v, expected %s", path, u["title"], j.name(i))
		}
	}
}
