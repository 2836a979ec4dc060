package client_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// What was there before the journal was begun is nobody's doing, though a run
// that was cut off may have sent its create.
func TestOldUsersAreNotAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: 10 * time.Second})
		if _, err := newClient(t, s, nil).Do(t.Context(), users(3)...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(48 * time.Hour)
		j, err := journal.Open(filepath.Join(t.TempDir(), "j"))
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		first := &client.Job{Source: client.Operations(users(6)...), Journal: j}
		for res, err := range newClient(t, s, func(c *client.Config) { c.Grace = time.Millisecond }).Run(ctx, first) {
			if err == nil && res.Outcome != client.Unknown {
				t.Errorf("%v", res)
			}
		}
		time.Sleep(time.Hour)
		results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Journal: j}, users(6)...)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			said, refused := errors.AsType[*client.ResponseError](r.Err)
			if old := i < 3; old != (refused && said.Status == 409) || !old && r.Outcome != client.Succeeded {
				t.Errorf("operation %d: %v %v", i, r.Outcome, r.Err)
			}
		}
	})
}

// Who was deleted by an earlier run is not taken for the one that was to be
// created in his place, though reads still show him.
func TestDeletedUsersAreNotAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{ReadLag: 30 * time.Second})
		old := add(t, s, "u0")
		time.Sleep(35 * time.Second)
		j := newNotes()
		if results, err := resumed(t, s, j, nil, remove("/Users/"+old)); err != nil || results[0].Err != nil {
			t.Fatal(err, results[0].Err)
		}
		s.Script(webextest.CutAt(webextest.BeforeWork))
		results, err := resumed(t, s, j, nil, remove("/Users/"+old), create("u0"))
		u, there := s.UserByName("u0@example.com")
		if r := results[1]; err != nil || r.Err != nil || r.Location.ID == old || !there || u.ID() != r.Location.ID {
			t.Errorf("%+v, %v; there is %v", r, err, u)
		}
	})
}
