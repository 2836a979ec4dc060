package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/opfile"
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
	b := &books{results: results, sheet: in.IsSheet(), names: a.named(), failed: a.failed != "", line: in.line}
	if a.private() {
		b.own = &report.Summary{Words: true}
	}
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
		return terminal.Errorf("nothing was sent: %w\n%s", stop, then(advice(stop), "run the same command again"))
	}
	broken = errors.Join(broken, b.enterHeld(in))
	took := time.Since(began)
	b.sum.Finish(a.job.Progress(), took, stop)
	if b.own != nil {
		b.own.Finish(a.job.Progress(), took, stop)
	}
	broken = errors.Join(broken, a.show(b))
	a.adviseTaken(b)
	a.adviseNeeded(b)
	broken = errors.Join(broken, a.writeFailed(in, b), a.writeReport(in, b))
	return a.conclude(ctx, &b.sum, stop, broken)
}

// private reports whether the summary is for the eyes of whoever gave the command, so that it may quote the service: on a
// terminal; elsewhere only as --names and --report-names together allow.
func (a *application) private() bool {
	return a.summaryWriter().IsTerminal() || a.names && a.namesGiven && a.reportNames
}

// named reports whether the summary names people too.
func (a *application) named() bool { return a.names && a.private() }

// summaryWriter is standard output, where that is free.
func (a *application) summaryWriter() *terminal.Writer {
	if a.results == stdin {
		return a.err
	}
	return a.out
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
	if in.HasConditions() {
		conditions := &conditions{client: c, passed: map[string]bool{}}
		in.inspect = func(rows []opfile.Row) { conditions.check(ctx, rows) }
	}
	a.job.Source, a.job.ReadOn = in.operations(), true
	running, end := context.WithCancelCause(ctx)
	defer end(nil)
	for res, err := range c.Run(running, &a.job) {
		if err != nil {
			stop = err
			break
		}
		name := ""
		if tell := in.nameOf(res.Index, res.Operation); res.Err != nil {
			name = tell()
		}
		if err := b.add(res, in.line(res.Index), name); err != nil {
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

// show prints the summary.
func (a *application) show(b *books) error {
	out := a.summaryWriter()
	switch {
	case a.asJSON:
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return enc.Encode(&b.sum)
	case a.quiet:
		return nil
	}
	return out.PrintTable(cmp.Or(b.own, &b.sum).WriteTable)
}
