package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/auth"
	"github.com/webexscim/bulk/internal/baseurl"
	"github.com/webexscim/bulk/internal/outfile"
)

// connection holds the flags that say how to reach a service, and what follows
// from them and from the environment.
type connection struct {
	org, baseURL, tokenFile, credentials, caFile string

	cfg  client.Config
	from string // the origin of the token, for whoami
}

// addTo adds the flags to a command.
func (c *connection) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.org, "org", "", "organization `ID`, a UUID or the Webex API's base64 form (WEBEX_ORG_ID)")
	f.StringVar(&c.baseURL, "base-url", "",
		"scheme and host of the service (WEBEX_BASE_URL; default "+client.DefaultBaseURL+")")
	f.StringVar(&c.tokenFile, "token-file", "", "`FILE` that holds the access token (default: WEBEX_ACCESS_TOKEN)")
	f.StringVar(&c.credentials, "credentials", "",
		"`FILE` of a service app or integration: JSON with client_id, client_secret,\n"+
			"refresh_token; new tokens are kept in it (default: WEBEX_CLIENT_ID,\nWEBEX_CLIENT_SECRET, WEBEX_REFRESH_TOKEN)")
	f.StringVar(&c.caFile, "ca-file", "", "`FILE` of certificates (PEM) to trust in addition to the system's")
}

// files lists the files that the flags name, for outfile.Check.
func (c *connection) files() []outfile.File {
	return []outfile.File{
		{Flag: "--token-file", Path: c.tokenFile},
		{Flag: "--credentials", Path: c.credentials, Mode: outfile.Written},
		{Flag: "--ca-file", Path: c.caFile},
	}
}

// addLimits adds the flags that say how much is sent at once.
func (c *connection) addLimits(f *pflag.FlagSet) {
	f.IntVar(&c.cfg.Concurrency, "concurrency", 4, "requests in flight at once")
	f.IntVar(&c.cfg.MaxAttempts, "max-attempts", 5, "attempts for an operation that is deferred or whose answer is lost")
	f.IntVar(&c.cfg.Limits.Operations, "max-operations", 100, "operations in a request, 1 to 100")
	f.IntVar(&c.cfg.Limits.Bytes, "max-bytes", 1<<20, "bytes in a request's body")
	f.DurationVar(&c.cfg.LookupPatience, "lookup-patience", 15*time.Second,
		"how long reads of the service may lag behind its writes")
	f.DurationVar(&c.cfg.MaxServiceTime, "max-service-time", 2*time.Minute,
		"how long the service may still work on a request after the client gave it up")
	f.BoolVar(&c.cfg.ResolveReferences, "resolve-references", false,
		"send an operation only when the ids of what it refers to are known, cycles excepted:\n"+
			"for services that resolve bulkId references wrongly")
}

// maxConcurrency bounds --concurrency.
const maxConcurrency = 1000

// checkLimits returns an error for values that client.New would replace by its
// defaults.
func (c *connection) checkLimits() error {
	for _, n := range []struct {
		flag          string
		value, lo, hi int
	}{
		{"concurrency", c.cfg.Concurrency, 1, maxConcurrency},
		{"max-attempts", c.cfg.MaxAttempts, 1, 1000},
		{"max-operations", c.cfg.Limits.Operations, 1, 100},
		{"max-bytes", c.cfg.Limits.Bytes, 1024, 1 << 30},
	} {
		if n.value < n.lo || n.value > n.hi {
			return fmt.Errorf("--%s %d: expected %d to %d", n.flag, n.value, n.lo, n.hi)
		}
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{
		{"lookup-patience", c.cfg.LookupPatience},
		{"max-service-time", c.cfg.MaxServiceTime},
	} {
		if d.value <= 0 {
			return fmt.Errorf("--%s %v: expected more than 0, such as 30s", d.flag, d.value)
		}
	}
	return nil
}

// client returns a client for the service, organization and token of the flags
// and the environment. It sends nothing. warn is called with warnings about
// tokens, then and later.
func (c *connection) client(warn func(string)) (*client.Client, error) {
	org, name := setting(c.org, "org", "WEBEX_ORG_ID")
	if org == "" {
		return nil, errors.New("no organization: give --org ID or set WEBEX_ORG_ID; " +
			"webex-bulk whoami prints the organization of the token")
	}
	var err error
	if c.cfg.OrgID, err = client.ParseOrgID(org); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	given, name := setting(c.baseURL, "base-url", "WEBEX_BASE_URL")
	base, err := baseurl.Parse(cmp.Or(given, client.DefaultBaseURL))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	c.cfg.BaseURL = base.String()
	transport, err := c.transport()
	if err != nil {
		return nil, err
	}
	c.cfg.HTTPClient = &http.Client{Transport: transport}
	if c.cfg.Token, err = c.tokens(warn); err != nil {
		return nil, err
	}
	return client.New(c.cfg)
}

// setting returns the value of a flag, or else of an environment variable, and
// the name of the one that it is from.
func setting(value, flag, variable string) (text, name string) {
	if value != "" {
		return value, "--" + flag
	}
	return strings.TrimSpace(os.Getenv(variable)), variable
}

// maxCAFile bounds the bytes of a --ca-file: those of systems have some 250
// KiB.
const maxCAFile = 8 << 20

// transport uses the proxies of the environment, as net/http does, and trusts
// the certificates of --ca-file too.
func (c *connection) transport() (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = max(c.cfg.Concurrency, t.MaxIdleConnsPerHost)
	if c.caFile == "" {
		return t, nil
	}
	certificates, err := auth.ReadText(c.caFile, maxCAFile)
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM([]byte(certificates)) {
		return nil, fmt.Errorf("--ca-file %s: no certificate in it, expected PEM", c.caFile)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// tokens returns the source of tokens that a flag names, or else the
// environment.
func (c *connection) tokens(warn func(string)) (client.TokenSource, error) {
	switch {
	case c.tokenFile != "" && c.credentials != "":
		return nil, errors.New("--token-file and --credentials contradict each other: give one of them")
	case c.tokenFile != "":
		c.from = "--token-file " + c.tokenFile
		source, err := auth.File(c.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("--token-file: %w", err)
		}
		if err := auth.OwnerOnly(c.tokenFile); errors.Is(err, auth.ErrExposed) {
			warn("--token-file " + err.Error())
		}
		return source, nil
	case c.credentials != "":
		c.from = "--credentials " + c.credentials
		loaded, err := c.loadCredentials()
		if err != nil {
			return nil, fmt.Errorf("--credentials: %w", err)
		}
		return c.refreshed(loaded, warn)
	}
	if text := strings.TrimSpace(os.Getenv("WEBEX_ACCESS_TOKEN")); text != "" {
		c.from = "WEBEX_ACCESS_TOKEN"
		token, err := auth.ParseToken(text)
		if err != nil {
			return nil, fmt.Errorf("WEBEX_ACCESS_TOKEN: %w", err)
		}
		return client.StaticToken(token), nil
	}
	switch found, missing := auth.FromEnvironment(os.Getenv); len(missing) {
	case 0:
		c.from = "WEBEX_CLIENT_ID, WEBEX_CLIENT_SECRET and WEBEX_REFRESH_TOKEN"
		return c.refreshed(found, warn)
	case 1, 2:
		return nil, fmt.Errorf("no access token; what is missing to get one: %s", strings.Join(missing, ", "))
	}
	return nil, errors.New("no access token: set WEBEX_ACCESS_TOKEN, or give --token-file FILE or --credentials FILE")
}

// loadCredentials reads the file of --credentials. If there is none yet, it is
// written with the credentials of the environment.
func (c *connection) loadCredentials() (auth.Credentials, error) {
	loaded, err := auth.Load(c.credentials)
	if !errors.Is(err, fs.ErrNotExist) {
		return loaded, err
	}
	found, missing := auth.FromEnvironment(os.Getenv)
	if len(missing) > 0 {
		return loaded, fmt.Errorf("%w; it is made if WEBEX_CLIENT_ID, WEBEX_CLIENT_SECRET and "+
			"WEBEX_REFRESH_TOKEN are set", err)
	}
	return found.KeptIn(c.credentials)
}

func (c *connection) refreshed(found auth.Credentials, warn func(string)) (client.TokenSource, error) {
	source, err := auth.New(auth.Config{
		BaseURL: c.cfg.BaseURL, HTTPClient: c.cfg.HTTPClient, Credentials: found, Warn: warn,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.from, err)
	}
	return source, nil
}

// noOrganization is the organization of a client none of whose requests names
// it.
const noOrganization = "00000000-0000-0000-0000-000000000000"

// planner returns a client that cannot send: it has neither organization nor
// token.
func (c *connection) planner() (*client.Client, error) {
	c.cfg.OrgID = noOrganization
	c.cfg.Token = func(context.Context, string) (string, error) { return "", client.ErrNoToken }
	return client.New(c.cfg)
}
