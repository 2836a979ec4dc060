package reconcile

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/scimfilter"
)

// Compare finds the difference between the rows and the organization. It sends
// nothing. A row means the resource with its externalId, or else the one with
// its name, in any case. Attributes that a row does not give stay unchanged,
// and so do values that differ only in form.
//
// The error describes mistakes in the rows, a line each, or in Options. With a
// *RemovalsError, the Difference is returned too.
func Compare(rows []Row, org *Organization, o Options) (*Difference, error) {
	scope, err := scimfilter.Parse(o.Scope)
	if err != nil {
		return nil, err
	}
	o.Leavers = cmp.Or(o.Leavers, ReportLeavers)
	if o.Leavers == DeactivateLeavers && org.Type == Groups {
		return nil, errors.New("a group cannot be deactivated: expected leavers to be reported or deleted")
	}
	wants, byBulkID, err := readRows(rows, org.Type)
	if err != nil {
		return nil, err
	}
	d := Difference{org: org, opt: o, newNames: map[string]string{}}
	c := &comparison{Difference: d, scope: scope, wants: wants, byBulkID: byBulkID}
	// Which resource does each row mean?
	if err := c.index(); err != nil {
		return nil, err
	}
	c.match()
	// Which rows send nothing, and which wait for others? (order.go)
	c.checkScope()
	c.depend()
	c.findHeld()
	// What does each row change? (action.go, attributes.go)
	for _, w := range wants {
		if err := c.decide(w); err != nil {
			return nil, err
		}
	}
	// Who is removed? (removal.go)
	c.findLeavers()
	tooMany := c.checkRemovals()
	c.order()
	return &c.Difference, tooMany
}

// comparison builds a Difference.
type comparison struct {
	Difference
	scope     scimfilter.Filter
	wants     []*want
	byBulkID  map[string]*want
	resources []*resource
	doubts    int // rows for which it is unclear which resource they mean

	byExternalID, byName map[string][]*resource
	removals             []*Action
}

// resource is a resource of the organization.
type resource struct {
	client.Resource
	row     *want // the row that means it
	claimed bool  // some row may mean it
	inScope bool
}

// index indexes the organization and finds the resources in scope. An attribute
// in the scope that no resource has is probably misspelled: with "ne" or "not"
// it would put everybody in scope.
func (c *comparison) index() error {
	c.byExternalID, c.byName = map[string][]*resource{}, map[string][]*resource{}
	had := map[string]bool{}
	for _, res := range c.org.Resources {
		t := &resource{Resource: res, inScope: c.scope.Match(res.Data)}
		c.resources = append(c.resources, t)
		if res.ExternalID != "" {
			c.byExternalID[res.ExternalID] = append(c.byExternalID[res.ExternalID], t)
		}
		c.byName[key(res.Name)] = append(c.byName[key(res.Name)], t)
		if t.inScope {
			c.InScope++
		}
		for _, path := range c.scope.Paths() {
			had[path] = had[path] || scimfilter.Has(res.Data, path)
		}
	}
	for _, path := range c.scope.Paths() {
		if !had[path] && len(c.resources) > 0 {
			return fmt.Errorf("scope: none of the %d %s has the attribute %s",
				len(c.resources), strings.ToLower(c.org.Type), path)
		}
	}
	return nil
}

// match finds the resource that each row means.
func (c *comparison) match() {
	for _, w := range c.wants {
		if w.externalID != "" {
			c.link(w, c.byExternalID[w.externalID], "have this externalId")
		}
	}
	for _, w := range c.wants {
		if w.stored != nil || w.doubt != "" {
			continue
		}
		var free []*resource
		for _, t := range c.byName[key(w.name)] {
			if t.row == nil {
				free = append(free, t)
			}
		}
		if len(free) == 1 && w.externalID != "" && free[0].ExternalID != "" {
			free[0].claimed = true
			w.doubt = "the one who has this name has another externalId, which is in no row: " +
				"another person, or leading zeros lost?"
			continue
		}
		c.link(w, free, "have this name")
	}
}

// link sets the resource that a row means, if there is only one candidate. With
// several it is unclear.
func (c *comparison) link(w *want, candidates []*resource, what string) {
	if len(candidates) == 1 {
		w.stored, candidates[0].row = candidates[0], w
	}
	if len(candidates) > 1 {
		w.doubt = fmt.Sprintf("%d %s of the organization %s", len(candidates), strings.ToLower(c.org.Type), what)
		for _, t := range candidates {
			t.claimed = true
		}
	}
}

// checkScope finds the rows that are outside of the scope, and for the others
// the row that frees their name.
func (c *comparison) checkScope() {
	for _, w := range c.wants {
		switch {
		case w.doubt != "":
		case w.stored == nil && !c.scope.Match(w.data), w.stored != nil && !w.stored.inScope:
			w.left = "outside of the scope"
		default:
			c.takeName(w)
		}
	}
}
