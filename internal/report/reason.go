package report

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/webexscim/bulk/client"
)

// said is what the service said, nil if it said nothing.
func said(err error) *client.ResponseError {
	e, _ := errors.AsType[*client.ResponseError](err)
	return e
}

// trackingID is what Cisco's support asks for, "" if there is none.
func trackingID(err error) string {
	if e := said(err); e != nil {
		return e.TrackingID
	}
	return ""
}

// message is the text of an error. That of an operation at the end of a chain of
// references names its neighbour and the first cause only: with all of them,
// the results of a chain would be as long as its square.
func message(err error) string {
	if e, ok := err.(*client.SkippedError); ok && e.Index >= 0 {
		return needed(e, fmt.Sprintf("bulkId %q (operation %d)", e.BulkID, e.Index))
	}
	return err.Error()
}

// needed explains what became of an operation that refers to another one.
func needed(e *client.SkippedError, other string) string {
	return fmt.Sprintf("not sent: refers to %s, which did not succeed: %v", other, firstCause(e))
}

// firstCause is the error at the other end of a chain of references.
func firstCause(e *client.SkippedError) error {
	for {
		next, ok := e.Cause.(*client.SkippedError)
		if !ok {
			return e.Cause
		}
		e = next
	}
}

// reason is what the errors of one kind have in common.
func reason(res client.Result) string {
	if e, ok := errors.AsType[*client.SkippedError](res.Err); ok {
		switch {
		case e.Index >= 0:
			return "refers to an operation that did not succeed"
		case res.Outcome == client.Skipped:
			return "the job stopped before it was sent"
		}
	}
	for _, known := range []error{client.ErrReference, client.ErrCircle, client.ErrTooLarge, client.ErrForward} {
		if errors.Is(res.Err, known) {
			return known.Error()
		}
	}
	return cmp.Or(discreet(message(res.Err), res.Operation.BulkID), "no reason given")
}
