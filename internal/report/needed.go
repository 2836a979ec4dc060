package report

import (
	"errors"
	"fmt"
)

// NeededError is the error of an operation that depends on another one, which
// did not succeed. It names the line of the other one.
type NeededError struct {
	// Line is the line of the operation that did not succeed.
	Line int
	// Index is its place in the input, from 0.
	Index int
	// SameResource reports that both operations change the same resource;
	// otherwise this operation refers to the other one.
	SameResource bool
	// Err is the original error.
	Err error
}

// Error names the line, and why the operation there did not succeed if it is
// known.
func (e *NeededError) Error() string {
	if s := skippedError(e.Err); s != nil {
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

// Unwrap returns the original error.
func (e *NeededError) Unwrap() error { return e.Err }

// CauseOf returns the index of the operation that caused an error: the last one
// that the error names in the chain of dependencies. ok is false if the error
// names no other operation.
func CauseOf(err error) (index int, ok bool) {
	if e, needed := errors.AsType[*NeededError](err); needed {
		index, ok = e.Index, true
	}
	for e := skippedError(err); e != nil; e = skippedError(e.Cause) {
		if e.Index >= 0 {
			index, ok = e.Index, true
		}
	}
	return index, ok
}
