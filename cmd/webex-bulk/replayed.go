package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
)

// absentReplays returns an error if some of what the journal says was created is not there. It was deleted since, as by the way
// back, or the service takes longer than --lookup-patience to show it: only time tells.
func (a *reconciliation) absentReplays(ctx context.Context, c *client.Client) error {
	until := time.Now().Add(a.cfg.LookupPatience)
	for left := a.replayed; ; {
		if left = absent(ctx, c, left); len(left) == 0 || ctx.Err() != nil {
			return nil
		}
		if time.Now().After(until) {
			return &exit{exitSome, terminal.Errorf("an earlier run has created %s that the organization does not show: deleted since, or not shown yet;\n"+
				"run the same command again in five minutes: what is missing then is created", plural(len(left), "user or group"))}
		}
		select {
		case <-time.After(min(time.Second, a.cfg.LookupPatience)):
		case <-ctx.Done():
		}
	}
}

// absent returns those that the service says are not there.
func absent(ctx context.Context, c *client.Client, list []client.Location) []client.Location {
	var all sync.WaitGroup
	limit := make(chan struct{}, 8)
	gone := make([]bool, len(list))
	for i, at := range list {
		limit <- struct{}{}
		all.Go(func() {
			get := c.GetUser
			if at.ResourceType == "Groups" {
				get = c.GetGroup
			}
			_, err := get(ctx, at.ID)
			gone[i] = errors.Is(err, client.ErrAbsent)
			<-limit
		})
	}
	all.Wait()
	var left []client.Location
	for i, at := range list {
		if gone[i] {
			left = append(left, at)
		}
	}
	return left
}
