package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/actions"
	"github.com/webexscim/bulk/internal/difference"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/outcomes"
	"github.com/webexscim/bulk/internal/outfile"
	"github.com/webexscim/bulk/internal/plain"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/internal/textfile"
	"github.com/webexscim/bulk/reconcile"
)

// syncCommand holds the flags of sync.
type syncCommand struct {
	jobCommand
	leavers, members, maxRemovals string
	planFile, undoFile            string
	opt                           reconcile.Options
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
and nobody is removed, from the organization or from a group. Each leaver is read again
just before the removal.

In a sheet of groups, the members of a row replace the members of the group; with
--members add-only no member is removed. Removed members count as removals.

To check first, --out actions.csv writes the changes as a sheet for apply, and sends
nothing. When apply runs later, it refuses rows whose user has changed since. To begin
with a few changes: --first 5.

To be able to undo: --before undo.csv writes the present values as a sheet for apply
that restores them. It deactivates users that sync has created, and deletes groups that
it has created. It refuses rows where an attribute that sync wrote has changed since (of
a created user: the address or the externalId). Deleted users cannot be restored. Older
files of this name are kept as undo.csv.bak, .bak2 and so on: to undo several runs,
apply the newest first.

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

func newSync(std stdio) *cobra.Command {
	s := &syncCommand{jobCommand: newJobCommand(std)}
	cmd := &cobra.Command{
		Use:   "sync [flags] FILE",
		Short: "Make the organization match a sheet, after showing the differences",
		Long:  syncHelp,
		Example: `  webex-bulk export users --out users.csv    list the users; edit the sheet
  webex-bulk sync users.csv                  show the differences, ask, make the changes
  webex-bulk sync --out actions.csv users.csv
  webex-bulk sync --yes --before undo.csv --leavers deactivate hr.csv
  webex-bulk apply undo.csv                  undo the sync
  webex-bulk sync --scope 'department eq "Sales"' sales.csv`,
		Args: oneArgument("the sheet"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.file, s.clears = args[0], true
			return s.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	s.connection.addTo(cmd)
	f.StringVar(&s.leavers, "leavers", "report",
		"`ACTION` for users in the organization that are not in the sheet: report, deactivate or delete;\n"+
			"Webex deletes a deactivated user after 30 days; a delete cannot be undone")
	f.StringVar(&s.maxRemovals, "max-removals", "",
		"remove at most `N|P%` users or members (default: 10, or 5% if that is less)")
	f.StringVar(&s.opt.Scope, "scope", "", "change only users or groups that match a SCIM `FILTER`")
	f.StringVar(&s.members, "members", "exact", "`MODE` of members: exact, or add-only to remove no members from groups")
	completeFlag(cmd, "leavers", "report", "deactivate", "delete")
	completeFlag(cmd, "members", "exact", "add-only")
	f.BoolVar(&s.opt.IncludeAdmins, "include-admins", false, "treat administrators like others")
	f.BoolVar(&s.opt.IncludeDirectory, "include-directory", false,
		"treat users and groups that a directory provisions like others")
	f.IntVar(&s.opt.First, "first", 0, "carry out only this many changes; 0: all")
	f.StringVar(&s.planFile, "out", "", "write the changes to `FILE.csv`, a sheet for apply, and send nothing")
	f.StringVar(&s.undoFile, "before", "",
		"write the present values to `FILE.csv`, a sheet for apply that undoes the changes")
	f.BoolVar(&s.yes, "yes", false, "make the changes without confirmation")
	s.addLimits(f)
	s.inputFlags.addTo(cmd)
	f.BoolVar(&s.all, "all", false, fmt.Sprintf("list everybody and every error, not the first %d of a kind", maxListed))
	f.StringVar(&s.results, "results", "", "write one JSON object an operation to `FILE`; - is standard output,\n"+
		"and the summary is then on standard error")
	f.StringVar(&s.journalFile, "journal", "", "`FILE` to keep the journal in (default: FILE.sync.journal)")
	f.BoolVar(&s.noJournal, "no-journal", false, "keep no journal")
	f.BoolVar(&s.quiet, "quiet", false, "show only the numbers of the difference")
	f.BoolVar(&s.asJSON, "json", false, "print the difference as one line of JSON, and the summary as another")
	return cmd
}

// run shows the difference before it sends anything.
func (s *syncCommand) run(ctx context.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	in, c, err := s.openInput(ctx)
	if err != nil {
		return beforeSending(ctx, err)
	}
	defer in.Close()

	d, err := s.compare(ctx, c, in)
	tooMany, over := errors.AsType[*reconcile.RemovalsError](err)
	if err != nil && !over {
		return beforeSending(ctx, readingFailed(ctx, err))
	}
	if err := s.showDifference(d, in.Counts[client.MethodPost]); err != nil {
		return err
	}
	switch {
	case over:
		return terminal.Errorf("%w; nothing was sent\n"+
			"look at whom it removes above (--all lists everybody); if it is right, give --max-removals %d",
			tooMany, tooMany.Removals)
	case s.planFile != "":
		if err := s.writePlan(d); err != nil {
			return err
		}
		_, err := s.writeUndo(d)
		return cmp.Or(err, doubtError(d))
	case len(d.Actions) == 0:
		if d.Doubts() == 0 {
			s.say("nothing to do")
		}
		return doubtError(d)
	}

	if err := s.confirm(ctx, d); err != nil {
		return beforeSending(ctx, err)
	}
	undo, err := s.writeUndo(d)
	if err != nil {
		return err
	}
	if err := s.send(ctx, c, d, undo); err != nil {
		return err
	}
	if d.Later > 0 {
		s.say("%s left for later (--first %d): the same command makes the next ones",
			terminal.Plural(d.Later, "change"), s.opt.First)
	}
	return doubtError(d)
}

// check finds mistakes for which no input and no service is needed.
func (s *syncCommand) check() error {
	switch {
	case !slices.Contains([]string{"report", "deactivate", "delete"}, s.leavers):
		return fmt.Errorf("--leavers %s: expected report, deactivate or delete", s.leavers)
	case s.members != "exact" && s.members != "add-only":
		return fmt.Errorf("--members %s: expected exact or add-only", s.members)
	case s.opt.First < 0:
		return fmt.Errorf("--first %d: expected 0 or more", s.opt.First)
	}
	s.opt.Leavers, s.opt.AddOnly = reconcile.Leavers(s.leavers), s.members == "add-only"
	if s.maxRemovals != "" {
		var err error
		if s.opt.MaxRemovals, err = reconcile.ParseLimit(s.maxRemovals); err != nil {
			return fmt.Errorf("--max-removals %w", err)
		}
	}
	return s.checkFlags(".sync.journal",
		outfile.File{Flag: "--out", Path: s.planFile, Mode: outfile.Replaced},
		outfile.File{Flag: "--before", Path: s.undoFile, Mode: outfile.Replaced})
}

// compare reads the organization, and the sheet against it.
func (s *syncCommand) compare(ctx context.Context, c *client.Client, in *input.File) (*reconcile.Difference, error) {
	kind, err := kindOf(in)
	if err != nil {
		return nil, err
	}
	org, err := s.readOrganization(ctx, c, kind)
	if err != nil {
		return nil, err
	}
	rows, err := s.readRows(in, org)
	if err != nil {
		return nil, err
	}
	if in.IsSheet() {
		s.opt.Protect = func(r client.Resource) string {
			if sheet.CanName(strings.ToLower(r.Type), r.Name) {
				return ""
			}
			return "no sheet can hold its name"
		}
	}
	return reconcile.Compare(rows, org, s.opt)
}

const expectedRows = "a row for each user or group that the organization should have"

// kindOf returns the type of resource of the first row: the other rows must
// have the same.
func kindOf(in *input.File) (string, error) {
	for row, err := range in.Rows() {
		if err == nil && strings.HasPrefix(row.Operation.Path, "/"+reconcile.Groups) {
			return reconcile.Groups, nil
		}
		return reconcile.Users, err
	}
	return "", fmt.Errorf("%s has no rows: expected %s", in.Name, expectedRows)
}

func (s *syncCommand) readOrganization(
	ctx context.Context, c *client.Client, kind string,
) (*reconcile.Organization, error) {
	org, err := reconcile.Read(ctx, c, kind, func(n int) {
		if n%progressStep == 0 && s.err.IsTerminal() {
			s.say("reading the organization: %d so far", n)
		}
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errUnread, err)
	case errors.Is(org.MeErr, client.ErrAbsent):
		s.say("the token belongs to no user (a service app?), so no account is protected for it")
	case org.MeErr != nil:
		s.sayAlways("the account of the token could not be determined: %s", plain.Text(org.MeErr))
	}
	return org, nil
}

// readRows reads the rows, with the ids of the users of the organization whom
// they name.
func (s *syncCommand) readRows(in *input.File, org *reconcile.Organization) (rows []reconcile.Row, err error) {
	in.Resolve(func(l sheet.Lookup) (string, bool) {
		if l.Type != reconcile.Users {
			return "", false
		}
		return org.IDOf(l.Name)
	})
	wrong := textfile.Errors{All: s.all}
	for row, err := range in.Rows() {
		op := row.Operation
		addsMembers := strings.HasPrefix(op.Path, "/Groups/"+client.Ref(""))
		if err == nil && op.Method != client.MethodPost && !addsMembers {
			err = &textfile.Error{File: in.Name, Line: row.Line, Problem: "an operation that is not a create",
				Expected: expectedRows + "; apply carries out operations"}
		}
		if err != nil && !wrong.Add(err) {
			return nil, err
		}
		rows = append(rows, reconcile.Row{Line: row.Line, Operation: op})
	}
	return rows, wrong.Err()
}

// showDifference prints the difference, for a program or for a person.
func (s *syncCommand) showDifference(d *reconcile.Difference, rows int) error {
	if s.asJSON {
		return difference.WriteJSON(s.summaryWriter(), d, rows)
	}
	return difference.Text{All: s.all, Quiet: s.quiet, Leavers: s.opt.Leavers}.Write(s.summaryWriter(), d, rows)
}

// doubtError is the error of a sync that has sent nothing for some rows,
// because it is unclear whom they mean; nil if there are no such rows.
func doubtError(d *reconcile.Difference) error {
	n := d.Doubts()
	if n == 0 {
		return nil
	}
	return &exit{exitSome, terminal.Errorf("nothing was sent for %s: "+
		"it is unclear which user or group is meant (see \"in doubt\" above)", terminal.Plural(n, "row"))}
}

// confirm asks before anything is sent.
func (s *syncCommand) confirm(ctx context.Context, d *reconcile.Difference) error {
	changes := terminal.Plural(len(d.Actions), "change")
	switch {
	case s.yes:
		return nil
	case s.file == input.Stdin || !isTerminal(s.in):
		return terminal.Errorf("%s to carry out; nothing was sent\n"+
			"if this is right, give --yes; --out FILE.csv writes the changes as a sheet instead", changes)
	}
	counts := map[reconcile.Kind]int{}
	for _, action := range d.Actions {
		counts[action.Kind]++
	}
	expected := "yes"
	if n := counts[reconcile.Delete]; n > 0 {
		expected = fmt.Sprint(n)
		_ = s.err.Printf("%s, for good. Type their number (%d) to carry out %s: ",
			terminal.Plural(n, "delete"), n, changes)
	} else {
		var kinds []string
		for _, k := range [...]struct {
			reconcile.Kind
			word string
		}{{reconcile.Create, "new"}, {reconcile.Change, "changed"}, {reconcile.Deactivate, "deactivated"}} {
			if n := counts[k.Kind]; n > 0 {
				kinds = append(kinds, fmt.Sprintf("%d %s", n, k.word))
			}
		}
		_ = s.err.Printf("Type yes to carry out %s (%s): ", changes, strings.Join(kinds, ", "))
	}
	if !strings.EqualFold(s.readAnswer(ctx), expected) {
		return errors.New("not confirmed; nothing was sent")
	}
	return nil
}

// send carries out the difference, and prints the results. undo is nil without
// --before.
func (s *syncCommand) send(
	ctx context.Context, c *client.Client, d *reconcile.Difference, undo *actions.Undo,
) (err error) {
	results, err := openResults(s.results, s.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, results.close()) }()
	j, err := s.openJournal()
	if err != nil {
		return beforeSending(ctx, err)
	}
	if j == nil {
		s.setEndMessage("there is no journal; run the same command again when the organization shows the changes")
	}
	defer s.closeJournal(j)

	collected := outcomes.NewCollector(outcomes.Options{
		Write: results.write, Line: linesOf(d), Private: s.summaryWriter().IsTerminal(),
	})
	stop, writeErr := s.runJob(ctx, c, d, undo, collected)
	if s.neverBegan(stop) {
		return terminal.Errorf("nothing was sent: %w\n%s", stop, adviseRepeat(stop))
	}
	writeErr = errors.Join(writeErr, results.begin(), collected.Finish(s.job.Progress(), stop), s.printSummary(collected))
	s.finishUndo(undo)
	if err := s.conclude(ctx, ending{sum: &collected.Summary, stop: stop, writeErr: writeErr}); err != nil {
		return err
	}
	if n := d.Absent(ctx, c, s.cfg.LookupPatience); n > 0 && ctx.Err() == nil {
		return &exit{exitSome, terminal.Errorf("an earlier run has created %s that the organization does not show: "+
			"deleted since, or not shown yet;\n"+
			"run the same command again in five minutes: what is missing then is created", terminal.Plural(n, "user or group"))}
	}
	return nil
}

// linesOf returns the line of an operation of the job by its index.
func linesOf(d *reconcile.Difference) func(index int) int {
	var lines []int
	for _, action := range d.Actions {
		for range action.Operations {
			lines = append(lines, action.Line)
		}
	}
	return func(index int) int { return lines[index] }
}

// runJob collects the results as they come. Where one cannot be written it goes
// on, unlike apply: undo needs all of them, and half a sync is of no use. stop
// is the error that ended the job early, writeErr the error of a result that
// could not be written.
func (s *syncCommand) runJob(
	ctx context.Context, c *client.Client, d *reconcile.Difference, undo *actions.Undo, collected *outcomes.Collector,
) (stop, writeErr error) {
	defer s.watch(ctx, d.Operations())()
	s.job.ReadOn = true
	for res, err := range d.Run(ctx, c, &s.job) {
		if err != nil {
			return err, writeErr
		}
		undo.Note(res)
		res.Operation.BulkID = "" // in a sheet it is made up
		if writeErr == nil {
			writeErr = collected.Add(res.Result, res.Action.Name)
		}
	}
	return nil, writeErr
}
