package reconcile

import (
	"slices"
	"strings"

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

// Leavers says what to do with leavers: resources in scope that no row means.
type Leavers string

// The ways to treat leavers. The zero value is ReportLeavers.
const (
	ReportLeavers     Leavers = "report"     // list them in Difference.Leavers
	DeactivateLeavers Leavers = "deactivate" // users only; Webex deletes a deactivated user after 30 days
	DeleteLeavers     Leavers = "delete"     // for good
)

// Options limit the comparison and the actions. The zero value creates and
// changes, and removes only members from groups.
type Options struct {
	// Scope is a SCIM filter; resources that do not match it stay unchanged,
	// and rows that do not match it do nothing. Empty matches all. It is
	// evaluated here, on the resources that were read, and not by the service.
	Scope string
	// Leavers says what to do with resources in scope that no row means.
	Leavers Leavers
	// MaxRemovals limits how many of the resources in scope are deactivated or
	// deleted, as leavers or by rows that say active false. It also limits,
	// separately, how many of the members of all groups in scope are removed
	// from groups. Beyond it, Compare returns a *RemovalsError.
	MaxRemovals Limit
	// AddOnly adds the members that a row names to its group, and removes none.
	AddOnly bool
	// IncludeAdmins treats administrators like others: users with roles or
	// managed organizations.
	IncludeAdmins bool
	// IncludeDirectory treats accounts that a directory provisions (Active
	// Directory, Entra ID, …) like others.
	IncludeDirectory bool
	// Protect, if not nil, adds a rule: it returns the reason why a resource
	// must not be changed or removed, "" if it may. The reason must not name
	// it.
	Protect func(client.Resource) (reason string)
	// First is the most actions to keep, from the first on, or a few more if
	// the first ones need each other; 0 keeps all.
	First int
}

// Difference holds the actions that make an organization match the rows.
type Difference struct {
	// Actions are in an order in which they can be carried out: removals are
	// the last.
	Actions []*Action
	// Left lists first the rows for which nothing is done or less than they
	// say: those in doubt, outside of the scope, or of a protected resource.
	// Then it lists the leavers that must stay, in the order of their names:
	// they are protected, or a row has their name or names them as manager.
	Left []Left
	// Leavers are the other leavers that no Action removes, in the order of
	// their names: all of them with ReportLeavers or if something is Held; with
	// DeactivateLeavers those who are deactivated already.
	Leavers []client.Resource
	// Deactivated are the users whom a row means and who are deactivated, where
	// the row does not say whether they are active: they stay as they are.
	Deactivated []client.Resource
	// Held lists the reasons why no leaver is removed although Options.Leavers
	// says so: rows in doubt, no rows at all, or that the token's account is
	// not known. Each is a text for a person. With none, leavers are removed.
	Held []string
	// Unchanged counts the rows that differ in nothing from the organization.
	Unchanged int
	// InScope counts the resources of the organization in scope.
	InScope int
	// Later counts the actions that Options.First left out.
	Later int

	org      *Organization
	opt      Options
	newNames map[string]string // names of resources to create, by bulkId
	replayed []client.Location // of resources that an earlier run has created, see Absent
}

// Type returns the type of the resources: Users or Groups.
func (d *Difference) Type() string { return d.org.Type }

// NameOf returns the userName of a user of the organization by the id, or the
// name of a resource that an Action creates by the reference to it.
func (d *Difference) NameOf(id string) (name string, ok bool) {
	bulkID, isRef := strings.CutPrefix(id, client.Ref(""))
	if !isRef {
		return d.org.NameOf(id)
	}
	name, ok = d.newNames[bulkID]
	return name, ok
}

// Doubts counts the rows in Left with a Doubt: nothing is sent for them,
// because it is unclear which resource they mean.
func (d *Difference) Doubts() (n int) {
	for _, l := range d.Left {
		if l.Doubt {
			n++
		}
	}
	return n
}

// Left is a row or leaver for which nothing is done, or less than the row says.
type Left struct {
	// Line is the line of the row; 0 for a leaver.
	Line int
	// Name is the userName or displayName.
	Name string
	// Reason says why. It names no other resource.
	Reason string
	// Doubt reports that it is unclear which resource the row means. Then
	// nobody is removed, and no member of any group.
	Doubt bool
}

// Action creates, changes or removes one user or group.
type Action struct {
	Kind Kind
	// Line is the line of the row; 0 for a leaver.
	Line int
	// Name is the userName or displayName after the action.
	Name string
	// Stored is the resource in the organization; zero for a create.
	Stored client.Resource
	// Differences are the attributes that a create gives or a change changes,
	// except members. A value can refer to a row that is to be created.
	Differences []client.AttributeDifference
	// Added and Removed are the members of a group that change.
	Added, Removed []client.Member
	// Operations carry it out, in this order.
	Operations []client.Operation

	needs []*Action // actions that have to be carried out too
	stage int       // a stage ends before the next one begins
}

func (a *Action) isRemoval() bool { return a.Kind == Deactivate || a.Kind == Delete }

// Deactivates reports whether a user who is active is deactivated, as a leaver
// or because the row says so. Webex deletes a deactivated user after 30 days.
func (a *Action) Deactivates() bool {
	return a.Stored.Type == Users && slices.ContainsFunc(a.Differences, func(d client.AttributeDifference) bool {
		return d.Path == "active" && string(d.New) == "false"
	})
}

// Renames reports whether a user gets another userName, or a group another
// displayName.
func (a *Action) Renames() bool { return a.Kind == Change && key(a.Name) != key(a.Stored.Name) }
