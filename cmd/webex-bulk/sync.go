package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/internal/difference"
	"github.com/webexscim/bulk/internal/outfile"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/reconcile"
)

// reconciliation is one run of sync.
type reconciliation struct {
	jobCommand
	leavers, members, maxRemovals string
	actions, before               string // files
	opt                           reconcile.Options
	lines                         []int                          // of each operation, in the sheet
	attempts                      map[*reconcile.Action]*attempt // nil without --before
}

const syncHelp = `FILE is a sheet of all users that the organization should have, or of all groups:
the output of export, an export of Control Hub, or a list of the HR department.
sync reads FILE and the organization, shows the differences, asks, and then makes
the changes: it creates users who are missing and changes attributes that differ.
The same command again finds nothing to do.

A row is matched with a user by externalId (the HR department's number), or else by
mail address, without regard to case. So a changed address renames the user if there
is an externalId; without one it is a new user plus a leaver. Attributes without a
column and empty cells leave the stored value unchanged; REMOVE|* in a cell clears it.

Leavers are users in the organization who are not in the sheet. They are only listed,
unless --leavers says otherwise: "deactivate" keeps them from signing in, and Webex
deletes a deactivated user after 30 days; "delete" cannot be undone. --max-removals
limits both, and rows with active FALSE: 10 users, or 5% if that is less (none of
fewer than 20). Beyond the limit sync stops before anything is sent. Give a sheet of
one department with --scope 'department eq "Sales"': users outside of it stay
unchanged, and a row outside of it sends nothing.

sync never changes the account of the token, administrators, users that a directory
provisions (Active Directory, Entra ID), or accounts that are not people. A leaver who
is the manager in a row stays. If it is unclear which user a row means (two users with
one externalId, two rows that exchange their addresses), nothing is sent for the row,
and nobody is removed from the organization or from a group. Each leaver is read again just before the removal.

In a sheet of groups, the members of a row replace the members of the group; with
--members add-only no member is removed. Removed members count as removals.

To check first, --out actions.csv writes the changes as a sheet for apply, and sends
nothing. When apply runs later, it refuses rows whose user has changed since. To begin
with a few changes: --first 5.

To be able to undo: --before undo.csv writes the present values as a sheet for apply
that restores them. It deactivates users that sync has created, and deletes groups that
it has created. It refuses rows where an attribute that sync wrote has changed since (of
a created user: the address or the externalId); deleted users cannot be restored. Older files of this name are kept as undo.csv.bak, .bak2 and so on: to undo
several runs, apply the newest first.

After an interruption, run the same command again. FILE.sync.journal records what was
created, so that users whom the service does not list yet are not created twice. A few
minutes later it is no longer needed.

The token needs the scope identity:people_rw. Environment: as for apply (webex-bulk
help apply).

Exit codes:
  0    the organization matches the sheet; leavers were only listed, or removed
  1    a change did not succeed, or it is unclear which user a row means
  2    usage or bad input, too many removals, or no --yes; nothing was sent
  3    the organization could not be read, or the job stopped early
  130  interrupted`

func newSync(io stdio) *cobra.Command {
	a := &reconciliation{jobCommand: newJobCommand(io)}
	a.connection.warn = a.talk.warn
	cmd := &cobra.Command{
		Use:   "sync [flags] FILE",
		Short: "Make the organization match a sheet, after showing the differences",
		Long:  syncHelp,
		Example: `  webex-bulk export users --out users.csv    what there is; edit it
  webex-bulk sync users.csv                  show the differences, ask, make the changes
  webex-bulk sync --out actions.csv users.csv
  webex-bulk sync --yes --before undo.csv --leavers deactivate hr.csv
  webex-bulk apply undo.csv                  undo the sync
  webex-bulk sync --scope 'department eq "Sales"' sales.csv`,
		Args: exactly("the sheet"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.file, a.clears = args[0], true
			return a.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	a.connection.addTo(cmd)
	f.StringVar(&a.leavers, "leavers", "report", "report, deactivate or delete users in the organization that are not in the sheet;\nWebex deletes a deactivated user after 30 days; a delete cannot be undone")
	f.StringVar(&a.maxRemovals, "max-removals", "", "the most users or members to remove, as `N|P%` (default: 10, or 5% if that is less)")
	f.StringVar(&a.opt.Scope, "scope", "", "change only users or groups that match a SCIM `FILTER`")
	f.StringVar(&a.members, "members", "exact", "exact, or add-only to remove no members from groups")
	f.BoolVar(&a.opt.IncludeAdmins, "include-admins", false, "treat administrators like others")
	f.BoolVar(&a.opt.IncludeDirectory, "include-directory", false, "treat users and groups that a directory provisions like others")
	f.IntVar(&a.opt.First, "first", 0, "carry out only this many changes; 0: all")
	f.StringVar(&a.actions, "out", "", "write the changes to `FILE.csv`, a sheet for apply, and send nothing")
	f.StringVar(&a.before, "before", "", "write the present values to `FILE.csv`, a sheet for apply that undoes the changes")
	f.BoolVar(&a.yes, "yes", false, "make the changes without confirmation")
	a.addLimits(f)
	f.IntVar(&a.job.FailOnErrors, "fail-on-errors", 0, "stop once the service has refused operations this many times; 0: never")
	a.inputFlags.addTo(cmd)
	f.BoolVar(&a.all, "all", false, fmt.Sprintf("list everybody and every error, not the first %d of a kind", maxListed))
	f.StringVar(&a.results, "results", "", "write one JSON object an operation to `FILE`; - is standard output")
	f.StringVar(&a.journalFile, "journal", "", "`FILE` to keep the journal in (default: FILE.sync.journal)")
	f.BoolVar(&a.noJournal, "no-journal", false, "keep no journal")
	f.BoolVar(&a.quiet, "quiet", false, "show only the numbers of the difference")
	f.BoolVar(&a.asJSON, "json", false, "print the difference as one line of JSON, and the summary as another")
	return cmd
}

func (a *reconciliation) run(ctx context.Context) error {
	if err := a.checkSync(); err != nil {
		return err
	}
	in, c, err := a.openInput(ctx)
	if err != nil {
		return beforeSending(ctx, err)
	}
	defer in.Close()
	for _, note := range in.Notes() {
		a.tell("%s", note)
	}
	d, err := a.compare(ctx, c, in)
	over, tooMany := errors.AsType[*reconcile.RemovalsError](err)
	if err != nil && !tooMany {
		return beforeSending(ctx, readingFailed(ctx, err))
	}
	if err := a.showDifference(d, in.Len()); err != nil {
		return err
	}
	switch {
	case tooMany:
		return terminal.Errorf("%w; nothing was sent\nlook at whom it removes above (--all lists everybody); if it is right, give --max-removals %d", over, over.Removals)
	case a.actions != "":
		return a.writeActions(d)
	case len(d.Actions) == 0:
		if d.Doubts() == 0 {
			a.say("nothing to do")
		}
		return a.unfinished(d)
	}
	if err := a.consent(ctx, d); err != nil {
		return beforeSending(ctx, err)
	}
	if err := a.writeUndo(d); err != nil {
		return err
	}
	if err := a.carryOutDifference(ctx, c, d); err != nil {
		return err
	}
	if d.Later > 0 {
		a.say("%s left for later (--first %d): the same command makes the next ones", plural(d.Later, "change"), a.opt.First)
	}
	return a.unfinished(d)
}

// showDifference prints the difference for a person, or for a program.
func (a *reconciliation) showDifference(d *reconcile.Difference, rows int) error {
	if a.asJSON {
		return difference.WriteJSON(a.summaryWriter(), d, rows)
	}
	return difference.Text{All: a.all, Quiet: a.quiet, Leavers: a.opt.Leavers}.Write(a.summaryWriter(), d, rows)
}

// checkSync finds what no file or service is needed for.
func (a *reconciliation) checkSync() error {
	for _, choice := range []struct{ flag, value, one, other, third string }{
		{"leavers", a.leavers, "report", "deactivate", "delete"}, {"members", a.members, "exact", "add-only", "add-only"},
	} {
		if choice.value != choice.one && choice.value != choice.other && choice.value != choice.third {
			expected := choice.one + ", " + choice.other + " or " + choice.third
			if choice.other == choice.third {
				expected = choice.one + " or " + choice.other
			}
			return fmt.Errorf("--%s %s: expected %s", choice.flag, choice.value, expected)
		}
	}
	a.opt.Leavers, a.opt.AddOnly = reconcile.Leavers(a.leavers), a.members == "add-only"
	if a.maxRemovals != "" {
		var err error
		if a.opt.MaxRemovals, err = reconcile.ParseLimit(a.maxRemovals); err != nil {
			return fmt.Errorf("--max-removals %w", err)
		}
	}
	if a.opt.First < 0 {
		return fmt.Errorf("--first %d: expected 0 or more", a.opt.First)
	}
	return a.checkFlags(".sync.journal",
		outfile.File{Flag: "--out", Path: a.actions, Mode: outfile.Replaced},
		outfile.File{Flag: "--before", Path: a.before, Mode: outfile.Replaced})
}
