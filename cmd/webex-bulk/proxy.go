package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/internal/baseurl"
	"github.com/webexscim/bulk/internal/proxy"
	"github.com/webexscim/bulk/internal/terminal"
)

// proxyCommand holds the flags of proxy.
type proxyCommand struct {
	stdio
	connection
	addr, target string
	json         bool
}

func newProxy(std stdio) *cobra.Command {
	c := &proxyCommand{stdio: std}
	cmd := &cobra.Command{
		Use:   "proxy --target URL [flags]",
		Short: "Check the traffic of another client against the contract",
		Long: `Runs a proxy on this machine that forwards requests and answers unchanged, and
prints a line for each violation of the contract ("webex-bulk spec" prints the
contract). Point a client in any language at it, run the client, and stop the proxy
with Ctrl-C.

The lines contain the names and positions of members and the rule of the contract,
but no values of a body, a query or a header. Bodies of any length are forwarded;
those up to 16 MiB are checked. If the service cuts a connection, the proxy cuts
the client's connection too.

Exit codes:
  0    no violation of the contract
  1    at least one violation
  2    usage`,
		Example: `  webex-bulk proxy --target https://webexapis.com
  webex-bulk proxy --target http://127.0.0.1:8080 --addr 127.0.0.1:0 --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&c.target, "target", "", "scheme and host of the service or of a simulator")
	f.StringVar(&c.addr, "addr", "127.0.0.1:8081", "loopback address to listen on; port 0 takes a free one")
	f.StringVar(&c.caFile, "ca-file", "", "`FILE` of certificates (PEM) to trust in addition to the system's")
	f.BoolVar(&c.json, "json", false, "print JSON objects, one a line: url and target, each violation, and the totals")
	return cmd
}

// check returns the target.
func (c *proxyCommand) check() (*url.URL, error) {
	if c.target == "" {
		return nil, errors.New("no service: give --target URL, " +
			`"https://webexapis.com" for example; see webex-bulk proxy --help`)
	}
	target, err := baseurl.Parse(c.target)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--target: %w", err)
	case !onLoopback(c.addr):
		return nil, fmt.Errorf("--addr %q: expected a loopback address such as 127.0.0.1:8081", c.addr)
	}
	return target, nil
}

func (c *proxyCommand) run(ctx context.Context) error {
	target, err := c.check()
	if err != nil {
		return err
	}
	transport, err := c.transport()
	if err != nil {
		return err
	}
	transport.DisableCompression = true // the client gets the encoding that it asked for
	print := func(value any, text string) {
		if c.json {
			_ = writeJSON(c.out, value)
		} else {
			_ = c.out.Printf("%s\n", text)
		}
	}
	p, err := proxy.New(proxy.Config{
		Target: target, Transport: transport, Report: func(v proxy.Violation) { print(v, v.String()) },
	})
	if err != nil {
		return err
	}
	l, err := listen(c.addr)
	if err != nil {
		return err
	}
	here := "http://" + l.Addr().String()
	print(map[string]string{"url": here, "target": target.String()}, "checking messages from "+here+" to "+target.String())
	if err := serveHTTP(ctx, l, p, 5*time.Second); ctx.Err() == nil {
		return err
	}
	s := p.Stats()
	print(s, fmt.Sprintf("%s: %s of the contract, %s, %s not checked",
		terminal.Plural(s.Requests, "request"), terminal.Plural(s.Violations, "violation"),
		terminal.Plural(s.Unanswered, "incomplete answer"), terminal.Plural(s.Unchecked, "message")))
	if s.Violations > 0 {
		return &exit{code: exitSome}
	}
	return nil
}
