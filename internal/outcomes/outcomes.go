// Package outcomes collects the results of a job: line by line for programs, in
// summaries for people, and as the rows that did not succeed.
//
//	c := outcomes.NewCollector(outcomes.Options{Write: write, Input: in, Line: in.Line})
//	for res, err := range service.Run(ctx, job) {
//		...
//		err = c.Add(res, name)
//	}
//	err = c.Finish(job.Progress(), stop)
//	c.Summary.WriteTable(os.Stdout)
package outcomes

import (
	"errors"
	"net/http"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/report"
)

// Options select the data that a Collector keeps.
type Options struct {
	// Write writes a result for programs.
	Write func(report.Line) error
	// Line returns the line of an operation, 0 if there is none.
	Line func(index int) int
	// Input is the input whose rows are the operations of the job; nil if they
	// are not the rows of a file.
	Input *input.File
	// Private adds a summary that quotes the service, for the terminal of the
	// person who runs the job. Names has it name users and groups.
	Private, Names bool
	// Failed keeps what CopyFailed needs. It needs Input.
	Failed bool
	// Recorder records the results for a page; nil if there will be none.
	Recorder *report.Recorder
}

// Collector collects results. It is not for use by several goroutines at once.
type Collector struct {
	// Summary may be shown to anybody.
	Summary report.Summary
	// Private is the summary of Options.Private, nil without it.
	Private *report.Summary
	// Dependents counts the operations that did not succeed because they depend
	// on another one: on one of Taken, or on any other.
	Dependents struct{ OfTaken, OfOthers int }

	o         Options
	began     time.Time
	succeeded indexes
	unknown   indexes
	taken     indexes // creates of users who exist already
	deferred  []deferred
	created   createdIDs
	reasons   reasons
}

// NewCollector returns a Collector for a job that is about to begin. Close ends
// it.
func NewCollector(o Options) *Collector {
	c := &Collector{o: o, began: time.Now()}
	if o.Private {
		c.Private = &report.Summary{Words: true}
	}
	return c
}

// Close removes the temporary files of the Collector, and stops its Recorder.
func (c *Collector) Close() error {
	if c.o.Recorder != nil {
		c.o.Recorder.Stop()
	}
	return c.created.close()
}

// Taken returns the number of creates that failed because their user exists.
func (c *Collector) Taken() int { return c.taken.count() }

// Add adds a result. name is the name of its user or group, "" if it is not
// known or not wanted. An error means that the result could not be written.
func (c *Collector) Add(res client.Result, name string) error {
	switch res.Outcome {
	case client.Succeeded:
		c.succeeded.add(res.Index)
		if op := res.Operation; c.o.Failed && op.BulkID != "" && op.Method == client.MethodPost {
			if err := c.created.put(op.BulkID, res.Location.ID); err != nil {
				return err
			}
		}
	case client.Unknown:
		c.unknown.add(res.Index)
	}
	err := c.o.Write(report.NewLine(res, c.o.Line(res.Index)))
	if !c.deferFailure(res, name) {
		c.summarize(res, name)
	}
	return err
}

// Finish completes the summaries, and stops the Recorder, after the last
// result. stop is the error that stopped the job, nil if it came to its end.
func (c *Collector) Finish(p client.Progress, stop error) error {
	took := time.Since(c.began)
	if c.o.Recorder != nil {
		c.o.Recorder.Stop()
	}
	err := c.summarizeDeferred()
	c.Summary.Finish(p, took, stop)
	if c.Private != nil {
		c.Private.Finish(p, took, stop)
	}
	return err
}

// summarize adds a result to the summaries and to the page.
func (c *Collector) summarize(res client.Result, name string) {
	line := c.o.Line(res.Index)
	if c.isSheet() {
		res.Operation.BulkID = "" // it was made up
	}
	res.Err = c.withLine(res)
	if res.Outcome == client.Failed && res.Status == http.StatusConflict && res.Operation.Path == "/Users" {
		c.taken.add(res.Index)
	}
	if _, ok := errors.AsType[*report.NeededError](res.Err); ok {
		if cause, _ := report.CauseOf(res.Err); c.taken.has(cause) {
			c.Dependents.OfTaken++
		} else {
			c.Dependents.OfOthers++
		}
	}
	if c.isSheet() && c.o.Failed && res.Err != nil {
		c.reasons.add(res.Index, report.KeptReason(res))
	}
	c.Summary.Add(res, line)
	if c.Private != nil {
		shown := ""
		if c.o.Names {
			shown = name
		}
		c.Private.AddNamed(res, line, shown)
	}
	if c.o.Recorder != nil {
		c.o.Recorder.AddNamed(res, line, name)
	}
}

// isSheet reports whether the operations are rows of a sheet, whose bulkIds are
// made up.
func (c *Collector) isSheet() bool { return c.o.Input != nil && c.o.Input.IsSheet() }
