package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// An organization of any size is read whole, in pages, and no request
// violates the contract.
func TestListReadsAllPages(t *testing.T) {
	s := webextest.New(webextest.Config{Owner: "u7@example.com"})
	c := newClient(t, s, nil)
	results, err := c.Do(t.Context(), users(230)...)
	if err := errors.Join(err, client.JoinErrors(results)); err != nil {
		t.Fatal(err)
	}
	var members []client.Operation
	for i := range 3 {
		members = append(members, group(fmt.Sprintf("g%d", i), ""))
	}
	if _, err := c.Do(t.Context(), members...); err != nil {
		t.Fatal(err)
	}
	names := map[string]client.Resource{}
	for res, err := range c.ListUsers(t.Context(), client.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		names[res.Name] = res
	}
	n := 0
	for _, err := range c.ListUsers(t.Context(), client.Query{Filter: `userName sw "u22"`, Attributes: "id,userName"}) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	for g, err := range c.ListGroups(t.Context(), client.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range c.ListMembers(t.Context(), g.ID) {
			t.Errorf("a member of an empty group, %v", err)
		}
	}
	me, err := c.Me(t.Context())
	if len(names) != 230 || n != 11 || err != nil || me.Name != "u7@example.com" || me.ID != names["u7@example.com"].ID {
		t.Errorf("%d users, %d that begin with u22, me %v %v", len(names), n, me, err)
	}
	again, err := c.GetUser(t.Context(), me.ID)
	if err != nil || again.Version != me.Version || fmt.Sprintf("%+v %v", again, again.Data != nil) != "Users/"+me.ID+" true" {
		t.Errorf("%v %v", again, err)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

// A service app has no user, a failing service no answer: the two are told
// apart.
func TestMeTellsNobodyFromFailure(t *testing.T) { synctest.Test(t, meOfNobody) }

func meOfNobody(t *testing.T) {
	s := webextest.New(webextest.Config{Owner: "gone@example.com"})
	if _, err := newClient(t, s, nil).Me(t.Context()); !errors.Is(err, client.ErrAbsent) {
		t.Error(err)
	}
	c := newClient(t, s, nil)
	s.SetGateway(webextest.Intercept(http.StatusInternalServerError), 0)
	if _, err := c.Me(t.Context()); err == nil || errors.Is(err, client.ErrAbsent) {
		t.Error(err)
	}
	for _, err := range c.ListMembers(t.Context(), "no-such-group") {
		if err == nil {
			t.Error("members without an error")
		}
	}
}

// What a source refuses is not sent, and what depends on it neither.
func TestOperationsRefusedByTheSourceAreNotSent(t *testing.T) {
	s := webextest.New(webextest.Config{})
	stale := errors.New("changed since")
	first := create("a")
	first.Refused = stale
	gone := remove("/Users/7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001")
	gone.Refused = stale
	results, err := newClient(t, s, nil).Do(t.Context(), first, create("b", manager("a")), gone, create("c"))
	if err != nil {
		t.Fatal(err)
	}
	if results[0].Outcome != client.Failed || !errors.Is(results[0].Err, stale) || results[1].Outcome != client.Skipped ||
		results[2].Outcome != client.Failed || !errors.Is(results[2].Err, stale) || results[3].Outcome != client.Succeeded {
		t.Errorf("%v", results)
	}
	if users, _ := s.Count(); users != 1 {
		t.Errorf("%d users", users)
	}
}
