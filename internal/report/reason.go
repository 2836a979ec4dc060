package report

import (
	"cmp"
	"errors"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/plain"
	"github.com/webexscim/bulk/internal/terminal"
)

// trackingID returns the tracking id for Cisco's support, "" if there is none.
func trackingID(err error) string {
	if e := plain.Refusal(err); e != nil {
		return e.TrackingID
	}
	return ""
}

// skippedError returns the error of an operation that was not sent, nil if it
// was sent.
func skippedError(err error) *client.SkippedError {
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

// The reasons of operations that did not fail by themselves.
const (
	dependent    = "depends on an operation that did not succeed"
	unsent       = "the job stopped before it was sent"
	refusedWhole = "the whole request was refused, which stopped the job"
)

func isConsequence(text string) bool {
	return text == dependent || text == unsent || text == refusedWhole
}

// reason returns the common text of all errors of a kind. It quotes the
// service's text only if words is true, else only the codes.
func reason(res client.Result, words bool) string {
	if _, ok := errors.AsType[*NeededError](res.Err); ok {
		return dependent
	}
	if e := skippedError(res.Err); e != nil {
		switch {
		case e.Index >= 0 || e.BulkID != "":
			return dependent
		case res.Outcome == client.Skipped && e.Refused:
			return refusedWhole
		case res.Outcome == client.Skipped && res.Attempts > 0 && errors.Is(e.Cause, client.ErrUnavailable):
			// It was sent and was not done: it has a cause of its own.
			return discreet(plain.RawOfCodes(e.Cause), res.Operation.BulkID)
		case res.Outcome == client.Skipped:
			return unsent
		}
	}
	for _, known := range []error{client.ErrReference, client.ErrCycle, client.ErrTooLarge, client.ErrForward} {
		if errors.Is(res.Err, known) {
			return known.Error()
		}
	}
	text := plain.RawOfCodes(res.Err)
	if words {
		text = plain.Raw(res.Err)
	}
	return cmp.Or(discreet(text, res.Operation.BulkID), "no reason given")
}

// KeptReason says why an operation did not succeed, for a file that may be sent
// to others. It gives the status, code and type of a refusal, but not the
// service's text.
func KeptReason(res client.Result) string {
	if needed, ok := errors.AsType[*NeededError](res.Err); ok {
		return needed.dependency()
	}
	e := plain.Refusal(res.Err)
	if e == nil || skippedError(res.Err) != nil {
		return reason(res, false)
	}
	return terminal.Clip(terminal.Escape(plain.StatusAndCodes(e)), maxShown)
}
