package main

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
)

// held is a refusal that may be caused by another row. Only at the end is it
// known whether that row succeeded.
type held struct {
	res        client.Result
	line       int
	name       string
	references []string
}

// maxHeld bounds the memory for held refusals. Further ones are shown with the
// service's own error text.
const maxHeld = 10_000

// hold keeps a refused row of a sheet that refers to other rows. A service says
// of such a row that another operation failed, and names it by a bulkId that the
// user does not know. A refusal because the name is taken concerns the row itself.
func (b *books) hold(res client.Result, line int, name string) bool {
	_, refused := errors.AsType[*client.ResponseError](res.Err)
	if !b.sheet || res.Outcome != client.Failed || !refused || res.Status == http.StatusConflict || len(b.held) == maxHeld {
		return false
	}
	names := references(res.Operation)
	if len(names) == 0 {
		return false
	}
	res.Operation.Data = nil
	b.held = append(b.held, held{res, line, name, names})
	return true
}

// enterHeld enters the refusals that were held, with the line of the row that
// each of them needed.
func (b *books) enterHeld(in *input) error {
	if len(b.held) == 0 {
		return nil
	}
	rows := map[string]int{} // bulkId to index
	for _, h := range b.held {
		for _, name := range h.references {
			rows[name] = -1
		}
	}
	index := 0
	for row, err := range in.Rows() {
		if err != nil {
			return err
		}
		if _, wanted := rows[row.Operation.BulkID]; wanted {
			rows[row.Operation.BulkID] = index
		}
		index++
	}
	slices.SortFunc(b.held, func(a, b held) int { return cmp.Compare(a.res.Index, b.res.Index) })
	for _, h := range b.held {
		for _, name := range h.references {
			if i := rows[name]; i >= 0 && !b.succeeded.has(i) {
				h.res.Err = &report.NeededError{Line: in.line(i), Index: i, Err: h.res.Err}
				break
			}
		}
		b.enter(h.res, h.line, h.name)
	}
	b.held = nil
	return nil
}

// byLine replaces the error of a skipped operation by one that names the line
// that it depends on.
func (b *books) byLine(res client.Result) error {
	e, ok := errors.AsType[*client.SkippedError](res.Err)
	if !ok || res.Outcome != client.Skipped || e.Index < 0 {
		return res.Err
	}
	return &report.NeededError{Line: b.line(e.Index), Index: e.Index, SameResource: e.BulkID == "", Err: res.Err}
}

// adviseTaken prints advice about rows whose resource exists already, for example
// when an export is applied to its own organization, and about rows that refer to
// them.
func (a *application) adviseTaken(b *books) {
	n := b.taken.count()
	if !b.sheet || n == 0 {
		return
	}
	rows, needing := plural(n, "row"), b.needing.taken
	then := terminal.Text("")
	if a.job.Existing != client.ExistingFail {
		if needing > 0 {
			then = terminal.Sprintf(";\nwithout it, %s that %s on it can succeed", plural(needing, "row"), verb(needing, "depend"))
		}
		a.say("\n%s with status 409: another row creates or changes the same user or group%s", rows, then)
		return
	}
	if needing > 0 {
		then = terminal.Sprintf(";\nthen %s that %s on them can succeed", plural(needing, "row"), verb(needing, "depend"))
	}
	a.say("\n%s with status 409: these users or groups exist already: --existing skip leaves them unchanged,\n"+
		"--existing update changes the attributes that differ%s", rows, then)
}

// adviseNeeded prints advice about rows that depend on rows that failed.
func (a *application) adviseNeeded(b *books) {
	if n := b.needing.others; b.sheet && n > 0 {
		a.say("\n%s %s somebody whose own row did not succeed: correct that row, and they are sent with it",
			plural(n, "row"), verb(n, "name"))
	}
}

// verb is like "1 row names" and "2 rows name".
func verb(n int, word string) string {
	if n == 1 {
		return word + "s"
	}
	return word
}
