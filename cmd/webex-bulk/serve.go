package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/webextest"
)

func newServe(io stdio) *cobra.Command {
	var addr string
	var cfg webextest.Config
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the simulator",
		Example: `  webex-bulk serve
  webex-bulk serve --addr 127.0.0.1:8080 --latency 200ms --rate 300`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), io, addr, cfg)
		},
	}
	f := cmd.Flags()
	f.StringVar(&addr, "addr", "127.0.0.1:8080", "loopback address to listen on; port 0 takes a free one")
	f.StringVar(&cfg.OrgID, "org", webextest.DefaultOrgID, "organisation")
	f.StringVar(&cfg.Token, "token", webextest.DefaultToken, "access token to accept; this is a simulator, no secret")
	f.DurationVar(&cfg.Latency, "latency", 0, "time that a request takes")
	f.DurationVar(&cfg.ReadLag, "read-lag", 0, "time by which reads lag behind writes")
	f.IntVar(&cfg.Rate.Requests, "rate", 0, "requests allowed a minute; 0: any number")
	f.Int64Var(&cfg.Seed, "seed", 1, "seed of ids and of what goes wrong")
	return cmd
}

func serve(ctx context.Context, io stdio, addr string, cfg webextest.Config) error {
	if host, _, err := net.SplitHostPort(addr); err != nil || host != "localhost" && (net.ParseIP(host) == nil || !net.ParseIP(host).IsLoopback()) {
		return fmt.Errorf("--addr %q: expected a loopback address such as 127.0.0.1:8080", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return &exit{exitUsage, fmt.Errorf("listen on %s: %w (--addr 127.0.0.1:0 takes a free port)", addr, errors.Unwrap(err))}
	}
	server := &http.Server{Handler: webextest.New(cfg), ReadHeaderTimeout: 10 * time.Second}
	greet(io, "http://"+l.Addr().String(), cfg)
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

func greet(io stdio, url string, cfg webextest.Config) {
	fmt.Fprintf(io.out, `simulator   %[1]s
organisation %[2]s
token        %[3]s

try it:
  curl -H 'Authorization: Bearer %[3]s' -H 'Content-Type: application/json' %[1]s/identity/scim/%[2]s/v2/Bulk -d '{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"operations":[{"method":"POST","path":"/Users","bulkId":"u1","data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@example.com","userType":"user"}}]}'
  curl -H 'Authorization: Bearer %[3]s' '%[1]s/identity/scim/%[2]s/v2/Users?filter=userName%%20eq%%20%%22ann@example.com%%22'

or with the command line:
  WEBEX_ACCESS_TOKEN=%[3]s webex-bulk apply --base-url %[1]s --org %[2]s FILE
`, url, cfg.OrgID, cfg.Token)
}
