package client

import (
	"context"
	"errors"
	"iter"
)

// fed is what the source gave: an operation, or the error that ends it.
type fed struct {
	p     *pending
	err   error
	panic any // the source's, for the caller's goroutine; err is set too
}

var errExit = errors.New("it ended its goroutine")

// feed reads the source until it ends or ctx does, and counts its operations from
// first. keyed asks for their keys.
func feed(ctx context.Context, source iter.Seq2[Operation, error], first int, keyed bool, out chan<- fed) {
	defer close(out)
	if source == nil {
		return
	}
	returned := false
	defer func() {
		if !returned {
			out <- fed{err: errExit, panic: recover()}
		}
	}()
	readAll(ctx, source, first, keyed, out)
	returned = true
}

func readAll(ctx context.Context, source iter.Seq2[Operation, error], index int, keyed bool, out chan<- fed) {
	var m marshaler
	for op, err := range source {
		f := fed{err: err}
		if err == nil {
			f.p = newPending(&m, index, op, keyed)
			index++
		}
		out <- f // what was read gets a result: the other side reads to the end
		if err != nil || ctx.Err() != nil {
			return
		}
	}
}
