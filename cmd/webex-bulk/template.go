package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/internal/sheet"
)

func newTemplate(std stdio) *cobra.Command {
	kinds := sheet.Templates[:]
	return &cobra.Command{
		Use:   "template " + strings.Join(kinds, "|"),
		Short: "Print a sheet to fill in",
		Long: `Keep the header of the sheet, and overwrite the example rows. Columns
may be in any order, and columns that you do not need may be removed. The column
"operation" is create, update or delete. An update writes only the cells that are
not empty. The members of an update replace all members of the group. REMOVE|*
clears an attribute; REMOVE| before a telephone number removes that number. ADD|
or REMOVE| before each member of an update, or a row with the operation add or
remove, adds or removes only these members. Users are identified by mail address,
groups by name.
More columns are named by SCIM path: externalId, emails[type eq "home"].value,
urn:…:enterprise:2.0:User:costCenter.`,
		Example: `  webex-bulk template users > users.csv
  webex-bulk template groups > groups.csv`,
		Args:      oneArgument(strings.Join(kinds, " or ")),
		ValidArgs: kinds,
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := sheet.Template(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(std.out, text)
			return err
		},
	}
}
