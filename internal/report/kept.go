package report

import (
	"errors"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
)

// KeptReason says why an operation did not succeed, for a file that may be sent
// to others. It gives the status, code and type of a refusal, but not the
// service's text.
func KeptReason(res client.Result) string {
	if needed, ok := errors.AsType[*NeededError](res.Err); ok {
		return needed.dependency()
	}
	e := said(res.Err)
	if e == nil || skipped(res.Err) != nil {
		return reason(res, false)
	}
	return clip(terminal.Escape(statusAndCodes(e)), maxShown)
}
