package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
)

// apply runs the job and tells what became of it.
func (a *application) apply(ctx context.Context, c *client.Client, in *input) (err error) {
	results, err := openResults(a.results, a.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, results.close()) }()
	b := &books{results: results, sheet: in.isSheet()}
	if a.failed != "" && a.job.Journal == nil {
		b.ids = map[string]string{}
	}
	a.record(in, b)
	began := time.Now()
	stop, broken := a.carryOut(ctx, c, in, b)
	if b.recorder != nil {
		b.recorder.Stop()
	}
	if a.neverBegan(stop) {
		return fmt.Errorf("nothing was sent: %w\n%s", stop, next(stop))
	}
	b.sum.Finish(a.job.Progress(), time.Since(began), stop)
	broken = errors.Join(broken, a.show(&b.sum), a.writeFailed(in, b), a.writeReport(in, b))
	return a.verdict(ctx, &b.sum, stop, broken)
}

// neverBegan reports whether the job was refused by its journal before a single
// operation was read.
func (a *application) neverBegan(stop error) bool {
	return errors.Is(stop, client.ErrJournal) && a.job.Progress().Read == 0
}

// carryOut gives every operation of the file its result: stop is why the job
// ended early, broken why results could not be written, which ends it too.
func (a *application) carryOut(ctx context.Context, c *client.Client, in *input, b *books) (stop, broken error) {
	a.watch(&a.job, in.rows)
	defer a.rest()
	defer context.AfterFunc(ctx, func() {
		a.rest()
		a.say("\nstopping: requests in flight get a moment to be answered (Ctrl-C once more ends at once)")
	})()
	a.job.Source = in.operations()
	for res, err := range c.Run(ctx, &a.job) {
		if err != nil {
			stop = err
			break
		}
		if broken = b.add(res, in.line(res.Index), in.nameOf(res.Index)); broken != nil {
			return errors.New("results cannot be written"), broken
		}
	}
	if a.neverBegan(stop) {
		return stop, nil // what older results say stays true
	}
	if stop != nil {
		broken = a.skipRest(in, b, stop)
	}
	return stop, errors.Join(broken, b.results.begin())
}

// skipRest gives the operations that the job did not come to their result.
func (a *application) skipRest(in *input, b *books, stop error) error {
	read, index := a.job.Progress().Read, 0
	for row, err := range in.Rows() {
		if err != nil {
			return err
		}
		if index >= read {
			res := client.Result{
				Index: index, Operation: row.Operation, Outcome: client.Skipped,
				Err: &client.SkippedError{Index: -1, Cause: stop},
			}
			if err := b.add(res, row.Line, row.Name); err != nil {
				return err
			}
		}
		index++
	}
	return nil
}

// show prints the summary, on standard output where that is free for it.
func (a *application) show(sum *report.Summary) error {
	out := a.out
	if a.results == stdin {
		out = a.err
	}
	switch {
	case a.asJSON:
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return enc.Encode(sum)
	case a.quiet:
		return nil
	}
	return sum.WriteTable(out)
}

// verdict is the exit code, and what to do next.
func (a *application) verdict(ctx context.Context, sum *report.Summary, stop, broken error) error {
	unfinished := sum.Succeeded < sum.Operations
	if unfinished && (a.job.Journal == nil) {
		a.say("\nthere is no journal: the same command would send everything once more")
	}
	switch {
	case stop != nil && ctx.Err() != nil:
		text := "interrupted"
		if a.job.Journal != nil {
			text += "; the same command goes on"
		}
		return &exit{exitInterrupted, errors.Join(errors.New(text), broken)}
	case stop != nil && broken != nil:
		return &exit{exitStopped, fmt.Errorf("the job stopped early: %w", broken)}
	case stop != nil:
		return &exit{exitStopped, fmt.Errorf("the job stopped early: %w\n%s", stop, next(stop))}
	case broken != nil:
		return &exit{exitSome, broken}
	case unfinished:
		if a.job.Journal != nil {
			a.say("\n%s", "correct what failed and give the same command: it sends only what has not succeeded")
		}
		return &exit{code: exitSome}
	}
	return nil
}

// next is what to do about the error that ended a job.
func next(err error) string {
	var e *client.ResponseError
	errors.As(err, &e)
	switch {
	case errors.Is(err, client.ErrBudget):
		return "correct what failed and give the same command: it sends only what has not succeeded"
	case errors.Is(err, client.ErrUnauthorized) && e != nil && e.Status == 403:
		return strings.Join([]string{
			"the token is valid, but not for this: check that --org is its organisation, that it has the scope",
			"identity:people_rw, and that whoever it belongs to is a full or user administrator; then the same command",
		}, "\n")
	case errors.Is(err, client.ErrUnauthorized):
		return "get a new token, see that webex-bulk whoami takes it, and give the same command"
	case errors.Is(err, client.ErrEndpoint):
		return "check --org and --base-url, see that webex-bulk whoami finds them right, and give the same command"
	case errors.Is(err, client.ErrUnavailable):
		return "check the network, the proxy (HTTPS_PROXY) and --ca-file, or wait, and give the same command"
	case errors.Is(err, client.ErrJournal):
		return "another --journal FILE starts afresh, and forgets what was done"
	case errors.Is(err, client.ErrSource):
		return "the file changed while it was read: give the same command"
	}
	return "the same command goes on where this stopped"
}
