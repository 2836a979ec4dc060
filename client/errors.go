package client

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/facts"
	"github.com/webexscim/bulk/internal/transport"
)

// The reasons for which a job stops before the end of its input. The error that
// Run ends with wraps one of them, or the context's error, or the error of the
// source.
var (
	// ErrBudget: the service has refused as many operations as Job.FailOnErrors
	// allows.
	ErrBudget = engine.ErrBudget
	// ErrUnauthorized: the token was refused, and so was a fresh one (401), or
	// it lacks the scope or role (403).
	ErrUnauthorized = errors.New("not authorized")
	// ErrEndpoint: there is no Bulk endpoint for this organization at this url
	// (404 and the like), or it redirects elsewhere.
	ErrEndpoint = errors.New("no such organization or endpoint")
	// ErrUnavailable: the service could not be reached, or kept refusing, in
	// every attempt; or only intermediaries answered.
	ErrUnavailable = engine.ErrUnavailable
	// ErrSameRefusal: requests of a single operation were refused whole, one
	// after the other, with the same status and text, so that the cause is not
	// in the operations: a wrong setting, for example.
	ErrSameRefusal = engine.ErrSameRefusal
	// ErrJournal: the Journal could not be read or written.
	ErrJournal = engine.ErrJournal
	// ErrSource: the source of operations gave an error.
	ErrSource = errors.New("source of operations")
)

// The reasons for which an operation fails before it is sent.
var (
	// ErrInvalid: the operation breaks a rule of the contract.
	ErrInvalid = facts.ErrInvalid
	// ErrTooLarge: the operation alone is larger than a request may be.
	ErrTooLarge = errors.New("operation larger than a request may be")
	// ErrCycle: the operation is part of a cycle of references that no single
	// request can hold.
	ErrCycle = errors.New("cycle of references larger than a request may be")
	// ErrReference: the operation refers to a bulkId that no POST of the job
	// has.
	ErrReference = errors.New("reference to an unknown bulkId")
	// ErrForward: in an ordered job, the operation refers to a later one that
	// cannot be in the same request.
	ErrForward = errors.New("reference to an operation too far ahead for an ordered job")
	// ErrCorrected: an earlier run has created the resource of a create from
	// other content, which the input no longer holds. A second create would be
	// refused, or make a second group.
	ErrCorrected = engine.ErrCorrected
)

// SkippedError is the error of an operation that was skipped: an operation that
// it depends on did not succeed, or the job stopped.
type SkippedError struct {
	// Index is the operation that this one depends on. It is -1 when the job
	// stopped, or when the index is no longer known.
	Index int
	// BulkID is the bulkId by which this operation refers to that one, "" when
	// it depends on the operation before it on the same resource, or when the
	// job stopped.
	BulkID string
	// Refused tells that the operation was sent, and that the service refused
	// the whole request for a reason that stopped the job.
	Refused bool
	// Cause is the error of the operation that this one depends on, or the
	// reason why the job stopped. It is nil if 10,000 other operations
	// have failed since then.
	Cause error
}

// Error names the operation that this one depends on and its error, or tells
// why the job stopped. If that operation was skipped for another one, and so
// on, it also names the last of them.
func (e *SkippedError) Error() string {
	switch {
	case e.Refused:
		return fmt.Sprintf("skipped: its request was refused: %v", e.Cause)
	case !e.isDependency():
		return fmt.Sprintf("skipped: %v", e.Cause)
	}
	text, last := "skipped: depends on "+e.dependency(), e
	for next, ok := e.next(); ok; next, ok = next.next() {
		last = next
	}
	if last != e {
		text += ", which was skipped because of " + last.dependency()
	}
	return text + last.ending()
}

func (e *SkippedError) isDependency() bool { return e.Index >= 0 || e.BulkID != "" }

func (e *SkippedError) dependency() string {
	switch {
	case e.Index < 0:
		return fmt.Sprintf("bulkId %q", e.BulkID)
	case e.BulkID == "":
		return fmt.Sprintf("operation %d on the same resource", e.Index)
	}
	return fmt.Sprintf("operation %d (bulkId %q)", e.Index, e.BulkID)
}

// ending tells how the operation that this one depends on ended.
func (e *SkippedError) ending() string {
	if e.Cause == nil {
		return ", which did not succeed"
	}
	if _, skipped := errors.AsType[*SkippedError](e.Cause); skipped {
		return fmt.Sprintf(", which was %v", e.Cause)
	}
	if errors.Is(e.Cause, ErrUnknown) || errors.Is(e.Cause, ErrNoID) {
		return fmt.Sprintf(": %v", e.Cause)
	}
	return fmt.Sprintf(", which failed: %v", e.Cause)
}

// next is the error of the dependency, where that was skipped for its own.
func (e *SkippedError) next() (*SkippedError, bool) {
	next, ok := errors.AsType[*SkippedError](e.Cause)
	return next, ok && next.isDependency()
}

// Unwrap returns the cause.
func (e *SkippedError) Unwrap() error { return e.Cause }

// The reasons for which an outcome is Unknown, or for which nothing can refer
// to a create that succeeded.
var (
	// ErrUnknown: the operation was sent, and neither an answer nor a lookup
	// tells whether it was done.
	ErrUnknown = errors.New("outcome unknown")
	// ErrNoID: the service did not say which resource it created.
	ErrNoID = errors.New("created under an id that the service did not name")
)

// ResponseError is the service's refusal of an operation, or of a whole
// request: the Webex error extension and the members of RFC 7644 section 3.12
// in one.
type ResponseError struct {
	// Status is the HTTP status.
	Status int
	// ErrorCode is Webex's code, as it came, number or text; "" when absent.
	ErrorCode string
	// TrackingID identifies the request for Cisco's support; "" when absent.
	TrackingID string
	// ScimType is RFC 7644's detail error keyword, such as "uniqueness".
	ScimType string
	// Details are the service's own words. They can quote personal data; the
	// text of the error does not.
	Details []string
	// ExistingID is the id of the resource that a create was refused for
	// (status 409), where a lookup found it; "" otherwise.
	ExistingID string

	text string
}

// Error returns status, codes and the service's words without the data of the
// operation, and the id of an existing resource.
func (e *ResponseError) Error() string {
	text := cmp.Or(e.text, fmt.Sprintf("status %d", e.Status))
	if e.ExistingID != "" {
		text += fmt.Sprintf(" (existing id %s)", printable(e.ExistingID))
	}
	return text
}

func newResponseError(e *transport.Error) *ResponseError {
	return &ResponseError{
		Status: e.Status, ErrorCode: e.ErrorCode, TrackingID: e.TrackingID,
		ScimType: e.ScimType, Details: e.Details, text: e.Error(),
	}
}

// ownError turns an error of the service into one of this package.
func ownError(err error) error {
	if e, ok := errors.AsType[*transport.Error](err); ok {
		return newResponseError(e)
	}
	return err
}
