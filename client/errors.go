package client

import (
	"errors"
	"fmt"

	"github.com/webexscim/bulk/internal/bulkapi"
)

// The reasons for which a job stops before its input is used up. The error
// that Run ends with wraps one of them, or the context's error, or the error
// of the source.
var (
	// ErrBudget: the service has refused as many operations as Job.FailOnErrors
	// allows.
	ErrBudget = errors.New("error budget spent")
	// ErrUnauthorized: the token was refused, and so was a fresh one (401), or
	// it lacks the scope or role (403).
	ErrUnauthorized = errors.New("not authorized")
	// ErrEndpoint: there is no Bulk endpoint for this organization at this url
	// (404 and its like), or it redirects elsewhere.
	ErrEndpoint = errors.New("no such organization or endpoint")
	// ErrUnavailable: the service could not be reached, or kept refusing,
	// through every attempt.
	ErrUnavailable = errors.New("service unavailable")
	// ErrJournal: the Journal could not be read or written.
	ErrJournal = errors.New("journal")
	// ErrSource: the source of operations gave an error.
	ErrSource = errors.New("source of operations")
)

// The reasons for which an operation fails before it is sent.
var (
	// ErrInvalid: the operation breaks a rule of the contract.
	ErrInvalid = errors.New("invalid operation")
	// ErrTooLarge: it is larger than a request may be.
	ErrTooLarge = errors.New("operation larger than a request may be")
	// ErrCircle: it is part of a circle of references that no single request
	// can hold.
	ErrCircle = errors.New("circle of references larger than a request may be")
	// ErrReference: it refers to a bulkId that no POST of the job has.
	ErrReference = errors.New("reference to an unknown bulkId")
	// ErrForward: in an ordered job, it refers to a later operation that cannot
	// travel with it.
	ErrForward = errors.New("reference to an operation too far ahead for an ordered job")
)

// SkippedError is the error of an operation that was not sent, or was refused
// with its whole request, so that nothing was done.
type SkippedError struct {
	// Index is the operation that this one needed, -1 when the job as a whole
	// stopped, or when which operation it was is no longer known.
	Index int
	// BulkID is the name under which that operation was referred to, "" when
	// the job as a whole stopped.
	BulkID string
	// Refused tells that the operation was sent, and that the service refused
	// the whole request for a reason that ended the job.
	Refused bool
	// Cause is that operation's error, or the reason why the job stopped.
	Cause error
}

// Error names the operation that was needed, and of those that this one needed
// in turn the last; or it tells why the job stopped.
func (e *SkippedError) Error() string {
	switch {
	case e.Refused:
		return fmt.Sprintf("not done: its request was refused: %v", e.Cause)
	case e.BulkID == "":
		return fmt.Sprintf("not sent: %v", e.Cause)
	}
	text, last := "not sent: refers to "+e.needed(), e
	for next, ok := e.next(); ok; next, ok = next.next() {
		last = next
	}
	if last != e {
		text += ", which was not sent for the sake of " + last.needed()
	}
	if last.Index >= 0 {
		text += ", which did not succeed"
	}
	return fmt.Sprintf("%s: %v", text, last.Cause)
}

func (e *SkippedError) needed() string {
	if e.Index < 0 {
		return fmt.Sprintf("bulkId %q", e.BulkID)
	}
	return fmt.Sprintf("bulkId %q (operation %d)", e.BulkID, e.Index)
}

// next is what the operation that was needed needed itself.
func (e *SkippedError) next() (*SkippedError, bool) {
	next, ok := errors.AsType[*SkippedError](e.Cause)
	return next, ok && next.BulkID != ""
}

// Unwrap returns the cause.
func (e *SkippedError) Unwrap() error { return e.Cause }

// The reasons for which an outcome is Unknown, or for which nothing can refer
// to a create that succeeded.
var (
	// ErrUnknown: the operation was sent, and neither an answer nor a lookup
	// tells what became of it.
	ErrUnknown = errors.New("outcome unknown")
	// ErrNoID: the service did not say which resource it created.
	ErrNoID = errors.New("created under an id that the service did not name")
)

// reasons are all that errors.Is can be asked for.
var reasons = []error{
	ErrBudget, ErrUnauthorized, ErrNoToken, ErrEndpoint, ErrUnavailable, ErrJournal, ErrSource,
	ErrInvalid, ErrTooLarge, ErrCircle, ErrReference, ErrForward, ErrUnknown, ErrNoID,
}

// ResponseError is what the service said of an operation, or of a request, that
// it refused: the Webex error extension and the members of RFC 7644 section
// 3.12 in one.
type ResponseError struct {
	// Status is the HTTP status.
	Status int
	// ErrorCode is Webex's code, as it came, number or text; "" when absent.
	ErrorCode string
	// TrackingID is what Cisco's support asks for; "" when absent.
	TrackingID string
	// ScimType is RFC 7644's detail error keyword, such as "uniqueness".
	ScimType string
	// Details are the service's own words. They can quote personal data; the
	// text of the error does not.
	Details []string

	text string
}

// Error is what the service said, without the data of the operation.
func (e *ResponseError) Error() string { return e.text }

func newResponseError(e *bulkapi.Error) *ResponseError {
	return &ResponseError{
		Status: e.Status, ErrorCode: e.ErrorCode, TrackingID: e.TrackingID,
		ScimType: e.ScimType, Details: e.Details, text: e.Error(),
	}
}

// public turns an error of an exchange into one of this package.
func public(err error) error {
	if e, ok := errors.AsType[*bulkapi.Error](err); ok {
		return newResponseError(e)
	}
	return err
}
