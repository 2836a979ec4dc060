package client_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// people is an organisation as the test knows it: who manages whom, who is a member of what. Its operations are in an
// order of their own.
type people struct {
	manager []int   // of each user; -1: none
	members [][]int // of each group
	order   []int   // the users, and then the groups, in the order of the input
}

// newPeople makes users of whom each manages about eight, and groups of 5 to 150 of them, in an order that puts some before
// their managers and some behind. The first two manage each other.
func newPeople(users, groups int, rng *rand.Rand) people {
	p := people{manager: make([]int, users), members: make([][]int, groups), order: rng.Perm(users + groups)}
	p.manager[0] = 1
	for i := 1; i < users; i++ {
		p.manager[i] = (i - 1) / 8
	}
	for g := range p.members {
		p.members[g] = rng.Perm(users)[:5+rng.IntN(146)]
	}
	return p
}

// operations are the creates, in order.
func (p people) operations() []client.Operation {
	ops := make([]client.Operation, len(p.order))
	for at, i := range p.order {
		if i < len(p.manager) {
			ops[at] = create(fmt.Sprintf("u%d", i), manager(fmt.Sprintf("u%d", p.manager[i])))
			continue
		}
		g := i - len(p.manager)
		var members []string
		for _, m := range p.members[g] {
			members = append(members, fmt.Sprintf(`{"value":"bulkId:u%d"}`, m))
		}
		ops[at] = client.Operation{Method: "POST", Path: "/Groups", BulkID: fmt.Sprintf("g%d", g), Data: json.RawMessage(
			fmt.Sprintf(`{"schemas":[%q],"displayName":"Group %d","members":[%s]}`, client.SchemaGroup, g, strings.Join(members, ",")))}
	}
	return ops
}

// verify compares what the service holds with what was meant, member by member.
func (p people) verify(t *testing.T, s *webextest.Simulator, results []client.Result) {
	t.Helper()
	ids := make([]string, len(p.order))
	for at, i := range p.order {
		if ids[i] = results[at].Location.ID; results[at].Err != nil {
			t.Fatalf("operation %d: %v", at, results[at].Err)
		}
	}
	for i, boss := range p.manager {
		u, ok := s.User(ids[i])
		if !ok || u.UserName() != fmt.Sprintf("u%d@example.com", i) || u.Manager() != ids[boss] {
			t.Fatalf("user %d: %v, expected the manager %s", i, u, ids[boss])
		}
	}
	for g, members := range p.members {
		group, _ := s.Group(ids[len(p.manager)+g])
		got := slices.Sorted(slices.Values(group.Members()))
		var want []string
		for _, m := range members {
			want = append(want, ids[m])
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("group %d has %d members, expected %d", g, len(got), len(want))
		}
	}
	if users, groups := s.Count(); users != len(p.manager) || groups != len(p.members) {
		t.Errorf("%d users and %d groups", users, groups)
	}
	once(t, s)
}

// TestOrganisation creates an organisation in whatever order: every manager and every membership is as it was meant, and
// the requests are hardly more than without a reference.
func TestOrganisation(t *testing.T) {
	concurrencies := []int{4}
	if *full {
		concurrencies = []int{1, 4, 16}
	}
	for _, concurrency := range concurrencies {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(*seed), 3))
			p := newPeople(10_000, 300, rng)
			s := webextest.New(webextest.Config{Latency: 250 * time.Millisecond})
			c := newClient(t, s, func(c *client.Config) { c.Concurrency = concurrency })
			began := time.Now()
			results, err := c.Do(t.Context(), p.operations()...)
			if err != nil {
				t.Fatal(err)
			}
			p.verify(t, s, results)
			n, least := requests(s), (len(p.order)+99)/100
			t.Logf("concurrency %d: %d requests, %d without references; %v", concurrency, n, least, time.Since(began))
			if 10*n > 11*least {
				t.Error("too many requests")
			}
		})
	}
}
