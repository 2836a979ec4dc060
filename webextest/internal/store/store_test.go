package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	_ "github.com/webexscim/bulk/internal/raced" // fewer random checks under the race detector
	"github.com/webexscim/bulk/webextest/internal/scim"
)

// told describes a collection by its indexes: in order, and by id and name.
func told(t rapid.TB, s *Collection) string {
	var list []string
	for _, r := range s.All() {
		if s.Get(r.ID) != r || !slices.Contains(s.Named(strings.ToUpper(r.Name)), r) {
			t.Errorf("%s is not found by its id or name", r.ID)
		}
		list = append(list, r.ID+"="+r.Name)
	}
	if s.Len() != len(list) {
		t.Errorf("%d of %d", len(list), s.Len())
	}
	return strings.Join(list, " ")
}

// Writers see each change at once, readers after the lag, both in the order of
// creation. Referrers returns the resources that refer to an id.
func TestReadersSeeTheStoreOfALagAgo(t *testing.T) {
	const lag = 3 * time.Second
	rapid.Check(t, func(t *rapid.T) {
		s := New(lag, 1)
		d := s.Directory("org")
		now := time.Unix(0, 0)
		var model []*Resource
		past := map[time.Time]string{now: ""} // the store as it was left at a time
		for range rapid.IntRange(1, 40).Draw(t, "changes") {
			at := -1
			if len(model) > 0 {
				at = rapid.IntRange(-1, len(model)-1).Draw(t, "resource")
			}
			next := &Resource{Kind: scim.Users, ID: s.NewID(), Name: fmt.Sprint("Name", rapid.IntRange(0, 3).Draw(t, "name"))}
			switch {
			case at < 0:
				model = append(model, next)
				d.Put(next, now)
			case rapid.Bool().Draw(t, "delete"):
				for _, holder := range d.Referrers(model[at].ID) {
					free := *holder
					free.Links = nil
					model[slices.Index(model, holder)] = &free
					d.Put(&free, now)
				}
				d.Remove(model[at], now)
				model = slices.Delete(model, at, at+1)
			default:
				next.ID = model[at].ID
				next.Links = []string{rapid.SampledFrom(model).Draw(t, "link").ID}
				model[at] = next
				d.Put(next, now)
			}
			var want []string
			for _, r := range model {
				want = append(want, r.ID+"="+r.Name)
				holders := 0
				for _, other := range model {
					if slices.Contains(other.Links, r.ID) {
						holders++
						if !d.Linked(other.ID, r.ID) {
							t.Errorf("%s refers to %s", other.ID, r.ID)
						}
					}
				}
				if got := len(d.Referrers(r.ID)); got != holders {
					t.Errorf("%d holders, want %d", got, holders)
				}
			}
			past[now] = strings.Join(want, " ")
			if got := told(t, d.Now(scim.Users)); got != past[now] {
				t.Fatalf("writers see %s, want %s", got, past[now])
			}
			seen := ""
			for when := now.Add(-lag); !when.Before(time.Unix(0, 0)); when = when.Add(-time.Second) {
				if state, ok := past[when]; ok {
					seen = state
					break
				}
			}
			if got := told(t, d.Visible(scim.Users, now)); got != seen {
				t.Fatalf("readers see %s, want %s", got, seen)
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "seconds")) * time.Second)
		}
	})
}
