package outcomes

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
)

// deferred is a result of a row that may have failed because of another row.
// Only at the end is it known whether that row succeeded.
type deferred struct {
	res        client.Result
	name       string
	references []string
}

// maxDeferred bounds the memory for deferred results. Further ones are shown
// with the service's own error text.
const maxDeferred = 10_000

// deferFailure keeps the result of a row of a sheet that has failed and refers
// to other rows until Finish. A service says of such a row that another
// operation failed, and names that one by a bulkId that the user does not know.
// A row whose name is taken has failed by itself.
func (c *Collector) deferFailure(res client.Result, name string) bool {
	_, answered := errors.AsType[*client.ResponseError](res.Err)
	if !c.isSheet() || res.Outcome != client.Failed || !answered ||
		res.Status == http.StatusConflict || len(c.deferred) == maxDeferred {
		return false
	}
	names := references(res.Operation)
	if len(names) == 0 {
		return false
	}
	res.Operation.Data = nil
	c.deferred = append(c.deferred, deferred{res, name, names})
	return true
}

// summarizeDeferred summarizes the deferred results, with the line of the row
// that each of them needed.
func (c *Collector) summarizeDeferred() error {
	if len(c.deferred) == 0 {
		return nil
	}
	rows := map[string]int{} // bulkId to index
	for _, d := range c.deferred {
		for _, name := range d.references {
			rows[name] = -1
		}
	}
	index := 0
	for row, err := range c.o.Input.Rows() {
		if err != nil {
			return err
		}
		if _, wanted := rows[row.Operation.BulkID]; wanted {
			rows[row.Operation.BulkID] = index
		}
		index++
	}
	slices.SortFunc(c.deferred, func(a, b deferred) int { return cmp.Compare(a.res.Index, b.res.Index) })
	for _, d := range c.deferred {
		for _, name := range d.references {
			if i := rows[name]; i >= 0 && !c.succeeded.has(i) {
				d.res.Err = &report.NeededError{Line: c.o.Line(i), Index: i, Err: d.res.Err}
				break
			}
		}
		c.summarize(d.res, d.name)
	}
	c.deferred = nil
	return nil
}

// withLine returns the error of a result; that of a skipped operation names the
// line of the operation that it depends on.
func (c *Collector) withLine(res client.Result) error {
	e, ok := errors.AsType[*client.SkippedError](res.Err)
	if !ok || res.Outcome != client.Skipped || e.Index < 0 {
		return res.Err
	}
	return &report.NeededError{Line: c.o.Line(e.Index), Index: e.Index, SameResource: e.BulkID == "", Err: res.Err}
}
