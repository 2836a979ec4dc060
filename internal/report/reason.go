package report

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
)

// responseError returns the error of the service in err, nil if there is none.
func responseError(err error) *client.ResponseError {
	e, _ := errors.AsType[*client.ResponseError](err)
	return e
}

// trackingID returns the tracking id for Cisco's support, "" if there is none.
func trackingID(err error) string {
	if e := responseError(err); e != nil {
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

// KeptReason says why an operation did not succeed, for a file that may be sent
// to others. It gives the status, code and type of a refusal, but not the
// service's text.
func KeptReason(res client.Result) string {
	if needed, ok := errors.AsType[*NeededError](res.Err); ok {
		return needed.dependency()
	}
	e := responseError(res.Err)
	if e == nil || skippedError(res.Err) != nil {
		return reason(res, false)
	}
	return terminal.Clip(terminal.Escape(statusAndCodes(e)), maxShown)
}

// codes returns the text of a refusal without the service's own words, which
// may contain names: the status, codes and tracking id, and what the client
// found wrong with the answer.
func codes(e *client.ResponseError) string {
	if len(e.Details) == 0 {
		return e.Error()
	}
	text := statusAndCodes(e)
	if rest, ok := strings.CutPrefix(e.Error(), text+", "); ok {
		note, _, _ := strings.Cut(rest, ": ")
		text += ", " + note
	}
	if e.TrackingID != "" {
		text += " (tracking id " + e.TrackingID + ")"
	}
	if e.ExistingID != "" {
		text += " (existing id " + terminal.Escape(e.ExistingID) + ")"
	}
	return text
}

// statusAndCodes returns the beginning of the text of a refusal.
func statusAndCodes(e *client.ResponseError) string {
	text := fmt.Sprintf("status %d", e.Status)
	if e.ErrorCode != "" {
		text += ", error code " + e.ErrorCode
	}
	if e.ScimType != "" {
		text += ", " + e.ScimType
	}
	return text
}

// withoutWords is text, the text of err, with codes in the place of each
// refusal in it.
func withoutWords(err error, text string) string {
	switch e := err.(type) {
	case *client.ResponseError:
		// Escaped texts are replaced too; they are escaped again, which changes
		// nothing.
		text = strings.ReplaceAll(text, e.Error(), codes(e))
		return strings.ReplaceAll(text, terminal.Escape(e.Error()), terminal.Escape(codes(e)))
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return withoutWords(inner, text)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			text = withoutWords(inner, text)
		}
	}
	return text
}

// shareable is the text of an error for machines, pages and files: plain,
// without the words of a service.
func shareable(err error) string { return plain(err, withoutWords(err, err.Error())) }
