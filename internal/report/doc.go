// Package report shows a job to people and to machines: a bar while it runs,
// its results as NDJSON, a closing table, a page to look at.
//
//	out := report.NewResults(file)
//	rec := report.NewRecorder(report.RecorderOptions{Sample: job.Progress})
//	bar := report.NewProgress(os.Stderr, total, report.ProgressOptions{Sample: job.Progress})
//	var sum report.Summary
//	for res, err := range c.Run(ctx, job) {
//		...
//		out.Write(report.NewLine(res, line))
//		sum.Add(res, line)
//		rec.Add(res, line)
//	}
//	bar.Stop()
//	rec.Stop()
//	out.Flush()
//	sum.WriteTable(os.Stdout)
//	page := report.Page{Summary: &sum, Samples: rec.Samples(), Failures: rec.Failures()}
//	page.Write(html)
//
// # What is shown of people
//
// Nothing here shows a token or the data of an operation. A service's own words
// may be about people: they are in the table alone, with Summary.Words, where it
// is for the terminal of whoever gave the command; everywhere else a refusal is
// its status, codes and tracking id. NDJSON and table name
// an operation by its line and its bulkId: they stay with whoever has the input.
// The page is made to be sent on, and bulkIds are often made of names: without
// Page.Names it has neither bulkIds nor names, paths keep an id only if it is a
// UUID, and what texts quote is left out. The line leads back to the rest.
package report
