package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/internal/textfile"
)

// application is one run of apply.
type application struct {
	stdio
	connection
	talk
	reading
	results, failed, report, journalFile string
	noJournal, yes, asJSON, reportNames  bool
	names, namesGiven                    bool
	maxDeletes                           int
	limitDeletes                         bool // --max-deletes was given
	job                                  client.Job
	begun                                string     // when the journal was
	others                               []usedFile // that the command writes too
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
number. Write a manager or member as a mail address, of another row or of a user
who is in the organization already.

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

FILE may be a sheet that sync has written (--out, --before). It refuses rows whose
user or group has changed since, and sends the others.

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
  3    the job stopped early: error budget, authorization, organization,
       no service, the file changed
  130  interrupted`

func newApply(io stdio) *cobra.Command {
	a := &application{stdio: io, talk: talk{w: io.err}}
	a.connection.warn = a.talk.warn
	cmd := &cobra.Command{
		Use:     "apply [flags] FILE",
		Short:   "Apply a file of operations to an organization",
		Long:    applyHelp,
		Example: applyExamples,
		Args:    exactly("the file of operations, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.file, a.limitDeletes = args[0], cmd.Flags().Changed("max-deletes")
			a.namesGiven = cmd.Flags().Changed("names")
			return a.run(cmd.Context())
		},
	}
	a.addFlags(cmd)
	return cmd
}

func (a *application) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	a.connection.flags(cmd)
	a.limits(f)
	f.IntVar(&a.job.FailOnErrors, "fail-on-errors", 0, "stop once the service has refused operations this many times; 0: never")
	f.BoolVar(&a.job.Ordered, "ordered", false, "keep the order of the whole file, one request at a time")
	addExisting(cmd, &a.job.Existing)
	f.BoolVar(&a.yes, "yes", false, "delete without confirmation")
	f.IntVar(&a.maxDeletes, "max-deletes", 50, "the most deletes that --yes allows; if given, it also limits a confirmation on a terminal")
	a.reading.flags(cmd)
	f.StringVar(&a.results, "results", "", "write one JSON object an operation to `FILE`; - is standard output")
	f.StringVar(&a.failed, "failed", "", "write the rows that did not succeed to `FILE`, to be corrected and applied;\nnot written if all succeed; an older FILE is renamed to FILE.bak")
	f.StringVar(&a.report, "report", "", "write a report to `FILE.html`, a web page without names of users or groups")
	f.BoolVar(&a.names, "names", true, "show names and the service's error texts beside the lines that failed, on a\nterminal; elsewhere only together with --report-names")
	f.BoolVar(&a.reportNames, "report-names", false, "include names of users and groups in the report")
	f.StringVar(&a.journalFile, "journal", "", "`FILE` to keep the journal in (default: FILE.journal; none for - and pipes)")
	f.BoolVar(&a.noJournal, "no-journal", false, "keep no journal: the run cannot be resumed")
	f.BoolVar(&a.quiet, "quiet", false, "print only errors, and the columns that were not understood")
	f.BoolVar(&a.asJSON, "json", false, "print the summary as JSON")
}

func (a *application) run(ctx context.Context) error {
	if err := a.checkFlags(); err != nil {
		return err
	}
	in, c, err := a.ready(ctx)
	if err != nil {
		return early(ctx, err)
	}
	defer in.close()
	notes := in.Notes()
	if a.quiet {
		notes = in.Warnings()
	}
	for _, note := range notes {
		a.tell("%s", note)
	}
	if in.rows == 0 {
		a.say("%s has no operations in it: there is nothing to do", in.name)
	}
	if err := a.confirm(ctx, in); err != nil {
		return early(ctx, err)
	}
	j, known, err := a.openJournal(ctx)
	if err != nil {
		return early(ctx, err)
	}
	if j != nil {
		a.job.Journal = j
		defer func() {
			if err := j.Close(); err != nil {
				a.talk.warn(string(report.Plain(err))) // what was done is on disk already
			}
		}()
	}
	if a.job.Journal == nil {
		lastWord(ctx, "there is no journal: what was sent is not known")
	} else {
		lastWord(ctx, "what was sent is in "+a.journalFile+"; the same command goes on")
	}
	err = in.lookUp(ctx, c, known)
	if err == nil && j != nil {
		err = known.save(foundIDsFile(a.journalFile))
	}
	if err != nil {
		return early(ctx, err)
	}
	return a.apply(ctx, c, in)
}

// checkFlags finds what no file or service is needed for.
func (a *application) checkFlags() error {
	if err := a.checkLimits(); err != nil {
		return err
	}
	switch {
	case a.job.FailOnErrors < 0:
		return fmt.Errorf("--fail-on-errors %d: expected 0 or more", a.job.FailOnErrors)
	case a.maxDeletes < 0:
		return fmt.Errorf("--max-deletes %d: expected 0 or more", a.maxDeletes)
	case a.journalFile != "" && a.noJournal:
		return errors.New("--journal FILE and --no-journal contradict each other: give one of them")
	case a.reportNames && a.report == "" && !a.namesGiven:
		return errors.New("--report-names needs --report FILE.html")
	}
	if a.journalFile == "" && !a.noJournal && isNamedFile(a.file) {
		a.journalFile = journalOf(a.file)
	}
	return a.checkFiles()
}

// journalOf is where the journal of a file is kept by default.
func journalOf(file string) string { return file + ".journal" }

// isNamedFile reports whether something of this name can be given again: it is
// no standard input and no pipe.
func isNamedFile(path string) bool {
	info, err := os.Stat(path)
	return path != stdin && (err != nil || info.Mode().IsRegular())
}

// ready reads the input and sets up the client; what is wrong with either is
// told at once.
func (a *application) ready(ctx context.Context) (*input, *client.Client, error) {
	c, noClient := a.client()
	in, noInput := a.open(ctx, a.in)
	if noInput == nil && noClient != nil {
		noInput = in.close()
	}
	return in, c, errors.Join(noClient, noInput)
}

// early gives an error from before the job its exit code and its last word.
func early(ctx context.Context, err error) error {
	wrong, bad := errors.AsType[*textfile.Errors](err)
	_, unheard := errors.AsType[*client.ResponseError](err)
	known, advised := errors.AsType[*exit](err)
	switch {
	case ctx.Err() != nil:
		return &exit{exitInterrupted, errors.New("interrupted; nothing was sent")}
	case advised:
		return &exit{known.code, terminal.Errorf("nothing was sent: %w", known.err)}
	case errors.Is(err, textfile.ErrChanged):
		return &exit{exitStopped, terminal.Errorf("%w; nothing was sent\n%s", err, "run the same command again: it checks the file anew")}
	case bad && wrong.Count == 1:
		return terminal.Errorf("%w\nnothing was sent; correct this and run the same command again", err)
	case bad:
		return terminal.Errorf("%w\n%d errors; nothing was sent; correct them and run the same command again", err, wrong.Count)
	case unheard, errors.Is(err, client.ErrUnauthorized), errors.Is(err, client.ErrEndpoint), errors.Is(err, client.ErrUnavailable):
		return &exit{exitStopped, terminal.Errorf("%w; nothing was sent\n%s", err, then(advice(err), "run the same command again"))}
	}
	return err
}
