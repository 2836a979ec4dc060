package main

import (
	"bufio"
	"fmt"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
)

// record keeps what a page will show.
func (a *application) record(in *input, b *books) {
	if a.report == "" {
		return
	}
	in.named = in.named || a.reportNames
	b.recorder = report.NewRecorder(report.RecorderOptions{
		Sample: a.job.Progress,
		Name:   func(client.Result) string { return b.name },
	})
}

// writeReport writes the page.
func (a *application) writeReport(in *input, b *books) error {
	if b.recorder == nil {
		return nil
	}
	page := report.Page{
		Organization: a.cfg.OrgID, Input: in.name, Began: b.recorder.Began(), Summary: &b.sum,
		Samples: b.recorder.Samples(), Failures: b.recorder.Failures(), Names: a.reportNames,
	}
	if err := replaceFile(a.report, func(w *bufio.Writer) error { return page.Write(w) }); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	a.say("the report is in %s", a.report)
	return nil
}
