package reconcile

import (
	"encoding/json"

	"github.com/webexscim/bulk/client"
)

// Kind says what an Action does. The zero value is none.
type Kind string

// The kinds of actions.
const (
	Create     Kind = "create"
	Change     Kind = "change"
	Deactivate Kind = "deactivate"
	Delete     Kind = "delete"
)

// Leavers says what becomes of those who are in scope and not among the rows.
type Leavers string

// What can become of them. The zero value is Report.
const (
	Report            Leavers = "report"     // they are told
	DeactivateLeavers Leavers = "deactivate" // users only; Webex deletes a deactivated user after 30 days
	DeleteLeavers     Leavers = "delete"     // for good
)

// Options say what is compared and what may be done. The zero value creates and changes, and removes nobody but members of groups.
type Options struct {
	// Scope is a SCIM filter of those who are ours; all when empty. It is decided here, on what was read, and not by the service. A
	// row that does not fit sends nothing.
	Scope string
	// Leavers says what becomes of those in scope who are not among the rows.
	Leavers Leavers
	// MaxRemovals bounds the leavers who are deactivated or deleted, of those in scope; and, by itself, the members who are taken
	// out of groups, of all members of the groups in scope. More is an error of Compare, a *RemovalsError.
	MaxRemovals Limit
	// AddOnly adds the members that a row names to its group, and leaves the others.
	AddOnly bool
	// IncludeAdmins treats administrators like others: users with roles or managed organizations.
	IncludeAdmins bool
	// IncludeDirectory treats those like others whom a directory provisions (Active Directory, Entra ID and the like).
	IncludeDirectory bool
	// First keeps only the first so many actions, and those that they need; 0 keeps all.
	First int
}

// Difference is what has to be done so that an organization is as the rows say.
type Difference struct {
	// Actions are in an order in which they can be carried out: removals are the last.
	Actions []*Action
	// Left are those for whom nothing is done, and why: first the rows, then who is not among them.
	Left []Left
	// Leavers are those in scope who are not among the rows and whom no Action removes.
	Leavers []client.Resource
	// Held is why nobody is removed although Options ask for it; empty if nothing keeps from it.
	Held []string
	// Unchanged is how many rows are as they should be.
	Unchanged int
	// InScope is how many resources of the organization are in scope.
	InScope int
	// Later is how many actions Options.First put off.
	Later int

	org *Organization
	opt Options
}

// NameOf returns the userName of a user of the organization.
func (d *Difference) NameOf(id string) (userName string, ok bool) { return d.org.NameOf(id) }

// Doubts is how many rows send nothing because it is in doubt whom they mean.
func (d *Difference) Doubts() (n int) {
	for _, l := range d.Left {
		if l.Doubt {
			n++
		}
	}
	return n
}

// Left is somebody for whom nothing is done.
type Left struct {
	// Line is that of the row; 0 for who is not among the rows.
	Line int
	// Name is the userName or displayName.
	Name string
	// Reason says why, without the names of others.
	Reason string
	// Doubt tells that it is not clear whom the row means. Then nobody is removed.
	Doubt bool
}

// Action is what is done about one user or group.
type Action struct {
	Kind Kind
	// Line is that of the row; 0 for a leaver.
	Line int
	// Name is the userName or displayName, as it is to be.
	Name string
	// Stored is what is there; its zero value if nothing is.
	Stored client.Resource
	// Changes are the attributes that change.
	Changes []Value
	// Added and Removed are members.
	Added, Removed []client.Member
	// Operations carry it out, in this order.
	Operations []client.Operation

	needs []*Action // that are carried out too
	after *Action   // that must have succeeded before, since it frees the name
	stage int       // each is over before the next one begins
}

// Value is one attribute that changes.
type Value struct {
	// Path is that of the PATCH, such as name.givenName.
	Path string
	// Old and New are JSON, nil where there is none. References to rows that are to be created are bulkIds.
	Old, New json.RawMessage
}
