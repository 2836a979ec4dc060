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
// allows, in answers that could be read, and if it has as often, the job stopped.
func (j *judged) checkBudget() {
	spent, unknown := refusals(j.s, j.since), 0
	for i, r := range j.results {
		did := j.did[j.name(i)]
		switch {
		case r.Outcome == client.Unknown:
			unknown++
		case r.Outcome == client.Failed && r.Attempts > 0 && count(did[max(0, len(did)-1):], webextest.Refused) > 0:
			spent++ // with its request
		}
	}
	budget := j.job.FailOnErrors
	if budget == 0 {
		return
	}
	due := spent == budget && !errors.Is(j.stop, context.DeadlineExceeded)
	if stopped := errors.Is(j.stop, client.ErrBudget); spent > budget || stopped != due && !(stopped && spent+unknown >= budget) {
		j.errorf("%d errors of %d: %v", spent, budget, j.stop)
	}
}

// wasOvertaken: a PATCH that the service has done, and refused when it was to be
// done once more behind one that was sent since.
func (j *judged) wasOvertaken(i int) bool {
	r := j.results[i]
	said, ok := errors.AsType[*client.ResponseError](r.Err)
	if r.Outcome != client.Failed || r.Operation.Method != "PATCH" || !ok || said.Status == 404 || !strings.Contains(r.Err.Error(), doneBefore) {
		return false
	}
	done, since, refused := false, false, false
	for _, e := range j.s.Ledger() {
		before := slices.ContainsFunc(j.results[:i], func(r client.Result) bool {
			return r.Operation.BulkID == e.BulkID && r.Operation.Path == j.results[i].Operation.Path
		})
		switch mine := e.BulkID == j.name(i); {
		case mine && e.Effect == webextest.Patched:
			done, since, refused = true, false, false
		case mine:
			refused = true
		case before:
			since = true
		}
	}
	if !done || !since || !refused {
		j.errorf("operation %d: %v: done %v, another since %v, refused %v", i, r.Err, done, since, refused)
	}
	return true
}

// checkOrder: the last word on a resource is that of the last operation that
// succeeded, in whichever run.
func (j *judged) checkOrder() {
	last, certain := map[string]int{}, map[string]bool{}
	or := map[string][]any{} // the titles by what was done behind it, and is refused
	unread := false          // some that an earlier run has done: this one stopped before
	for i, r := range j.results {
		unread = unread || r.Outcome == 0 && count(j.did[j.name(i)], webextest.Patched) > 0
		if r.Operation.Method != "PATCH" {
			continue
		}
		path := r.Operation.Path
		if r.Outcome == client.Succeeded {
			last[path], certain[path], or[path] = i, true, nil
		} else if j.wasOvertaken(i) {
			or[path] = append(or[path], j.name(i))
		} else if r.Outcome != client.Skipped && r.Outcome != client.Failed {
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
		if u, ok := j.s.User(j.results[i].Location.ID); certain[path] && !unread && ok && u["title"] != j.name(i) && !slices.Contains(or[path], u["title"]) {
			j.errorf("the last word on %s is %v, expected %s", path, u["title"], j.name(i))
		}
	}
}
