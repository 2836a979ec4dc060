package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/sheet"
)

// errStale refuses a row of a plan.
var errStale = errors.New("changed since the row was written: let sync write the sheet anew")

// checkedAtOnce is how many rows are checked at once.
const checkedAtOnce = 32

// checkVersions refuses the rows of a plan whose resource is not any more what it was when the row was written, unless the row is in
// effect already: it is read just before the row is sent.
func checkVersions(ctx context.Context, c *client.Client, rows []opfile.Row) {
	limit := make(chan struct{}, 8)
	var all sync.WaitGroup
	for i := range rows {
		if rows[i].Version == "" || rows[i].Operation.Method == client.MethodPost || ctx.Err() != nil {
			continue
		}
		limit <- struct{}{}
		all.Go(func() {
			rows[i].Operation.Refused = checkVersion(ctx, c, rows[i])
			<-limit
		})
	}
	all.Wait()
}

func checkVersion(ctx context.Context, c *client.Client, row opfile.Row) error {
	kind, id, _ := strings.Cut(strings.TrimPrefix(row.Operation.Path, "/"), "/")
	get := c.GetUser
	if kind == "Groups" {
		get = c.GetGroup
	}
	now, err := get(ctx, id)
	switch {
	case errors.Is(err, client.ErrAbsent) && row.Operation.Method == client.MethodDelete:
		return nil // an earlier run may have deleted it
	case err != nil:
		return fmt.Errorf("not sent: the row could not be checked: %w", err)
	case sheet.VersionOf(now) == row.Version, sheet.InEffect(row.Operation, now.Data):
		return nil
	}
	return errStale
}
