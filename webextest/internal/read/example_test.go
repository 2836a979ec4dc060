package read_test

import (
	"fmt"
	"net/url"
	"time"

	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/read"
	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/store"
)

func Example() {
	const org = "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01"
	now := time.Now()
	s := store.New(0, 1)
	s.Lock()
	s.Directory(org).Put(&store.Resource{
		Org: org, ID: s.NewID(), Kind: scim.Users, Name: "ann@example.com", Doc: []byte(`{"userName":"ann@example.com"}`),
	}, now)
	s.Unlock()

	q := read.Query{
		Store: s, Settings: read.Settings{PageSize: 100, Normalize: func(name string) string { return name }},
		At:     contract.Route("/identity/scim/" + org + "/v2/Users"),
		Params: url.Values{"filter": {`userName eq "ANN@example.com"`}}, Now: now,
	}
	body, refused := q.Answer()
	fmt.Println(body["totalResults"], refused)
	// Output: 1 <nil>
}
