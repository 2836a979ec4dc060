// Package reconcile compares the users or groups of an organization with a list
// of rows, and carries out the difference as a job.
//
//	org, err := reconcile.Read(ctx, c, reconcile.Users, nil)
//	…
//	rows := []reconcile.Row{{Operation: client.Users.Create(ada)}, {Operation: client.Users.Create(bob)}}
//	d, err := reconcile.Compare(rows, org, reconcile.Options{Leavers: reconcile.DeactivateLeavers})
//	…
//	for _, a := range d.Actions {
//		fmt.Println(a.Kind, a.Name) // nothing is sent yet
//	}
//	for res, err := range d.Run(ctx, c, &client.Job{}) {
//		…
//	}
//
// A row is the operation that would create the wanted user or group. Compare is
// pure: it turns rows and an organization into actions. Attributes that a row
// does not give are never written. By default nobody is removed. Options can
// allow it, but never for the account of the token, accounts that are not
// people, administrators, or accounts that a directory provisions, and never
// more than Options.MaxRemovals. If it is unclear which resource a row means,
// nobody is removed, from the organization or from a group. Organization and
// rows are in memory, some kilobytes for each person.
//
// A second Compare after a Run that succeeded finds nothing to do. To continue
// a Run that was interrupted, repeat Read, Compare and Run. Reads may not show
// a new resource for a few minutes; using the same Journal again keeps it from
// being created twice. After that the Journal is not needed.
package reconcile
