package client_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// What a fault does to a request that is whole otherwise.
type harm int

const (
	notSent    harm = iota // no connection
	refused                // an answer says that nothing was done
	lostUndone             // no answer, and nothing was done
	lostDone               // no answer, and all was done
	none                   // only odd
)

var harms = []struct {
	name  string
	fault *webextest.Fault
	harm  harm
}{
	{"cut on dial", webextest.CutAt(webextest.OnDial), notSent},
	{"cut before the body", webextest.CutAt(webextest.BeforeBody), lostUndone},
	{"cut before the work", webextest.CutAt(webextest.BeforeWork), lostUndone},
	{"cut after the work", webextest.CutAt(webextest.AfterWork), lostDone},
	{"cut in the answer", webextest.CutAt(webextest.InAnswer), lostDone},
	{"429", webextest.Refuse(429, "1"), refused},
	{"429 without Retry-After", webextest.Refuse(429, ""), refused},
	{"423", webextest.Refuse(423, ""), refused},
	{"503", webextest.Refuse(503, "rand(3),add(3)"), refused},
	{"500, nothing done", webextest.Refuse(500, ""), lostUndone},
	{"502, nothing done", webextest.Refuse(502, ""), lostUndone},
	{"502, all done", webextest.Lose(502), lostDone},
	{"504, all done", webextest.Lose(504), lostDone},
	{"408, all done", webextest.Lose(408), lostDone},
	{"too late", webextest.Delay(5 * time.Minute), lostDone},
	{"too late to begin", &webextest.Fault{Hold: 5 * time.Minute}, lostUndone},
	{"truncated", webextest.Truncate(0), lostDone},
	{"one byte", webextest.Truncate(1), lostDone},
	{"HTML with 200", webextest.AnswerPage(), lostDone},
	{"empty 200", webextest.AnswerWith("application/json", ""), lostDone},
	{"{}", webextest.AnswerWith("application/json", "{}"), lostDone},
	{"null", webextest.AnswerWith("application/json", "null"), lostDone},
	{"null list", webextest.ShapeAnswer(webextest.NullList), lostDone},
	{"no list", webextest.ShapeAnswer(webextest.NoList), lostDone},
	{"no statuses", webextest.ShapeAnswer(webextest.NoStatus), lostDone},
	{"odd statuses", webextest.ShapeAnswer(webextest.OddStatus), lostDone},
	{"no results", webextest.ShapeAnswer(webextest.Fewer(1)), lostDone},
	{"gzip", webextest.Gzip(), none},
	{"slow", webextest.Delay(30 * time.Second), none},
}

// The table of faults: each kind of operation, alone, with the exchange cut at
// every stage. What became of it is known in the end, nothing was done twice,
// and it traveled no more often than it must.
func TestEveryFaultForEveryOperation(t *testing.T) {
	const there = "/Users/bulkId:there" // created by a first request
	operations := []struct {
		name string
		op   client.Operation
		key  bool // it can be looked up
	}{
		{"POST user", create("u"), true},
		{"POST group", group("g", `,"externalId":"x"`), true},
		{"POST device", client.Operation{Method: "POST", Path: "/Devices", Data: user("device")}, false},
		{"PATCH", patch(there, "title", `"Chair"`), false},
		{"DELETE", remove(there), false},
	}
	for _, o := range operations {
		for _, h := range harms {
			fault := *h.fault
			sc := scenario{script: []*webextest.Fault{nil, &fault}, job: client.Job{Ordered: true}}
			sc.config = func(c *client.Config) {
				c.ResolveReferences, c.Limits.Operations = true, 1
				takeDevices(c)
			}
			sc.run(t, []client.Operation{create("there"), o.op}, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
				r := results[1]
				attempts, outcome := 1, client.Succeeded
				recovered := false
				switch device := o.name == "POST device"; {
				case h.harm == refused:
					attempts = 2
				case h.harm == lostUndone && device, h.harm == lostDone && device:
					outcome = client.Unknown
				case h.harm == lostDone && o.key:
					recovered = true
				case h.harm == lostDone, h.harm == lostUndone:
					attempts = 2
				}
				young := o.name == "DELETE" && h.harm == lostDone // 404 may mean that reads lag behind the create
				if young && r.Attempts > attempts && r.Attempts < 10 {
					attempts = r.Attempts
				}
				if err != nil || r.Outcome != outcome || r.Attempts != attempts || r.Recovered != recovered {
					t.Errorf("%s, %s: %v after %d, recovered %v, stopped %v: %v", o.name, h.name, r.Outcome, r.Attempts, r.Recovered, err, r.Err)
				}
				if outcome == client.Unknown && !errors.Is(r.Err, client.ErrUnknown) {
					t.Errorf("%s, %s: %v", o.name, h.name, r.Err)
				}
				wantNothingTwice(t, s)
				exists := s.Created("u@example.com") + s.GroupsCreated("g")
				if o.key && exists != 1 {
					t.Errorf("%s, %s: created %d times", o.name, h.name, exists)
				}
				u, ok := s.UserByName("there@example.com")
				if ok == (o.name == "DELETE") || (u["title"] == "Chair") != (o.name == "PATCH") {
					t.Errorf("%s, %s: the user is %v", o.name, h.name, u)
				}
			})
		}
	}
}

// Refused for who asks or where: the job stops, and says why.
func TestDenied(t *testing.T) {
	for _, c := range []struct {
		fault *webextest.Fault
		is    error
	}{
		{webextest.Refuse(401, ""), client.ErrUnauthorized},
		{webextest.Refuse(403, ""), client.ErrUnauthorized},
		{webextest.Refuse(404, ""), client.ErrEndpoint},
		{webextest.Refuse(405, ""), client.ErrEndpoint},
		{webextest.Refuse(415, ""), client.ErrEndpoint},
		{webextest.Redirect("https://elsewhere.example/Bulk"), client.ErrEndpoint},
	} {
		sc := scenario{script: []*webextest.Fault{nil, c.fault, c.fault}, config: func(c *client.Config) { c.Concurrency = 1 }}
		sc.run(t, users(500), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			want(t, results, map[client.Outcome]int{client.Succeeded: 100, client.Skipped: 400})
			said, ok := errors.AsType[*client.ResponseError](err)
			if !errors.Is(err, c.is) || !ok || said.Status != c.fault.Status || !errors.Is(results[150].Err, c.is) {
				t.Errorf("%v: %v; %v", c.fault, err, results[150].Err)
			}
			if n := requests(s); n != 2 {
				t.Errorf("%v: %d requests", c.fault, n)
			}
		})
	}
}

// A service that cannot be reached from the start ends the job after so many
// attempts, one that only asks to wait after MaxTotalWait.
func TestDeadServiceEndsTheJob(t *testing.T) {
	for _, fault := range []*webextest.Fault{webextest.Refuse(503, ""), webextest.Refuse(429, "1"), webextest.CutAt(webextest.OnDial)} {
		sc := scenario{service: webextest.Config{Faults: func(*webextest.Request) *webextest.Fault { return fault }}}
		sc.config = func(c *client.Config) { c.MaxTotalWait = 10 * time.Second }
		if fault.Cut == webextest.OnDial { // Faults is asked once a request has arrived
			sc.config = func(c *client.Config) { c.HTTPClient = &http.Client{Transport: unreachable{}} }
		}
		sc.run(t, users(1000), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			if n := outcomes(results); !errors.Is(err, client.ErrUnavailable) || n[client.Skipped] != 1000 || requests(s) > 40 {
				t.Errorf("%v %v %v, %d requests", n, err, results[0].Err, requests(s))
			}
		})
	}
}

type unreachable struct{}

func (unreachable) RoundTrip(r *http.Request) (*http.Response, error) {
	s := webextest.New(webextest.Config{})
	s.Script(webextest.CutAt(webextest.OnDial))
	return s.Client().Transport.RoundTrip(r)
}

// Bulk requests are never answered, and searches are refused: MaxAttempts
// bounds how often an operation is sent, and what can't be told in the end is
// Unknown.
func TestAttemptsAreBounded(t *testing.T) {
	for _, fault := range []*webextest.Fault{webextest.CutAt(webextest.AfterWork), webextest.CutAt(webextest.BeforeWork), webextest.RefuseItems(429)} {
		sc := scenario{searches: make([]*webextest.Fault, 10000), config: func(c *client.Config) { c.MaxAttempts = 3 }}
		for i := range sc.searches {
			sc.searches[i] = webextest.Refuse(403, "")
		}
		sc.service.Faults = func(*webextest.Request) *webextest.Fault { return fault }
		ops := []client.Operation{create("u"), group("g", ""), patch("/Users/a", "title", `"x"`), remove("/Users/b")}
		sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			for i, r := range results {
				attempts, outcome := 3, client.Unknown
				if fault.RefuseItem != nil {
					outcome = client.Failed
				} else if i == 1 {
					attempts = 1 // nobody knows whether it may be sent again
				}
				if err != nil || r.Attempts != attempts || r.Outcome != outcome {
					t.Errorf("%v, operation %d: %v after %d: %v", fault, i, r.Outcome, r.Attempts, r.Err)
				}
			}
		})
	}
}
