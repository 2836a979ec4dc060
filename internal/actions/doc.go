// Package actions writes a reconcile.Difference as a sheet of operations that
// apply takes, and the sheet that undoes it. When such a sheet is applied,
// Conditions refuse the rows whose user or group has changed since.
//
//	err := actions.Plan(d).Write(file)
//	…
//	undo := actions.NewUndo(d)
//	err = undo.Sheet().Write(file) // undoes all changes, done or not
//	for res, err := range d.Run(ctx, c, job) {
//		undo.Note(res)
//	}
//	err = undo.Sheet().Write(file) // undoes the changes that were done
package actions
