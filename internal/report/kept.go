package report

import (
	"errors"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
)

// KeptReason is why an operation did not succeed, as it stands beside its row
// in a file that may be sent on: of what the service said the status, the code
// and the type alone.
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
