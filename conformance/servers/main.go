// Command servers imports an organization into a SCIM server of another project
// and checks the result. conformance/servers/run starts the servers.
//
//	go run ./conformance/servers http://127.0.0.1:3000
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/webexscim/bulk/client"
)

const (
	orgID  = "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01"
	token  = "simulated-access-token"
	users  = 300
	groups = 20
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: servers URL")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := run(ctx, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "servers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, server string) error {
	ids, err := load(ctx, server)
	if err != nil {
		return err
	}
	if err := compare(ctx, server, ids); err != nil {
		return err
	}
	fmt.Printf("%d users with managers and %d groups, every one right\n", users, groups)
	return nil
}

func userName(i int) string  { return fmt.Sprintf("user%03d@example.com", i) }
func groupName(i int) string { return fmt.Sprintf("Group %02d", i) }
func manager(i int) int      { return i / 10 }

// members are the users of a group: 15 each, so that each user is in one.
func members(i int) (list []int) {
	for n := range users / groups {
		list = append(list, i*users/groups+n)
	}
	return list
}

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// load imports the organization and returns the ids by name. The groups come
// first, so that all their references point ahead.
func load(ctx context.Context, server string) (map[string]string, error) {
	c, err := client.New(client.Config{
		OrgID: orgID, Token: client.StaticToken(token), BaseURL: server,
		// SCIMMY resolves no reference that points ahead, and the others not all.
		ResolveReferences: true,
	})
	if err != nil {
		return nil, err
	}
	var ops []client.Operation
	for i := range groups {
		var list []map[string]string // with types as RFC 7643 spells them
		for _, m := range members(i) {
			list = append(list, map[string]string{"value": "bulkId:" + userName(m), "type": "User"})
		}
		ops = append(ops, client.Operation{Method: "POST", Path: "/Groups", BulkID: groupName(i), Data: map[string]any{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": groupName(i), "members": list,
		}})
	}
	for i := range users {
		data := map[string]any{
			"schemas":  []string{"urn:ietf:params:scim:schemas:core:2.0:User", enterprise},
			"userName": userName(i), "userType": "user", "active": true, "displayName": fmt.Sprintf("User %d", i),
			"name": map[string]string{"givenName": "User", "familyName": fmt.Sprint(i)},
		}
		if i > 0 {
			data[enterprise] = map[string]any{"manager": map[string]string{"value": "bulkId:" + userName(manager(i))}}
		}
		ops = append(ops, client.Operation{Method: "POST", Path: "/Users", BulkID: userName(i), Data: data})
	}
	results, err := c.Do(ctx, ops...)
	if err := errors.Join(err, client.JoinErrors(results)); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, r := range results {
		ids[r.Operation.BulkID] = r.Location.ID
	}
	return ids, nil
}

// resource is a user or a group in an answer of a server.
type resource struct {
	ID          string `json:"id"`
	UserName    string `json:"userName"`
	DisplayName string `json:"displayName"`
	Members     []struct {
		Value string `json:"value"`
	} `json:"members"`
	Enterprise struct {
		Manager struct {
			Value string `json:"value"`
		} `json:"manager"`
	} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

// compare reads the organization back without our client.
func compare(ctx context.Context, server string, ids map[string]string) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	people, err := list(ctx, server, "Users")
	if err != nil {
		return err
	}
	teams, err := list(ctx, server, "Groups")
	if err != nil {
		return err
	}
	if len(people) != users || len(teams) != groups {
		wrong("there are %d users and %d groups", len(people), len(teams))
	}
	byName := map[string]resource{}
	for _, r := range people {
		byName[r.UserName] = r
	}
	for _, r := range teams {
		byName[r.DisplayName] = r
	}
	for i := range users {
		want := ""
		if i > 0 {
			want = ids[userName(manager(i))]
		}
		if got := byName[userName(i)]; got.ID == "" || got.ID != ids[userName(i)] || got.Enterprise.Manager.Value != want {
			wrong("user %d has the id %q and the manager %q, expected %q and %q", i, got.ID, got.Enterprise.Manager.Value, ids[userName(i)], want)
		}
	}
	for i := range groups {
		var got, want []string
		for _, m := range byName[groupName(i)].Members {
			got = append(got, m.Value)
		}
		for _, m := range members(i) {
			want = append(want, ids[userName(m)])
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || byName[groupName(i)].ID != ids[groupName(i)] {
			wrong("group %d has %d members, expected %d", i, len(got), len(want))
		}
	}
	return errors.Join(errs[:min(len(errs), 10)]...)
}

// list reads all resources of a type, page by page.
func list(ctx context.Context, server, collection string) (all []resource, err error) {
	for {
		query := url.Values{"startIndex": {fmt.Sprint(len(all) + 1)}, "count": {"100"}}
		target := strings.TrimSuffix(server, "/") + "/identity/scim/" + orgID + "/v2/" + collection + "?" + query.Encode()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		var page struct {
			TotalResults int        `json:"totalResults"`
			Resources    []resource `json:"Resources"`
		}
		err = json.NewDecoder(resp.Body).Decode(&page)
		resp.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", collection, resp.Status, err)
		}
		all = append(all, page.Resources...)
		if len(all) >= page.TotalResults || len(page.Resources) == 0 {
			return all, nil
		}
	}
}
