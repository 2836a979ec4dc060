// Package lookup reads users and groups: by name, by id, and all of them.
//
//	// c is a *transport.Client
//	found, err := lookup.Find(ctx, c, "Users", []string{"ada@example.com"})
//	if err == nil && len(found) == 0 {
//		// there is no such user, or reads lag behind writes
//	}
//
// Reads change nothing, so each is tried again after a failure that may pass.
// An *Error says nothing about the resource, which may exist or not.
package lookup
