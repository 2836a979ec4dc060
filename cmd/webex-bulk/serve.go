package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

func newServe(std stdio) *cobra.Command {
	var addr string
	var chaos float64
	var cfg webextest.Config
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Run the simulator",
		Long: `A Webex in memory, for this machine alone: strict about the contract, real behind
it, and as slow, limited and unreliable as asked for. It starts empty and forgets
all when it ends. The url, the organization and the token are printed, and how to
try them.`,
		Example: `  webex-bulk serve
  webex-bulk serve --addr 127.0.0.1:0 --latency 200ms --rate 300 --chaos 0.05`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if chaos < 0 || chaos > 1 {
				return fmt.Errorf("--chaos %g: expected 0 to 1", chaos)
			}
			switch {
			case cfg.Rate.Requests < 0:
				return fmt.Errorf("--rate %d: expected 0 or more", cfg.Rate.Requests)
			case cfg.Latency < 0:
				return fmt.Errorf("--latency %s: expected 0 or more", cfg.Latency)
			case cfg.ReadLag < 0:
				return fmt.Errorf("--read-lag %s: expected 0 or more", cfg.ReadLag)
			}
			var err error
			if cfg.OrgID, err = client.ParseOrgID(cfg.OrgID); err != nil {
				return fmt.Errorf("--org: %w", err)
			}
			cfg.Chaos = chaosOf(chaos)
			return serve(cmd.Context(), std, addr, cfg)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&addr, "addr", "127.0.0.1:8080", "loopback address to listen on; port 0 takes a free one")
	f.StringVar(&cfg.OrgID, "org", webextest.DefaultOrgID, "organization")
	f.StringVar(&cfg.Token, "token", webextest.DefaultToken, "access token to accept; of a simulator, no secret")
	f.DurationVar(&cfg.Latency, "latency", 0, "time that a request takes")
	f.IntVar(&cfg.Rate.Requests, "rate", 0, "requests allowed a minute; 0: any number")
	f.DurationVar(&cfg.ReadLag, "read-lag", 0, "time by which reads lag behind writes")
	f.Float64Var(&chaos, "chaos", 0, "part of the requests that go wrong, 0 to 1: refused, cut, lost, garbled")
	f.Int64Var(&cfg.Seed, "seed", 1, "seed of ids and of what goes wrong")
	return cmd
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

func serve(ctx context.Context, std stdio, addr string, cfg webextest.Config) error {
	if !onLoopback(addr) {
		return fmt.Errorf("--addr %q: expected a loopback address such as 127.0.0.1:8080", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("--addr: %w (127.0.0.1:0 takes a free port)", err)
	}
	sim := webextest.New(cfg)
	server := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	greet(std, "http://"+l.Addr().String(), sim.Config())
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		err := server.Close()
		farewell(std, sim)
		return err
	}
}

func onLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// greet prints where the simulator is and how to try it. Scripts read this:
// its lines stay as they are.
func greet(std stdio, url string, cfg webextest.Config) {
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
