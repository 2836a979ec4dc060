package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/webextest"
)

// service is a simulated Webex; a real program leaves out HTTPClient.
func service() (*webextest.Simulator, client.Config) {
	s := webextest.New(webextest.Config{})
	return s, client.Config{
		OrgID:      webextest.DefaultOrgID,
		Token:      client.StaticToken(webextest.DefaultToken),
		HTTPClient: s.Client(),
	}
}

// Create a user and a group that she is a member of, in one request.
func ExampleClient_Do() {
	s, cfg := service()
	c, err := client.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	results, err := c.Do(context.Background(),
		client.Users.Create(gen.User{UserName: "ann@example.com"}).Named("ann"),
		client.Groups.Create(gen.Group{
			DisplayName: "Board",
			Members:     []gen.GroupMember{{Value: client.Ref("ann")}},
		}),
	)
	if err != nil {
		log.Fatal(err) // the job stopped: no authorization, say
	}
	for _, r := range results {
		fmt.Println(r.Operation.Path, r.Outcome, r.Status)
	}
	board, _ := s.Group(results[1].Location.ID)
	fmt.Println("member is ann:", board.Members()[0] == results[0].Location.ID)
	// Output:
	// /Users succeeded 201
	// /Groups succeeded 201
	// member is ann: true
}

// Run a job of any size and look at what failed.
func ExampleClient_Run() {
	s, cfg := service()
	if _, err := s.Add("/Users", gen.User{UserName: "u7@example.com", Schemas: []string{client.SchemaUser}}); err != nil {
		log.Fatal(err)
	}
	c, err := client.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	job := &client.Job{
		FailOnErrors: 10,
		Source: func(yield func(client.Operation, error) bool) {
			for i := range 1000 {
				if !yield(client.Users.Create(gen.User{UserName: fmt.Sprintf("u%d@example.com", i)}), nil) {
					return
				}
			}
		},
	}
	for r, err := range c.Run(context.Background(), job) {
		if err != nil {
			log.Fatal(err) // the last pair: why the job stopped early
		}
		if said, ok := errors.AsType[*client.ResponseError](r.Err); ok {
			fmt.Println("operation", r.Index, r.Outcome, said.Status, said.ScimType)
		}
	}
	p := job.Progress()
	fmt.Println(p.Succeeded, "succeeded in", p.Requests, "requests")
	// Output:
	// operation 7 failed 409 uniqueness
	// 999 succeeded in 10 requests
}

// See what would be sent: a manager who reports to someone further down.
func ExampleClient_Plan() {
	_, cfg := service()
	cfg.ResolveReferences = true // references wait for real ids
	c, err := client.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	bob := gen.User{UserName: "bob@example.com"}
	bob.Enterprise.Manager.Value = client.Ref("ann")
	job := &client.Job{Source: client.Operations(
		client.Users.Create(bob).Named("bob"),
		client.Users.Create(gen.User{UserName: "ann@example.com"}).Named("ann"),
	)}
	for req, err := range c.Plan(context.Background(), job) {
		if err != nil {
			log.Fatal(err)
		}
		for _, o := range req.Operations {
			fmt.Println("request", req.Number, o.Operation.BulkID, "waits for", o.Waits)
		}
	}
	// Output:
	// request 1 ann waits for []
	// request 2 bob waits for [ann]
}

// Every builder there is: ann is hired, promoted and joins a board, bob and a
// group leave.
func Example_builders() {
	s, cfg := service()
	bob, err := s.Add("/Users", gen.User{UserName: "bob@example.com", Schemas: []string{client.SchemaUser}})
	if err != nil {
		log.Fatal(err)
	}
	old, err := s.Add("/Groups", gen.Group{DisplayName: "Old", Schemas: []string{client.SchemaGroup}})
	if err != nil {
		log.Fatal(err)
	}
	c, err := client.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	results, err := c.Do(context.Background(),
		client.Users.Create(gen.User{UserName: "ann@example.com", Title: "Clerk", NickName: "Annie"}).Named("ann"),
		client.Groups.Create(gen.Group{DisplayName: "Board"}).Named("board"),
		client.Users.Patch(client.Ref("ann"), client.Replace("title", "Chair"), client.Remove("nickName")),
		client.Groups.Patch(client.Ref("board"), client.Add("members", []gen.GroupMember{{Value: client.Ref("ann")}})),
		client.Users.Delete(bob),
		client.Groups.Delete(old),
	)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		fmt.Println(r.Operation.Method, r.Outcome, r.Status)
	}
	ann, _ := s.User(results[0].Location.ID)
	board, _ := s.Group(results[1].Location.ID)
	fmt.Println(ann["title"], ann["nickName"], board.Members()[0] == ann.ID())
	_, isUser := s.User(bob)
	_, isGroup := s.Group(old)
	fmt.Println(isUser, isGroup)
	// Output:
	// POST succeeded 201
	// POST succeeded 201
	// PATCH succeeded 200
	// PATCH succeeded 200
	// DELETE succeeded 204
	// DELETE succeeded 204
	// Chair <nil> true
	// false false
}
