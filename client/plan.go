package client

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/engine"
)

// Request is a request that Run would send if every operation succeeded.
type Request struct {
	// Number counts the requests from 1.
	Number int
	// Operations are its operations, in the order in which they are sent. There
	// are none in a last Request that has only Refused.
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
// not read. An error of the source is yielded last.
func (c *Client) Plan(ctx context.Context, job *Job) iter.Seq2[Request, error] {
	return func(yield func(Request, error) bool) {
		if job == nil {
			yield(Request{}, errNilJob)
			return
		}
		p := &planning{run: newRun(c, &Job{FailOnErrors: job.FailOnErrors, Ordered: job.Ordered})}
		defer p.close()
		cfg := p.engineConfig()
		cfg.Concurrency *= 2 // as Run prepares requests ahead
		p.engine, p.sending = engine.New(cfg, engine.Time{}), ctx
		reading, stop := context.WithCancel(ctx)
		defer stop()
		go readSource(reading, job.Source, 0, false, p.items)
		p.loop(ctx, yield)
	}
}

// planning drives an engine for which every request succeeds as soon as no
// other can leave before it has.
type planning struct {
	*run
	out []engine.Request
}

func (p *planning) loop(ctx context.Context, yield func(Request, error) bool) {
	for {
		if err := p.ops.setAside(); err != nil {
			yield(Request{}, err)
			return
		}
		ready := p.engine.Ready()
		for _, res := range ready.Results {
			if r := p.toResult(res); r.Err != nil {
				p.results = append(p.results, r)
			}
		}
		for _, req := range ready.Requests {
			if !yield(p.describe(req), nil) {
				return
			}
			p.out = append(p.out, req)
		}
		switch {
		case len(ready.Requests)+len(ready.Results) > 0:
		case ctx.Err() != nil:
			yield(Request{}, endOf(ctx))
			return
		case p.engine.Wants():
			p.read()
		case len(p.out) > 0:
			p.succeed()
		default:
			p.finish(yield)
			return
		}
	}
}

// read reads some operations. It waits for them, so that the plan does not
// depend on how fast the source is.
func (p *planning) read() {
	item, ok := <-p.items
	p.addFromSource(item, ok, func() (sourceItem, bool, bool) {
		item, ok := <-p.items
		return item, ok, true
	})
}

// succeed lets the first request that is out succeed.
func (p *planning) succeed() {
	req := p.out[0]
	p.out = p.out[1:]
	items := slices.Repeat([]engine.Item{{Found: true, Status: 200, ID: plannedID(req.Number)}}, len(req.Items))
	p.engine.Response(engine.Time{}, req.Number, engine.Response{Kind: engine.Answered, Items: items, Alive: true})
}

// plannedID stands for the ids of the resources that a request creates. It has
// their length, and requestOf reads the number of the request.
func plannedID(request int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", request) }

func requestOf(plannedID string) int {
	n, _ := strconv.Atoi(plannedID[strings.LastIndexByte(plannedID, '-')+1:])
	return n
}

func (p *planning) describe(req engine.Request) Request {
	out := Request{Number: req.Number, Bytes: bulkapi.Envelope, Refused: p.refused()}
	for _, s := range req.Items {
		op := p.ops.get(s.Index)
		o := Planned{Index: s.Index, Operation: op.op, Joins: s.Inside}
		for _, k := range s.Known {
			o.Waits = append(o.Waits, k.Name)
			if n := requestOf(k.ID); !slices.Contains(out.After, n) {
				out.After = append(out.After, n)
			}
		}
		out.Bytes += op.Size
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
	if err := p.engine.Stopped(); err != nil {
		yield(Request{}, err)
	}
}
