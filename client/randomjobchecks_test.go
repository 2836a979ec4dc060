package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

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
