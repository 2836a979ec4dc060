package report

import (
	"errors"
	"fmt"
)

// NeededError is the error of an operation that depends on one which did not
// succeed, told by the line of that one.
type NeededError struct {
	// Line is where the operation stands that was needed.
	Line int
	// Index is its place in the input, from 0.
	Index int
	// SameResource tells that it was needed because it changes the same resource;
	// otherwise this operation refers to it.
	SameResource bool
	// Err is the error as it came.
	Err error
}

// Error names the line, and why the operation there did not succeed if it is
// known.
func (e *NeededError) Error() string {
	if s := skipped(e.Err); s != nil {
		return fmt.Sprintf("not sent: %s: %v", e.dependency(), firstCause(s))
	}
	return e.dependency()
}

func (e *NeededError) dependency() string {
	if e.SameResource {
		return fmt.Sprintf("depends on line %d, which changes the same resource and did not succeed", e.Line)
	}
	return fmt.Sprintf("depends on line %d, which did not succeed", e.Line)
}

// Unwrap returns the error as it came.
func (e *NeededError) Unwrap() error { return e.Err }

// CauseOf returns the index of the operation that is the cause of an operation's
// error: at the end of a chain of dependencies, as far as the error tells. ok is
// false where the error is the operation's own.
func CauseOf(err error) (index int, ok bool) {
	if e, needed := errors.AsType[*NeededError](err); needed {
		index, ok = e.Index, true
	}
	for e := skipped(err); e != nil; e = skipped(e.Cause) {
		if e.Index >= 0 {
			index, ok = e.Index, true
		}
	}
	return index, ok
}
