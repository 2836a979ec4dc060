package actions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/sheet"
)

// The reasons why a row is refused.
var (
	// ErrChanged: the user or group is not as the row expects.
	ErrChanged = errors.New("changed since the row was written: let sync write a new plan; " +
		"if the row undoes a change, decide by hand")
	// ErrAbsent: somebody whom the row names was not found.
	ErrAbsent = errors.New("names a user or group that is not in the organization (any more)")
)

// maxReads is how many resources are read at once.
const maxReads = 8

// Conditions refuse the rows of a sheet whose user or group is not as the row
// expects, unless the row has its effect already. They are for one run of the
// sheet.
type Conditions struct {
	// Client reads the users and groups.
	Client *client.Client

	// The paths and conditions that have passed: a row may have changed its
	// resource since, and another row with the same condition still passes.
	passed sync.Map
}

// Check reads the users and groups of rows that are about to be sent, and
// refuses rows: it sets Operation.Refused.
func (c *Conditions) Check(ctx context.Context, rows []sheet.Row) {
	limit := make(chan struct{}, maxReads)
	var reading sync.WaitGroup
	for i := range rows {
		if ctx.Err() != nil {
			break
		}
		limit <- struct{}{}
		reading.Go(func() {
			rows[i].Operation.Refused = c.refuse(ctx, rows[i])
			<-limit
		})
	}
	reading.Wait()
}

// refuse returns why a row must not be sent, nil if it may.
func (c *Conditions) refuse(ctx context.Context, row sheet.Row) error {
	op := row.Operation
	condition := op.Path + "\x00" + row.Version + "\x00" + string(row.Expected)
	_, passed := c.passed.Load(condition)
	switch {
	case namesAbsent(op):
		return ErrAbsent
	case op.Method == client.MethodPost, row.Version == "" && row.Expected == nil, passed:
		return nil
	}
	kind, id, _ := strings.Cut(strings.TrimPrefix(op.Path, "/"), "/")
	get := c.Client.GetUser
	if kind == "Groups" {
		get = c.Client.GetGroup
	}
	now, err := get(ctx, id)
	switch {
	case errors.Is(err, client.ErrAbsent) && op.Method == client.MethodDelete:
		return nil // an earlier run may have deleted it
	case err != nil:
		return fmt.Errorf("not sent: the row could not be checked: %w", err)
	case sheet.InEffect(op, now.Data):
		return nil
	case row.Version != "" && sheet.VersionOf(now) != row.Version:
		return ErrChanged
	case row.Expected != nil && !sheet.Holds(row.Expected, now.Data):
		return ErrChanged
	}
	c.passed.Store(condition, true)
	return nil
}

// namesAbsent reports whether an operation has the placeholder of somebody who
// was looked up and not found.
func namesAbsent(op client.Operation) bool {
	data, _ := op.Data.(json.RawMessage)
	return sheet.PlaceholderForm.MatchString(op.Path) || sheet.PlaceholderForm.Match(data)
}
