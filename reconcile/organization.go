package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/webexscim/bulk/client"
)

// The types of resources that can be reconciled.
const (
	Users  = "Users"
	Groups = "Groups"
)

// Organization holds all users of an organization, or all groups with their
// members.
type Organization struct {
	// Type is the type of Resources: Users or Groups.
	Type string
	// Resources are all of that type.
	Resources []client.Resource
	// Members lists the members of each group, by its id; nil for users.
	Members map[string][]client.Member
	// Me is the id of the user to whom the token belongs; "" with a MeErr.
	Me string
	// MeErr is the error of reading Me, nil if there was none. It wraps
	// client.ErrAbsent if the token belongs to no user, like the token of a
	// service app. With any other error nobody is removed, since each user could
	// be the token's own account.
	MeErr error

	began time.Time         // when it was read; zero: not by Read
	names map[string]string // userNames by id, in lower case
	ids   map[string]string // ids by the key of the userName
}

// Read reads all users, or all groups with their members and the names of all
// users. The token may belong to anybody who can read the organization. seen,
// if not nil, is called with the number of resources so far. An incomplete list
// is an error, see client.Client.ListUsers.
func Read(ctx context.Context, c *client.Client, kind string, seen func(resources int)) (*Organization, error) {
	if seen == nil {
		seen = func(int) {}
	}
	org := &Organization{Type: kind, began: time.Now()}
	if kind == Groups {
		if err := org.readGroups(ctx, c, seen); err != nil {
			return nil, err
		}
	}
	query := client.Query{}
	if kind == Groups {
		query.Attributes = "id,userName"
	}
	n := len(org.Resources)
	for user, err := range c.ListUsers(ctx, query) {
		if err != nil {
			return nil, fmt.Errorf("reading users: %w", err)
		}
		org.name(user)
		if kind == Users {
			org.Resources = append(org.Resources, user)
		}
		n++
		seen(n)
	}
	me, err := c.Me(ctx)
	switch {
	case err == nil:
		org.Me = me.ID
	case ctx.Err() != nil:
		return nil, ctx.Err()
	default:
		org.MeErr = err
	}
	return org, nil
}

func (org *Organization) readGroups(ctx context.Context, c *client.Client, seen func(int)) error {
	var groups []client.Resource
	for group, err := range c.ListGroups(ctx, client.Query{}) {
		if err != nil {
			return fmt.Errorf("reading groups: %w", err)
		}
		groups = append(groups, group)
	}
	members, err := readAllMembers(ctx, c, groups, seen)
	if err != nil {
		return fmt.Errorf("reading the members of groups: %w", err)
	}
	org.Members = members
	for _, group := range groups {
		if _, ok := members[group.ID]; ok { // else it was deleted since it was listed
			org.Resources = append(org.Resources, group)
		}
	}
	return nil
}

// readAllMembers reads the members of groups, by their ids; those of a group
// that is not there any more are left out.
func readAllMembers(
	ctx context.Context, c *client.Client, groups []client.Resource, seen func(int),
) (map[string][]client.Member, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	turn := make(chan struct{}, 1) // seen is called by one at a time, and may wait
	all := make(map[string][]client.Member, len(groups))
	inParallel(len(groups), func(i int) {
		if ctx.Err() != nil {
			return
		}
		members, err := readMembers(ctx, c, groups[i].ID)
		turn <- struct{}{}
		defer func() { <-turn }()
		switch {
		case err == nil:
			all[groups[i].ID] = members
			seen(len(all))
		case !errors.Is(err, client.ErrAbsent):
			cancel(err) // the first one counts
		}
	})
	return all, context.Cause(ctx)
}

// readers is how many resources are read at once.
const readers = 4

// inParallel calls read with 0 to n-1, some at once, and waits for all.
func inParallel(n int, read func(i int)) {
	var reading sync.WaitGroup
	limit := make(chan struct{}, readers)
	for i := range n {
		limit <- struct{}{}
		reading.Go(func() {
			read(i)
			<-limit
		})
	}
	reading.Wait()
}

func readMembers(ctx context.Context, c *client.Client, group string) (members []client.Member, err error) {
	for m, err := range c.ListMembers(ctx, group) {
		if err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return members, nil
}

func (org *Organization) name(user client.Resource) {
	if org.names == nil {
		org.names, org.ids = make(map[string]string), make(map[string]string)
	}
	org.names[strings.ToLower(user.ID)] = user.Name
	org.ids[key(user.Name)] = user.ID
}

// NameOf returns the userName of a user by the id.
func (org *Organization) NameOf(id string) (userName string, ok bool) {
	userName, ok = org.names[strings.ToLower(id)]
	return userName, ok
}

// IDOf returns the id of a user by the userName, in any case.
func (org *Organization) IDOf(userName string) (id string, ok bool) {
	id, ok = org.ids[key(userName)]
	return id, ok
}

// meUnknown reports whether the token's account may be any user.
func (org *Organization) meUnknown() bool {
	return org.MeErr != nil && !errors.Is(org.MeErr, client.ErrAbsent)
}
