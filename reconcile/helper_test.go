package reconcile_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/reconcile"
	"github.com/webexscim/bulk/webextest"
)

func newClient(t interface{ Fatal(...any) }, s *webextest.Simulator) *client.Client {
	c, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), HTTPClient: s.Client(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// add puts a user into the service, as an administrator would, and returns the
// id.
func add(t interface{ Fatal(...any) }, s *webextest.Simulator, user map[string]any) string {
	id, err := s.Add("/Users", user)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// rowOf makes a row of a user.
func rowOf(line int, data map[string]any) reconcile.Row {
	op := client.Operation{Method: "POST", Path: "/Users", BulkID: fmt.Sprintf("row-%d", line), Data: encode(data)}
	return reconcile.Row{Line: line, Operation: op}
}

// groupRow makes a row of a group with members by id.
func groupRow(line int, name string, members ...string) reconcile.Row {
	data := map[string]any{"displayName": name}
	if len(members) > 0 {
		var list []any
		for _, m := range members {
			list = append(list, map[string]any{"value": m, "type": "user"})
		}
		data["members"] = list
	}
	op := client.Operation{Method: "POST", Path: "/Groups", BulkID: "row-" + name, Data: encode(data)}
	return reconcile.Row{Line: line, Operation: op}
}

// read reads the organization.
func read(t *testing.T, c *client.Client, kind string) *reconcile.Organization {
	t.Helper()
	org, err := reconcile.Read(t.Context(), c, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	return org
}

// without is an organization as a list shows it that lags behind.
func without(org *reconcile.Organization, names ...string) *reconcile.Organization {
	org.Resources = slices.DeleteFunc(org.Resources, func(r client.Resource) bool { return slices.Contains(names, r.Name) })
	return org
}

// runWith runs a difference with the journal at path, and returns the results
// by name.
func runWith(t *testing.T, c *client.Client, d *reconcile.Difference, path string) map[string]client.Result {
	t.Helper()
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	results := map[string]client.Result{}
	for res, err := range d.Run(t.Context(), c, &client.Job{Journal: j}) {
		if err != nil {
			t.Fatal(err)
		}
		results[res.Action.Name] = res.Result
	}
	return results
}

// anybody may be removed: of a few users, the default lets nobody go.
var anybody = reconcile.Limit{Percent: new(100.0)}

// compareWith reads the organization and compares it with rows.
func compareWith(t *testing.T, c *client.Client, kind string, rows []reconcile.Row, o reconcile.Options) *reconcile.Difference {
	t.Helper()
	d, err := reconcile.Compare(rows, read(t, c, kind), o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// org makes an organization of users, each as `name` and more attributes, with
// the ids id-0, id-1 and so on.
func org(users ...string) *reconcile.Organization {
	o := &reconcile.Organization{Type: reconcile.Users, Me: "me"}
	for i, text := range users {
		name, more, _ := strings.Cut(text, " ")
		var data map[string]json.RawMessage
		raw := fmt.Sprintf(`{"id":"id-%d","userName":"%s@example.com"%s}`, i, name, more)
		if err := json.Unmarshal([]byte(raw), &data); err != nil {
			panic(raw)
		}
		var external string
		_ = json.Unmarshal(data["externalId"], &external)
		o.Resources = append(o.Resources, client.Resource{
			Type: "Users", ID: fmt.Sprintf("id-%d", i), Name: name + "@example.com", ExternalID: external, Data: json.RawMessage(raw),
		})
	}
	return o
}

// rows makes rows of users, written as for org.
func rows(users ...string) (all []reconcile.Row) {
	for i, text := range users {
		name, more, _ := strings.Cut(text, " ")
		data := json.RawMessage(fmt.Sprintf(`{"userName":"%s@example.com"%s}`, name, more))
		op := client.Operation{Method: "POST", Path: "/Users", BulkID: "b-" + name, Data: data}
		all = append(all, reconcile.Row{Line: i + 2, Operation: op})
	}
	return all
}

// summary is a Difference in short.
func summary(d *reconcile.Difference) string {
	var parts []string
	for _, a := range d.Actions {
		text := fmt.Sprintf("%s %s", a.Kind, strings.TrimSuffix(a.Name, "@example.com"))
		for _, c := range a.Differences {
			if a.Kind == reconcile.Change {
				text += fmt.Sprintf(" %s:%s->%s", c.Path, c.Old, c.New)
			}
		}
		parts = append(parts, text)
	}
	for _, l := range d.Left {
		mark := ""
		if l.Doubt {
			mark = "!"
		}
		parts = append(parts, fmt.Sprintf("left%s %s: %s", mark, strings.TrimSuffix(l.Name, "@example.com"), l.Reason))
	}
	for _, r := range d.Leavers {
		parts = append(parts, "leaver "+strings.TrimSuffix(r.Name, "@example.com"))
	}
	for _, h := range d.Held {
		parts = append(parts, "held: "+h)
	}
	return strings.Join(parts, "\n")
}
