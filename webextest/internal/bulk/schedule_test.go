package bulk

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	_ "github.com/webexscim/bulk/internal/raced" // fewer random checks under the race detector
	"github.com/webexscim/bulk/webextest/internal/contract"
)

// Every operation is scheduled once, after the operations that it refers to or
// in one group with them, operations on one resource in order, and requests
// without forward references unchanged.
func TestScheduleKeepsDependenciesAndOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		req := &contract.Request{Posts: make(map[string]int)}
		for i := range n {
			o := &contract.Operation{Method: "POST", BulkID: fmt.Sprint(i)}
			for range rapid.IntRange(0, 3).Draw(t, "refs") {
				o.Refs = append(o.Refs, fmt.Sprint(rapid.IntRange(0, n).Draw(t, "ref")))
			}
			if rapid.Bool().Draw(t, "patch") {
				o.Method, o.ID = "PATCH", fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "id"))
			} else {
				req.Posts[o.BulkID] = i
			}
			req.Operations = append(req.Operations, o)
		}
		place := make(map[int]int)
		for at, group := range schedule(req) {
			for _, i := range group {
				if _, twice := place[i]; twice {
					t.Fatalf("%d is done twice", i)
				}
				place[i] = at
				if len(group) > 1 && req.Operations[i].Method != "POST" {
					t.Fatalf("%d is in a cycle and creates nothing", i)
				}
			}
		}
		if len(place) != n {
			t.Fatalf("%d of %d are done", len(place), n)
		}
		for i, o := range req.Operations {
			for _, name := range o.Refs {
				if j, ok := req.Posts[name]; ok && place[j] > place[i] {
					t.Fatalf("%d is done before %d, which it needs", i, j)
				}
			}
			for j := range i {
				if o.ID != "" && req.Operations[j].ID == o.ID && place[j] > place[i] {
					t.Fatalf("%d and %d on one resource change places", j, i)
				}
			}
		}
	})
}
