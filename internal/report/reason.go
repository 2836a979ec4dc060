package report

import (
	"cmp"
	"errors"

	"github.com/webexscim/bulk/client"
)

// said returns the error of the service in err, nil if there is none.
func said(err error) *client.ResponseError {
	e, _ := errors.AsType[*client.ResponseError](err)
	return e
}

// trackingID returns the tracking id for Cisco's support, "" if there is none.
func trackingID(err error) string {
	if e := said(err); e != nil {
		return e.TrackingID
	}
	return ""
}

// skipped returns the error of an operation that was not sent, nil if it was
// sent.
func skipped(err error) *client.SkippedError {
	e, _ := errors.AsType[*client.SkippedError](err)
	return e
}

// firstCause returns the error at the end of a chain of dependencies.
func firstCause(e *client.SkippedError) error {
	for {
		next, ok := e.Cause.(*client.SkippedError)
		if !ok {
			return e.Cause
		}
		e = next
	}
}

// Reasons that lie outside of the operation.
const (
	dependent = "depends on an operation that did not succeed"
	unsent    = "the job stopped before it was sent"
	atOnce    = "the whole request was refused, which stopped the job"
)

func isConsequence(text string) bool { return text == dependent || text == unsent || text == atOnce }

// reason returns the common text of all errors of a kind. It quotes the
// service's text only if words is true, else only the codes.
func reason(res client.Result, words bool) string {
	if _, ok := errors.AsType[*NeededError](res.Err); ok {
		return dependent
	}
	if e := skipped(res.Err); e != nil {
		switch {
		case e.Index >= 0 || e.BulkID != "":
			return dependent
		case res.Outcome == client.Skipped && e.Refused:
			return atOnce
		case res.Outcome == client.Skipped && res.Attempts > 0 && errors.Is(e.Cause, client.ErrUnavailable):
			// It was sent and was not done: it has a cause of its own.
			return discreet(shareable(e.Cause), res.Operation.BulkID)
		case res.Outcome == client.Skipped:
			return unsent
		}
	}
	for _, known := range []error{client.ErrReference, client.ErrCycle, client.ErrTooLarge, client.ErrForward} {
		if errors.Is(res.Err, known) {
			return known.Error()
		}
	}
	text := shareable(res.Err)
	if words {
		text = plain(res.Err, res.Err.Error())
	}
	return cmp.Or(discreet(text, res.Operation.BulkID), "no reason given")
}
