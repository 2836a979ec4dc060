// Package report shows the results of a job: as NDJSON for machines, and as a
// table for people.
//
//	out := report.NewResults(file)
//	var sum report.Summary
//	for res, err := range c.Run(ctx, job) {
//		...
//		out.Write(report.NewLine(res, line))
//		sum.Add(res, line)
//	}
//	out.Flush()
//	sum.WriteTable(os.Stdout)
//
// Nothing here shows data or tokens; an operation is named by its line and its
// bulkId.
package report
