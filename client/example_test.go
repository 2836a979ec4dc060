package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"sync"
	"time"

	"golang.org/x/oauth2"

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
		log.Fatal(err) // the job stopped: no authorization, for example
	}
	if err := client.JoinErrors(results); err != nil {
		log.Fatal(err) // a nil error of Do does not mean that all succeeded
	}
	for _, r := range results {
		fmt.Println(r.Operation, r.Outcome, r.Status)
	}
	board, _ := s.Group(results[1].Location.ID)
	fmt.Println("member is ann:", board.Members()[0] == results[0].Location.ID)
	// Output:
	// POST /Users (bulkId "ann") succeeded 201
	// POST /Groups succeeded 201
	// member is ann: true
}

// Run a job of any size and print the operations that failed.
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
	fmt.Println(p.Succeeded, "of", p.Read, "succeeded")
	// Output:
	// operation 7 failed 409 uniqueness
	// 999 of 1000 succeeded
}

// Show the requests without sending them, for a user whose manager comes later
// in the input.
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

// All builders: ann is created, promoted and added to a board; bob and a group
// are deleted.
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

// A change with a struct of package gen sends the attributes that are set, and
// no others. A member without a Type is a user.
func ExampleChange() {
	op := client.Groups.Patch("5e1fd6a2-1c07-4c5f-a0f4-3c6e1b5a9d10",
		client.Replace("", gen.Group{DisplayName: "Board"}),
		client.Add("members", []gen.GroupMember{{Value: client.Ref("ann")}, {Value: client.Ref("staff"), Type: "group"}}),
	)
	text, err := json.Marshal(op.Data)
	fmt.Println(string(text), err)

	fmt.Println(client.Users.Patch("1", client.Replace("", gen.User{Title: ""})).Validate())
	// Output:
	// {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"displayName":"Board"}},{"op":"add","path":"members","value":[{"type":"user","value":"bulkId:ann"},{"type":"group","value":"bulkId:staff"}]}]} <nil>
	// invalid operation: nothing is set in a gen.User, expected an attribute to change (Remove removes one)
}

// database stands for a database that holds the people to create and what became
// of them. Its lock is needed: the source and the loop over the results run at
// the same time.
type database struct {
	mu   sync.Mutex
	rows []row
}

type row struct{ name, id string }

// read gives the row i, and false after the last one. No lock is held while the
// job works on the row.
func (d *database) read(i int) (row, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i == len(d.rows) {
		return row{}, false
	}
	return d.rows[i], true
}

func (d *database) write(i int, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rows[i].id = id
}

// The source reads a database while the loop over the results, which is in another
// goroutine, writes to it.
func ExampleJob_source() {
	_, cfg := service()
	c, err := client.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	d := &database{rows: []row{{name: "ann@example.com"}, {name: "bob@example.com"}, {name: "ann@example.com"}}}
	source := func(yield func(client.Operation, error) bool) {
		for i := 0; ; i++ {
			person, ok := d.read(i)
			if !ok || !yield(client.Users.Create(gen.User{UserName: person.name}), nil) {
				return
			}
		}
	}
	for r, err := range c.Run(context.Background(), &client.Job{Source: source}) {
		if err != nil {
			log.Fatal(err)
		}
		d.write(r.Index, r.Location.ID)
	}
	for _, person := range d.rows {
		fmt.Println(person.name, person.id != "")
	}
	// Output:
	// ann@example.com true
	// bob@example.com true
	// ann@example.com false
}

// oauthTokens adapts golang.org/x/oauth2. Each fetch exchanges the refresh token:
// a source that keeps tokens, as oauth2.ReuseTokenSource does, would give a
// refused token again.
func oauthTokens(cfg oauth2.Config, refreshToken string) client.TokenSource {
	return client.NewTokenSource(func(ctx context.Context) (string, time.Time, error) {
		t, err := cfg.TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
		if err != nil {
			return "", time.Time{}, err
		}
		refreshToken = t.RefreshToken // a program that ends keeps it in a file
		return t.AccessToken, t.Expiry, nil
	})
}

// Get tokens with golang.org/x/oauth2, from the refresh token of an integration
// or service app.
func ExampleNewTokenSource() {
	s := webextest.New(webextest.Config{OAuth: webextest.OAuth{ClientID: "app", ClientSecret: "secret", RefreshToken: "refresh"}})
	tokens := oauthTokens(oauth2.Config{
		ClientID: "app", ClientSecret: "secret",
		Endpoint: oauth2.Endpoint{TokenURL: "https://webexapis.com/v1/access_token", AuthStyle: oauth2.AuthStyleInParams},
	}, "refresh")
	c, err := client.New(client.Config{OrgID: webextest.DefaultOrgID, Token: tokens, HTTPClient: s.Client()})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, s.Client()) // only for the simulator
	results, err := c.Do(ctx, client.Users.Create(gen.User{UserName: "ann@example.com"}))
	fmt.Println(errors.Join(err, client.JoinErrors(results)), len(s.Ledger()))
	// Output: <nil> 1
}
