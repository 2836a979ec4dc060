package client_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// A location of another organization names nobody that a job may touch, not in
// the run that reads it nor in a later one that finds it in the journal.
func TestForeignLocationIsNeverUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		victim, lies := "", true
		s := webextest.New(webextest.Config{ReadLag: time.Minute, Shape: webextest.EachItem(func(i *webextest.Item) {
			if lies {
				i.Location = "https://webexapis.com/identity/scim/11111111-2222-3333-4444-555555555555/v2/Users/" + victim
			}
		})})
		victim = add(t, s, "victim")
		time.Sleep(time.Hour)
		j := newMemoryJournal()
		results, err := resumed(t, s, j, nil, create("a"))
		if results[0].Outcome != client.Succeeded || results[0].Location.ID != "" || err != nil {
			t.Errorf("%v at %v, %v", results[0], results[0].Location, err)
		}
		lies = false
		time.Sleep(time.Hour)
		results, err = resumed(t, s, j, nil, create("a"), remove("/Users/bulkId:a"))
		if _, there := s.User(victim); !there || results[1].Outcome == client.Succeeded && results[1].Attempts == 0 {
			t.Errorf("the victim is there: %v; %v, %v", there, results, err)
		}
	})
}
