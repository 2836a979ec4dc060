package report

import "fmt"

// NeededError is the error of an operation that refers to one which did not
// succeed, told by the line of that one.
type NeededError struct {
	// Line is where the operation stands that was needed.
	Line int
	// Err is the error as it came.
	Err error
}

// Error names the line, and why the operation there did not succeed if it is
// known.
func (e *NeededError) Error() string {
	text := fmt.Sprintf("refers to line %d, which did not succeed", e.Line)
	if s := skipped(e.Err); s != nil {
		return fmt.Sprintf("not sent: %s: %v", text, firstCause(s))
	}
	return text
}

// Unwrap returns the error as it came.
func (e *NeededError) Unwrap() error { return e.Err }
