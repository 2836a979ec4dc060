package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
	"github.com/webexscim/bulk/webextest/admin"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	cfg             webextest.Config
	addr            string
	chaos           float64
	allowRemote     bool
	adminToken      string
	json            bool
	exitOnViolation bool
}

func newServe(std stdio) *cobra.Command {
	var flags serveFlags
	cfg := &flags.cfg
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Run the simulator",
		Long: `A Webex in memory, for this machine alone: strict about the contract, real behind
it, and as slow, limited and unreliable as asked for. It starts empty and forgets
all when it ends. The url, the organization and the token are printed, and how to
try them.

Tests in any language queue faults, read the ledger, the requests and the
violations of the contract, seed and reset it below /__admin, which
/__admin/openapi.yaml describes. A browser shows the same at /.`,
		Example: `  webex-bulk serve
  webex-bulk serve --addr 127.0.0.1:0 --latency 200ms --rate 300 --chaos 0.05
  webex-bulk serve --addr 127.0.0.1:0 --json --exit-on-violation
  webex-bulk serve --addr 0.0.0.0:8080 --allow-remote --admin-token SECRET`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			return serve(cmd.Context(), std, &flags)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&flags.addr, "addr", "127.0.0.1:8080", "loopback address to listen on; port 0 takes a free one")
	f.BoolVar(&flags.allowRemote, "allow-remote", false, "let --addr be any address, as in a container; /__admin then needs --admin-token")
	f.StringVar(&flags.adminToken, "admin-token", "", "bearer token that /__admin asks for")
	f.StringVar(&cfg.OrgID, "org", webextest.DefaultOrgID, "organization")
	f.BoolVar(&cfg.AnyOrg, "any-org", false, "serve every organization, each with a store of its own")
	f.StringVar(&cfg.Token, "token", webextest.DefaultToken, "access token to accept; of a simulator, no secret")
	f.DurationVar(&cfg.Latency, "latency", 0, "time that a request takes")
	f.IntVar(&cfg.Rate.Requests, "rate", 0, "requests allowed a minute; 0: any number")
	f.DurationVar(&cfg.ReadLag, "read-lag", 0, "time by which reads lag behind writes")
	f.Float64Var(&flags.chaos, "chaos", 0, "part of the requests that go wrong, 0 to 1: refused, cut, lost, garbled")
	f.Int64Var(&cfg.Seed, "seed", 1, "seed of ids and of what goes wrong")
	f.BoolVar(&flags.json, "json", false, "print one line of JSON: url, orgId, token, adminUrl")
	f.BoolVar(&flags.exitOnViolation, "exit-on-violation", false, "end with status 1 if a request ever broke the contract")
	return cmd
}

// check refuses flags that mean nothing, and sets what follows from them.
func (f *serveFlags) check() error {
	switch cfg := f.cfg; {
	case f.chaos < 0 || f.chaos > 1:
		return fmt.Errorf("--chaos %g: expected 0 to 1", f.chaos)
	case cfg.Rate.Requests < 0:
		return fmt.Errorf("--rate %d: expected 0 or more", cfg.Rate.Requests)
	case cfg.Latency < 0:
		return fmt.Errorf("--latency %s: expected 0 or more", cfg.Latency)
	case cfg.ReadLag < 0:
		return fmt.Errorf("--read-lag %s: expected 0 or more", cfg.ReadLag)
	case !f.allowRemote && !onLoopback(f.addr):
		return fmt.Errorf("--addr %q: expected a loopback address such as 127.0.0.1:8080, or --allow-remote", f.addr)
	}
	var err error
	if f.cfg.OrgID, err = client.ParseOrgID(f.cfg.OrgID); err != nil {
		return fmt.Errorf("--org: %w", err)
	}
	f.cfg.Chaos = chaosOf(f.chaos)
	return nil
}

// chaosOf spreads a part of the requests over what can go wrong.
func chaosOf(part float64) webextest.Chaos {
	each := part / 8
	return webextest.Chaos{
		TooMany: each, Unavailable: each, BadGateway: each, LostGateway: each,
		CutBeforeWork: each, CutAfterWork: each, Truncate: each, Page: each,
		RetryAfter: []string{"1"},
	}
}

func serve(ctx context.Context, std stdio, flags *serveFlags) error {
	l, err := net.Listen("tcp", flags.addr)
	if err != nil {
		return fmt.Errorf("--addr: %w (127.0.0.1:0 takes a free port)", err)
	}
	sim := webextest.New(flags.cfg)
	handler := admin.New(sim, admin.Config{Remote: !onLoopback(flags.addr), Token: flags.adminToken})
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	flags.greet(std, "http://"+reachable(l.Addr()), sim.Config())
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		err := server.Close()
		farewell(std, sim)
		if flags.exitOnViolation && sim.Violated() {
			return &exit{code: exitSome, err: errors.New("a request broke the contract (--exit-on-violation)")}
		}
		return err
	}
}

// reachable is the address under which this machine reaches what listens.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err == nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr.String()
}

func onLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// greet prints where the simulator is and how to try it. Scripts read this:
// its lines, and the members of the JSON, stay as they are.
func (f *serveFlags) greet(std stdio, url string, cfg webextest.Config) {
	if f.json {
		adminURL := url + admin.Prefix
		if !onLoopback(f.addr) && f.adminToken == "" {
			adminURL = "" // it is closed
		}
		line, _ := json.Marshal(struct { // texts can be encoded
			URL      string `json:"url"`
			OrgID    string `json:"orgId"`
			Token    string `json:"token"`
			AdminURL string `json:"adminUrl"`
		}{url, cfg.OrgID, cfg.Token, adminURL})
		fmt.Fprintf(std.out, "%s\n", line)
		return
	}
	fmt.Fprintf(std.out, `simulator    %[1]s
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

// farewell tells what the simulator has seen.
func farewell(std stdio, sim *webextest.Simulator) {
	s := sim.Stats()
	users, groups := sim.Count()
	fmt.Fprintf(std.err, "\n%d Bulk requests with %d operations: %d created, %d changed, %d deleted, %d failed; %d users and %d groups at the end\n",
		s.Bulk, s.Operations, s.Created, s.Patched, s.Deleted, s.Failed, users, groups)
}
