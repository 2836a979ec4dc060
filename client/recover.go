package client

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/webexscim/bulk/internal/exchange"
)

// unknown is a request whose answer is lost: what it was to create is looked
// up, the rest can be repeated without harm.
func (d *delivery) unknown(a exchange.Answer) landing {
	all := make([]int, len(d.ops))
	for i := range d.ops {
		all[i] = i
	}
	d.lookUp(all, public(a.Err))
	return d.landing(nil)
}

// lookUp finds out what became of operations that were sent. why is what is
// wrong with their answer.
func (d *delivery) lookUp(lost []int, why error) {
	if len(lost) == 0 {
		return
	}
	var creates []int
	for _, i := range lost {
		p := d.ops[i]
		p.maybe = true
		if p.tries++; p.op.Method == MethodPost {
			creates = append(creates, i)
			continue
		}
		d.repeat(i, why)
	}
	missing, err := d.find(creates)
	if err != nil {
		why = fmt.Errorf("%w; %w", why, err)
	}
	for _, i := range missing {
		if _, name, _ := d.ops[i].naturalKey(); name == "" || err != nil {
			d.fates[i].res = d.lostResult(i, why)
			continue
		}
		d.repeat(i, why)
	}
	for _, i := range creates {
		if d.fates[i].foreign {
			d.fates[i] = fate{}
			d.repeat(i, why) // to be refused, in the service's own words
		}
	}
}

// repeat sends an operation again that may have been done: a PATCH and a
// DELETE come to the same, and a create that was done after all is refused as
// a duplicate.
func (d *delivery) repeat(i int, why error) {
	p := d.ops[i]
	if p.tries >= d.run.c.cfg.MaxAttempts || d.run.leave.Err() != nil {
		d.fates[i].res = d.lostResult(i, why)
		return
	}
	d.fates[i].again = true
}

func (d *delivery) lostResult(i int, why error) Result {
	return d.ops[i].result(Unknown, fmt.Errorf("%w: %w", ErrUnknown, why))
}

// probe looks for creates that an earlier run sent without hearing of them. It
// reports whether it found any; then the others are planned anew.
func (d *delivery) probe() (found bool) {
	var creates []int
	for i, p := range d.ops {
		if p.probe && p.op.Method == MethodPost {
			creates = append(creates, i)
		}
	}
	if len(creates) == 0 {
		return false
	}
	missing, err := d.find(creates)
	for _, i := range missing {
		p := d.ops[i]
		if _, name, _ := p.naturalKey(); name == "" || err != nil {
			if err == nil {
				err = errors.New("sent by an earlier run, and it has no name to be looked up by")
			}
			d.fates[i].res = d.lostResult(i, err)
			continue
		}
		p.probe = false
	}
	for _, i := range creates {
		if d.fates[i].foreign {
			d.fates[i] = fate{}
			d.ops[i].probe = false
		}
		found = found || !d.fates[i].open()
	}
	if found {
		for i := range d.fates {
			if d.fates[i].open() {
				d.fates[i].again = true
			}
		}
	}
	return found
}

// adopt takes a create that was refused as a duplicate for an earlier try of
// ours, if what is there can be it.
func (d *delivery) adopt(i int, item exchange.Item) {
	missing, err := d.find([]int{i})
	switch {
	case err != nil:
		d.fates[i].res = d.lostResult(i, fmt.Errorf("%w; %w", newResponseError(item.Err), err))
	case len(missing) > 0:
		d.fates[i].res = d.lostResult(i, newResponseError(item.Err))
	case d.fates[i].foreign:
		d.fates[i] = fate{res: failed(d.ops[i], item)}
	}
}

// name looks up the ids of creates that succeeded without a location.
func (d *delivery) name(nameless []int) {
	for _, i := range nameless {
		res := d.fates[i].res
		d.fates[i] = fate{}
		_, _ = d.find([]int{i})
		if found := d.fates[i].res; found.Outcome == Succeeded {
			res.Location = found.Location
		}
		d.fates[i] = fate{res: res}
	}
}

// find looks for what creates have created, again and again while reads may
// lag behind writes, and gives those it finds their fate. It returns the
// others; err tells that they could not be looked for to the end.
func (d *delivery) find(creates []int) (missing []int, err error) {
	missing = creates
	deadline := time.Now().Add(d.run.c.cfg.LookupPatience)
	wait := firstLookupWait
	for try := 1; len(missing) > 0; try++ {
		if missing, err = d.findOnce(missing); len(missing) == 0 || isDenied(err) {
			return missing, err
		}
		left := time.Until(deadline)
		if left <= 0 && (err == nil || try >= d.run.c.cfg.MaxAttempts) {
			return missing, err
		}
		if left > 0 {
			wait = min(wait, left)
		}
		if stop := sleep(d.run.leave, wait); stop != nil {
			return missing, stop
		}
		wait = min(2*wait, d.run.c.cfg.MaxWait)
	}
	return missing, nil
}

const firstLookupWait = 500 * time.Millisecond

// isDenied tells that looking again is in vain.
func isDenied(err error) bool {
	e, ok := errors.AsType[*exchange.LookupError](err)
	return ok && e.Fate == exchange.Denied
}

// findOnce looks once.
func (d *delivery) findOnce(creates []int) (missing []int, err error) {
	names := map[string][]string{}
	for _, i := range creates {
		if kind, name, _ := d.ops[i].naturalKey(); name != "" {
			names[kind] = append(names[kind], name)
		}
	}
	found := map[string][]exchange.Resource{}
	for kind, names := range names {
		search := d.run.c.x.FindUsers
		if kind == groups {
			search = d.run.c.x.FindGroups
		}
		if found[kind], err = search(d.run.leave, names); err != nil {
			return creates, err
		}
	}
	for _, i := range creates {
		if !d.match(i, found) {
			missing = append(missing, i)
		}
	}
	return missing, nil
}

// match gives a create its fate if what was found can be what it created.
func (d *delivery) match(i int, found map[string][]exchange.Resource) bool {
	p := d.ops[i]
	kind, name, externalID := p.naturalKey()
	var ours []exchange.Resource
	foreign := false
	for _, res := range found[kind] {
		if !strings.EqualFold(res.Name, name) {
			continue
		}
		if externalID != "" && res.ExternalID != externalID || d.before(p, res) {
			foreign = true
			continue
		}
		ours = append(ours, res)
	}
	if kind == groups {
		ours = d.run.taken.free(ours)
	}
	switch {
	case len(ours) == 1:
		if kind == groups && !d.run.taken.take(ours[0].ID) {
			return false
		}
		d.fates[i].res = recovered(p, kind, ours[0])
		return true
	case len(ours) > 1:
		d.fates[i].res = d.lostResult(i, fmt.Errorf("%d resources have its name", len(ours)))
		return true
	case foreign && kind == users:
		d.fates[i].foreign = true
		return true
	}
	return false
}

func recovered(p *pending, kind string, res exchange.Resource) Result {
	out := p.result(Succeeded, nil)
	out.Recovered, out.Version = true, res.Version
	loc, err := ParseLocation(res.Location)
	if err != nil || loc.ID != res.ID {
		loc, _ = ParseLocation("/v2/" + kind + "/" + url.PathEscape(res.ID))
	}
	out.Location = loc
	return out
}

// clockSkew is how far the service's clock and ours may be apart.
const clockSkew = 10 * time.Minute

// before tells that a resource is older than this run, and so not of its
// making. What an earlier run may have made can be of any age.
func (d *delivery) before(p *pending, res exchange.Resource) bool {
	created, err := time.Parse(time.RFC3339, res.Created)
	return err == nil && !p.earlier && created.Before(d.run.began.Add(-clockSkew))
}

// identities keeps the ids of groups that operations of this run have created:
// groups may share a name, and what one operation made is not another's.
type identities struct {
	mu  sync.Mutex
	ids map[string]bool
}

// take claims an id, and tells whether it was free.
func (t *identities) take(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ids[id] {
		return false
	}
	if t.ids == nil {
		t.ids = map[string]bool{}
	}
	t.ids[id] = true
	return true
}

func (t *identities) free(found []exchange.Resource) (out []exchange.Resource) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, res := range found {
		if !t.ids[res.ID] {
			out = append(out, res)
		}
	}
	return out
}
