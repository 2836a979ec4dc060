package store_test

import (
	"fmt"
	"time"

	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/store"
)

func Example() {
	const org = "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01"
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := store.New(2*time.Second, 1) // readers see changes after two seconds
	s.Lock()
	defer s.Unlock()
	d := s.Directory(org)
	ann := &store.Resource{Org: org, ID: s.NewID(), Kind: scim.Users, Name: "ann@example.com", Doc: []byte(`{}`)}
	d.Put(ann, now)
	fmt.Println(d.Now(scim.Users).Len(), d.Visible(scim.Users, now).Len(), d.Visible(scim.Users, now.Add(2*time.Second)).Len())
	// Output: 1 0 1
}
