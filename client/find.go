package client

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/webexscim/bulk/internal/bulkapi"
)

// FindUsers returns the ids of the organization's users with these userNames,
// by userName in lower case. A name that is absent was not found; a user that
// was created seconds ago may not be found yet. The error wraps
// ErrUnauthorized or a *ResponseError where the service refused.
func (c *Client) FindUsers(ctx context.Context, userNames ...string) (map[string]string, error) {
	found, err := c.api.FindUsers(ctx, userNames)
	if err != nil {
		return nil, lookupError(err)
	}
	ids := make(map[string]string, len(found))
	for _, r := range found {
		if r.ID != "" {
			ids[strings.ToLower(r.Name)] = r.ID
		}
	}
	return ids, nil
}

// FindGroups is FindUsers for groups by displayName. A name that several groups
// have is absent.
func (c *Client) FindGroups(ctx context.Context, displayNames ...string) (map[string]string, error) {
	found, err := c.api.FindGroups(ctx, displayNames)
	if err != nil {
		return nil, lookupError(err)
	}
	ids, count := map[string]string{}, map[string]int{}
	for _, r := range found {
		name := strings.ToLower(r.Name)
		ids[name] = r.ID
		count[name]++
	}
	for name, n := range count {
		if n > 1 || ids[name] == "" {
			delete(ids, name)
		}
	}
	return ids, nil
}

func lookupError(err error) error {
	e, ok := errors.AsType[*bulkapi.LookupError](err)
	if !ok {
		return err
	}
	switch {
	case e.Kind == bulkapi.Denied:
		return fmt.Errorf("lookup: %w", denied(e.Status, e.Err))
	case e.Kind == bulkapi.NotSent || e.Kind == bulkapi.Waiting:
		return fmt.Errorf("lookup: %w: %w", ErrUnavailable, public(e.Err))
	}
	return fmt.Errorf("lookup: %w", public(e.Err))
}
