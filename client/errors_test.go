package client_test

import (
	"testing"

	"github.com/webexscim/bulk/client"
)

func TestSkippedErrorTexts(t *testing.T) {
	refused := &client.ResponseError{Status: 409}
	ann := &client.SkippedError{Index: 3, BulkID: "ann", Cause: refused}
	for want, err := range map[string]*client.SkippedError{
		`skipped: depends on operation 3 (bulkId "ann"), which failed: status 409`:                                                                ann,
		`skipped: depends on operation 4 on the same resource, which failed: status 409`:                                                          {Index: 4, Cause: refused},
		`skipped: depends on bulkId "ann", which failed: status 409`:                                                                              {Index: -1, BulkID: "ann", Cause: refused},
		`skipped: depends on bulkId "ann", which did not succeed`:                                                                                 {Index: -1, BulkID: "ann"},
		`skipped: depends on operation 5 (bulkId "bob"), which was skipped because of operation 3 (bulkId "ann"), which failed: status 409`:       {Index: 5, BulkID: "bob", Cause: ann},
		`skipped: depends on operation 6 on the same resource, which was skipped because of operation 3 (bulkId "ann"), which failed: status 409`: {Index: 6, Cause: &client.SkippedError{Index: 5, BulkID: "bob", Cause: ann}},
		`skipped: depends on operation 0 (bulkId "x"): outcome unknown`:                                                                           {BulkID: "x", Cause: client.ErrUnknown},
		`skipped: depends on operation 0 (bulkId "x"), which was skipped: error budget spent`:                                                     {BulkID: "x", Cause: &client.SkippedError{Index: -1, Cause: client.ErrBudget}},
		`skipped: error budget spent`:                  {Index: -1, Cause: client.ErrBudget},
		`skipped: its request was refused: status 409`: {Index: -1, Refused: true, Cause: refused},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
