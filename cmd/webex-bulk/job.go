package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
)

// apply runs the job and tells what became of it.
func (a *application) apply(ctx context.Context, c *client.Client, in *input) (err error) {
	results, err := openResults(a.results, a.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, results.close()) }()
	b := &books{results: results, sheet: in.IsSheet(), names: a.namesShown(), failed: a.failed != "", line: in.line}
	if a.failed != "" {
		b.created = &createdIDs{}
		defer func() { err = errors.Join(err, b.created.close()) }()
	}
	in.named = b.names
	a.record(in, b)
	began := time.Now()
	stop, broken := a.carryOut(ctx, c, in, b)
	if b.recorder != nil {
		b.recorder.Stop()
	}
	if a.neverBegan(stop) {
		return terminal.Errorf("nothing was sent: %w\n%s", stop, then(advice(stop), "give the same command"))
	}
	broken = errors.Join(broken, b.settle(in))
	b.sum.Finish(a.job.Progress(), time.Since(began), stop)
	broken = errors.Join(broken, a.show(&b.sum))
	a.adviseNeeded(b)
	a.adviseTaken(b)
	broken = errors.Join(broken, a.writeFailed(in, b), a.writeReport(in, b))
	return a.verdict(ctx, &b.sum, stop, broken)
}

// namesShown reports whether the summary names people: on the terminal of whoever gave the command, unless --names=false; in
// a file only as --report-names allows.
func (a *application) namesShown() bool {
	out := a.out
	if a.results == stdin {
		out = a.err // as show has it
	}
	return a.names && (out.IsTerminal() || a.namesGiven && a.reportNames)
}

// errUnwritten ends a job whose results have nowhere to go.
var errUnwritten = errors.New("results cannot be written")

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
	a.job.Source, a.job.ReadOn = in.operations(), true
	running, end := context.WithCancelCause(ctx)
	defer end(nil)
	for res, err := range c.Run(running, &a.job) {
		if err != nil {
			stop = err
			break
		}
		if err := b.add(res, in.line(res.Index), in.nameOf(res.Index)); err != nil {
			broken = err
			end(errUnwritten) // what is in flight is answered yet
		}
	}
	if broken != nil {
		stop = errUnwritten
	}
	if a.neverBegan(stop) {
		return stop, nil // what older results say stays true
	}
	return stop, errors.Join(broken, b.results.begin())
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
	return out.PrintTable(sum.WriteTable)
}
