package client_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// Of two creates that stand for one new group, one makes it, however late it
// shows; one more after the group was deleted makes it again.
func TestEqualNewGroups(t *testing.T) {
	for _, existing := range []client.Existing{client.ExistingSkip, client.ExistingUpdate} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{ReadLag: time.Minute})
			j := newMemoryJournal()
			ops := []client.Operation{group("Board", ""), group("Team", ""), {Method: "POST", Path: "/Groups", BulkID: "again", Data: group("board", "").Data}}
			for round := range 2 {
				job := &client.Job{Existing: existing, Journal: j}
				results, err := newClient(t, s, nil).DoJob(t.Context(), job, ops...)
				if err != nil || results[0].Err != nil || results[1].Err != nil || !errors.Is(results[2].Err, client.ErrTaken) {
					t.Errorf("round %d: %v %v", round, err, results)
				}
			}
			if _, groups := s.Count(); groups != 2 {
				t.Errorf("%d groups", groups)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		again := group("Board", "")
		again.BulkID = "again"
		job := &client.Job{Existing: client.ExistingUpdate, Ordered: true}
		results, err := newClient(t, s, nil).DoJob(t.Context(), job, group("Board", ""), remove("/Users/none"), client.Groups.Delete(client.Ref("Board")), again)
		if err != nil || results[3].Outcome != client.Succeeded {
			t.Error(err, results)
		}
	})
}
