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
