// Package opfile reads files of operations, with line numbers: NDJSON, JSON, and the sheets (CSV, TSV) that people
// fill in by hand or export from Webex Control Hub.
//
//	in, err := opfile.Read(file, opfile.Options{Name: "users.csv"})
//	ids := lookUp(in.Lookups())        // what the sheet names and does not create
//	in.Resolve(ids)
//	var wrong opfile.Errors
//	for row, err := range in.Rows() {  // once to check, and again to send
//		if err != nil && !wrong.Add(err) {
//			return err
//		}
//		...
//	}
//	return wrong.Err()                 // all that is wrong, a line each
//
// An input is read several times: bad input is refused before anything is sent, a manager may stand below those who
// report to them, and the rows that failed are copied from it in the end. Spool makes any input fit for that. Rows
// are not kept: memory grows by a few dozen bytes for each bulkId, user or group.
package opfile
