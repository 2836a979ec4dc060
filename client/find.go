package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/webexscim/bulk/internal/bulkapi"
)

// FindUsers returns the ids of the organization's users with these userNames,
// by userName in lower case. A name that is absent was not found; a user that
// was created seconds ago may not be found yet. The error wraps
// ErrUnauthorized or a *ResponseError where the service refused.
func (c *Client) FindUsers(ctx context.Context, userNames ...string) (map[string]string, error) {
	return c.find(ctx, users, userNames)
}

// FindGroups is FindUsers for groups by displayName. A name that several groups
// have is absent.
func (c *Client) FindGroups(ctx context.Context, displayNames ...string) (map[string]string, error) {
	return c.find(ctx, groups, displayNames)
}

func (c *Client) find(ctx context.Context, kind string, names []string) (map[string]string, error) {
	found, err := c.search(ctx, kind, names)
	if err != nil {
		return nil, lookupError(err)
	}
	ids, count := map[string]string{}, map[string]int{}
	for _, r := range found {
		name := strings.ToLower(r.Name)
		ids[name] = r.ID
		count[name]++
	}
	maps.DeleteFunc(ids, func(name, id string) bool { return id == "" || kind == groups && count[name] > 1 })
	return ids, nil
}

// search looks for the resources of a type that have names.
func (c *Client) search(ctx context.Context, kind string, names []string) ([]bulkapi.Resource, error) {
	return c.api.Find(ctx, kind, names)
}

func lookupError(err error) error {
	e, ok := errors.AsType[*bulkapi.LookupError](err)
	if !ok {
		return err
	}
	switch {
	case e.Kind == bulkapi.Denied:
		return fmt.Errorf("lookup: %w", deniedError(e.Status, e.Err))
	case e.Kind == bulkapi.NotSent || e.Kind == bulkapi.Waiting:
		return fmt.Errorf("lookup: %w: %w", ErrUnavailable, ownError(e.Err))
	}
	return fmt.Errorf("lookup: %w", ownError(e.Err))
}
