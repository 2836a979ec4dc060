package reconcile_test

import (
	"context"
	"fmt"
	"log"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/reconcile"
	"github.com/webexscim/bulk/webextest"
)

// An organization is made as a list says, and nothing is left to do then.
func Example() {
	sim := webextest.New(webextest.Config{})
	_, _ = sim.Add("/Users", map[string]any{"userName": "ada@example.com", "title": "Analyst"})
	_, _ = sim.Add("/Users", map[string]any{"userName": "bob@example.com"})
	c, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), BaseURL: "http://127.0.0.1", HTTPClient: sim.Client(),
	})
	if err != nil {
		log.Fatal(err)
	}
	rows := []reconcile.Row{
		{Line: 2, Operation: client.Users.Create(gen.User{UserName: "ada@example.com", Title: "Author"})},
		{Line: 3, Operation: client.Users.Create(gen.User{UserName: "cy@example.com"})},
	}
	options := reconcile.Options{Leavers: reconcile.DeactivateLeavers, MaxRemovals: reconcile.Limit{Number: new(1)}}
	ctx := context.Background()
	for range 2 {
		org, err := reconcile.Read(ctx, c, reconcile.Users, nil)
		if err != nil {
			log.Fatal(err)
		}
		d, err := reconcile.Compare(rows, org, options)
		if err != nil {
			log.Fatal(err) // a mistake in the rows, or more removals than are allowed
		}
		fmt.Println(len(d.Actions), "actions")
		for res, err := range d.Run(ctx, c, &client.Job{}) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(res.Action.Kind, res.Action.Name, res.Outcome)
		}
	}
	// Output:
	// 3 actions
	// change ada@example.com succeeded
	// create cy@example.com succeeded
	// deactivate bob@example.com succeeded
	// 0 actions
}
