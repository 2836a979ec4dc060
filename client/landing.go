package client

import (
	"errors"

	"github.com/webexscim/bulk/internal/plan"
)

// landing is what a worker brings back: fates as soon as they are known, and
// last how the request ended.
type landing struct {
	req      *plan.Request
	results  []Result
	verdicts []plan.Verdict
	failed   int // errors of the service, of the budget
	accepted int // bytes of the largest body that the service took

	left    bool // there is room for another request
	last    bool
	ops     []*pending // without a fate
	share   int        // of the error budget, given back
	halve   bool       // refused whole, for what one of the operations is
	refusal error      // why
	refused int        // bytes of a body that was too large
	// The limits that the service named then, 0 where it named none.
	payloadLimit, operationLimit int
	stop                         error // why the job cannot go on
}

// collect makes new fates durable and has them told with what is told next.
func (d *delivery) collect() error {
	var ops []*pending
	var results []Result
	for i, p := range d.ops {
		f := &d.fates[i]
		if f.told || f.open() {
			continue
		}
		f.told = true
		ops, results = append(ops, p), append(results, f.res)
		v := plan.Verdict{Index: p.index, Fate: plan.Failed}
		switch f.res.Outcome {
		case Succeeded:
			v.Fate, v.ID = plan.Done, f.res.Location.ID
			d.learn(p, v.ID)
		case Unknown:
			d.unsure++
		}
		d.out.verdicts = append(d.out.verdicts, v)
	}
	d.out.results = append(d.out.results, results...)
	return d.run.settle(ops, results)
}

// learn keeps the id of what an operation has created, for what is sent again.
func (d *delivery) learn(p *pending, id string) {
	if p.item.Name == "" || id == "" {
		return
	}
	if d.ids == nil {
		d.ids = map[string]string{}
	}
	d.ids[p.item.Name] = id
}

// report tells the run what has been collected, while the delivery goes on.
func (d *delivery) report() {
	if len(d.out.results) == 0 {
		return
	}
	d.out.req = d.req
	d.run.landings <- d.out
	d.out = landing{}
}

// last ends the delivery. What has no fate is to be sent again; end.stop says
// that there will be no again.
func (d *delivery) last(end landing) landing {
	end.req, end.last, end.left = d.req, true, !d.left
	end.share = d.share - min(d.unsure, max(0, d.share-d.spent)) // what may have failed is kept
	end.results, end.verdicts, end.failed = d.out.results, d.out.verdicts, d.out.failed
	end.accepted = d.out.accepted
	for i, p := range d.ops {
		if !d.fates[i].told {
			p.stands = false // what precedes it may travel without it
			end.ops = append(end.ops, p)
			end.verdicts = append(end.verdicts, plan.Verdict{Index: p.index, Fate: plan.Again})
		}
	}
	return end
}

// land takes in what a worker brings.
func (r *run) land(l landing) {
	if l.left {
		r.busy--
	}
	if l.req == nil {
		return
	}
	r.budget.settle(l.share, l.failed)
	r.learn(l)
	if l.last {
		r.flights--
	}
	var halved bool
	if l.halve {
		if halved = r.planner.Halve(l.req); !halved {
			r.refused(&l)
		}
	}
	r.publish(l.results)
	if !halved {
		r.planner.Settle(l.req, l.verdicts)
	}
	r.takeDrops()
	if l.stop != nil || r.stopped != nil {
		r.stop(l.stop)
	}
	r.show()
}

// refused fails a circle that the service refuses: it cannot be divided. Only as
// many fail as may; the rest is sent again, or is of no use without them.
func (r *run) refused(l *landing) {
	l.verdicts = nil
	may := len(l.ops)
	if r.budget.limit > 0 {
		may = min(may, r.budget.left())
	}
	for _, p := range l.ops[may:] {
		l.verdicts = append(l.verdicts, plan.Verdict{Index: p.index, Fate: plan.Again})
	}
	l.ops = l.ops[:may]
	for _, p := range l.ops {
		res := p.result(Failed, l.refusal)
		if e, ok := errors.AsType[*ResponseError](l.refusal); ok {
			res.Status = e.Status
		}
		l.results = append(l.results, res)
		l.verdicts = append(l.verdicts, plan.Verdict{Index: p.index, Fate: plan.Failed})
	}
	r.budget.settle(0, len(l.ops))
	if err := r.settle(l.ops, l.results); err != nil {
		l.stop = err
	}
}

// learn lowers the limits of requests to what the service has shown of its own.
// Where it names none, or one that it has taken more than, they fall to what it
// took before, or by a part; a body no larger than one it took was refused for
// something else.
func (r *run) learn(l landing) {
	r.accepted = max(r.accepted, l.accepted)
	if l.refused == 0 {
		return
	}
	payload := l.payloadLimit
	if payload < r.accepted || payload <= envelope {
		payload = 0
	}
	if payload == 0 && l.operationLimit == 0 && l.refused > r.accepted {
		payload = max(r.accepted, l.refused/2+l.refused/8)
	}
	r.planner.Limit(l.operationLimit)
	if payload > 0 {
		r.planner.Prefer(payload - envelope)
	}
}
