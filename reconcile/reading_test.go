package reconcile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/reconcile"
	"github.com/webexscim/bulk/webextest"
)

// between does something before each request for a page of users, and may
// change the answer.
type between struct {
	next   http.RoundTripper
	before func(page int)
	change func(page int, body []byte) []byte
	pages  int
}

func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet || r.URL.Query().Get("startIndex") == "" {
		return b.next.RoundTrip(r)
	}
	b.pages++
	if b.before != nil {
		b.before(b.pages)
	}
	resp, err := b.next.RoundTrip(r)
	if err != nil || b.change == nil {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	body = b.change(b.pages, body)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Del("Content-Length")
	return resp, nil
}

func clientBetween(t *testing.T, s *webextest.Simulator, b *between) *client.Client {
	b.next = s.Client().Transport
	c, err := client.New(client.Config{OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), HTTPClient: &http.Client{Transport: b}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// While the organization is read, people are renamed, created and deleted: rows
// are skipped or seen twice at the edges of pages. Nobody of the sheet is
// removed or is there twice, and the same sync again ends equal to the sheet.
func TestReadingWhilePeopleChange(t *testing.T) {
	met, seeds := 0, uint64(20)
	if raced.On {
		seeds /= 5
	}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) { met += readUnderChange(t, seed) })
	}
	if uint64(met) < 5*seeds {
		t.Errorf("%d changes between pages prove little", met)
	}
}

func readUnderChange(t *testing.T, seed uint64) (met int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	s := webextest.New(webextest.Config{Seed: int64(seed), PageSize: 4})
	other := newClient(t, s)
	var ids, leavers []string
	var rows []reconcile.Row
	for i := range 30 {
		user := map[string]any{"userName": fmt.Sprintf("u%d@example.com", i), "externalId": fmt.Sprintf("e%d", i)}
		if i < 24 {
			rows = append(rows, rowOf(i+2, map[string]any{"userName": user["userName"], "externalId": user["externalId"], "title": "Engineer"}))
		}
		if i >= 20 && i < 24 {
			continue // new
		}
		if id := add(t, s, user); i < 24 {
			ids = append(ids, id)
		} else {
			leavers = append(leavers, id)
		}
	}
	do := func(op client.Operation) {
		if _, err := other.Do(t.Context(), op); err != nil {
			t.Error(err)
		}
	}
	quiet := false
	b := &between{before: func(int) {
		time.Sleep(time.Second)
		if quiet {
			return
		}
		met++
		switch n := rng.IntN(5); {
		case n == 0: // renamed by somebody, and to be given the name of the sheet again
			do(client.Users.Patch(ids[rng.IntN(len(ids))], client.Replace("userName", fmt.Sprintf("renamed%d@example.com", met))))
		case n == 1 && len(leavers) > 0:
			do(client.Users.Delete(leavers[0]))
			leavers = leavers[1:]
		case n == 2: // somebody else creates who is in the sheet
			i := 20 + rng.IntN(4)
			do(client.Operation{Method: "POST", Path: "/Users", Data: encode(map[string]any{"schemas": []string{client.SchemaUser},
				"userName": fmt.Sprintf("u%d@example.com", i), "externalId": fmt.Sprintf("e%d", i)})})
		default:
			add(t, s, map[string]any{"userName": fmt.Sprintf("stranger%d-%d@example.com", seed, met)})
		}
	}}
	c := clientBetween(t, s, b)
	o := reconcile.Options{Leavers: reconcile.DeleteLeavers, MaxRemovals: anybody}
	for round := 0; ; round++ {
		quiet = round >= 2
		org, err := reconcile.Read(t.Context(), c, reconcile.Users, nil)
		if err != nil {
			if quiet {
				t.Fatal(err)
			}
			continue // a list that is not whole is none
		}
		d, err := reconcile.Compare(rows, org, o)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Actions) == 0 && quiet {
			break
		}
		if round == 6 {
			t.Fatalf("seed %d: no end: %s", seed, summary(d))
		}
		for _, err := range d.Run(t.Context(), c, &client.Job{}) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	byExternalID := map[any]int{}
	for _, u := range s.Users() {
		byExternalID[u["externalId"]]++
	}
	for _, row := range rows {
		var want webextest.Resource
		decode(row.Operation.Data.(json.RawMessage), &want)
		u, _ := s.UserByName(want["userName"].(string))
		if byExternalID[want["externalId"]] != 1 || u["externalId"] != want["externalId"] || u["title"] != "Engineer" {
			t.Errorf("seed %d: %s: %v, %d times", seed, row.Operation.Data, u, byExternalID[want["externalId"]])
		}
	}
	for i, id := range ids {
		if _, ok := s.User(id); !ok {
			t.Errorf("seed %d: u%d was removed", seed, i)
		}
	}
	if users, _ := s.Count(); users != len(rows) {
		t.Errorf("seed %d: %d users", seed, users)
	}
	return met
}

// A page that lacks somebody, or that fails, is no organization: nothing is
// compared.
func TestIncompletePageIsRefused(t *testing.T) {
	for name, change := range map[string]func(int, []byte) []byte{
		"one is missing": func(page int, body []byte) []byte {
			var list map[string]any
			decode(body, &list)
			if resources := list["Resources"].([]any); page == 2 {
				list["Resources"] = resources[:len(resources)-1]
			}
			return encode(list)
		},
		"an empty page": func(page int, body []byte) []byte {
			if page < 3 {
				return body
			}
			return []byte(`{"Resources":[],"totalResults":20}`)
		},
		"cut off": func(page int, body []byte) []byte { return body[:len(body)/2] },
		"a page of HTML": func(page int, body []byte) []byte {
			if page < 3 {
				return body
			}
			return []byte("<html>Sign in</html>")
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Seed: 1, PageSize: 5})
			for i := range 20 {
				add(t, s, map[string]any{"userName": fmt.Sprintf("u%d@example.com", i)})
			}
			org, err := reconcile.Read(t.Context(), clientBetween(t, s, &between{change: change}), reconcile.Users, nil)
			if name == "one is missing" && err == nil && len(org.Resources) == 20 {
				return // it was found by reading once more
			}
			if err == nil || org != nil || !strings.HasPrefix(err.Error(), "reading users: ") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// The members of groups are read several groups at once. A group that is
// deleted meanwhile is left out; a failure, or a canceled reading, is no
// organization.
func TestMembersOfGroupsAreReadAtOnce(t *testing.T) {
	for _, test := range []string{"quiet", "deleted", "failing", "canceled"} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Seed: 1, Latency: 100 * time.Millisecond})
			user := add(t, s, map[string]any{"userName": "ada@example.com"})
			const n = 40
			var ids []string
			for i := range n {
				id, err := s.Add("/Groups", map[string]any{"displayName": fmt.Sprintf("Group %d", i), "members": []any{map[string]any{"value": user, "type": "user"}}})
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, id)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			seen, began := 0, time.Now()
			org, err := reconcile.Read(ctx, newClient(t, s), reconcile.Groups, func(k int) {
				switch seen++; {
				case seen != 10 || k != 10:
				case test == "deleted":
					if res, err := newClient(t, s).Do(t.Context(), client.Groups.Delete(ids[n-1])); err != nil || res[0].Err != nil {
						t.Error(err, res)
					}
				case test == "failing":
					for range 100 {
						s.ScriptSearches(webextest.Refuse(400, ""))
					}
				case test == "canceled":
					cancel()
				}
			})
			switch test {
			case "failing", "canceled":
				if err == nil || org != nil || test == "canceled" && !errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v", test, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); test == "quiet" && took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
			want := n
			if test == "deleted" && !slices.ContainsFunc(org.Resources, func(r client.Resource) bool { return r.ID == ids[n-1] }) {
				want--
			}
			if len(org.Resources) != want || len(org.Members) != want || len(org.Members[ids[0]]) != 1 {
				t.Errorf("%s: %d groups, members of %d", test, len(org.Resources), len(org.Members))
			}
		})
	}
}
