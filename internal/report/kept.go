package report

import (
	"errors"
	"fmt"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
)

// KeptReason is why an operation did not succeed, as it stands beside its row in a file that may be sent on: of what the service
// said the status, the code and the type alone.
func KeptReason(res client.Result) string {
	if needed, ok := errors.AsType[*NeededError](res.Err); ok {
		return fmt.Sprintf("refers to line %d, which did not succeed", needed.Line)
	}
	e := said(res.Err)
	if e == nil || skipped(res.Err) != nil {
		return reason(res)
	}
	parts := []string{fmt.Sprintf("status %d", e.Status)}
	if e.ErrorCode != "" {
		parts = append(parts, "error code "+e.ErrorCode)
	}
	if e.ScimType != "" {
		parts = append(parts, e.ScimType)
	}
	return clip(terminal.Escape(strings.Join(parts, ", ")), maxShown)
}
