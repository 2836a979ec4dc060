package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/plain"
	"github.com/webexscim/bulk/internal/terminal"
)

// whoamiCommand holds the flags of whoami.
type whoamiCommand struct {
	stdio
	connection
	asJSON bool
	found  bool // the service named the organization
}

func newWhoami(std stdio) *cobra.Command {
	w := &whoamiCommand{stdio: std}
	cmd := &cobra.Command{
		Use:   "whoami [flags]",
		Short: "Check token and organization with one harmless search",
		Long: `Searches for a user that cannot exist, and changes nothing. If the search works,
the service can be reached, the token is valid, and it may read the users of this
organization: the scope identity:people_read is enough for this. To write, apply
needs identity:people_rw and the role of a full or user administrator. No search
can show whether the token has these: begin with a sheet of one row.

Without --org and WEBEX_ORG_ID, whoami uses the organization of the token's user.

Environment: as for apply (webex-bulk help apply).

Exit codes:
  0    the search works
  2    usage error, or no organization or token
  3    the service refused the search, or could not be reached
  130  interrupted`,
		Example: `  webex-bulk whoami --org 3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01
  webex-bulk whoami                            find the organization of the token
  webex-bulk whoami --credentials service-app.json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return w.run(cmd.Context()) },
	}
	cmd.Flags().SortFlags = false
	w.addTo(cmd)
	cmd.Flags().BoolVar(&w.asJSON, "json", false, "print a JSON object")
	return cmd
}

// nobody is a userName that no user can have: its domain cannot exist (RFC
// 2606, section 2).
const nobody = "webex-bulk-whoami@nobody.invalid"

func (w *whoamiCommand) run(ctx context.Context) error {
	err := w.findOrganization(ctx)
	if err == nil {
		var c *client.Client
		if c, err = w.client(w.warn); err != nil {
			return err
		}
		_, err = c.FindUsers(ctx, nobody)
		if unprinted := w.print(err); unprinted != nil && ctx.Err() == nil {
			return unprinted
		}
	}
	switch _, told := errors.AsType[*exit](err); {
	case ctx.Err() != nil:
		return &exit{exitInterrupted, errors.New("interrupted")}
	case err == nil || told:
		return err
	}
	return &exit{exitStopped, terminal.Errorf("%w\n%s", err, nextStep(err))}
}

// findOrganization asks for the organization of the token if none is given.
func (w *whoamiCommand) findOrganization(ctx context.Context) error {
	if org, _ := setting(w.org, "org", "WEBEX_ORG_ID"); org != "" {
		return nil
	}
	w.org = noOrganization // the request names none
	c, err := w.client(w.warn)
	if err != nil {
		return &exit{exitUsage, err}
	}
	me, err := c.Me(ctx)
	if errors.Is(err, client.ErrAbsent) {
		return noOrganizationGiven("the token is not a user's, which would tell it")
	}
	if err != nil {
		return err
	}
	type meta struct{ OrganizationID string }
	var user struct { // the service's documents name both places
		Meta  meta
		Webex struct{ Meta meta } `json:"urn:scim:schemas:extension:cisco:webexidentity:2.0:User"`
	}
	if err := json.Unmarshal(me.Data, &user); err != nil {
		return fmt.Errorf("the token's user cannot be read: %w", err)
	}
	w.org, w.found = cmp.Or(user.Meta.OrganizationID, user.Webex.Meta.OrganizationID), true
	if w.org == "" {
		return noOrganizationGiven("the service does not say which one is the token's")
	}
	return nil
}

func noOrganizationGiven(why string) error {
	return &exit{exitUsage, fmt.Errorf("no organization, and %s: give --org ID or set WEBEX_ORG_ID", why)}
}

// print prints the settings that were checked, and the result.
func (w *whoamiCommand) print(err error) error {
	if w.asJSON {
		answer := map[string]any{"baseUrl": w.cfg.BaseURL, "orgId": w.cfg.OrgID, "token": w.from, "ok": err == nil}
		if err != nil {
			answer["error"], answer["next"] = plain.TextOfCodes(err), nextStep(err)
		}
		return writeJSON(w.out, answer)
	}
	organization := w.cfg.OrgID
	if w.found {
		organization += "  (of the token's user; set WEBEX_ORG_ID or give --org)"
	}
	result := "it works: the token may read the users of this organization (whether it may write, apply will show)"
	if err != nil {
		result = "it does not work"
	}
	return w.out.PrintTable(func(out io.Writer) error {
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprint(t, terminal.Sprintf("service\t%s\norganization\t%s\n\t%s as Webex API id\ntoken from\t%s\nsearch\t%s\n",
			w.cfg.BaseURL, organization, client.WebexID(client.KindOrganization, w.cfg.OrgID), w.from, result))
		return t.Flush()
	})
}

// nextStep says how to go on after a search that failed.
func nextStep(err error) terminal.Text {
	return cmp.Or(remedy(err), "try again; if it stays, Cisco's support asks for the tracking id")
}
