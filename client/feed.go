package client

import (
	"context"
	"iter"
)

// fed is what the source gave: an operation, or the error that ends it.
type fed struct {
	p   *pending
	err error
}

// feed reads the source until it ends or ctx does.
func feed(ctx context.Context, source iter.Seq2[Operation, error], out chan<- fed) {
	defer close(out)
	if source == nil {
		return
	}
	index := 0
	for op, err := range source {
		f := fed{err: err}
		if err == nil {
			f.p = newPending(index, op)
			index++
		}
		out <- f // what was read has a fate: the other side reads to the end
		if err != nil || ctx.Err() != nil {
			return
		}
	}
}
