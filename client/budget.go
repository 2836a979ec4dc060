package client

import "fmt"

// budget deals out what is left of Job.FailOnErrors, so that all requests in
// flight together can never fail more. What a request has perhaps failed, since
// nobody knows, is held for good. The zero value has no limit.
type budget struct {
	limit, spent, held int
}

// left is what no request holds and no failure has used.
func (b *budget) left() int { return b.limit - b.spent - b.held }

// open tells whether a request may leave.
func (b *budget) open() bool { return b.limit == 0 || b.left() > 0 }

// over tells that the job is: for what has failed, or for what may have if
// something waits and no request can tell.
func (b *budget) over(stuck bool) bool {
	return b.limit > 0 && b.spent >= b.limit || stuck && !b.open()
}

// err is why the job is over.
func (b *budget) err() error {
	if b.spent >= b.limit {
		return fmt.Errorf("%w: the service has refused %d operations", ErrBudget, b.spent)
	}
	return fmt.Errorf("%w: the service has refused %d operations, and perhaps %d more", ErrBudget, b.spent, b.held)
}

// take returns the failOnErrors of a request of so many operations: a fair
// part of what is left among the free workers. 0 means none.
func (b *budget) take(operations, free int) int {
	if b.limit == 0 {
		return 0
	}
	share := min(max(1, b.left()/max(1, free)), operations, maxOperations)
	b.held += share
	return share
}

// settle gives a share back, less what failed.
func (b *budget) settle(share, failed int) {
	b.held -= share
	b.spent += failed
}
