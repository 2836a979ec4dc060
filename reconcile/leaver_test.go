package reconcile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/reconcile"
	"github.com/webexscim/bulk/webextest"
)

// TestChangedLeaverIsNotRemoved: who changes between the reading and the
// removal is not removed; who does not is.
func TestChangedLeaverIsNotRemoved(t *testing.T) {
	for _, leavers := range []reconcile.Leavers{reconcile.DeactivateLeavers, reconcile.DeleteLeavers} {
		for _, test := range []struct {
			name, path string
			value      any
			changed    bool
		}{
			{"nothing relevant", "displayName", "Somebody", false},
			{"renamed", "userName", "new@example.com", true},
			{"another externalId", "externalId", "e-2", true},
			{"out of scope", "title", "Boss", true},
			{"a role", "roles", []any{map[string]any{"type": "cirole", "value": "id_full_admin"}}, true},
			{"no person", "userType", "room", true},
			{"activated", "active", true, leavers == reconcile.DeleteLeavers},
		} {
			t.Run(fmt.Sprintf("%s/%s", leavers, test.name), func(t *testing.T) {
				s := webextest.New(webextest.Config{Seed: 1})
				c := newClient(t, s)
				add(t, s, map[string]any{"userName": "stays@example.com", "title": "Clerk"})
				user := map[string]any{"userName": "leaver@example.com", "externalId": "e-1", "title": "Clerk"}
				if leavers == reconcile.DeleteLeavers {
					user["active"] = false
				}
				id := add(t, s, user)
				d := compareWith(t, c, reconcile.Users, []reconcile.Row{rowOf(2, map[string]any{"userName": "stays@example.com"})},
					reconcile.Options{Leavers: leavers, MaxRemovals: anybody, Scope: `title eq "Clerk"`})
				if len(d.Actions) != 1 {
					t.Fatalf("%+v", d)
				}
				done, err := c.Do(t.Context(), client.Operation{Method: "PATCH", Path: "/Users/" + id, Data: map[string]any{
					"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
					"Operations": []any{map[string]any{"op": "replace", "path": test.path, "value": test.value}}}})
				if err != nil || done[0].Err != nil {
					t.Fatal(err, done)
				}
				before, _ := s.User(id)
				was := string(encode(before))
				for res, err := range d.Run(t.Context(), c, &client.Job{}) {
					if err != nil {
						t.Fatal(err)
					}
					if errors.Is(res.Err, reconcile.ErrChanged) != test.changed || (res.Outcome == client.Succeeded) == test.changed {
						t.Errorf("%v: %v", res.Outcome, res.Err)
					}
				}
				now, there := s.User(id)
				if test.changed != (there && string(encode(now)) == was) {
					t.Errorf("there: %v\n%s\n%s", there, was, encode(now))
				}
			})
		}
	}
}

// TestChangedGroupIsNotDeleted: a group that is renamed after the reading is
// not deleted. One that is gone already counts as deleted, and nothing is sent
// for it.
func TestChangedGroupIsNotDeleted(t *testing.T) {
	for _, method := range []string{"PATCH", "DELETE"} {
		s := webextest.New(webextest.Config{Seed: 1})
		c := newClient(t, s)
		var ids []string
		for _, name := range []string{"Stays", "Leaver"} {
			id, err := s.Add("/Groups", map[string]any{"displayName": name})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		row := reconcile.Row{Line: 2, Operation: client.Operation{Method: "POST", Path: "/Groups", BulkID: "g", Data: encode(map[string]any{"displayName": "Stays"})}}
		d := compareWith(t, c, reconcile.Groups, []reconcile.Row{row}, reconcile.Options{Leavers: reconcile.DeleteLeavers, MaxRemovals: anybody})
		op := client.Operation{Method: method, Path: "/Groups/" + ids[1]}
		if method == "PATCH" {
			op.Data = map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
				"Operations": []any{map[string]any{"op": "replace", "path": "displayName", "value": "Needed"}}}
		}
		if done, err := c.Do(t.Context(), op); err != nil || done[0].Err != nil {
			t.Fatal(err, done)
		}
		bulk := s.Stats().Bulk
		n := 0
		for res, err := range d.Run(t.Context(), c, &client.Job{}) {
			if method == "DELETE" && (err != nil || res.Outcome != client.Succeeded || !res.Recovered || res.Err != nil) ||
				method == "PATCH" && (err != nil || res.Outcome != client.Failed || !errors.Is(res.Err, reconcile.ErrChanged)) {
				t.Errorf("%s: %v, %v: %v", method, err, res.Outcome, res.Err)
			}
			n++
		}
		if n != 1 || s.Stats().Bulk != bulk {
			t.Errorf("%s: %d results, %d requests", method, n, s.Stats().Bulk-bulk)
		}
	}
}

// TestUnknownOutcomeRemovesNobody: nobody is removed while it is not known
// whether a create before was done.
func TestUnknownOutcomeRemovesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Seed: 1})
		c := newClient(t, s)
		leaver := add(t, s, map[string]any{"userName": "leaver@example.com"})
		d := compareWith(t, c, reconcile.Users, []reconcile.Row{rowOf(2, map[string]any{"userName": "new@example.com"})},
			reconcile.Options{Leavers: reconcile.DeleteLeavers, MaxRemovals: anybody})
		s.Script(webextest.CutAt(webextest.AfterWork))
		for range 1000 {
			s.ScriptSearches(webextest.Refuse(500, ""))
		}
		outcomes := map[reconcile.Kind]client.Result{}
		for res, err := range d.Run(t.Context(), c, &client.Job{}) {
			if err != nil {
				t.Fatal(err)
			}
			outcomes[res.Action.Kind] = res.Result
		}
		if got := outcomes[reconcile.Create]; got.Outcome != client.Unknown {
			t.Errorf("create: %v, %v", got.Outcome, got.Err)
		}
		if got := outcomes[reconcile.Delete]; got.Outcome != client.Failed || !errors.Is(got.Err, reconcile.ErrHeld) {
			t.Errorf("delete: %v, %v", got.Outcome, got.Err)
		}
		if _, ok := s.User(leaver); !ok {
			t.Error("removed")
		}
	})
}

// TestNameIsTakenOnceItIsFree: who takes over a userName is not sent when the
// change that frees it fails.
func TestNameIsTakenOnceItIsFree(t *testing.T) {
	s := webextest.New(webextest.Config{Seed: 1, Faults: func(*webextest.Request) *webextest.Fault {
		return &webextest.Fault{RefuseItem: func(op webextest.Operation) int {
			if op.Method == "PATCH" {
				return 400
			}
			return 0
		}}
	}})
	c := newClient(t, s)
	add(t, s, map[string]any{"userName": "ada@example.com", "externalId": "e-1"})
	d := compareWith(t, c, reconcile.Users, []reconcile.Row{
		rowOf(2, map[string]any{"userName": "ada@example.com", "externalId": "e-2"}),
		rowOf(3, map[string]any{"userName": "ada.old@example.com", "externalId": "e-1"}),
	}, reconcile.Options{})
	var told []string
	for res, err := range d.Run(t.Context(), c, &client.Job{}) {
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, fmt.Sprintf("%s %v after=%v", res.Action.Kind, res.Outcome, errors.Is(res.Err, reconcile.ErrAfter)))
	}
	if got, want := strings.Join(told, "; "), "change failed after=false; create failed after=true"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if users, _ := s.Count(); users != 1 {
		t.Errorf("%d users", users)
	}
}
