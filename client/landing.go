package client

import (
	"errors"
	"fmt"

	"github.com/webexscim/bulk/internal/plan"
)

// landing is what a worker brings back.
type landing struct {
	req      *plan.Request
	ops      []*pending
	share    int
	failed   int // at the service
	results  []Result
	verdicts []plan.Verdict

	bytes                        int // of the body
	answered                     bool
	tooLarge                     bool // refused for its size, and no limit was named
	halve                        bool
	refusal                      error // why it was refused whole
	payloadLimit, operationLimit int
	stop                         error // why the job cannot go on
}

// landing gathers the fates and makes them durable. What has none is to be
// sent again; stop says that there will be no again.
func (d *delivery) landing(stop error) landing {
	l := landing{req: d.req, ops: d.ops, share: d.share, bytes: d.bytes, answered: d.answer, stop: stop}
	for i, p := range d.ops {
		f := d.fates[i]
		v := plan.Verdict{Index: p.index, Fate: plan.Again}
		if f.res.Outcome != 0 {
			l.results = append(l.results, f.res)
			v.Fate, v.ID = plan.Failed, f.res.Location.ID
			if f.res.Outcome == Succeeded {
				v.Fate = plan.Done
			}
			if f.res.Outcome == Failed {
				l.failed++
			}
		}
		l.verdicts = append(l.verdicts, v)
	}
	if err := d.record(l.results); err != nil {
		l.stop = fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return l
}

func (d *delivery) record(results []Result) error {
	if len(results) == 0 {
		return nil
	}
	s := make([]Settlement, len(results))
	byIndex := map[int]Ticket{}
	for _, p := range d.ops {
		byIndex[p.index] = p.ticket
	}
	for i, res := range results {
		s[i] = settlement(byIndex[res.Index], res)
	}
	return d.run.journal.Settle(d.flightless(), s)
}

// refuse fails the operations of a request that cannot be divided.
func (l *landing) refuse() {
	for _, p := range l.ops {
		res := p.result(Failed, l.refusal)
		if e, ok := errors.AsType[*ResponseError](l.refusal); ok {
			res.Status = e.Status
		}
		l.results = append(l.results, res)
		l.verdicts = append(l.verdicts, plan.Verdict{Index: p.index, Fate: plan.Failed})
	}
	l.failed = len(l.ops)
}
