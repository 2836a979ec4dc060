package client_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// The laws of random jobs: what must hold after each run.

// check checks the run that has just ended.
func (j *finishedJob) check() {
	if err := j.s.Check(); err != nil {
		j.errorf("%v", err)
	}
	j.checkApart()
	j.did = effects(j.s, func(e webextest.Entry) string { return e.BulkID })
	for i := range j.ops {
		j.replaced[j.ops[i].BulkID] = j.replaced[j.ops[i].BulkID] || j.isReplaced(i)
		j.checkEffect(i)
		j.checkExisting(i)
		j.checkOutcome(i)
		j.checkReferences(i)
	}
	j.checkEqual()
	j.checkBudget()
	j.checkOrder()
	j.checkOpen()
	j.checkOthers()
}

// checkAtLast checks what must still hold when nothing can be at work any more.
func (j *finishedJob) checkAtLast() {
	j.did = effects(j.s, func(e webextest.Entry) string { return e.BulkID })
	for i := range j.ops {
		j.checkEffect(i)
	}
	j.checkOrder()
	j.checkLastWord()
	j.checkNames()
	j.checkOthers()
	j.checkPhones()
}

func (j *finishedJob) isOpen(i int) bool { return isOpen(j.rows, j.ops[i].inputRow) || j.mayTake(i) }

// updates reports whether an operation is a create that may become an update.
func (j *finishedJob) updates(i int) bool {
	return j.ops[i].Method == "POST" && j.job.Existing == client.ExistingUpdate
}

// checkOpen: of twins there is one, and what was deleted is gone.
func (j *finishedJob) checkOpen() {
	twins, made := 0, 0
	gone := map[int]bool{}
	for i, r := range j.results {
		if j.ops[i].kind == "twin" {
			twins++
			if r.Outcome == client.Succeeded {
				made++
			}
		}
		if j.ops[i].kind == "delete brief" && r.Outcome == client.Succeeded {
			gone[j.ops[i].refs[0]] = true
		}
	}
	if made > 1 || j.stopped == nil && twins > 0 && made == 0 && j.peaceful {
		j.errorf("%d of %d twins have succeeded", made, twins)
	}
	for i, r := range j.results {
		_, left := j.s.UserByName(j.ops[i].name() + "@example.com")
		if j.ops[i].kind == "brief" && (left && gone[j.ops[i].label] || !left && r.Outcome == client.Succeeded && count(j.did[j.ops[i].BulkID], webextest.Created) == 0) {
			j.fails(i, "%v, there %v", r.Outcome, left)
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

// inRun are the effects of the requests of this run that an operation had.
func (j *finishedJob) inRun(i int) (all []webextest.Effect) {
	for _, e := range j.s.Ledger()[j.since:] {
		if e.BulkID == j.ops[i].BulkID && e.Request > j.request {
			all = append(all, e.Effect)
		}
	}
	return all
}

// checkEffect: what is said of an operation is what the service did.
func (j *finishedJob) checkEffect(i int) {
	r, did := j.results[i], j.did[j.ops[i].BulkID]
	n := count(did, webextest.Created, webextest.Patched, webextest.Deleted)
	most := 1
	if j.ops[i].Method == "PATCH" || r.Outcome == 0 || j.updates(i) {
		most = len(did) // may be repeated
	}
	never := n // done in any run
	if j.replaced[j.ops[i].BulkID] {
		never = count(j.inRun(i), webextest.Patched)
	}
	if j.updates(i) { // each run compares anew
		never = count(j.inRun(i), webextest.Created, webextest.Patched)
		if j.versions[j.ops[i].label] == 1 {
			never += count(did, webextest.Created)
		}
	}
	switch {
	case j.journal && j.ops[i].Method == "DELETE": // of equal ones, which it was is not known: see checkEqual
	case n > most, count(did, webextest.Created) > 1:
		j.fails(i, "was done %d times: %v", n, did)
	case r.Outcome == client.Succeeded && n == 0 && !r.Unchanged && (j.ops[i].Method != "DELETE" || j.peaceful) && !j.mayTake(i) && !j.isAlready(i):
		j.fails(i, "nothing was done: %v", did)
	case (r.Outcome == client.Failed || r.Outcome == client.Skipped) && never > 0 && !j.mayTake(i):
		j.fails(i, "%v (%v), and was done: %v", r.Outcome, r.Err, did)
	case r.Outcome == client.Unknown && j.stop.kind == "" && j.stopped == nil && !errors.Is(r.Err, client.ErrUnknown):
		j.fails(i, "%v", r.Err)
	}
	if r.Outcome == client.Succeeded && j.ops[i].Method == "POST" && !j.isOpen(i) {
		u, isUser := j.s.User(r.Location.ID)
		g, isGroup := j.s.Group(r.Location.ID)
		name := j.ops[i].name()
		if isUser && u.UserName() != name+"@example.com" || isGroup && g.DisplayName() != name || isUser == isGroup {
			j.fails(i, "%v is another", r.Location)
		}
	}
}

// isAlready reports whether a number may have been added by the row before it
// was edited.
func (j *finishedJob) isAlready(i int) bool {
	return j.ops[i].kind == "phone" && j.versions[j.ops[i].label] > 1
}

// isReplaced reports whether a PATCH counts as not done from now on, although an
// earlier run has done it, since this one has sent a change of its resource that
// comes before.
func (j *finishedJob) isReplaced(i int) bool {
	for k, r := range j.results {
		refers := slices.Contains(j.ops[i].on, k)
		if j.ops[i].Method == "PATCH" && r.Attempts > 0 && (refers || k < i && j.resourceOf(k) == j.resourceOf(i)) {
			return true
		}
	}
	return false
}

// resourceOf is the id of the resource that an operation changes, "" if it is
// not known.
func (j *finishedJob) resourceOf(i int) string {
	switch o := j.ops[i]; {
	case o.Method == "POST":
		return j.results[i].Location.ID
	case len(o.on) > 0:
		return j.results[o.on[0]].Location.ID
	default:
		return o.Path[strings.LastIndexByte(o.Path, '/')+1:]
	}
}

// mayTake reports whether a create may take for its own what somebody else has
// created or deleted in the same minutes, or has created with the same
// externalId.
func (j *finishedJob) mayTake(i int) bool {
	switch j.ops[i].kind {
	case "raced", "raced group", "vanishing":
		return !j.peaceful
	case "taken group":
		return !j.peaceful && j.job.Existing == client.ExistingFail
	}
	return false
}

// checkExisting: a create takes what exists before only where it may, and as it
// says.
func (j *finishedJob) checkExisting(i int) {
	r := j.results[i]
	if !r.Existing || r.Outcome != client.Succeeded {
		if r.Unchanged {
			j.fails(i, "unchanged, %v", r)
		}
		return
	}
	did := j.inRun(i)
	switch n := count(did, webextest.Created, webextest.Patched); {
	case j.job.Existing == client.ExistingFail, j.ops[i].Method != "POST", r.Location.ID == "":
		j.fails(i, "takes what exists: %v", r)
	case r.Unchanged && n > 0:
		j.fails(i, "unchanged, and was done: %v", did)
	case j.job.Existing == client.ExistingSkip && !r.Unchanged:
		j.fails(i, "changes what exists")
	}
	owner, seeded := j.owners[r.Location.ID]
	if made := count(j.didAs(j.ops[i].label), webextest.Created); made == 0 && !seeded && !strings.HasPrefix(j.ops[i].kind, "raced") {
		j.fails(i, "takes %s, which nobody has made", r.Location.ID)
	}
	if seeded && owner != j.ops[i].name() {
		j.fails(i, "takes %s, which is of %s", r.Location.ID, owner)
	}
	for k, other := range j.results {
		if k != i && other.Outcome == client.Succeeded && j.ops[k].Method == "POST" && other.Location.ID == r.Location.ID {
			j.errorf("operations %d and %d have one resource", i, k)
		}
		if k < i && j.ops[k].target == j.ops[i].name() {
			j.fails(i, "takes %s, which %d addresses", r.Location.ID, k)
		}
	}
}

// didAs are the effects that a row had with all meanings.
func (j *finishedJob) didAs(label int) (all []webextest.Effect) {
	for id, l := range j.labels {
		if l == label {
			all = append(all, j.did[id]...)
		}
	}
	return all
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
		done[path] += count(j.did[j.ops[i].BulkID], webextest.Deleted)
		// Not yet: what an earlier run has deleted is told as refused if a change of
		// an earlier stage is sent, see 07-13-delete-of-a-later-stage.txt.
		open[path] = open[path] || slices.ContainsFunc(j.ops, func(o operation) bool { return o.stage < j.ops[i].stage && o.Path == path })
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
func (j *finishedJob) checkOutcome(i int) {
	r := j.results[i]
	switch {
	case j.isOpen(i):
	case j.ops[i].doomed && r.Outcome == client.Succeeded && (r.Replayed || r.Unchanged || j.edited && r.Recovered): // before it was edited
	case j.ops[i].doomed && r.Outcome == client.Succeeded:
		j.fails(i, "succeeded, though it can't")
	case j.stop.kind != "" || j.stopped != nil || j.ops[i].doomed || r.Outcome == client.Succeeded:
	case j.job.Ordered && errors.Is(r.Err, client.ErrForward), j.job.Ordered && r.Outcome == client.Skipped:
	case errors.Is(r.Err, client.ErrCycle), j.edited && errors.Is(r.Err, client.ErrCorrected):
	case !j.peaceful && r.Outcome == client.Unknown && strings.Contains(r.Err.Error(), "lookup: "): // all lookups were lost
	case !j.peaceful && r.Outcome == client.Unknown && strings.Contains(r.Err.Error(), "cannot be told"): // the service's time was not known yet
	case !j.peaceful && r.Outcome == client.Unknown && j.ops[i].kind == "phone": // whether it was added is not seen
	case !j.peaceful && j.followsUnknown(i):
	case errors.Is(r.Err, client.ErrTooLarge) && j.cfg.Limits.Bytes > 0:
	case j.follows(i, client.ErrCycle), j.follows(i, client.ErrTooLarge), j.edited && j.follows(i, client.ErrCorrected):
	case j.followsOpen(i):
	default:
		j.fails(i, "%v: %v", r.Outcome, r.Err)
	}
}

// follows reports whether an operation was skipped for such a cause, perhaps of
// one that had no outcome by then.
func (j *finishedJob) follows(i int, cause error) bool {
	return j.results[i].Outcome == client.Skipped && (errors.Is(j.results[i].Err, cause) || j.dependsOn(i, func(k int) bool {
		return errors.Is(j.results[k].Err, cause)
	}))
}

// dependsOn reports whether an operation refers to one that is such, perhaps
// through others that did not succeed.
func (j *finishedJob) dependsOn(i int, is func(k int) bool) bool {
	seen := map[int]bool{}
	var depends func(i int) bool
	depends = func(i int) bool {
		seen[i] = true
		return slices.ContainsFunc(j.ops[i].on, func(k int) bool {
			return k >= 0 && !seen[k] && (is(k) || j.results[k].Outcome != client.Succeeded && depends(k))
		})
	}
	return depends(i)
}

// followsUnknown reports whether an operation depends on one that may have been
// done, or may have been done itself to a resource whose id is not known.
func (j *finishedJob) followsUnknown(i int) bool {
	failed := func(k int) bool { return k >= 0 && j.results[k].Outcome != client.Succeeded }
	return j.follows(i, client.ErrUnknown) || j.results[i].Outcome == client.Unknown && slices.ContainsFunc(j.ops[i].on, failed)
}

// followsOpen reports whether an operation refers, perhaps through others, to
// one that is open, or that can't succeed although its resource may exist. In a
// cycle it is refused with it, and it does not wait for its late success.
func (j *finishedJob) followsOpen(i int) bool {
	return j.dependsOn(i, func(k int) bool { return j.isOpen(k) || j.ops[k].doomed })
}

// checkReferences: what succeeded refers to what was meant.
func (j *finishedJob) checkReferences(i int) {
	r := j.results[i]
	if r.Outcome != client.Succeeded || r.Existing && j.job.Existing == client.ExistingSkip || j.mayTake(i) {
		return
	}
	var ids []string
	for _, k := range j.ops[i].on {
		if k < 0 {
			continue
		}
		if o := j.results[k].Outcome; o == 0 || o == client.Unknown && j.stopped != nil {
			return // the job stopped before it was read, or looked up
		}
		id := j.results[k].Location.ID
		if j.results[k].Outcome != client.Succeeded {
			switch {
			case j.job.Existing != client.ExistingFail && j.ops[k].kind == "taken": // it exists, even if its update does not succeed
				id = j.ids[j.ops[k].name()][0]
			case r.Recovered && j.results[k].Outcome == client.Unknown: // whether it is that create's resource cannot be told
				return
			case (r.Replayed || r.Recovered) && j.edited, j.mayExist(j.ops[k].inputRow):
				return
			default:
				j.fails(i, "succeeded, and %d, to which it refers, is %v", k, j.results[k].Outcome)
			}
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	u, isUser := j.s.User(r.Location.ID)
	if isUser && j.ops[i].Method == "POST" && len(ids) > 0 && u.Manager() != ids[0] {
		j.fails(i, "manager %q, expected %q", u.Manager(), ids[0])
	}
	g, ok := j.s.Group(r.Location.ID)
	if members := g.Members(); ok {
		if r.Existing { // it keeps others
			members = slices.DeleteFunc(members, func(id string) bool { return !slices.Contains(ids, id) })
		}
		if !slices.Equal(sorted(members), sorted(ids)) {
			j.fails(i, "members %v, expected %v", g.Members(), ids)
		}
	}
}

// checkBudget: the service has not refused operations more often than the job
// allows, in answers that could be read, and if it has as often, the job
// stopped.
func (j *finishedJob) checkBudget() {
	most, unknown := refusals(j.s, j.since), 0
	spent := most - j.taken() - j.putOff()
	for i, r := range j.results {
		did := j.did[j.ops[i].BulkID]
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
	due := spent == budget && j.stopped == nil
	stopped := errors.Is(j.stopped, client.ErrBudget)
	if held := heldShares(j.stopped); held > 0 { // answers that were lost hold shares, also where the outcome is known at the end
		unknown = max(unknown, min(held, j.attempts()))
	}
	if spent > budget || due && !stopped || stopped && most+unknown < budget {
		var refused []string
		for _, e := range j.s.Ledger()[j.since:] {
			if e.Effect == webextest.Failed || e.Effect == webextest.Refused {
				refused = append(refused, fmt.Sprintf("%s in request %d: %v %d", e.BulkID, e.Request, e.Effect, e.Status))
			}
		}
		j.errorf("%d errors of %d: %v; %v", spent, budget, j.stopped, refused)
	}
}

// taken counts the refusals of creates that have succeeded all the same, or have
// become updates, where a create may take what exists. Some of them do not count.
func (j *finishedJob) taken() (n int) {
	for _, e := range j.s.Ledger()[j.since:] {
		if e.Effect != webextest.Failed || e.Status != 409 || j.job.Existing == client.ExistingFail {
			continue
		}
		for i, r := range j.results {
			if j.ops[i].BulkID == e.BulkID && (r.Outcome == client.Succeeded || r.Existing) {
				n++
			}
		}
	}
	return n
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
		later[j.ops[i].BulkID] = r.Outcome != client.Failed // it was to be sent again
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
		if e.Method == "POST" || strings.HasPrefix(e.BulkID, "theirs") || j.isAddressed(e.ID) {
			continue
		}
		id := cmp.Or(e.ID, e.Path[strings.LastIndexByte(e.Path, '/')+1:])
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

// isAddressed reports whether an operation changes by its id what a create of
// the job takes. If that was read before, the two are taken for different
// resources.
func (j *finishedJob) isAddressed(id string) bool {
	return j.job.Existing != client.ExistingFail && slices.ContainsFunc(j.ops, func(o operation) bool {
		return o.kind == "addressing" && o.target == j.owners[id]
	})
}

// checkOrder: behind an operation that did not succeed no PATCH of its resource
// has, in its stage. What was told as deleted is gone.
func (j *finishedJob) checkOrder() {
	ended := map[string]int{} // the first operation that did not succeed
	for i, r := range j.results {
		if j.ops[i].Method != "PATCH" {
			continue
		}
		key := fmt.Sprint(j.ops[i].stage, j.ops[i].Path)
		switch r.Outcome {
		case client.Succeeded:
			if before, ok := ended[key]; ok {
				j.fails(i, "succeeded, and %d before it on %s is %v", before, j.ops[i].Path, j.results[before].Outcome)
			}
		case client.Failed, client.Skipped:
			ended[key] = i
		}
	}
	_, left := j.s.UserByName(gone + "@example.com")
	for i, r := range j.results {
		if j.ops[i].kind == "delete there" && left && (r.Outcome == client.Succeeded || r.Outcome == client.Failed && r.Attempts > 0) {
			j.fails(i, "%v: %v, and the user is there", r.Outcome, r.Err)
		}
	}
}

// checkLastWord: the last word on a resource is that of the last operation that
// succeeded, in whichever run. A create, or the update that it has become, comes
// before what refers to it.
func (j *finishedJob) checkLastWord() {
	last, certain := map[string]int{}, map[string]bool{}
	say := func(id string, i int) {
		if r := j.results[i]; r.Outcome == client.Succeeded {
			last[id], certain[id] = i, true
		} else if r.Outcome == client.Unknown || r.Outcome == 0 && count(j.did[j.ops[i].BulkID], webextest.Patched, webextest.Created) > 0 {
			certain[id] = false
		}
	}
	for stage := range 3 {
		for i, o := range j.ops {
			if r := j.results[i]; o.stage == stage && o.Method == "POST" && !(r.Unchanged && j.job.Existing == client.ExistingSkip) {
				say(r.Location.ID, i)
			}
		}
		for i, o := range j.ops {
			if o.stage == stage && o.Method == "PATCH" && o.kind != "phone" {
				say(j.resourceOf(i), i)
			}
		}
	}
	for id, i := range last {
		u, ok := j.s.User(id)
		excused := j.isAddressed(id) || j.mayTake(i) || j.isOfEarlierInput(id)
		if certain[id] && ok && u["title"] != j.ops[i].title() && !excused {
			j.errorf("the last word on %s is %v, expected %s: %v", id, u["title"], j.ops[i].title(), j.s.History(id))
		}
	}
}

// isOfEarlierInput reports whether the last change of a resource is an operation
// that the last run no longer has, by its meaning: it may have followed the last
// one.
func (j *finishedJob) isOfEarlierInput(id string) bool {
	for _, e := range slices.Backward(j.s.History(id)) {
		if e.Effect == webextest.Created || e.Effect == webextest.Patched {
			return !slices.ContainsFunc(j.ops, func(o operation) bool { return o.BulkID == e.BulkID })
		}
	}
	return false
}

// checkNames: there is one group of each name and externalId in the input,
// besides those that others have made.
func (j *finishedJob) checkNames() {
	for i, o := range j.ops {
		if !o.isGroup() {
			continue
		}
		_, seeds := o.seeds()
		most := len(seeds)
		switch o.kind {
		case "raced group":
			most = 2
		case "taken group", "nameless taken group", "ambiguous group":
			if j.job.Existing == client.ExistingFail {
				most++
			}
		default:
			most++
		}
		if n := len(j.s.GroupsByName(o.name())); n > most {
			j.fails(i, "%d groups of its name, expected %d", n, most)
		}
	}
}

// checkPhones: each telephone number that an operation has added is there, and
// once. If what comes before it is edited, it is another operation, which adds it
// again.
func (j *finishedJob) checkPhones() {
	there := map[any]int{}
	for _, u := range j.s.Users() {
		list, _ := u["phoneNumbers"].([]any)
		for _, phone := range list {
			there[phone.(map[string]any)["value"]]++
		}
	}
	for i, r := range j.results {
		// Not yet: it is added again if a change of an earlier stage is sent, see
		// 07-13-addition-of-a-later-stage.txt.
		if n := there[j.ops[i].title()]; n > j.versions[j.ops[i].label] && !j.replaced[j.ops[i].BulkID] {
			j.fails(i, "%v was added %d times", j.ops[i].title(), n)
		}
		if j.ops[i].kind == "phone" && r.Outcome == client.Succeeded && there[j.ops[i].title()] == 0 {
			j.fails(i, "%v is not there", j.ops[i].title())
		}
	}
}

// checkOthers: of what others have made, only what an operation names is
// changed, and only that.
func (j *finishedJob) checkOthers() {
	for _, e := range j.s.Ledger() {
		owner, isTheirs := j.owners[e.ID]
		label, isOurs := j.labels[e.BulkID]
		if !isTheirs || !isOurs || e.Effect != webextest.Patched && e.Effect != webextest.Deleted {
			continue
		}
		var r inputRow
		for _, run := range j.runs {
			for _, of := range run.rows {
				if of.label == label {
					r = of
				}
			}
		}
		var named bool
		switch r.kind {
		case "patch there", "phone", "patch gone", "delete there", "addressing":
			named = owner == r.target
		case "patch":
			named = owner == fmt.Sprint("n", r.refs[0])
		default:
			named = owner == r.name() && e.Effect == webextest.Patched && j.job.Existing == client.ExistingUpdate
		}
		if !named {
			j.errorf("%s has changed %s, which is %s: %v", e.BulkID, e.ID, owner, e.Effect)
		}
	}
}
