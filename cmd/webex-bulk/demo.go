package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/webextest"
)

// demoCommand holds the flags of demo.
type demoCommand struct {
	stdio
	messages
	people      int
	seed        int64
	latency     time.Duration
	concurrency int
}

func newDemo(std stdio) *cobra.Command {
	d := &demoCommand{stdio: std, messages: messages{w: std.err}}
	cmd := &cobra.Command{
		Use:   "demo [flags]",
		Short: "Import a made-up organization into the simulator, in one process",
		Long: `Creates users with managers and departments, and groups, in a simulated service
that limits the rate and cuts connections after it has done the work. Some of the
users exist already: their rows fail, and so do rows that refer to them. At the
end the simulator's own record shows that nothing was done twice.
The exit code is 0, although some rows fail on purpose; 130 when interrupted.`,
		Example: `  webex-bulk demo
  webex-bulk demo --users 20000 --seed 7`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.IntVar(&d.people, "users", 2000, "users in the organization")
	f.Int64Var(&d.seed, "seed", 1, "seed of the organization and of the faults")
	f.DurationVar(&d.latency, "latency", 50*time.Millisecond, "time that a request takes")
	f.IntVar(&d.concurrency, "concurrency", 4, "requests in flight at once")
	return cmd
}

// run imports the organization. Some operations fail on purpose, because their
// users exist already, and the operations that refer to them are skipped.
func (d *demoCommand) run(ctx context.Context) error {
	switch {
	case d.people < 1:
		return fmt.Errorf("--users %d: expected 1 or more", d.people)
	case d.concurrency < 1 || d.concurrency > maxConcurrency:
		return fmt.Errorf("--concurrency %d: expected 1 to %d", d.concurrency, maxConcurrency)
	case d.latency < 0:
		return fmt.Errorf("--latency %s: expected 0 or more", d.latency)
	}
	service := webextest.New(webextest.Config{
		Seed: d.seed, Latency: d.latency,
		Chaos: webextest.Chaos{TooMany: .04, CutAfterWork: .02, RefusedItems: .002, RetryAfter: []string{"1"}},
	})
	c, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken),
		HTTPClient: service.Client(), Concurrency: d.concurrency,
		LookupPatience: 2 * time.Second, MaxServiceTime: 5 * time.Second,
	})
	if err != nil {
		return err
	}
	service.Script(&webextest.Fault{Cut: webextest.AfterWork}) // the first answer is lost, whatever the seed
	people := fmt.Sprintf("%d people", d.people)
	if d.people == 1 {
		people = "1 person"
	}
	_ = d.out.Printf("importing a made-up organization of %s into a simulated Webex (seed %d);\n", people, d.seed)
	_ = d.out.Printf("some users may exist already; the service cuts connections and limits the request " +
		"rate at random.\n\n")
	var trouble error
	job := &client.Job{Source: newCompany(d.people, d.seed).operations(func(userName string) {
		if _, err := service.Add("/Users", gen.User{Schemas: []string{client.SchemaUser}, UserName: userName}); err != nil {
			trouble = err
		}
	})}
	sum, stop := d.importAll(ctx, c, job)
	if trouble != nil {
		return trouble
	}
	if err := d.out.PrintTable(sum.WriteTable); err != nil {
		return err
	}
	d.printLedger(service)
	switch {
	case ctx.Err() != nil:
		return &exit{exitInterrupted, errors.New("interrupted")}
	case stop != nil:
		return &exit{exitStopped, fmt.Errorf("the job stopped early: %w", stop)}
	}
	return nil
}

// importAll runs the job, and returns the error that stopped it early.
func (d *demoCommand) importAll(ctx context.Context, c *client.Client, job *client.Job) (*report.Summary, error) {
	sum := &report.Summary{}
	began := time.Now()
	d.startBar(job, 0)
	defer d.stopBar()
	var stop error
	for res, err := range c.Run(ctx, job) {
		if err != nil {
			stop = err
			break
		}
		sum.Add(res, 0)
	}
	sum.Finish(job.Progress(), time.Since(began), stop)
	return sum, stop
}

// printLedger shows with the ledger of the simulator that nothing was created
// twice.
func (d *demoCommand) printLedger(service *webextest.Simulator) {
	created, twice := map[string]int{}, 0
	for _, e := range service.Ledger() {
		if e.Effect == webextest.Created {
			if created[e.Key]++; created[e.Key] == 2 {
				twice++
			}
		}
	}
	all, wrong := service.Exchanges(), 0
	for _, x := range all {
		if x.Status != http.StatusOK {
			wrong++
		}
	}
	users, groups := service.Count()
	_ = d.out.Printf(`
the simulator counted %d of %d requests, lookups included, as refused or cut; it has
%s and %s; created twice: %d; dangling references: %s

next: webex-bulk template users > users.csv prints a sheet to fill in, and
webex-bulk plan users.csv shows the requests; webex-bulk serve runs the simulator.
`, wrong, len(all), terminal.Plural(users, "user"), terminal.Plural(groups, "group"), twice,
		orNone(service.CheckIntegrity()))
}

func orNone(err error) string {
	if err == nil {
		return "none"
	}
	return err.Error()
}
