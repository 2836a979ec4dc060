package bulkapi

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/webexscim/bulk/internal/throttle"
)

// TestReadPage: odd resources cost only themselves, foreign ones are left out,
// and what is no page is no empty page.
func TestReadPage(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{"totalResults":1,"Resources":[{"id":"1","userName":"ADA"}]}`, "1"},
		{`{"totalResults":"1","resources":[{"ID":1,"USERNAME":"ada","meta":null}]}`, "1"},
		{`{"Resources":[{"id":"1","userName":"ada","meta":{"version":7,"location":null}}]}`, "1"},
		{`{"Resources":[null,7,[],{"id":"2"},{"id":"3","userName":["ada"]},{"id":"1","userName":"ada","externalId":{}}]}`, "1"},
		{`{"Resources":[{"id":"1","userName":"ada"},{"id":"1","userName":"ada"},{"id":"2","userName":"adam"},{"id":"3","displayName":"ada"}]}`, "1"},
		{`{"totalResults":0}`, ""}, {`{"totalResults":0,"Resources":null}`, ""}, {`{"Resources":[]}`, ""}, {`{"totalResults":-1}`, "!"},
		{`{"totalResults":5,"Resources":[]}`, ""},
		{`{}`, "!"}, {`{"detail":"x"}`, "!"}, {``, "!"}, {`null`, "!"}, {`[]`, "!"}, {`<html>`, "!"}, {`{"Resources":{}}`, "!"}, {`{"totalResults":0,"Resources":{}}`, "!"},
		{`{"Resources":[{"id":"1","userName":"ada"}`, "!"}, {`{"totalResults":"many"}`, "!"},
	} {
		synctest.Test(t, func(t *testing.T) {
			requests := 0
			b := newBench(t, "https://webex.example", func(c *Config) {
				c.Throttle = throttle.New(throttle.Config{})
				c.HTTP = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
					requests++
					return answer(200, tt.body), nil
				})}
			})
			found, err := b.Find(t.Context(), "Users", []string{"ada", ""})
			got := ids(found)
			if err != nil {
				got = "!"
				if le, ok := errors.AsType[*LookupError](err); !ok || le.Status != 200 || le.Kind != NoResponse || requests != lookupAttempts {
					t.Errorf("%s: %v after %d requests", tt.body, err, requests)
				}
			}
			if got != tt.want {
				t.Errorf("%s: %q, want %q", tt.body, got, tt.want)
			}
		})
	}
}
