package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/actions"
	"github.com/webexscim/bulk/internal/foundids"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/outcomes"
	"github.com/webexscim/bulk/internal/outfile"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/journal"
)

// journalEnding is the ending of the journal beside a file that apply sends.
const journalEnding = ".journal"

// applyCommand holds the flags of apply.
type applyCommand struct {
	jobCommand
	failed, report                 string // files
	names, namesGiven, reportNames bool
	maxDeletes                     int
	limitDeletes                   bool // --max-deletes was given
}

const applyExamples = `  export WEBEX_ORG_ID=… WEBEX_ACCESS_TOKEN=…
  webex-bulk whoami                       check token and organization
  webex-bulk plan users.csv               show the requests; sends nothing
  webex-bulk apply users.csv              send them; run it again to continue
  webex-bulk apply --existing update users.csv
  webex-bulk apply --failed failed.csv --report report.html users.csv
  webex-bulk apply --yes --max-deletes 200 leavers.csv`

const applyHelp = `FILE is a sheet (.csv, .tsv): an export of Control Hub (Users, Manage users,
Export) without changes, the output of "webex-bulk template users" or "groups",
or columns named by SCIM path. Each row creates a user or group. With a column
"operation" (create, update, delete) it may also change or delete one; an update
writes only the cells that are not empty. REMOVE|* in a cell of an update clears
the attribute; REMOVE|+1 555 0100 in a column of telephone numbers removes that
number. Write a manager or member as the mail address of another row, or of a user
of the organization.

The members in an update replace all members of the group. ADD|ann@example.com or
REMOVE|bob@example.com in their place adds or removes one. Rows with the operation
add or remove do the same; a group may have several. A group of more than 500
members is created with 500, and further operations add the rest. A sheet cannot
assign licenses: their columns are reported once and ignored.

FILE may also be NDJSON (.ndjson, .jsonl: one operation a line), JSON (an array
of operations, or a BulkRequest), or - for standard input. All of it is checked
before anything is sent, and every error names its line in the file. A cell that
contains line breaks spans several lines.

A row that creates a user or group fails if the organization has it already; so
does every row of a Control Hub export that is applied to its own organization.
With --existing skip such users and groups stay unchanged, and other rows can
refer to them. With --existing update they get the values of the row that differ.
Attributes that the row does not give stay, and members are only added. To see the
changes first: webex-bulk plan --online --existing update FILE.

FILE may be a sheet that sync has written (--out, --before). apply then refuses rows
whose user or group has changed since, and sends the others.

FILE.journal records each operation that is done. The same command again, after
Ctrl-C, a crash or with a corrected FILE, sends only new operations and those that
did not succeed. To do everything anew, remove FILE.journal or rename FILE. Ctrl-C
once waits for the answers to requests already sent, then stops; twice stops at once.

Deletes cannot be undone: a terminal lists them and asks for confirmation;
anything else needs --yes.

The token needs the scope identity:people_rw and must belong to a full
administrator, or to a user administrator (for groups, a group administrator).
Control Hub shows the organization's id under Account.

Environment:
  WEBEX_ORG_ID, WEBEX_BASE_URL  as --org and --base-url
  WEBEX_ACCESS_TOKEN            the access token, or, for renewed tokens,
  WEBEX_CLIENT_ID, WEBEX_CLIENT_SECRET, WEBEX_REFRESH_TOKEN
                                the values of a service app or integration
  HTTPS_PROXY, NO_PROXY         the proxy to use
  NO_COLOR                      no colors on the terminal

Exit codes:
  0    all operations succeeded
  1    some operations did not succeed
  2    usage or bad input; nothing was sent
  3    the job stopped early: too many errors (--fail-on-errors), no authorization,
       unknown organization, unreachable service, or FILE was changed meanwhile
  130  interrupted`

func newApply(std stdio) *cobra.Command {
	a := &applyCommand{jobCommand: newJobCommand(std)}
	cmd := &cobra.Command{
		Use:     "apply [flags] FILE",
		Short:   "Apply a file of operations to an organization",
		Long:    applyHelp,
		Example: applyExamples,
		Args:    oneArgument("the file of operations, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.file, a.limitDeletes = args[0], cmd.Flags().Changed("max-deletes")
			a.namesGiven = cmd.Flags().Changed("names")
			return a.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	a.connection.addTo(cmd)
	a.addLimits(f)
	f.BoolVar(&a.job.Ordered, "ordered", false, "keep the order of the whole file, one request at a time")
	addExisting(cmd, &a.job.Existing)
	f.BoolVar(&a.yes, "yes", false, "delete without confirmation")
	f.IntVar(&a.maxDeletes, "max-deletes", 50,
		"the most deletes that --yes allows; if given, it also limits a confirmation on a terminal")
	a.inputFlags.addTo(cmd)
	f.StringVar(&a.results, "results", "", "write one JSON object an operation to `FILE`; - is standard output,\n"+
		"and the summary is then on standard error")
	f.StringVar(&a.failed, "failed", "",
		"write the rows that did not succeed to `FILE`, to be corrected and applied;\n"+
			"not written if all succeed; an older FILE is renamed to FILE.bak")
	f.StringVar(&a.report, "report", "", "write a report to `FILE.html`, a web page without names of users or groups")
	f.BoolVar(&a.names, "names", true,
		"on a terminal, show names and the service's error texts beside the lines that\n"+
			"failed; elsewhere this needs --names and --report-names")
	f.BoolVar(&a.reportNames, "report-names", false, "include names of users and groups in the report")
	f.StringVar(&a.journalFile, "journal", "",
		"`FILE` to keep the journal in (default: FILE.journal; none for - and pipes)")
	f.BoolVar(&a.noJournal, "no-journal", false, "keep no journal: the run cannot be resumed")
	f.BoolVar(&a.quiet, "quiet", false, "print only errors, and the columns that were not understood")
	f.BoolVar(&a.asJSON, "json", false, "print the summary as JSON")
	return cmd
}

// run checks everything before it sends anything: the flags, the input, the
// deletes with the user, the journal, and the names in the input.
func (a *applyCommand) run(ctx context.Context) (err error) {
	if err := a.check(); err != nil {
		return err
	}
	a.whole = a.job.Existing == client.ExistingSkip
	in, c, err := a.openInput(ctx)
	if err != nil {
		return beforeSending(ctx, err)
	}
	defer in.Close()
	if in.Len() == 0 {
		a.say("%s has no operations in it: there is nothing to do", in.Name)
	}
	if err := a.confirmDeletes(ctx, in); err != nil {
		return beforeSending(ctx, err)
	}

	j, err := a.openJournal()
	if err != nil {
		return beforeSending(ctx, err)
	}
	defer a.closeJournal(j)
	begun, ids, err := a.resume(ctx, j)
	if err == nil {
		err = lookUpNames(ctx, c, in, ids)
	}
	if err == nil && j != nil {
		err = ids.Save(foundids.PathOf(a.journalFile))
	}
	if err != nil {
		return beforeSending(ctx, err)
	}

	results, err := openResults(a.results, a.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, results.close()) }()
	rec := a.newRecorder()
	collected := outcomes.NewCollector(outcomes.Options{
		Write: results.write, Line: in.Line, Input: in, Failed: a.failed != "",
		Private: a.private(), Names: a.names, Recorder: rec,
	})
	defer func() { err = errors.Join(err, collected.Close()) }()
	in.KeepNames = a.names && a.private() || a.report != "" && a.reportNames
	stop, writeErr := a.send(ctx, c, in, collected)
	if errors.Is(stop, client.ErrBudget) && collected.Summary.Succeeded == in.Len() {
		stop = nil // nothing was left to do: a refused attempt was done by an earlier one
	}
	if a.neverBegan(stop) {
		return terminal.Errorf("nothing was sent: %w\n%s", stop, adviseRepeat(stop))
	}

	writeErr = errors.Join(writeErr, results.begin(), collected.Finish(a.job.Progress(), stop), a.printSummary(collected))
	a.adviseTaken(in, collected)
	a.adviseDependents(in, collected)
	writeErr = errors.Join(writeErr, a.writeFailed(in, collected), a.writeReport(in, collected, rec))
	err = a.conclude(ctx, ending{sum: &collected.Summary, stop: stop, writeErr: writeErr, failed: a.failed})
	if sum := &collected.Summary; err == nil && begun != "" && sum.Replayed > 0 && sum.Replayed == sum.Operations {
		a.adviseReplayed(sum.Operations, begun)
	}
	return err
}

// check finds mistakes for which no input and no service is needed.
func (a *applyCommand) check() error {
	switch {
	case a.maxDeletes < 0:
		return fmt.Errorf("--max-deletes %d: expected 0 or more", a.maxDeletes)
	case a.reportNames && a.report == "" && !a.namesGiven:
		return errors.New("--report-names needs --report FILE.html")
	}
	return a.checkFlags(journalEnding,
		outfile.File{Flag: "--failed", Path: a.failed, Mode: outfile.Replaced},
		outfile.File{Flag: "--report", Path: a.report, Mode: outfile.Replaced})
}

// confirmDeletes asks before anything is deleted for good.
func (a *applyCommand) confirmDeletes(ctx context.Context, in *input.File) error {
	n := in.Counts[client.MethodDelete]
	switch {
	case n == 0:
		return nil
	case (a.yes || a.limitDeletes) && n > a.maxDeletes:
		return terminal.Errorf("%s in %s, more than --max-deletes %d allows; nothing was sent\n"+
			"%s; if they are right, give --max-deletes %d",
			terminal.Plural(n, "delete"), in.Name, a.maxDeletes, a.howToList(), n)
	case a.yes:
		return nil
	case a.file == input.Stdin || !isTerminal(a.in):
		return terminal.Errorf("%s in %s, which cannot be undone; nothing was sent\n"+
			"%s; if they are right, give --yes", terminal.Plural(n, "delete"), in.Name, a.howToList())
	}
	_ = a.err.Printf("%d of %d operations delete, for good:\n", n, in.Len())
	for _, row := range in.Deletes {
		_ = a.err.Printf("  line %d: %s\n", row.Line, subject(row.Operation.Path, row.Name))
	}
	if more := n - len(in.Deletes); more > 0 {
		_ = a.err.Printf("  and %d more: %s\n", more, a.howToList())
	}
	_ = a.err.Printf("Type the number of deletes (%d) to go on: ", n)
	if a.readAnswer(ctx) != fmt.Sprint(n) {
		return errors.New("not confirmed; nothing was sent")
	}
	return nil
}

// howToList says how to list all deletes. The content of a pipe is gone.
func (a *applyCommand) howToList() string {
	if isNamedFile(a.file) {
		return "see them with webex-bulk plan --all " + shellWord(a.file)
	}
	return "put the operations into a file, and see them with webex-bulk plan --all FILE"
}

// resume prints how much of the job earlier runs have done. It returns the time
// of the first run ("" for a new journal, or none) and the ids that were looked
// up by then. It refuses a journal of another organization, before names are
// looked up in that.
func (a *applyCommand) resume(ctx context.Context, j *journal.Journal) (begun string, ids *foundids.Set, err error) {
	ids = foundids.New(a.cfg.OrgID)
	if j == nil {
		a.setEndMessage("there is no journal: what was sent is not known")
		return "", ids, nil
	}
	sum, err := j.Summary(ctx)
	job := client.Target{OrgID: a.cfg.OrgID, BaseURL: a.cfg.BaseURL}
	switch {
	case err == nil && sum.Runs == 0:
		return "", ids, nil
	case err == nil && (sum.Target.OrgID != job.OrgID || !strings.EqualFold(sum.Target.BaseURL, job.BaseURL)):
		other := &journal.TargetError{Journal: sum.Target, Job: job}
		err = terminal.Errorf("%s: %w\n%s", a.journalFile, other, remedy(other))
	case err == nil:
		begun = sum.Started.Format("2006-01-02 15:04")
		a.say("resuming from %s, begun %s: %d done, %d sent without an answer", a.journalFile, begun, sum.Done, sum.Sent)
		ids, err = foundids.Load(foundids.PathOf(a.journalFile), a.cfg.OrgID)
	}
	if err != nil {
		return "", nil, fmt.Errorf("nothing was sent: %w", err)
	}
	return begun, ids, nil
}

// private reports whether only the person who runs the command sees the
// summary, so that it may quote the service: on a terminal; elsewhere only if
// --names and --report-names together allow it.
func (a *applyCommand) private() bool {
	return a.summaryWriter().IsTerminal() || a.names && a.namesGiven && a.reportNames
}

// newRecorder records the job for --report; it is nil without that flag.
func (a *applyCommand) newRecorder() *report.Recorder {
	if a.report == "" {
		return nil
	}
	return report.NewRecorder(report.RecorderOptions{Sample: a.job.Progress})
}

// errUnwritten ends a job whose results cannot be written.
var errUnwritten = errors.New("results cannot be written")

// send runs the job and collects its results. stop is the error that ended the
// job early. writeErr is the error of a result that could not be written, which
// ends it too.
func (a *applyCommand) send(
	ctx context.Context, c *client.Client, in *input.File, collected *outcomes.Collector,
) (stop, writeErr error) {
	defer a.watch(ctx, in.Len())()
	var inspect func([]opfile.Row)
	if in.HasConditions() {
		conditions := &actions.Conditions{Client: c}
		inspect = func(rows []opfile.Row) { conditions.Check(ctx, rows) }
	}
	a.job.Source, a.job.ReadOn = in.Operations(inspect), true
	running, end := context.WithCancelCause(ctx)
	defer end(nil)
	for res, err := range c.Run(running, &a.job) {
		if err != nil {
			stop = err
			break
		}
		name := ""
		if nameOf := in.NameOf(res.Index, res.Operation); res.Err != nil {
			name = nameOf()
		}
		if err := collected.Add(res, name); err != nil {
			writeErr = err
			end(errUnwritten) // requests in flight are still answered
		}
	}
	if writeErr != nil {
		stop = errUnwritten
	}
	return stop, writeErr
}

// adviseTaken prints advice about rows whose resource exists already, for
// example when an export is applied to its own organization, and about rows
// that refer to them.
func (a *applyCommand) adviseTaken(in *input.File, collected *outcomes.Collector) {
	n, dependents := collected.Taken(), collected.Dependents.OfTaken
	if !in.IsSheet() || n == 0 {
		return
	}
	first, exist, them := "then", "these users or groups exist", "them"
	if n == 1 {
		exist, them = "the user or group exists", "it"
	}
	advice := terminal.Sprintf("%s already: --existing skip leaves %s unchanged,\n"+
		"--existing update changes the attributes that differ", exist, them)
	if a.job.Existing != client.ExistingFail {
		advice = "another row creates or changes the same user or group"
		first, them = "without it,", "it"
	}
	if dependents > 0 {
		advice += terminal.Sprintf(";\n%s %s that %s on %s can succeed",
			first, terminal.Plural(dependents, "row"), verb(dependents, "depend"), them)
	}
	a.say("\n%s with status 409: %s", terminal.Plural(n, "row"), advice)
}

// adviseDependents prints advice about rows that depend on rows that failed for
// other reasons.
func (a *applyCommand) adviseDependents(in *input.File, collected *outcomes.Collector) {
	if n := collected.Dependents.OfOthers; in.IsSheet() && n > 0 {
		a.say("\n%s %s somebody whose own row did not succeed: correct that row, and they are sent with it",
			terminal.Plural(n, "row"), verb(n, "name"))
	}
}

// adviseReplayed says that the whole file was applied before, and how to apply
// it anew, which a user may want for a file of leavers.
func (a *applyCommand) adviseReplayed(n int, begun string) {
	what := "the operation was"
	if n > 1 {
		what = fmt.Sprintf("all %d operations were", n)
	}
	a.say("\n%s already done according to %s (begun %s); nothing was sent\n"+
		"to apply the file anew, remove %s or give the file another name",
		what, a.journalFile, begun, shellWord(a.journalFile))
}

// writeFailed writes the rows that did not succeed to the file of --failed, and
// keeps an older file: the user may have corrected it by hand.
func (a *applyCommand) writeFailed(in *input.File, collected *outcomes.Collector) error {
	if a.failed == "" {
		return nil
	}
	if collected.Summary.Succeeded == in.Len() {
		switch kept, err := outfile.SetAside(a.failed); {
		case err != nil:
			return fmt.Errorf("--failed: %w", err)
		case kept == "":
			a.say("\nevery row succeeded: %s was not written", a.failed)
		default:
			a.say("\nevery row succeeded: the older %s is kept as %s", a.failed, kept)
		}
		return nil
	}
	rows := 0
	kept, err := outfile.ReplaceKeeping(a.failed, func(w *bufio.Writer) (err error) {
		rows, err = collected.CopyFailed(w)
		return err
	})
	if kept != "" {
		a.say("\nthe older %s is kept as %s", a.failed, kept)
	}
	switch {
	case err != nil:
		return fmt.Errorf("--failed: %w", err)
	case rows == 1:
		a.say("\nthe row that did not succeed is in %s", a.failed)
	default:
		a.say("\n%d rows that did not succeed are in %s", rows, a.failed)
	}
	if unknown := collected.Summary.Unknown; unknown > 0 {
		a.say("the %d of unknown outcome are not in it: the same command as before looks them up", unknown)
	}
	return nil
}

// writeReport writes the page of --report.
func (a *applyCommand) writeReport(in *input.File, collected *outcomes.Collector, rec *report.Recorder) error {
	if rec == nil {
		return nil
	}
	page := report.Page{
		Organization: a.cfg.OrgID, Input: in.Name, Began: rec.Began(), Summary: &collected.Summary,
		Samples: rec.Samples(), Failures: rec.Failures(), Names: a.reportNames,
	}
	if err := outfile.Replace(a.report, func(w *bufio.Writer) error { return page.Write(w) }); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	a.say("the report is in %s", a.report)
	return nil
}
