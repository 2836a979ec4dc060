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
// # Personal data
//
// No form shows a token or the data of an operation. The service's error texts
// may contain names, so only the table can show them (Summary.Words), on the
// terminal of the person who gave the command. Elsewhere a refusal is shown by
// its status, codes and tracking id. NDJSON and the table identify an operation
// by its line and its bulkId; they are for people who have the input. The page
// can be sent to others. Without Page.Names it contains neither names nor
// bulkIds, which are often made of names; an id in a path is shown only if it
// is a UUID, and quoted texts are left out. The line number leads to the rest.
package report
