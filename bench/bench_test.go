package main

import (
	"flag"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/webextest"
)

var organizations = flag.Int("organizations", 10, "the most organizations at once in TestOrganizations")

// TestOrganizations runs jobs for several organizations in one process, each
// with its own rate limit. It holds that they do not slow each other down:
// together they use nearly all requests that the services allow.
func TestOrganizations(t *testing.T) {
	perMinute := raced.Fewer(100, 300)
	for _, n := range []int{1, 10, 100} {
		if n > *organizations {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			// The windows of all services begin at the same time.
			const windows = 3
			services := make([]*webextest.Simulator, n)
			began := time.Now()
			var all sync.WaitGroup
			for i := range services {
				s := webextest.New(webextest.Config{DiscardLedger: true, Latency: 100 * time.Millisecond,
					Rate: webextest.RateLimit{Requests: perMinute, Window: time.Minute}})
				services[i] = s
				c, err := client.New(client.Config{OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken),
					HTTPClient: s.Client(), Limits: client.Limits{Operations: 1}, MaxAttempts: 100})
				if err != nil {
					t.Fatal(err)
				}
				all.Go(func() {
					for res, err := range c.Run(t.Context(), &client.Job{Source: creates(windows * perMinute)}) {
						if err != nil || res.Err != nil {
							t.Error(err, res.Err)
							return
						}
					}
				})
			}
			all.Wait()
			took := time.Since(began)
			use := windows / math.Ceil(took.Minutes())
			t.Logf("%s%d, %.2f", organizationsMark, n, use)
			if use < 0.9 {
				t.Errorf("%d organizations use %.2f of the allowed requests, expected at least 0.9", n, use)
			}
		})
	}
}

// TestBulkIDs holds that the service finds each bulkId of a request, with or
// without spaces, and ignores references.
func TestBulkIDs(t *testing.T) {
	request := `{"operations":[{"bulkId":"a","data":{"value":"bulkId:b"}}, {"bulkId" : "c"}]}`
	got := ""
	for id := range bulkIDs([]byte(request)) {
		got += fmt.Sprintf("%s ", id)
	}
	if got != "a c " {
		t.Errorf("got %q, expected a and c", got)
	}
}

// TestPlotHoldsAllPoints holds that the axes of a chart cover all points.
func TestPlotHoldsAllPoints(t *testing.T) {
	p := plot{lines: []line{{"a", [][2]float64{{1000, 0.02}, {20000, 3}}}}}
	if low, high := p.span(0); low != 3 || high != 5 {
		t.Errorf("x from 10^%g to 10^%g, expected 10^3 to 10^5", low, high)
	}
	if low, high := p.span(1); low != -2 || high != 1 {
		t.Errorf("y from 10^%g to 10^%g, expected 10^-2 to 10^1", low, high)
	}
}

// TestDivide holds that a sample counts for the innermost function of a listed
// package, and for the runtime if there is none.
func TestDivide(t *testing.T) {
	got := divide(`File: bench
Type: cpu
-----------+-------------------------------------------------------
      20ms   runtime.memmove
             net/http.(*body).Read
             github.com/webexscim/bulk/internal/bulkapi.readResults
-----------+-------------------------------------------------------
     1.50s   github.com/webexscim/bulk/internal/sheet.(*Sheet).next (inline)
             github.com/webexscim/bulk/client.feed
-----------+-------------------------------------------------------
      10ms   runtime.findRunnable
`)
	for kind, want := range map[string]time.Duration{
		"HTTP": 20 * time.Millisecond, "rows to operations": 1500 * time.Millisecond, "the Go runtime": 10 * time.Millisecond,
	} {
		if got[kind] != want {
			t.Errorf("%s: %v, expected %v", kind, got[kind], want)
		}
	}
	if len(got) != 3 {
		t.Errorf("got %v, expected three kinds", got)
	}
}
