// Package difference shows a reconcile.Difference to a person, as text, and to
// a program, as JSON.
//
//	d, err := reconcile.Compare(rows, org, options)
//	…
//	err = difference.Text{Leavers: options.Leavers}.Write(out, d, len(rows))
//
// Names of users take the place of their ids.
package difference
