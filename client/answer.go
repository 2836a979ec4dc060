package client

import (
	"errors"
	"net/http"

	"github.com/webexscim/bulk/internal/bulkapi"
)

var (
	errNotSpoken = errors.New("the answer does not speak of it")
	errGone      = errors.New("sent again, its resource is not there: an operation behind it may have deleted it")
	errLeftOut   = errors.New("the service leaves it out, though nothing failed")
)

// read tells from the items of an answer what became of the operations, and
// looks for what it does not tell. An item that is not Found is one whose
// answer is lost.
func (d *delivery) read(items []bulkapi.Item) (end landing, over bool) {
	var look []int
	settled := false
	for i, item := range items {
		if d.judge(i, item) {
			look = append(look, i)
		}
		settled = settled || !item.Unattempted
	}
	d.run.known.hear(d)
	if !settled {
		for i := range d.ops {
			d.retry(i, d.ops[i].result(Failed, errLeftOut))
		}
	}
	d.charge(items)
	d.overtaken()
	if len(look) > 0 {
		if err := d.collect(); err != nil {
			d.rely()
			return landing{stop: err}, true
		}
		d.report()
		if err := d.recover(look); err != nil {
			end, over = landing{stop: err}, true
		}
	}
	d.forgive()
	d.overtaken()
	d.rely()
	return end, over
}

// charge counts the errors of an answer against the budget, each time, whatever
// comes of their operations: so the service counts them. What is put off or left
// out is one once it is given up.
func (d *delivery) charge(items []bulkapi.Item) {
	for i, item := range items {
		failed := item.Err != nil
		if item.Unattempted || transient(item.Status) {
			failed = !d.fates[i].again
		}
		if failed {
			d.spent++
			d.out.failed++
		}
	}
}

// rely takes what is known for all that will be.
func (d *delivery) rely() {
	for i := range d.fates {
		d.fates[i].held = false
	}
}

// judge takes what an answer says of one operation. It reports whether that
// leaves something to be looked up.
func (d *delivery) judge(i int, item bulkapi.Item) (look bool) {
	p, f := d.ops[i], &d.fates[i]
	post := p.op.Method == MethodPost
	if !item.Unattempted && item.Err == nil { // it was done, or may have been
		if p.op.Method == MethodDelete {
			d.bury(i)
		}
		d.follow(i)
	}
	switch {
	case item.Unattempted:
		f.again, f.unattempted = true, true
	case !item.Found:
		p.maybe = true
		if post {
			p.tries++
			return true
		}
		// A PATCH and a DELETE come to the same when they are repeated.
		d.retry(i, d.lost(p, d.why, nil))
	case item.Err == nil:
		f.res, p.stands = succeeded(p, item), true
		f.held = post && f.res.Location.ID == ""
		if post {
			d.run.known.created(f.res.Location)
		}
		return f.held
	case item.Status == http.StatusConflict && post && p.maybe:
		f.dup = &item
		return true
	case item.Status == http.StatusNotFound && p.op.Method == MethodDelete && p.maybe:
		f.res = succeeded(p, item)
	case item.Status == http.StatusNotFound && p.maybe && p.buried && p.done == nil:
		f.res = d.lost(p, errGone, newResponseError(item.Err))
	case transient(item.Status):
		d.retry(i, failed(p, item))
	default:
		f.res, f.held = failed(p, item), true
	}
	return false
}

// bury notes of those before a DELETE that their resource may be gone.
func (d *delivery) bury(i int) {
	for _, p := range d.ops[:i] {
		p.buried = p.buried || p.item.Resource == d.ops[i].item.Resource
	}
}

// follow notes of those behind a change that what was done of them no longer has
// the last word.
func (d *delivery) follow(i int) {
	for _, p := range d.ops[i+1:] {
		if p.done != nil && p.item.Resource == d.ops[i].item.Resource {
			p.stands = false
		}
	}
}

func transient(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable || status == http.StatusLocked
}

func succeeded(p *pending, item bulkapi.Item) Result {
	res := p.result(Succeeded, nil)
	res.Status, res.Version = item.Status, item.Version
	res.Location, _ = ParseLocation(item.Location)
	return res
}

func failed(p *pending, item bulkapi.Item) Result {
	res := p.result(Failed, newResponseError(item.Err))
	if res.Outcome == Failed {
		res.Status = item.Status
		res.Location, _ = ParseLocation(item.Location) // of what was to be changed
	}
	return res
}

// retry has an operation sent again, a bounded number of times; then otherwise
// is its fate.
func (d *delivery) retry(i int, otherwise Result) {
	p := d.ops[i]
	if p.tries++; p.tries >= d.run.c.cfg.MaxAttempts {
		d.fates[i] = fate{res: otherwise}
		return
	}
	d.fates[i] = fate{again: true}
}

// overtaken has a PATCH repeated that was done while an earlier operation on
// the same resource has yet to be sent again: the last one is to have the last
// word. While it is open whether one has, the PATCH is held.
func (d *delivery) overtaken() {
	late, open := map[string]bool{}, map[string]bool{}
	for i, p := range d.ops {
		f, resource := &d.fates[i], p.item.Resource
		patched := f.res.Outcome == Succeeded && p.op.Method == MethodPatch
		switch {
		case resource == "":
		case f.again:
			late[resource] = true
		case f.held && f.res.Outcome == Failed:
			open[resource] = true
		case patched && late[resource]:
			p.done, p.maybe = new(f.res), true
			d.retry(i, f.res)
		case patched && open[resource]:
			f.held = true
		}
	}
}

// forgive has operations sent again that failed because one before them is to
// be sent again or was done by an earlier try: one that they refer to in this
// request, or in an ordered job any. What the service left out does not excuse
// them: it came to an end because they had failed.
func (d *delivery) forgive() {
	shaky := map[string]bool{}
	for changed := true; changed; {
		changed = false
		after := false // one that is to be sent again
		for i, p := range d.ops {
			f := &d.fates[i]
			if f.res.Outcome == Failed && f.held && (after || d.refersTo(i, shaky)) {
				p.failed = new(f.res)
				d.retry(i, f.res)
				changed = true
			}
			waits := f.again && !f.unattempted
			after = after || waits && d.run.job.Ordered
			if name := p.item.Name; name != "" && (waits || f.res.Recovered) && !shaky[name] {
				shaky[name], changed = true, true
			}
		}
	}
}

// refersTo reports whether an operation leaves one of these names to the
// service.
func (d *delivery) refersTo(i int, names map[string]bool) bool {
	for _, name := range d.items[i].Inside {
		if names[name] {
			return true
		}
	}
	return false
}
