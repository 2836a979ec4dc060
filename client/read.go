package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/webexscim/bulk/internal/lookup"
	"github.com/webexscim/bulk/internal/transport"
)

// Resource is a user or group of the organization. Like an Operation, it
// prints and logs without its data.
type Resource struct {
	// Type is Users or Groups.
	Type string
	// ID is never empty.
	ID string
	// Name is the userName or displayName.
	Name string
	// ExternalID is "" if there is none.
	ExternalID string
	// Version is the resource's version as the service wrote it, W/"…"; it may
	// be empty.
	Version string
	// Modified is when the resource was changed last, by the service's clock;
	// the zero time if it does not say.
	Modified time.Time
	// Data is the whole resource as JSON, full of personal data.
	Data json.RawMessage
}

// String returns type and id.
func (r Resource) String() string { return printable(r.Type) + "/" + printable(r.ID) }

// Format implements fmt.Formatter: every verb prints String.
func (r Resource) Format(s fmt.State, verb rune) { printString(s, verb, r.String()) }

// LogValue implements slog.LogValuer with the text of String.
func (r Resource) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Query says which resources are listed. The zero value is all of them, with
// all their attributes.
type Query struct {
	// Filter is a SCIM filter (RFC 7644 section 3.4.2.2); all resources when
	// empty. Webex knows eq, sw and ew on most attributes, and or.
	Filter string
	// Attributes names the attributes to read, separated by commas, such as
	// "id,userName"; all when empty.
	Attributes string
}

// Member is a member of a group.
type Member struct {
	// ID is never empty.
	ID string
	// Type is user, group or machine; "" if the service does not say.
	Type string
	// Name is the display name of the member, "" if the service gives none.
	Name string
}

// ErrAbsent says that there is no such resource. One that was created seconds
// ago may not be there yet.
var ErrAbsent = errors.New("no such resource")

// ListUsers reads all users that fit the query, sorted by id, 100 a request.
// Each is yielded once, and none that was there all the time is left out,
// whatever is created, renamed or deleted meanwhile. Memory grows by some 50
// bytes a user.
//
// An error is yielded last, also if the list could not be read to its end or is
// shorter than the service says: an incomplete list never looks complete. It
// wraps ErrUnauthorized, ErrUnavailable or a *ResponseError where one of these
// is the reason.
func (c *Client) ListUsers(ctx context.Context, q Query) iter.Seq2[Resource, error] {
	return c.list(ctx, users, q)
}

// ListGroups is ListUsers for groups. Their members are not among their
// attributes: see ListMembers.
func (c *Client) ListGroups(ctx context.Context, q Query) iter.Seq2[Resource, error] {
	return c.list(ctx, groups, q)
}

func (c *Client) list(ctx context.Context, kind string, q Query) iter.Seq2[Resource, error] {
	own := func(res lookup.Resource) Resource { return resourceOf(kind, res) }
	return converted(lookup.List(ctx, c.transport, kind, lookup.Query(q)), own, lookupError)
}

// converted converts the elements of a list, and the error that ends it.
func converted[A, B any](list iter.Seq2[A, error], element func(A) B, failure func(error) error) iter.Seq2[B, error] {
	return func(yield func(B, error) bool) {
		for a, err := range list {
			if err != nil {
				yield(*new(B), failure(err))
				return
			}
			if !yield(element(a), nil) {
				return
			}
		}
	}
}

func resourceOf(kind string, res lookup.Resource) Resource {
	return Resource{Type: kind, ID: res.ID, Name: res.Name, ExternalID: res.ExternalID, Version: res.Version,
		Modified: res.Modified, Data: res.Raw}
}

// ListMembers reads all members of the group with this id, 500 a request, with
// the guarantees and errors of ListUsers. The error wraps ErrAbsent where there
// is no such group.
func (c *Client) ListMembers(ctx context.Context, groupID string) iter.Seq2[Member, error] {
	own := func(m lookup.Member) Member { return Member(m) }
	return converted(lookup.Members(ctx, c.transport, groupID), own, absentError)
}

// GetUser reads the user with this id. The error wraps ErrAbsent where there is
// none.
func (c *Client) GetUser(ctx context.Context, id string) (Resource, error) {
	return c.get(ctx, users, id)
}

// GetGroup reads the group with this id, with at most 500 of its members. The
// error wraps ErrAbsent where there is none.
func (c *Client) GetGroup(ctx context.Context, id string) (Resource, error) {
	return c.get(ctx, groups, id)
}

func (c *Client) get(ctx context.Context, kind, id string) (Resource, error) {
	res, found, err := lookup.Get(ctx, c.transport, kind, id)
	switch {
	case err != nil:
		return Resource{}, lookupError(err)
	case !found:
		return Resource{}, fmt.Errorf("lookup: %w", ErrAbsent)
	}
	return resourceOf(kind, res), nil
}

// Me reads the user to whom the token belongs. The user may be of another
// organization than Config.OrgID: Resource.Data names it. The error wraps
// ErrAbsent if the owner of the token cannot be read, as with a service app.
func (c *Client) Me(ctx context.Context) (Resource, error) {
	res, err := lookup.Me(ctx, c.transport)
	if err != nil {
		return Resource{}, absentError(err)
	}
	return resourceOf(users, res), nil
}

// absentError is lookupError where a 404 of the service is about the resource.
func absentError(err error) error {
	if e, ok := errors.AsType[*lookup.Error](err); ok && e.Status == http.StatusNotFound {
		return fmt.Errorf("lookup: %w", ErrAbsent)
	}
	return lookupError(err)
}

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
	found, err := lookup.Find(ctx, c.transport, kind, names)
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

func lookupError(err error) error {
	e, ok := errors.AsType[*lookup.Error](err)
	if !ok {
		return err
	}
	switch {
	case e.Kind == transport.Denied:
		return fmt.Errorf("lookup: %w", deniedError(e.Status, e.Err))
	case e.Kind == transport.NotSent || e.Kind == transport.Waiting:
		return fmt.Errorf("lookup: %w: %w", ErrUnavailable, ownError(e.Err))
	}
	return fmt.Errorf("lookup: %w", ownError(e.Err))
}
