package report

import (
	"cmp"
	"errors"

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

// skipped is the error of an operation that was not sent, nil if it was.
func skipped(err error) *client.SkippedError {
	e, _ := errors.AsType[*client.SkippedError](err)
	return e
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

// The reasons that are due to something else.
const (
	dependent = "depends on an operation that did not succeed"
	unsent    = "the job stopped before it was sent"
	atOnce    = "its whole request was refused, which stopped the job"
)

func isConsequence(text string) bool { return text == dependent || text == unsent || text == atOnce }

// reason is what the errors of one kind have in common; of a service it quotes
// no more than the codes, unless words are wanted.
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
			// It was sent, and proven not to be done: the cause is its own.
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
