package client_test

import (
	"testing"
	"testing/synctest"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// What a request sends once more carries what is left of its share of the
// budget, not all of it again.
func TestShareIsSpentOnce(t *testing.T) {
	sc := scenario{job: client.Job{FailOnErrors: 3}, script: []*webextest.Fault{webextest.RefuseItems(429, "u1")}}
	sc.prepare = func(t *testing.T, s *webextest.Simulator) {
		seedEveryThird(1)(t, s) // u0
		for _, name := range []string{"u3", "u4", "u5", "u6", "u7"} {
			add(t, s, name)
		}
	}
	sc.config = func(c *client.Config) { c.Concurrency = 1 }
	sc.run(t, users(20), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if n := outcomes(results); n[client.Failed] != 3 || refusals(s, 0) != 3 {
			t.Errorf("%v, the service failed %d", n, refusals(s, 0))
		}
	})
}

// A bulkId that we assign is never one that an operation of the same request
// refers to: a text that looks like a reference stays a text.
func TestAssignedNamesMeanNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		results, err := newClient(t, s, nil).Do(t.Context(), create("ann", `"title":"bulkId:op-1"`), create("", `"title":"bulkId:op-0"`))
		if err != nil || requests(s) != 1 {
			t.Fatalf("%v, %d requests", err, requests(s))
		}
		for i, title := range []string{"bulkId:op-1", "bulkId:op-0"} {
			if u, _ := s.User(results[i].Location.ID); u["title"] != title {
				t.Errorf("the title is %v", u["title"])
			}
		}
	})
}
