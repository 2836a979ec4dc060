package plain

import (
	"errors"
	"fmt"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
)

// Refusal returns the error of the service in err, nil if there is none.
func Refusal(err error) *client.ResponseError {
	e, _ := errors.AsType[*client.ResponseError](err)
	return e
}

// StatusAndCodes returns the beginning of the text of a refusal.
func StatusAndCodes(e *client.ResponseError) string {
	text := fmt.Sprintf("status %d", e.Status)
	if e.ErrorCode != "" {
		text += ", error code " + e.ErrorCode
	}
	if e.ScimType != "" {
		text += ", " + e.ScimType
	}
	return text
}

// codes returns the text of a refusal without the service's own words, which
// may contain names: the status, codes and tracking id, and what the client
// found wrong with the answer.
func codes(e *client.ResponseError) string {
	if len(e.Details) == 0 {
		return e.Error()
	}
	text := StatusAndCodes(e)
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
