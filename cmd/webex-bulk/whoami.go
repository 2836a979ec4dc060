package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
)

// check is one run of whoami.
type check struct {
	stdio
	connection
	asJSON bool
}

func newWhoami(io stdio) *cobra.Command {
	k := &check{stdio: io}
	k.warn = func(text string) { fmt.Fprintln(k.err, "webex-bulk: warning:", text) }
	cmd := &cobra.Command{
		Use:   "whoami [flags]",
		Short: "Check token, organisation and scope with one harmless search",
		Long: `The search is for a user that cannot be there, and changes nothing. It shows that
the service is reached, that the token is valid, that it belongs to this
organisation, and that it may read users. Whether it may write as well only a
write can show: that takes the scope identity:people_rw.

Exit code: 0 all is well; 2 something is missing; 3 the service refused, or was
not reached.`,
		Example: `  webex-bulk whoami --org 3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01
  webex-bulk whoami --credentials service-app.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return k.run(cmd.Context()) },
	}
	cmd.Flags().SortFlags = false
	k.flags(cmd)
	cmd.Flags().BoolVar(&k.asJSON, "json", false, "print a JSON object")
	return cmd
}

// nobody is a userName that no user can have: its domain cannot exist (RFC
// 2606, section 2).
const nobody = "webex-bulk-whoami@nobody.invalid"

func (k *check) run(ctx context.Context) error {
	c, err := k.client()
	if err != nil {
		return err
	}
	_, err = c.FindUsers(ctx, nobody)
	if ctx.Err() != nil {
		return &exit{exitInterrupted, errors.New("interrupted")}
	}
	if shown := k.show(err); shown != nil {
		return shown
	}
	if err != nil {
		return &exit{exitStopped, fmt.Errorf("%w\n%s", err, remedy(err))}
	}
	return nil
}

// show tells what was checked and how it ended.
func (k *check) show(err error) error {
	if k.asJSON {
		said := map[string]any{"baseUrl": k.cfg.BaseURL, "orgId": k.cfg.OrgID, "token": k.from, "ok": err == nil}
		if err != nil {
			said["error"], said["next"] = err.Error(), remedy(err)
		}
		enc := json.NewEncoder(k.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(said)
	}
	verdict := "it works: the token may read the users of this organisation"
	if err != nil {
		verdict = "it does not work"
	}
	t := tabwriter.NewWriter(k.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "service\t%s\n", k.cfg.BaseURL)
	fmt.Fprintf(t, "organisation\t%s\n", k.cfg.OrgID)
	fmt.Fprintf(t, "\t%s as Webex API id\n", client.WebexID(client.KindOrganization, k.cfg.OrgID))
	fmt.Fprintf(t, "token from\t%s\n", k.from)
	fmt.Fprintf(t, "search\t%s\n", verdict)
	return t.Flush()
}

// remedy is what to do about a search that failed.
func remedy(err error) string {
	var e *client.ResponseError
	errors.As(err, &e)
	switch {
	case errors.Is(err, client.ErrUnauthorized) && e != nil && e.Status == http.StatusUnauthorized:
		return `the token is wrong or has expired: a personal one, from developer.webex.com, lasts 12 hours;
that of a service app or integration is refreshed by itself (--credentials FILE)`
	case errors.Is(err, client.ErrUnauthorized) && e != nil:
		return `the token is valid, but not for this: see that --org is its organisation, that it has the scope
identity:people_rw, and that whoever it belongs to is a full or user administrator`
	case errors.Is(err, client.ErrUnauthorized):
		return "see that the client id, the client secret and the refresh token are those of the app"
	case errors.Is(err, client.ErrEndpoint):
		return "there is no such organisation, or no SCIM at this address: check --org and --base-url"
	case errors.Is(err, client.ErrUnavailable):
		return "check the network, the proxy (HTTPS_PROXY) and the certificates (--ca-file), or wait"
	}
	return "try again; if it stays, Cisco's support asks for the tracking id"
}
