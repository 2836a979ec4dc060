package reconcile_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/scimfilter"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/reconcile"
	"github.com/webexscim/bulk/webextest"
)

// TestGroupLaws: random groups and sheets of groups, with and without faults,
// lag and runs that are cut short. When no more faults happen, the groups in
// scope are as the sheet says, one more sync sends no Bulk request, no group
// out of scope or protected was touched, and no more groups and members were
// removed than may be.
func TestGroupLaws(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var failure any
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			defer func() { failure = recover() }()
			w := drawGroups(r, filepath.Join(dir, "j"))
			w.sync(t.Context(), r)
			w.checkGroups(r)
			w.checkRows(r)
		})
		if failure != nil {
			panic(failure)
		}
	})
}

// groupWorld is an organization with groups, and a sheet.
type groupWorld struct {
	sim       *webextest.Simulator
	client    *client.Client
	journal   string
	faults    bool
	o         reconcile.Options
	scope     scimfilter.Filter
	rows      []reconcile.Row
	users     []string // ids
	protected map[string]bool
	before    map[string]webextest.Resource
	last      *reconcile.Difference
}

var groupNames = []string{"Sales", "Support", "Dev", "Ops", "Board"}

func drawGroups(t *rapid.T, journal string) *groupWorld {
	w := &groupWorld{journal: journal, faults: rapid.Bool().Draw(t, "faults"), protected: map[string]bool{}, before: map[string]webextest.Resource{}}
	cfg := webextest.Config{Seed: 1}
	if w.faults {
		cfg.ReadLag = rapid.SampledFrom([]time.Duration{0, 10 * time.Second}).Draw(t, "lag")
	}
	w.sim = webextest.New(cfg)
	w.client = newClient(t, w.sim)
	for i := range 5 {
		w.users = append(w.users, add(t, w.sim, map[string]any{"userName": fmt.Sprintf("u%d@example.com", i)}))
	}
	externals := rapid.Permutation([]string{"", "", "", "e1", "e2"}).Draw(t, "externalIds")
	nested := ""
	for i, name := range groupNames {
		if !rapid.Bool().Draw(t, name+" is there") {
			continue
		}
		members := w.drawMembers(t)
		if nested != "" && rapid.Bool().Draw(t, "nested") {
			members = append(members, map[string]any{"value": nested, "type": "group"})
		}
		group := map[string]any{"displayName": name, "members": members}
		if externals[i] != "" {
			group["externalId"] = externals[i]
		}
		isProtected := rapid.IntRange(0, 9).Draw(t, "protected") == 0
		if isProtected {
			group["urn:scim:schemas:extension:cisco:webexidentity:2.0:Group"] = map[string]any{"provisionSource": "AD"}
		}
		id, err := w.sim.Add("/Groups", group)
		if err != nil {
			t.Fatal(err)
		}
		nested, w.protected[id] = id, isProtected
		w.before[id], _ = w.sim.Group(id)
	}
	externals = rapid.Permutation(externals).Draw(t, "externalIds of the rows")
	for i, name := range rapid.Permutation(groupNames).Draw(t, "order") {
		if !rapid.Bool().Draw(t, "a row") {
			continue
		}
		group := map[string]any{"displayName": rapid.SampledFrom([]string{name, strings.ToUpper(name)}).Draw(t, "case")}
		if externals[i] != "" {
			group["externalId"] = externals[i]
		}
		if rapid.Bool().Draw(t, "members given") {
			group["members"] = w.drawMembers(t)
		}
		w.rows = append(w.rows, reconcile.Row{Line: i + 2, Operation: client.Operation{Method: "POST", Path: "/Groups", BulkID: fmt.Sprintf("row-%d", i), Data: encode(group)}})
	}
	w.o = reconcile.Options{
		Scope:   rapid.SampledFrom([]string{"", `displayName sw "s"`, `not (externalId eq "e1")`}).Draw(t, "scope"),
		Leavers: rapid.SampledFrom([]reconcile.Leavers{"", reconcile.DeleteLeavers}).Draw(t, "leavers"),
		AddOnly: rapid.Bool().Draw(t, "add only"),
	}
	w.o.MaxRemovals.Number = new(rapid.SampledFrom([]int{0, 1, 3, 100}).Draw(t, "most"))
	w.scope, _ = scimfilter.Parse(w.o.Scope)
	return w
}

func (w *groupWorld) drawMembers(t *rapid.T) []any {
	list := []any{}
	for _, id := range w.users {
		if rapid.Bool().Draw(t, "a member") {
			list = append(list, map[string]any{"value": id, "type": "user"})
		}
	}
	return list
}

// sync repeats the sync, as an administrator does, until there is nothing to
// do.
func (w *groupWorld) sync(ctx context.Context, t *rapid.T) {
	for round := 0; ; round++ {
		if round == 10 {
			t.Fatalf("no end: %s", summary(w.last))
		}
		org, err := reconcile.Read(ctx, w.client, reconcile.Groups, nil)
		if err != nil {
			t.Fatal(err)
		}
		w.last, err = reconcile.Compare(w.rows, org, w.o)
		if _, over := errors.AsType[*reconcile.RemovalsError](err); over {
			return
		}
		if err != nil && strings.Contains(err.Error(), "scope: none") {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(w.last.Actions) == 0 {
			return
		}
		if round > 0 && !w.faults {
			t.Fatalf("something is to be done after a run without faults: %s", summary(w.last))
		}
		w.runOnce(ctx, t, w.faults && round < 3)
		time.Sleep(4 * time.Second)
	}
}

func (w *groupWorld) runOnce(ctx context.Context, t *rapid.T, faulty bool) {
	stop := -1
	if faulty {
		w.sim.Script(rapid.SliceOfN(rapid.SampledFrom([]*webextest.Fault{nil, webextest.Refuse(429, "0"), webextest.CutAt(webextest.AfterWork),
			webextest.CutAt(webextest.BeforeWork), webextest.AnswerPage()}), 0, 3).Draw(t, "what goes wrong")...)
		if rapid.Bool().Draw(t, "stops") {
			stop = rapid.IntRange(1, 3).Draw(t, "after")
		}
	}
	defer w.sim.DropScript()
	job := &client.Job{}
	if w.faults {
		j, err := journal.Open(w.journal)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		job.Journal = j
	}
	n := 0
	for res, err := range w.last.Run(ctx, w.client, job) {
		if err != nil {
			return
		}
		if res.Err != nil && !w.faults {
			t.Fatalf("%v %v: %v", res.Action.Kind, res.Action.Name, res.Err)
		}
		if n++; n == stop {
			return
		}
	}
}

// memberIDs are the ids of the members of a type.
func memberIDs(group webextest.Resource, kind string) (ids []string) {
	list, _ := group["members"].([]any)
	for _, m := range list {
		if m := m.(map[string]any); m["type"] == kind {
			ids = append(ids, m["value"].(string))
		}
	}
	slices.Sort(ids)
	return ids
}

// checkGroups holds that of the groups that were there only those that may be
// are touched.
func (w *groupWorld) checkGroups(t *rapid.T) {
	removed, members := 0, 0
	for id, was := range w.before {
		is, there := w.sim.Group(id)
		if (w.protected[id] || !w.scope.Match(encode(was))) && string(withoutMeta(is)) != string(withoutMeta(was)) {
			t.Fatalf("touched, though out of scope or protected:\n%s\n%s", encode(was), encode(is))
		}
		if !there {
			removed++
			continue
		}
		for _, m := range memberIDs(was, "user") {
			if !slices.Contains(memberIDs(is, "user"), m) {
				members++
			}
		}
	}
	most := *w.o.MaxRemovals.Number
	if w.o.Leavers == "" {
		most = 0
	}
	if removed > most {
		t.Fatalf("%d groups removed, %d may be", removed, most)
	}
	if most = *w.o.MaxRemovals.Number; w.o.AddOnly {
		most = 0
	}
	if members > most {
		t.Fatalf("%d members removed, %d may be", members, most)
	}
}

// withoutMeta leaves out what changes by itself: also members that are groups,
// which may be deleted.
func withoutMeta(group webextest.Resource) []byte {
	return encode([]any{group["displayName"], group["externalId"], memberIDs(group, "user")})
}

// checkRows holds that each row has one group, which is as it says.
func (w *groupWorld) checkRows(t *rapid.T) {
	if w.last == nil || len(w.last.Actions) > 0 {
		return // a guard has stopped it
	}
	left := map[int]bool{}
	for _, l := range w.last.Left {
		left[l.Line] = true
	}
	for _, row := range w.rows {
		if left[row.Line] {
			continue
		}
		var want webextest.Resource
		decode(row.Operation.Data.(json.RawMessage), &want)
		groups := w.sim.GroupsByName(want["displayName"].(string))
		if len(groups) != 1 {
			t.Fatalf("line %d: %d groups for %s", row.Line, len(groups), row.Operation.Data)
		}
		is := groups[0]
		if want["externalId"] != nil && is["externalId"] != want["externalId"] || !strings.EqualFold(is["displayName"].(string), want["displayName"].(string)) {
			t.Fatalf("line %d: %s, want %s", row.Line, encode(is), row.Operation.Data)
		}
		was := w.before[is.ID()]
		had, have, wanted := memberIDs(was, "user"), memberIDs(is, "user"), memberIDs(want, "user")
		if want["members"] == nil || w.o.AddOnly {
			wanted = slices.Compact(slices.Sorted(slices.Values(slices.Concat(had, wanted))))
		}
		if !slices.Equal(have, wanted) {
			t.Fatalf("line %d: members %v, want %v", row.Line, have, wanted)
		}
		for _, id := range memberIDs(was, "group") {
			if _, there := w.sim.Group(id); there && !slices.Contains(memberIDs(is, "group"), id) {
				t.Fatalf("line %d: a group was removed from the members", row.Line)
			}
		}
	}
	if err := w.sim.Check(); err != nil {
		t.Fatal(err)
	}
}

// Two groups of one name are two if their externalIds say so; two rows of one
// group are refused by line, and no group gets a name that another one has.
func TestGroupsOfOneNameDifferByExternalID(t *testing.T) {
	named := func(line int, name, externalID string) reconcile.Row {
		group := map[string]any{"displayName": name}
		if externalID != "" {
			group["externalId"] = externalID
		}
		return reconcile.Row{Line: line, Operation: client.Operation{Method: "POST", Path: "/Groups", BulkID: fmt.Sprint(line), Data: encode(group)}}
	}
	org := func(groups ...string) *reconcile.Organization {
		o := &reconcile.Organization{Type: reconcile.Groups}
		for i, text := range groups {
			name, externalID, _ := strings.Cut(text, " ")
			o.Resources = append(o.Resources, client.Resource{Type: "Groups", ID: fmt.Sprintf("id-%d", i), Name: name, ExternalID: externalID,
				Data: encode(map[string]any{"displayName": name, "externalId": externalID})})
		}
		return o
	}
	for _, test := range []struct {
		name string
		org  *reconcile.Organization
		rows []reconcile.Row
		want string
	}{
		{"twins are there", org("Sales e1", "Sales e2", "Sales"), []reconcile.Row{named(2, "Sales", "e1"), named(3, "sales", "e2"), named(4, "Sales", "")}, ""},
		{"twins are new", org(), []reconcile.Row{named(2, "Sales", "e1"), named(3, "Sales", "e2")}, "create Sales\ncreate Sales"},
		{"one group twice", org(), []reconcile.Row{named(2, "Sales", ""), named(3, "SALES", "")}, "line 3: the name is that of line 2 too"},
		{"one externalId twice", org(), []reconcile.Row{named(2, "Sales", "e1"), named(3, "Sales", "e1")}, "line 3: the name is that of line 2 too\nline 3: the externalId is that of line 2 too"},
		{"a twin in no row", org("Sales e1", "Sales e2", "Ops"), []reconcile.Row{named(2, "Sales", "e1")}, "delete Ops\nleft Sales: it has the name of line 2, which means another one"},
		{"a name that is there", org("Sales e1", "Ops"), []reconcile.Row{named(2, "Ops", "e1")}, "left! Ops: its name belongs to another one, who is in no row\nheld: it is in doubt whom 1 of the rows mean"},
		{"a name that is freed", org("Sales e1"), []reconcile.Row{named(2, "Sales", "e2"), named(3, "Ops", "e1")}, `change Ops displayName:"Sales"->"Ops"` + "\ncreate Sales"},
	} {
		d, err := reconcile.Compare(test.rows, test.org, reconcile.Options{Leavers: reconcile.DeleteLeavers, MaxRemovals: anybody})
		got := fmt.Sprint(err)
		if err == nil {
			got = summary(d)
		}
		if got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}
