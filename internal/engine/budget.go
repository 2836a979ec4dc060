package engine

import "fmt"

// budget divides FailOnErrors among the requests in flight, so that all of them
// together cannot exceed it. The zero value has no limit.
type budget struct {
	limit, spent, held int
}

// reserve is the part of the budget that a request without an answer holds,
// since its operations may have failed. It shrinks with each operation that
// proves to be done.
type reserve struct {
	held, open int
}

func (b *budget) left() int { return b.limit - b.spent - b.held }

// open reports whether a request may leave.
func (b *budget) open() bool { return b.limit == 0 || b.left() > 0 }

// isSpent reports whether the service has refused as many operations as it may.
func (b *budget) isSpent() bool { return b.limit > 0 && b.spent >= b.limit }

func (b *budget) err() error {
	if b.isSpent() {
		return fmt.Errorf("%w: operations refused by the service: %d", ErrBudget, b.spent)
	}
	return fmt.Errorf("%w: operations refused by the service: %d, and perhaps %d more", ErrBudget, b.spent, b.held)
}

// take returns the share of a request: the rest of the budget, divided by the
// requests that may still leave and one more, for the repetition of a request
// whose answer is lost and whose share stays held. 0 means no limit.
func (b *budget) take(operations, free int) int {
	if b.limit == 0 {
		return 0
	}
	share := min(max(1, b.left()/(max(1, free)+1)), operations, 100)
	b.held += share
	return share
}

// charge gives back the share of a request, except for its refusals and for the
// operations that may have been refused.
func (b *budget) charge(share, refused, unsure int) *reserve {
	b.held -= share
	b.spent += refused
	keep := min(unsure, max(0, share-refused))
	if keep == 0 {
		return nil
	}
	b.held += keep
	return &reserve{held: keep, open: unsure}
}

// release ends the hold of one operation of a reserve: it has not failed, or
// its refusal is counted elsewhere.
func (b *budget) release(r *reserve) {
	if r == nil {
		return
	}
	r.open--
	if r.held > r.open {
		r.held--
		b.held--
	}
}
