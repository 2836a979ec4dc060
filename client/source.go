package client

import (
	"context"
	"errors"
	"iter"

	"github.com/webexscim/bulk/internal/facts"
)

// sourceItem is an operation that the source gave, or the error that ends it.
type sourceItem struct {
	operation *pending
	err       error
	panic     any // of the source, for the caller's goroutine; err is set too
}

var errExit = errors.New("it ended its goroutine")

// readSource reads the source until it ends or ctx does. The first operation
// gets the index. keyed asks for the keys of operations.
func readSource(ctx context.Context, source iter.Seq2[Operation, error], index int, keyed bool, items chan<- sourceItem) {
	defer close(items)
	if source == nil {
		return
	}
	returned := false
	defer func() {
		if !returned {
			items <- sourceItem{err: errExit, panic: recover()}
		}
	}()
	m := marshaler{facts: facts.Reader{Keyed: keyed}}
	for op, err := range source {
		item := sourceItem{err: err}
		if err == nil {
			item.operation = newPending(&m, index, op)
			index++
		}
		items <- item // each operation that was read gets a result: the receiver reads to the end
		if err != nil || ctx.Err() != nil {
			break
		}
	}
	returned = true
}
