package client_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// checkBudget: no more operations have failed at the service than the job
// allows, and just so many if it stopped for that; unknown ones may have.
func (j *judged) checkBudget() {
	failed, unknown := 0, 0
	for i, r := range j.results {
		if r.Outcome == client.Unknown {
			unknown++
		}
		if r.Outcome == client.Succeeded && j.inVain(i) {
			failed++
		}
		if r.Outcome == client.Failed && r.Attempts > 0 && count(j.did[j.name(i)], webextest.Failed, webextest.Refused) > 0 {
			failed++
		}
	}
	budget := j.job.FailOnErrors
	if budget == 0 {
		return
	}
	spent := failed == budget && !errors.Is(j.stop, context.DeadlineExceeded)
	if stopped := errors.Is(j.stop, client.ErrBudget); failed > budget || stopped != spent && !(stopped && failed+unknown >= budget) {
		j.errorf("%d failed of %d: %v", failed, budget, j.stop)
	}
}

// inVain tells that an operation which was done was repeated, and refused: to
// the service that is an error.
func (j *judged) inVain(i int) bool {
	r, did := j.results[i], j.did[j.name(i)]
	if r.Operation.Method == "PATCH" {
		return r.Attempts > 0 && len(did) > 0 && count(did[len(did)-1:], webextest.Failed, webextest.Refused) > 0
	}
	return r.Status == 404 && !r.Replayed
}

// checkOrder: the last word on a resource is that of the last operation that
// succeeded, in whichever run.
func (j *judged) checkOrder() {
	last, certain := map[string]int{}, map[string]bool{}
	for i, r := range j.results {
		if r.Operation.Method != "PATCH" {
			continue
		}
		path := r.Operation.Path
		if r.Outcome == client.Succeeded {
			last[path], certain[path] = i, true
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
		if u, ok := j.s.User(j.results[i].Location.ID); certain[path] && ok && u["title"] != j.name(i) {
			j.errorf("the last word on %s is %v, expected %s", path, u["title"], j.name(i))
		}
	}
}
