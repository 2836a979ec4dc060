package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/webextest"
	"github.com/webexscim/bulk/webextest/admin"
)

// serveCommand holds the flags of serve.
type serveCommand struct {
	stdio
	serveFlags
}

func newServe(std stdio) *cobra.Command {
	c := &serveCommand{stdio: std}
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Run the simulator",
		Long: `Runs a Webex SCIM service in memory that only this machine can reach. It checks
each request against the contract, keeps users and groups, and can be made slow,
rate-limited and unreliable. It starts empty and keeps nothing when it ends. It
prints its url, organization and token, and a first command to try.

Tests in any language use /__admin to queue faults, to read the ledger, the requests
and the violations of the contract, and to seed and reset the simulator;
/__admin/openapi.yaml describes it. A browser shows the same at /.

` + kindsOfService(),
		Example: `  webex-bulk serve
  webex-bulk serve --addr 127.0.0.1:0 --latency 200ms --rate 300 --chaos 0.05
  webex-bulk serve --preset flaky --read-lag 5s
  webex-bulk serve --addr 127.0.0.1:0 --json --exit-on-violation
  webex-bulk serve --addr 0.0.0.0:8080 --allow-remote --admin-token SECRET`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.complete(cmd); err != nil {
				return err
			}
			return c.run(cmd.Context())
		},
	}
	c.register(cmd.Flags())
	return cmd
}

func (c *serveCommand) run(ctx context.Context) error {
	l, err := listen(c.addr)
	if err != nil {
		return err
	}
	sim := webextest.New(c.cfg)
	handler := admin.New(sim, admin.Config{Remote: !onLoopback(c.addr), Token: c.adminToken})
	c.printAccess("http://"+reachable(l.Addr()), sim.Config())
	err = serveHTTP(ctx, l, handler, 0)
	if ctx.Err() == nil {
		return err
	}
	c.printTotals(sim)
	if c.exitOnViolation && sim.Violated() {
		return &exit{code: exitSome, err: errors.New("a request broke the contract (--exit-on-violation)")}
	}
	return err
}

// printAccess prints how to reach and try the simulator. Programs read this:
// the lines, and the members of the JSON, stay as they are.
func (c *serveCommand) printAccess(url string, cfg webextest.Config) {
	if c.json {
		adminURL := url + admin.Prefix
		if !onLoopback(c.addr) && c.adminToken == "" {
			adminURL = "" // it is closed
		}
		_ = writeJSON(c.out, struct {
			URL      string `json:"url"`
			OrgID    string `json:"orgId"`
			Token    string `json:"token"`
			AdminURL string `json:"adminUrl"`
		}{url, cfg.OrgID, cfg.Token, adminURL})
		return
	}
	fmt.Fprintf(c.out, `simulator    %[1]s
organization %[2]s
token        %[3]s

try it:
  curl -H 'Authorization: Bearer %[3]s' -H 'Content-Type: application/json' %[1]s/identity/scim/%[2]s/v2/Bulk -d '{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"operations":[{"method":"POST","path":"/Users","bulkId":"u1","data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@example.com","userType":"user"}}]}'
  curl -H 'Authorization: Bearer %[3]s' '%[1]s/identity/scim/%[2]s/v2/Users?filter=userName%%20eq%%20%%22ann@example.com%%22'

or with this program, in another terminal:
  export WEBEX_BASE_URL=%[1]s WEBEX_ORG_ID=%[2]s WEBEX_ACCESS_TOKEN=%[3]s
  webex-bulk apply FILE
`, url, cfg.OrgID, cfg.Token)
}

// printTotals prints what the simulator has done.
func (c *serveCommand) printTotals(sim *webextest.Simulator) {
	s := sim.Stats()
	users, groups := sim.Count()
	fmt.Fprintf(c.err, "\n%s with %s: %d created, %d changed, %d deleted, %d failed; %s and %s at the end\n",
		terminal.Plural(s.Bulk, "Bulk request"), terminal.Plural(s.Operations, "operation"),
		s.Created, s.Patched, s.Deleted, s.Failed, terminal.Plural(users, "user"), terminal.Plural(groups, "group"))
}
