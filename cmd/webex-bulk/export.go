package main

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/outfile"
	"github.com/webexscim/bulk/internal/scimfilter"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/internal/terminal"
)

// exportCommand holds the flags of export.
type exportCommand struct {
	stdio
	connection
	messages
	kind, filter, columns, outFile string
}

func newExport(std stdio) *cobra.Command {
	e := &exportCommand{stdio: std, messages: messages{w: std.err}}
	kinds := sheet.Templates[:]
	cmd := &cobra.Command{
		Use:   "export [flags] " + strings.Join(kinds, "|"),
		Short: "Write the users or groups of the organization to a sheet",
		Long: `The sheet has one row for each user, or for each group. Managers and members are
written as mail addresses. Columns have the names that Control Hub uses, if it has
one. Nothing is changed, and the scope identity:people_read is enough for the
token.

The summary names the data that the sheet does not contain: attributes without a
column, accounts that are not people (such as room devices), and values that a
spreadsheet would take for a formula or convert. The sheet is personal data: only
its owner can read the file that --out names.

The list is read in pages. If users are created or deleted meanwhile, each user
who exists all the time is written exactly once. If the list cannot be read to its
end, no file is written.

To change users, edit the sheet and give it to sync: it shows the differences, and
then makes the changes. A spreadsheet can damage telephone numbers and long
numbers: format the columns as text before pasting.

Environment: as for apply (webex-bulk help apply).

Exit codes:
  0    the sheet is complete
  2    usage error, or no organization or token
  3    the organization could not be read to its end
  130  interrupted`,
		Example: `  webex-bulk export users --out users.csv
  webex-bulk export users --filter 'department eq "Sales"' --out sales.csv
  webex-bulk export users --columns 'User ID/Email (Required),Title,Manager'
  webex-bulk export groups --out groups.csv`,
		Args:      oneArgument(strings.Join(kinds, " or ")),
		ValidArgs: kinds,
		RunE: func(cmd *cobra.Command, args []string) error {
			e.kind = args[0]
			return e.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	e.connection.addTo(cmd)
	f.StringVar(&e.filter, "filter", "",
		"only users or groups that match a SCIM `FILTER`; Webex supports eq, sw, ew and or")
	f.StringVar(&e.columns, "columns", "",
		"columns to write: their `HEADERS`, separated by commas, as in Control Hub or by SCIM\n"+
			"path (default: the columns that are usually needed)")
	f.StringVar(&e.outFile, "out", "", "`FILE` to write (default: standard output)")
	f.BoolVar(&e.quiet, "quiet", false, "print only errors")
	return cmd
}

func (e *exportCommand) run(ctx context.Context) error {
	if !slices.Contains(sheet.Templates[:], e.kind) {
		return fmt.Errorf("export %s: expected %s", e.kind, strings.Join(sheet.Templates[:], " or "))
	}
	filter, err := scimfilter.Parse(e.filter)
	if err != nil {
		return fmt.Errorf("--filter: %w", err)
	}
	if _, err := e.writer(bufio.NewWriter(nil), nil); err != nil {
		return fmt.Errorf("--columns: %w", err)
	}
	out := outfile.File{Flag: "--out", Path: e.outFile, Mode: outfile.Replaced}
	if err := outfile.Check(append(e.connection.files(), out)...); err != nil {
		return err
	}
	c, err := e.client(e.messages.warn)
	if err != nil {
		return err
	}
	if e.outFile == "" {
		w := bufio.NewWriter(e.out)
		if err = e.write(ctx, c, filter, w); err == nil {
			err = w.Flush()
		}
	} else {
		err = outfile.Replace(e.outFile, func(w *bufio.Writer) error {
			_, _ = w.WriteString("\ufeff") // Excel takes a sheet for UTF-8 by this mark alone
			return e.write(ctx, c, filter, w)
		})
	}
	return readingFailed(ctx, err)
}

// writer returns a writer of the sheet. nameOf returns the userName of a user
// by the id.
func (e *exportCommand) writer(w *bufio.Writer, nameOf func(id string) (string, bool)) (*sheet.Writer, error) {
	var headers []string
	for header := range strings.SplitSeq(e.columns, ",") {
		if header = strings.TrimSpace(header); header != "" {
			headers = append(headers, header)
		}
	}
	return sheet.NewWriter(w, e.kind, headers, nameOf)
}

// write reads the organization and writes the sheet.
func (e *exportCommand) write(
	ctx context.Context, c *client.Client, filter scimfilter.Filter, out *bufio.Writer,
) error {
	names := map[string]string{} // of the managers and members, by id
	w, err := e.writer(out, func(id string) (string, bool) {
		name, ok := names[strings.ToLower(id)]
		return name, ok
	})
	if err != nil {
		return err
	}
	managers, members := w.Needs()
	if managers || members {
		for user, err := range e.progress("names", c.ListUsers(ctx, client.Query{Attributes: "id,userName"})) {
			if err != nil {
				return err
			}
			names[strings.ToLower(user.ID)] = user.Name
		}
	}
	list := map[string]func(context.Context, client.Query) iter.Seq2[client.Resource, error]{
		"users": c.ListUsers, "groups": c.ListGroups,
	}[e.kind]
	unfit := 0 // resources that the service returned though they do not match
	for res, err := range e.progress(e.kind, list(ctx, client.Query{Filter: filter.String()})) {
		switch {
		case err != nil:
			return err
		case !filter.Match(res.Data):
			unfit++
			continue
		}
		if err := e.writeRow(ctx, c, w, res, members); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	e.describe(w, unfit)
	return nil
}

// writeRow writes the row of a resource, with the members of a group if they
// have a column.
func (e *exportCommand) writeRow(
	ctx context.Context, c *client.Client, w *sheet.Writer, res client.Resource, withMembers bool,
) error {
	var members []client.Member
	if e.kind == "groups" && withMembers {
		for m, err := range c.ListMembers(ctx, res.ID) {
			if err != nil {
				return fmt.Errorf("%w: %w", errUnread, err)
			}
			members = append(members, m)
		}
	}
	return w.Write(res, members)
}

// describe says how much was written and what the sheet does not contain.
func (e *exportCommand) describe(w *sheet.Writer, unfit int) {
	e.say("%s written", terminal.Plural(w.Rows(), strings.TrimSuffix(e.kind, "s")))
	if unfit > 0 {
		e.say("left out: resources that the service returned although they do not match --filter: %d", unfit)
	}
	for _, note := range w.Notes() {
		e.say("%s", note)
	}
}

// progress tells a terminal how far a list is read. An error of the list is an
// errUnread.
func (e *exportCommand) progress(
	what string, list iter.Seq2[client.Resource, error],
) iter.Seq2[client.Resource, error] {
	return func(yield func(client.Resource, error) bool) {
		n := 0
		for res, err := range list {
			if err != nil {
				err = fmt.Errorf("%w: %w", errUnread, err)
			}
			if n++; n%progressStep == 0 && e.err.IsTerminal() {
				e.say("reading: %d %s so far", n, what)
			}
			if !yield(res, err) {
				return
			}
		}
	}
}
