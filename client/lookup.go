package client

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/webexscim/bulk/internal/bulkapi"
)

// sighting is what a lookup tells of a create. The zero value: there is
// nothing yet.
type sighting struct {
	found    bool
	location Location
	version  string
	foreign  bool  // its name is that of another's resource
	err      error // why nothing can be told
	over     bool  // looking again would not tell more
}

var (
	errNoName  = errors.New("it has no name to be looked up by")
	errAwaited = errors.New("another operation that creates what has its name is under way")
)

const firstLookupWait = 500 * time.Millisecond

// look looks for what creates have created, again and again while reads may
// lag behind writes. What is absent was sought once more after the last lag.
// The error tells that the service has answered nobody all the while.
func (d *delivery) look(which []int) (seen []sighting, dead error) {
	seen = make([]sighting, len(which))
	tally := &d.run.job.tally
	tally.change(func(p *Progress) { p.LookingUp += len(seen) })
	defer tally.change(func(p *Progress) { p.LookingUp -= len(seen) })
	cfg := &d.run.c.cfg
	answered := d.run.c.gate.State().Accepted
	deadline := time.Now().Add(cfg.LookupPatience)
	for try, wait := 1, firstLookupWait; len(which) > 0; try, wait = try+1, min(2*wait, cfg.MaxWait) {
		late := !time.Now().Before(deadline) // before the look, which can take its time
		open, blind := d.lookOnce(which, seen)
		if blind && late && d.run.c.gate.State().Accepted == answered {
			return seen, blindness(seen)
		}
		if !open || late && (!blind || try >= cfg.MaxAttempts) {
			break
		}
		if left := time.Until(deadline); !late {
			wait = min(wait, max(0, left))
		}
		if stop := sleep(d.run.leave, wait); stop != nil {
			for k := range seen {
				if !seen[k].over {
					seen[k].err = stop
				}
			}
			break
		}
	}
	return seen, nil
}

// blindness is why the job cannot go on.
func blindness(seen []sighting) error {
	for _, s := range seen {
		if s.err != nil && !s.over {
			return fmt.Errorf("%w: looking for what it did: %w", ErrUnavailable, s.err)
		}
	}
	return nil
}

// lookOnce looks once for those that are not over yet. It reports whether some
// are open afterwards, and whether some of these could not be looked for.
func (d *delivery) lookOnce(which []int, seen []sighting) (open, blind bool) {
	names := map[string][]string{}
	for k, i := range which {
		switch kind, name, _ := d.ops[i].naturalKey(); {
		case seen[k].over:
		case name == "":
			seen[k] = sighting{over: true, err: errNoName}
		default:
			names[kind] = append(names[kind], name)
		}
	}
	found, failures := map[string][]bulkapi.Resource{}, map[string]error{}
	for _, kind := range []string{users, groups} {
		if len(names[kind]) > 0 {
			found[kind] = d.search(kind, names[kind], failures)
		}
	}
	for k, i := range which {
		if seen[k].over {
			continue
		}
		kind, name, _ := d.ops[i].naturalKey()
		if err := failures[kind+name]; err != nil {
			seen[k] = sighting{err: lookupError(err), over: hopeless(err)}
		} else {
			seen[k] = d.match(d.ops[i], found[kind])
		}
		open = open || !seen[k].over
		blind = blind || !seen[k].over && seen[k].err != nil
	}
	return open, blind
}

// search finds the resources of these names, and notes in failures the names
// that it could not ask for. A name that the service does not digest is not to
// spoil it for the others.
func (d *delivery) search(kind string, names []string, failures map[string]error) []bulkapi.Resource {
	find := d.run.c.x.FindUsers
	if kind == groups {
		find = d.run.c.x.FindGroups
	}
	found, err := find(d.run.leave, names)
	if err == nil {
		return found
	}
	if fateOf(err) == bulkapi.Rejected && len(names) > 1 {
		half := len(names) / 2
		return append(d.search(kind, names[:half], failures), d.search(kind, names[half:], failures)...)
	}
	for _, name := range names {
		failures[kind+name] = err
	}
	return nil
}

// hopeless tells that looking again is in vain.
func hopeless(err error) bool {
	fate := fateOf(err)
	return fate == bulkapi.Denied || fate == bulkapi.Rejected
}

func fateOf(err error) bulkapi.Kind {
	if e, ok := errors.AsType[*bulkapi.LookupError](err); ok {
		return e.Kind
	}
	return bulkapi.Unknown
}

// match tells whether what was found can be what a create has created.
func (d *delivery) match(p *pending, found []bulkapi.Resource) (s sighting) {
	kind, name, externalID := p.naturalKey()
	known := &d.run.known
	var ours []bulkapi.Resource
	for _, res := range found {
		switch {
		case !strings.EqualFold(res.Name, name) || known.isDeleted(res.ID):
		case externalID != "" && res.ExternalID != externalID, isOlder(res, p), known.isTaken(res.ID):
			s.foreign = kind == users // groups may share a name
		default:
			ours = append(ours, res)
		}
	}
	switch {
	case len(ours) > 0 && known.isAwaited(kind, name):
		return sighting{err: errAwaited}
	case len(ours) == 1 && known.take(ours[0].ID):
		return sighting{found: true, location: location(kind, ours[0]), version: ours[0].Version, over: true}
	case len(ours) > 1:
		return sighting{err: fmt.Errorf("%d resources have its name", len(ours)), over: true}
	}
	s.over = s.foreign
	return s
}

// loose is by how much the clocks of a service may differ from each other.
const loose = time.Minute

// isOlder tells that a resource was there before the operation left.
func isOlder(res bulkapi.Resource, p *pending) bool {
	known := !p.first.IsZero() && !res.Created.IsZero() && !res.Date.IsZero()
	return known && res.Date.Sub(res.Created) > time.Since(p.first)+loose
}

// location is where a resource lives that a lookup found.
func location(kind string, res bulkapi.Resource) Location {
	loc, err := ParseLocation(res.Location)
	if err != nil || loc.ID != res.ID {
		loc, _ = ParseLocation("/v2/" + kind + "/" + url.PathEscape(res.ID))
	}
	return loc
}
