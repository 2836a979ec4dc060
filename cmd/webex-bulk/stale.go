package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/sheet"
)

// The reasons why a row with conditions is refused.
var (
	errStale  = errors.New("changed since the row was written: of a plan, let sync write a new one; of a way back, decide by hand")
	errNobody = errors.New("not in the organization (any more): whom the row names")
)

// conditions refuse the rows of a sheet of sync whose resource is not any more what it was when the row was written, unless the
// row is in effect already. It is read just before the row is sent.
type conditions struct {
	client *client.Client

	mu     sync.Mutex
	passed map[string]bool // by path and condition: a row before may have changed the resource since
}

// check refuses rows.
func (c *conditions) check(ctx context.Context, rows []opfile.Row) {
	limit := make(chan struct{}, 8)
	var all sync.WaitGroup
	for i := range rows {
		if ctx.Err() != nil {
			break
		}
		limit <- struct{}{}
		all.Go(func() {
			rows[i].Operation.Refused = c.checkRow(ctx, rows[i])
			<-limit
		})
	}
	all.Wait()
}

func (c *conditions) checkRow(ctx context.Context, row opfile.Row) error {
	op := row.Operation
	switch {
	case namesNobody(op):
		return errNobody
	case op.Method == client.MethodPost, row.Version == "" && row.Expected == nil, c.hasPassed(row):
		return nil
	}
	kind, id, _ := strings.Cut(strings.TrimPrefix(op.Path, "/"), "/")
	get := c.client.GetUser
	if kind == "Groups" {
		get = c.client.GetGroup
	}
	now, err := get(ctx, id)
	switch {
	case errors.Is(err, client.ErrAbsent) && op.Method == client.MethodDelete:
		return nil // an earlier run may have deleted it
	case err != nil:
		return fmt.Errorf("not sent: the row could not be checked: %w", err)
	case sheet.InEffect(op, now.Data):
		return nil
	case row.Version != "" && sheet.VersionOf(now) != row.Version, row.Expected != nil && !sheet.Holds(row.Expected, now.Data):
		return errStale
	}
	c.pass(row)
	return nil
}

func (c *conditions) hasPassed(row opfile.Row) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passed[conditionOf(row)]
}

func (c *conditions) pass(row opfile.Row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passed[conditionOf(row)] = true
}

func conditionOf(row opfile.Row) string {
	return row.Operation.Path + "\x00" + row.Version + "\x00" + string(row.Expected)
}

// namesNobody reports whether an operation has the placeholder of somebody who was looked up and not found.
func namesNobody(op client.Operation) bool {
	data, _ := op.Data.(json.RawMessage)
	return sheet.PlaceholderForm.MatchString(op.Path) || sheet.PlaceholderForm.Match(data)
}
