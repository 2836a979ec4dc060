package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/journal"
)

// application is one run of apply.
type application struct {
	stdio
	connection
	file, format, results, journal string
	noJournal, yes, quiet, asJSON  bool
	maxDeletes                     int
	job                            client.Job
}

func newApply(io stdio) *cobra.Command {
	a := &application{stdio: io}
	cmd := &cobra.Command{
		Use:   "apply [flags] FILE",
		Short: "Apply a file of operations to an organisation",
		Long: `Apply a file of operations to an organisation.

FILE is NDJSON (one operation a line), JSON or a sheet (.csv, .tsv); - is
standard input. The whole file is checked before anything is sent. What was done
is kept in FILE.journal: the same command again goes on where the first stopped
and does nothing twice.

Exit code: 0 all succeeded; 1 some did not; 2 usage or bad input, nothing sent;
3 the job stopped early; 130 interrupted.`,
		Example: `  export WEBEX_ACCESS_TOKEN=… WEBEX_ORG_ID=…
  webex-bulk apply users.ndjson
  webex-bulk apply --results results.ndjson --fail-on-errors 5 users.ndjson
  webex-bulk apply --yes leavers.ndjson`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.file = args[0]
			return a.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	a.flags(f)
	a.limits(f)
	f.IntVar(&a.job.FailOnErrors, "fail-on-errors", 0, "stop once this many operations have failed; 0: never")
	f.BoolVar(&a.job.Ordered, "ordered", false, "keep the order of the whole file, one request at a time")
	f.StringVar(&a.results, "results", "", "write one JSON object an operation to this file; - is standard output")
	f.StringVar(&a.journal, "journal", "", "journal to use (default FILE.journal)")
	f.BoolVar(&a.noJournal, "no-journal", false, "keep no journal: the run cannot be resumed")
	f.BoolVar(&a.yes, "yes", false, "do not ask before deleting")
	f.IntVar(&a.maxDeletes, "max-deletes", 50, "refuse a file with more deletes than this, with --yes")
	f.StringVar(&a.format, "format", "", "format of FILE: ndjson, json, csv, tsv (default by its ending)")
	f.BoolVar(&a.quiet, "quiet", false, "say nothing but errors")
	f.BoolVar(&a.asJSON, "json", false, "print the summary as JSON")
	return cmd
}

func (a *application) run(ctx context.Context) error {
	in, err := open(a.file, a.format, a.in)
	if err != nil {
		return err
	}
	defer in.close()
	c, err := a.client()
	if err != nil {
		return err
	}
	if err := a.confirm(in); err != nil {
		return err
	}
	if err := in.lookUp(ctx, c); err != nil {
		return stopped(ctx, err)
	}
	for _, note := range in.Notes() {
		a.say("%s", note)
	}
	j, err := a.openJournal(ctx)
	if err != nil {
		return err
	}
	if j != nil {
		defer j.Close()
		a.job.Journal = j
	}
	return a.apply(ctx, c, in)
}

// apply runs the job and reports.
func (a *application) apply(ctx context.Context, c *client.Client, in *input) (err error) {
	out, closeOut, err := a.openResults()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeOut()) }()
	a.job.Source = in.operations()
	var sum report.Summary
	began := time.Now()
	add := func(res client.Result) error {
		sum.Add(res, in.line(res.Index))
		return out.Write(report.NewLine(res, in.line(res.Index)))
	}
	var stop error
	for res, err := range c.Run(ctx, &a.job) {
		if err != nil {
			stop = err
			break
		}
		if err := add(res); err != nil {
			return &exit{exitStopped, fmt.Errorf("--results: %w", err)}
		}
	}
	if stop != nil {
		if err := a.skipRest(in, stop, add); err != nil {
			return err
		}
		sum.Stopped = stop.Error()
	}
	sum.Took = time.Since(began)
	sum.Seconds = sum.Took.Seconds()
	sum.Requests = a.job.Progress().Requests
	if err := errors.Join(out.Flush(), a.show(&sum)); err != nil {
		return err
	}
	return verdict(ctx, &sum, stop)
}

// skipRest gives the operations that the job did not come to their result.
func (a *application) skipRest(in *input, stop error, add func(client.Result) error) error {
	read, index := a.job.Progress().Read, 0
	for row, err := range in.Rows() {
		if err != nil {
			return err
		}
		if index >= read {
			res := client.Result{Index: index, Operation: row.Operation, Outcome: client.Skipped, Err: &client.SkippedError{Index: -1, Cause: stop}}
			if err := add(res); err != nil {
				return err
			}
		}
		index++
	}
	return nil
}

func verdict(ctx context.Context, sum *report.Summary, stop error) error {
	switch {
	case ctx.Err() != nil:
		return &exit{exitInterrupted, errors.New("interrupted; the same command goes on")}
	case stop != nil:
		return &exit{exitStopped, fmt.Errorf("the job stopped early: %w", stop)}
	case sum.Succeeded < sum.Operations:
		return &exit{code: exitSome}
	}
	return nil
}

// stopped gives an error before the job its exit code.
func stopped(ctx context.Context, err error) error {
	var wrong *opfile.Errors
	switch {
	case ctx.Err() != nil:
		return &exit{exitInterrupted, errors.New("interrupted; nothing was sent")}
	case errors.As(err, &wrong):
		return err
	}
	return &exit{exitStopped, err}
}

func (a *application) show(sum *report.Summary) error {
	switch {
	case a.asJSON:
		return json.NewEncoder(a.out).Encode(sum)
	case a.quiet:
		return nil
	case a.results == stdin:
		return sum.WriteTable(a.err)
	}
	return sum.WriteTable(a.out)
}

func (a *application) say(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, format+"\n", args...)
	}
}

func (a *application) openResults() (*report.Results, func() error, error) {
	switch a.results {
	case "":
		return report.NewResults(io.Discard), func() error { return nil }, nil
	case stdin:
		return report.NewResults(a.out), func() error { return nil }, nil
	}
	f, err := os.Create(a.results)
	if err != nil {
		return nil, nil, fmt.Errorf("--results: %w", err)
	}
	return report.NewResults(f), f.Close, nil
}

// confirm asks before users are deleted for good.
func (a *application) confirm(in *input) error {
	n := in.counts[client.MethodDelete]
	if n == 0 {
		return nil
	}
	terminal, isTerminal := a.in.(*os.File)
	isTerminal = isTerminal && a.file != stdin && term.IsTerminal(int(terminal.Fd()))
	switch {
	case a.yes && n > a.maxDeletes:
		return fmt.Errorf("%d deletes in %s, more than --max-deletes %d allows; nothing was sent", n, in.name, a.maxDeletes)
	case a.yes:
		return nil
	case !isTerminal:
		return fmt.Errorf("%d deletes in %s, and a deleted user cannot be brought back; nothing was sent; give --yes to go on", n, in.name)
	}
	fmt.Fprintf(a.err, "%d operations delete for good:\n", n)
	for _, row := range in.deletes {
		fmt.Fprintf(a.err, "  line %d: %s %s\n", row.Line, row.Operation.Path, row.Name)
	}
	if more := n - len(in.deletes); more > 0 {
		fmt.Fprintf(a.err, "  and %d more\n", more)
	}
	fmt.Fprintf(a.err, "Type the number of deletes to go on: ")
	answer, _ := bufio.NewReader(a.in).ReadString('\n')
	if strings.TrimSpace(answer) != fmt.Sprint(n) {
		return errors.New("not confirmed; nothing was sent")
	}
	return nil
}

// openJournal opens the journal beside the file and says what it knows.
func (a *application) openJournal(ctx context.Context) (*journal.Journal, error) {
	path := a.journal
	if path == "" && a.file != stdin {
		path = a.file + ".journal"
	}
	if a.noJournal || path == "" {
		return nil, nil
	}
	j, err := journal.Open(path)
	if err != nil {
		return nil, fmt.Errorf("nothing was sent: %w", err)
	}
	sum, err := j.Summary(ctx)
	if err != nil {
		j.Close()
		return nil, fmt.Errorf("nothing was sent: %w", err)
	}
	if sum.Done+sum.Sent > 0 {
		a.say("resuming from %s: %d done, %d sent without an answer", path, sum.Done, sum.Sent)
	}
	return j, nil
}
