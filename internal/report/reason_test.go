package report

import (
	"errors"
	"strings"
	"testing"

	"github.com/webexscim/bulk/client"
)

// Of what a service says, the reason beside a kept row has neither its own
// words nor anything that breaks a line.
func TestKeptReasonHasNoWordsOfTheService(t *testing.T) {
	for want, err := range map[string]error{
		"status 409, error code 990409, uniqueness": &client.ResponseError{Status: 409, ErrorCode: "990409",
			ScimType: "uniqueness", Details: []string{"ann@example.com is taken"}},
		"depends on line 7, which did not succeed": &NeededError{Line: 7, Err: errors.New("ann@example.com")},
		unsent: &client.SkippedError{Index: -1},
	} {
		outcome := client.Failed
		if want == unsent {
			outcome = client.Skipped
		}
		if got := KeptReason(client.Result{Outcome: outcome, Err: err}); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	odd := KeptReason(client.Result{Outcome: client.Failed,
		Err: &client.ResponseError{Status: 400, ScimType: "a\nb\x1b[1m" + strings.Repeat("x", 1000)}})
	if strings.ContainsAny(odd, "\n\x1b") || len(odd) > 400 {
		t.Errorf("%q", odd)
	}
}
