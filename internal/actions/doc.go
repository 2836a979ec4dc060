// Package actions writes a reconcile.Difference as a sheet of operations that
// apply takes, and the sheet that undoes it. When such a sheet is applied,
// Conditions refuse the rows whose user or group has changed since.
//
//	err := actions.Plan(d).Write(file)
//	…
//	undo := actions.NewUndo(d)
//	err = undo.Sheet().Write(file) // undoes all, whatever is done of it
//	for res, err := range d.Run(ctx, c, job) {
//		undo.Note(res)
//	}
//	err = undo.Sheet().Write(file) // undoes what was done
package actions
