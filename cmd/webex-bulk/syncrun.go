package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/outcomes"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/reconcile"
)

// unfinished is the exit code of what was left undone because it is in doubt.
func (a *reconciliation) unfinished(d *reconcile.Difference) error {
	if n := d.Doubts(); n > 0 {
		return &exit{exitSome, terminal.Errorf("nothing was sent for %s: it is unclear which user or group is meant (see \"in doubt\" above)", plural(n, "row"))}
	}
	return nil
}

// consent asks before anything is sent.
func (a *reconciliation) consent(ctx context.Context, d *reconcile.Difference) error {
	if a.yes {
		return nil
	}
	if a.file == input.Stdin || !isTerminal(a.in) {
		return terminal.Errorf("%s to carry out; nothing was sent\nif they are right, give --yes, or --out FILE.csv to have them as a sheet", plural(len(d.Actions), "change"))
	}
	word := "yes"
	counts := map[reconcile.Kind]int{}
	for _, action := range d.Actions {
		counts[action.Kind]++
	}
	if deletes := counts[reconcile.Delete]; deletes > 0 {
		word = fmt.Sprint(deletes)
		_ = a.err.Printf("%s, for good. Type their number (%s) to carry out %s: ", plural(deletes, "delete"), word, plural(len(d.Actions), "change"))
	} else {
		_ = a.err.Printf("Type yes to carry out %s (%d new, %d changed, %d deactivated): ", plural(len(d.Actions), "change"),
			counts[reconcile.Create], counts[reconcile.Change], counts[reconcile.Deactivate])
	}
	if !strings.EqualFold(a.readAnswer(ctx), word) {
		return errors.New("not confirmed; nothing was sent")
	}
	return nil
}

// carryOutDifference runs the job and tells what became of it.
func (a *reconciliation) carryOutDifference(ctx context.Context, c *client.Client, d *reconcile.Difference) (err error) {
	results, err := openResults(a.results, a.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, results.close()) }()
	closeJournal, err := a.openSyncJournal(ctx)
	if err != nil {
		return beforeSending(ctx, err)
	}
	defer func() { err = errors.Join(err, closeJournal()) }()
	all := outcomes.NewCollector(outcomes.Options{Write: results.write, Line: a.lineOf, Private: a.summaryWriter().IsTerminal()})
	stop, broken := a.follow(ctx, c, d, all)
	if a.neverBegan(stop) {
		return terminal.Errorf("nothing was sent: %w\n%s", stop, then(advice(stop), "run the same command again"))
	}
	broken = errors.Join(broken, results.begin(), all.Finish(a.job.Progress(), stop), a.printSummary(all))
	a.finishUndo(d)
	if err := a.conclude(ctx, ending{sum: &all.Summary, stop: stop, broken: broken}); err != nil {
		return err
	}
	if n := d.Absent(ctx, c, a.cfg.LookupPatience); n > 0 && ctx.Err() == nil {
		return &exit{exitSome, terminal.Errorf("an earlier run has created %s that the organization does not show: deleted since, or not shown yet;\n"+
			"run the same command again in five minutes: what is missing then is created", plural(n, "user or group"))}
	}
	return nil
}

// lineOf is where the row of an operation stands.
func (a *reconciliation) lineOf(index int) int {
	if index < len(a.lines) {
		return a.lines[index]
	}
	return 0
}

// follow enters the results as they come: stop is why the job ended early, broken why they could not be written.
func (a *reconciliation) follow(ctx context.Context, c *client.Client, d *reconcile.Difference, all *outcomes.Collector) (stop, broken error) {
	defer a.watch(ctx, d.Operations())()
	a.job.ReadOn = true
	for _, action := range d.Actions {
		for range action.Operations {
			a.lines = append(a.lines, action.Line)
		}
	}
	for res, err := range d.Run(ctx, c, &a.job) {
		if err != nil {
			return err, broken
		}
		if t := a.attempts[res.Action]; t != nil {
			t.note(res.Result)
		}
		res.Operation.BulkID = "" // made up, and tells nobody anything
		if broken == nil {
			broken = all.Add(res.Result, res.Action.Name)
		}
	}
	return nil, broken
}

// openSyncJournal opens the journal, which guards against creating twice what the
// organization does not show yet. It says nothing of what it knows: the difference
// does.
func (a *reconciliation) openSyncJournal(ctx context.Context) (func() error, error) {
	j, err := a.openJournal(ctx)
	if err != nil {
		return nil, err
	}
	if j == nil {
		lastWord(ctx, "there is no journal; the same command goes on once what was sent shows")
		return func() error { return nil }, nil
	}
	return j.Close, nil
}

func removeJournal(path string) error {
	var errs []error
	for _, name := range journalFiles(path) {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
