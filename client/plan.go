package client

import (
	"context"
	"iter"

	"github.com/webexscim/bulk/internal/plan"
)

// Request is a request that Run would send if every operation succeeded.
type Request struct {
	// Number counts the requests from 1.
	Number int
	// Operations are what it holds, in the order in which they travel. It is
	// empty in a last Request that is there for Refused alone.
	Operations []Planned
	// Bytes is about the size of its body.
	Bytes int
	// After are the numbers of the requests whose answers it needs, for the ids
	// in them.
	After []int
	// Refused are the operations that were found to be unsendable since the
	// request before.
	Refused []Result
}

// Planned is an operation in a Request.
type Planned struct {
	// Index is the operation's place in the input.
	Index int
	// Operation is the operation as it was given.
	Operation Operation
	// Waits are the bulkIds that it needs from earlier requests, Joins those
	// that are created in the same request.
	Waits, Joins []string
}

// Plan shows the requests that Run would send for the job, in their order,
// were every operation to succeed. Nothing is sent, and the job's Journal is
// not read. The error is that of the source, once, last.
func (c *Client) Plan(ctx context.Context, job *Job) iter.Seq2[Request, error] {
	return func(yield func(Request, error) bool) {
		r, err := c.start(ctx, jobSettings(job))
		if err != nil {
			yield(Request{}, err)
			return
		}
		defer r.end()
		p := planning{run: r, made: map[string]int{}}
		p.loop(yield)
	}
}

// jobSettings is a job of the same settings that has not begun.
func jobSettings(j *Job) *Job {
	return &Job{Source: j.Source, FailOnErrors: j.FailOnErrors, Ordered: j.Ordered}
}

// planning is a run in which every request succeeds as soon as no other can
// leave before it has.
type planning struct {
	*run
	out  []*plan.Request
	made map[string]int // the request that creates a name
}

func (p *planning) loop(yield func(Request, error) bool) {
	for {
		p.read()
		req := p.next()
		if req != nil {
			if !yield(p.describe(req), nil) {
				return
			}
			p.out = append(p.out, req)
			continue
		}
		switch {
		case len(p.out) > 0:
			p.settle()
		default:
			p.finish(yield)
			return
		}
	}
}

// read fills the window, one operation at a time: so the plan does not depend
// on how fast the source is.
func (p *planning) read() {
	for !p.ended && p.stopped == nil && p.planner.Backlog() < p.window {
		switch f, ok := <-p.feed; {
		case !ok:
			p.ended = true
			p.close()
		case f.err != nil:
			p.takeIn(f, ok)
		default:
			p.admit([]*pending{f.p})
		}
	}
}

func (p *planning) next() *plan.Request {
	if len(p.out) >= 2*p.concurrency() || p.stopped != nil {
		return nil
	}
	in := plan.Flows
	if p.ended || p.planner.Backlog() >= p.window {
		in = plan.Waits
	}
	req := p.planner.Next(in)
	p.takeDrops()
	return req
}

// settle lets the first request that is out succeed.
func (p *planning) settle() {
	req := p.out[0]
	p.out = p.out[1:]
	var verdicts []plan.Verdict
	for _, s := range req.Items {
		verdicts = append(verdicts, plan.Verdict{Index: s.Index, Fate: plan.Done, ID: likelyID})
		delete(p.open, s.Index)
	}
	p.planner.Settle(req, verdicts)
	p.takeDrops()
}

// likelyID has the length of an id.
const likelyID = "00000000-0000-0000-0000-000000000000"

func (p *planning) describe(req *plan.Request) Request {
	out := Request{Number: req.Number, Bytes: req.Bytes + envelope, Refused: p.refused()}
	after := map[int]bool{}
	for _, s := range req.Items {
		op := p.open[s.Index]
		if op.item.Name != "" {
			p.made[op.item.Name] = req.Number
		}
		o := Planned{Index: s.Index, Operation: op.op, Joins: s.Inside}
		for _, k := range s.Known {
			o.Waits = append(o.Waits, k.Name)
			if n := p.made[k.Name]; !after[n] {
				after[n] = true
				out.After = append(out.After, n)
			}
		}
		out.Operations = append(out.Operations, o)
	}
	return out
}

func (p *planning) refused() []Result {
	r := p.results
	p.results = nil
	return r
}

func (p *planning) finish(yield func(Request, error) bool) {
	if last := p.refused(); len(last) > 0 && !yield(Request{Refused: last}, nil) {
		return
	}
	if p.stopped != nil {
		yield(Request{}, p.stopped)
	}
}
