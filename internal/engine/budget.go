package engine

import "fmt"

// budget deals out what is left of FailOnErrors, so that all requests in
// flight together cannot fail more. The zero value has no limit.
type budget struct {
	limit, spent, held int
}

// reserve is the part of the budget that stays held for a request without an
// answer, since its operations may have failed. It shrinks as they turn out to
// be done.
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
		return fmt.Errorf("%w: the service has refused %d operations", ErrBudget, b.spent)
	}
	return fmt.Errorf("%w: the service has refused %d operations, and perhaps %d more", ErrBudget, b.spent, b.held)
}

// take returns the share of a request: a fair part of what is left among the
// requests that may still leave, and one to come: what a lost answer holds, its
// repetition cannot have. 0 means no limit.
func (b *budget) take(operations, free int) int {
	if b.limit == 0 {
		return 0
	}
	share := min(max(1, b.left()/(max(1, free)+1)), operations, 100)
	b.held += share
	return share
}

// charge gives a share back, less what was refused and what may have been.
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

// release tells that one operation of a reserve has not failed, or is counted.
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
