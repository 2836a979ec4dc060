package outcomes

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
)

// held is a refusal that may be caused by another row. Only at the end is it
// known whether that row succeeded.
type held struct {
	res        client.Result
	name       string
	references []string
}

// maxHeld bounds the memory for held refusals. Further ones are shown with the
// service's own error text.
const maxHeld = 10_000

// hold keeps a refused row of a sheet that refers to other rows until Finish. A
// service says of such a row that another operation failed, and names that one
// by a bulkId that the user does not know. A refusal because the name is taken
// concerns the row itself.
func (c *Collector) hold(res client.Result, name string) bool {
	_, refused := errors.AsType[*client.ResponseError](res.Err)
	if !c.isSheet() || res.Outcome != client.Failed || !refused ||
		res.Status == http.StatusConflict || len(c.held) == maxHeld {
		return false
	}
	names := references(res.Operation)
	if len(names) == 0 {
		return false
	}
	res.Operation.Data = nil
	c.held = append(c.held, held{res, name, names})
	return true
}

// summarizeHeld summarizes the held refusals, with the line of the row that
// each of them needed.
func (c *Collector) summarizeHeld() error {
	if len(c.held) == 0 {
		return nil
	}
	rows := map[string]int{} // bulkId to index
	for _, h := range c.held {
		for _, name := range h.references {
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
	slices.SortFunc(c.held, func(a, b held) int { return cmp.Compare(a.res.Index, b.res.Index) })
	for _, h := range c.held {
		for _, name := range h.references {
			if i := rows[name]; i >= 0 && !c.succeeded.has(i) {
				h.res.Err = &report.NeededError{Line: c.o.Line(i), Index: i, Err: h.res.Err}
				break
			}
		}
		c.summarize(h.res, h.name)
	}
	c.held = nil
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
