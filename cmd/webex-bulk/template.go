package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/internal/sheet"
)

func newTemplate(io stdio) *cobra.Command {
	kinds := sheet.Templates[:]
	return &cobra.Command{
		Use:   "template " + strings.Join(kinds, "|"),
		Short: "Print a sheet to fill in",
		Long: `The sheet has a header, which stays, and rows that show what goes where, which
are to be overwritten. Its columns may stand in any order, and those that are not
needed may go. The column "operation" says create, update or delete. An update
writes only the cells that are not empty, and the members of a group as a whole:
who is not among them is no member any more. REMOVE|* clears a cell; REMOVE|
before a telephone number takes that number away. ADD| or REMOVE| before each
member of an update, or a row with the operation add or remove, adds or removes
these members alone. A user is known by the mail address, a group by its name.
More columns are named by SCIM path: externalId, emails[type eq "home"].value,
urn:…:enterprise:2.0:User:costCenter.`,
		Example: `  webex-bulk template users > users.csv
  webex-bulk template groups > groups.csv`,
		Args:      exactly(strings.Join(kinds, " or ")),
		ValidArgs: kinds,
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := sheet.Template(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(io.out, text)
			return err
		},
	}
}
