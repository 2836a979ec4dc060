package reconcile_test

import (
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/reconcile"
	"github.com/webexscim/bulk/webextest"
)

var people = flag.Int("reconcile.people", 2000, "people in TestTenThousandPeopleTakeSeconds; the long form is 10000")

// Ten thousand people are made, changed and found as they should be in seconds.
func TestTenThousandPeopleTakeSeconds(t *testing.T) {
	n := *people
	if raced.On {
		n /= 4
	}
	s := webextest.New(webextest.Config{Owner: "admin@example.com", DiscardLedger: true})
	add(t, s, map[string]any{"userName": "admin@example.com"})
	c := newClient(t, s)
	began := time.Now()
	for round, title := range []string{"Engineer", "Analyst", "Analyst"} {
		var rows []reconcile.Row
		for i := range n {
			user := map[string]any{"userName": fmt.Sprintf("p%d@example.com", i), "title": title}
			if i > 0 {
				user[enterprise] = map[string]any{"manager": map[string]any{"value": client.Ref(fmt.Sprintf("row-%d", i/10))}}
			}
			rows = append(rows, rowOf(i, user))
		}
		org, err := reconcile.Read(t.Context(), c, reconcile.Users, nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := reconcile.Compare(rows, org, reconcile.Options{Leavers: reconcile.DeleteLeavers})
		if err != nil {
			t.Fatal(err)
		}
		if want := []int{n, n, 0}[round]; len(d.Actions) != want {
			t.Fatalf("round %d: %d actions, want %d", round, len(d.Actions), want)
		}
		for res, err := range d.Run(t.Context(), c, &client.Job{}) {
			if err := errors.Join(err, res.Err); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("round %d: %v so far", round, time.Since(began).Round(time.Millisecond))
	}
	if users, _ := s.Count(); users != n+1 {
		t.Errorf("%d users", users)
	}
}
