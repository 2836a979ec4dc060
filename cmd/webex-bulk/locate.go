package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
)

func newLocate(std stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "locate URL",
		Short: "Print the organization, resource type and id of a location",
		Example: `  webex-bulk locate https://webexapis.com/identity/scim/3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01/v2/Users/5e1fd6a2-…
  webex-bulk locate --json /v2/Groups/5e1fd6a2-…`,
		Args: oneArgument("the url of a user or group"),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := client.ParseLocation(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(std.out).Encode(map[string]string{
					"orgId": l.OrgID, "resourceType": l.ResourceType, "id": l.ID, "webexId": l.WebexID()})
			}
			return std.out.PrintTable(func(w io.Writer) error { return locationTable(w, l) })
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

// locationTable writes the parts of a location that there are.
func locationTable(w io.Writer, l client.Location) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"organization", l.OrgID}, {"resource type", l.ResourceType}, {"id", l.ID}, {"Webex API id", l.WebexID()},
	} {
		if row[1] != "" {
			fmt.Fprint(t, terminal.Sprintf("%s\t%s\n", row[0], row[1]))
		}
	}
	return t.Flush()
}
