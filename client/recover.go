package client

import (
	"errors"
	"fmt"
)

var errEarlier = errors.New("sent by an earlier run")

// lost is the fate of an operation of which nothing can be learned, for one
// reason or two.
func (d *delivery) lost(p *pending, why, and error) Result {
	if and != nil {
		why = fmt.Errorf("%w; %w", why, and)
	}
	if p.done != nil {
		why = fmt.Errorf("done before an operation that precedes it, and lost when it was repeated: %w", why)
	}
	return p.result(Unknown, fmt.Errorf("%w: %w", ErrUnknown, why))
}

// probe looks for creates that an earlier run sent without hearing of them.
// The error ends the job: nothing answers.
func (d *delivery) probe() error {
	var look []int
	for i, p := range d.ops {
		if p.probe && p.op.Method == MethodPost {
			look = append(look, i)
		}
	}
	if len(look) > 0 {
		ops, _ := d.encode()
		d.doom(ops) // what is about to go is not what was created
	}
	seen, dead := d.look(look)
	for k, s := range seen {
		i := look[k]
		p := d.ops[i]
		p.probe = false
		switch {
		case s.found:
			d.fates[i].res = recovered(p, s)
		case s.err != nil:
			d.fates[i].res = d.lost(p, errEarlier, s.err)
		}
	}
	return dead
}

// recover looks for what creates have created whose answer is lost, or is that
// of a duplicate (of an earlier try?), or names no id. The error ends the job:
// nothing answers any more.
func (d *delivery) recover(look []int) error {
	seen, dead := d.look(look)
	for k, s := range seen {
		i := look[k]
		p, f := d.ops[i], &d.fates[i]
		switch {
		case f.res.Outcome == Succeeded:
			if s.found {
				f.res.Location = s.location
			}
		case s.found:
			*f = fate{res: recovered(p, s)}
		case f.dup != nil && s.foreign:
			*f = fate{res: failed(p, *f.dup)}
		case f.dup != nil:
			*f = fate{res: d.lost(p, newResponseError(f.dup.Err), s.err)}
		case s.err != nil:
			*f = fate{res: d.lost(p, d.why, s.err)}
		case p.tries >= d.run.c.cfg.MaxAttempts:
			*f = fate{res: d.lost(p, d.why, nil)}
		default:
			// What is another's is sent again, too: to be refused, in the
			// service's own words.
			f.again = true
		}
	}
	return dead
}

func recovered(p *pending, s sighting) Result {
	out := p.result(Succeeded, nil)
	out.Recovered, out.Version, out.Location = true, s.version, s.location
	return out
}
