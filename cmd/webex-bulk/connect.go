package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/webexscim/bulk/client"
)

// connection is what it takes to reach a service.
type connection struct {
	org, baseURL, tokenFile string
	cfg                     client.Config
}

func (c *connection) flags(f *pflag.FlagSet) {
	f.StringVar(&c.org, "org", "", "organisation, as UUID or in the Webex API's base64 form (WEBEX_ORG_ID)")
	f.StringVar(&c.baseURL, "base-url", "", "scheme and host of the service (WEBEX_BASE_URL; default "+client.DefaultBaseURL+")")
	f.StringVar(&c.tokenFile, "token-file", "", "file that holds the access token; without it, WEBEX_ACCESS_TOKEN does")
}

// limits are the flags that say how much is sent at once.
func (c *connection) limits(f *pflag.FlagSet) {
	f.IntVar(&c.cfg.Concurrency, "concurrency", 4, "requests in flight at once")
	f.IntVar(&c.cfg.MaxAttempts, "max-attempts", 5, "how often an operation is sent at the most")
	f.IntVar(&c.cfg.Limits.Operations, "max-operations", 100, "operations in a request, 1 to 100")
	f.IntVar(&c.cfg.Limits.Bytes, "max-bytes", 1<<20, "bytes in a request's body")
}

// client returns a client, or an error that says what is missing.
func (c *connection) client() (*client.Client, error) {
	c.cfg.OrgID = firstOf(c.org, os.Getenv("WEBEX_ORG_ID"))
	c.cfg.BaseURL = firstOf(c.baseURL, os.Getenv("WEBEX_BASE_URL"))
	if c.cfg.OrgID == "" {
		return nil, errors.New("no organisation: give --org or set WEBEX_ORG_ID")
	}
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	c.cfg.Token = client.StaticToken(token)
	return client.New(c.cfg)
}

func (c *connection) token() (string, error) {
	if c.tokenFile == "" {
		if token := strings.TrimSpace(os.Getenv("WEBEX_ACCESS_TOKEN")); token != "" {
			return token, nil
		}
		return "", errors.New("no access token: set WEBEX_ACCESS_TOKEN or give --token-file")
	}
	raw, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(string(raw))
	if token == "" {
		return "", fmt.Errorf("--token-file %s: it is empty", c.tokenFile)
	}
	return token, nil
}

// planner is a client that cannot send: it has neither organisation nor token.
func (c *connection) planner() (*client.Client, error) {
	c.cfg.OrgID = "00000000-0000-0000-0000-000000000000"
	c.cfg.Token = func(context.Context, string) (string, error) { return "", client.ErrNoToken }
	return client.New(c.cfg)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
