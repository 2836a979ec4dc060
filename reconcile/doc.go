// Package reconcile makes the users or groups of an organization what a list says: it finds the difference, shows it, and carries it
// out as a job.
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
// A row is the operation that would create what is wanted. Compare is pure: rows and organization in, actions out. What a row does not
// give is never written. Nobody is removed unless Options say so, and never the account of the token, who is no person, an
// administrator, or whom a directory provisions; never more than Options.MaxRemovals; and nobody at all where a row is in doubt.
//
// A second Compare after a Run that succeeded finds nothing to do. A Run that was cut short is gone on with by the same steps: Read,
// Compare, Run. The same Journal guards against creating anew what does not show yet. It is of use for as long as that takes, a few
// minutes; after that the organization itself tells all, and more truly.
package reconcile
